"""Settings of the stream processes, built once from a mapping passed in.

Every setting is documented in `deploy/docs/settings.md`; a test fails when one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its default, what it is for."""

    variable: str
    default: str
    meaning: str


STREAM_SETTINGS: tuple[Setting, ...] = (
    Setting("EMBER_KAFKA", "127.0.0.1:9092", "The brokers, separated by commas."),
    Setting(
        "EMBER_KAFKA_SECURITY",
        "plaintext",
        "How brokers are spoken to: plaintext, ssl, sasl_plaintext or sasl_ssl; "
        "SASL is SCRAM-SHA-512.",
    ),
    Setting(
        "EMBER_KAFKA_CA_FILE",
        "",
        "Certificates of the authority that signed the brokers', in PEM.",
    ),
    Setting("EMBER_KAFKA_CERT_FILE", "", "This client's certificate, in PEM."),
    Setting("EMBER_KAFKA_KEY_FILE", "", "The key of that certificate, in PEM."),
    Setting("EMBER_KAFKA_USER", "", "The SCRAM user."),
    Setting("EMBER_KAFKA_PASSWORD_FILE", "", "A file that holds that user's password."),
    Setting(
        "EMBER_PARTITIONS",
        "12",
        "Partitions of each topic keyed by patient; never changed once data is there.",
    ),
    Setting(
        "EMBER_REPLICAS",
        "",
        "Copies of each partition; three where there are three brokers, else one.",
    ),
    Setting(
        "EMBER_WORKER_DIR",
        "worker",
        "The folder of a worker's local state; each worker has its own.",
    ),
    Setting(
        "EMBER_STANDBY_REPLICAS",
        "0",
        "Workers that keep a warm copy of each partition.",
    ),
    Setting(
        "EMBER_BATCH", "1000", "Records a process takes from Kafka at once, at most."
    ),
    Setting(
        "EMBER_DEFINITIONS",
        "",
        "Definitions to flag by beside Sepsis-3, each as name or name:policy, separated "
        "by commas.",
    ),
    Setting(
        "EMBER_ZONE",
        "",
        "The hospital's time zone, for definitions of calendar days: America/New_York.",
    ),
    Setting(
        "EMBER_SITE",
        "",
        "The site's configuration, in YAML: codes, units, wards, authorities.",
    ),
    Setting(
        "EMBER_IDENTITY_KEYS",
        "",
        "Key files by which identifiers are named, each as VERSION:PATH, separated by "
        "commas; the newest names who is new.",
    ),
    Setting(
        "EMBER_IDENTITY_KNOWN",
        "",
        "The patients named before the newest of those keys, from `ember identity "
        "known`; wanted where there are several.",
    ),
    Setting(
        "EMBER_PAYLOAD_KEYS",
        "",
        "Key files that seal raw and rejected payloads, each as VERSION:PATH; the "
        "newest seals, all open. Without one they are not sealed.",
    ),
    Setting(
        "EMBER_VAULT_KEYS",
        "",
        "Key files that seal identifiers for the vault, each as VERSION:PATH; the "
        "newest seals, all open.",
    ),
    Setting(
        "EMBER_FHIR", "", "The base address of a FHIR server, where none is given."
    ),
    Setting(
        "EMBER_FHIR_PATIENCE",
        "900",
        "Seconds a live FHIR resource is held that speaks of one that has not come; "
        "then it is told with what has come, and a person is told (EMB-130).",
    ),
    Setting(
        "EMBER_FHIR_CLIENT_ID",
        "",
        "Who Ember is there (SMART Backend Services); without it no token is asked for.",
    ),
    Setting(
        "EMBER_FHIR_KEY_FILE",
        "",
        "Ember's private key there, from `ember fhir key`.",
    ),
    Setting(
        "EMBER_FHIR_SCOPES",
        "system/*.read",
        "What Ember asks to read there, separated by blanks.",
    ),
    Setting(
        "EMBER_FHIR_CA_FILE",
        "",
        "Certificates of the authority that signed the server's, in PEM, instead of the "
        "usual ones.",
    ),
    Setting(
        "EMBER_FHIR_HOSTS",
        "",
        "Further hosts that may be sent the access token, separated by commas.",
    ),
    Setting(
        "EMBER_SUBSCRIBE",
        "127.0.0.1:8090",
        "Where `ember subscribe` takes notifications.",
    ),
    Setting(
        "EMBER_SUBSCRIBE_SECRET_FILE",
        "",
        "A file with what a notification must bear in `Authorization: Bearer`.",
    ),
    Setting(
        "EMBER_SUBSCRIBE_CERT_FILE", "", "Its certificate, in PEM; without it no TLS."
    ),
    Setting("EMBER_SUBSCRIBE_KEY_FILE", "", "The key of that certificate, in PEM."),
    Setting(
        "EMBER_SUBSCRIBE_CLIENT_CA_FILE",
        "",
        "Certificates of the authority that must have signed the sender's, in PEM.",
    ),
    Setting(
        "EMBER_SUBSCRIBE_LEDGER",
        "subscriptions.sqlite",
        "The file in which it remembers which events came, and which are owed.",
    ),
    Setting(
        "EMBER_SUBSCRIBE_SILENCE",
        "300",
        "Seconds after which a subscription without a sign of life is not well.",
    ),
    Setting(
        "EMBER_HTTP",
        "127.0.0.1:0",
        "Where a process answers /metrics and /health; port 0 switches it off.",
    ),
    Setting("EMBER_LOG", "info", "debug, info, warning or error; JSON lines."),
)

HIGHEST_VERSION = 2**32 - 1
"""Of a key; four bytes hold it."""

_SECURITY = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """Where the brokers are and how to speak to them."""

    servers: tuple[str, ...]
    security: str = "plaintext"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    partitions: int = 12
    replicas: int | None = None
    """None: three where there are three brokers, else one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What every stream process has."""

    batch: int
    http_host: str
    http_port: int
    """0: no such server."""
    log_level: str
    worker_dir: Path
    standby_replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """The site whose messages are read, and where its keys lie, by version."""

    site: Path | None = None
    identity_keys: Mapping[int, Path]
    known_names: Path | None = None
    """None: all names are under one key."""
    payload_keys: Mapping[int, Path]
    fhir_patience: timedelta
    """How long a live FHIR resource is held that speaks of one that has not come."""
    vault_keys: Mapping[int, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeSettings:
    """Where notifications are taken, from whom, and what is remembered of them."""

    host: str
    port: int
    secret_file: Path | None
    cert_file: Path | None
    key_file: Path | None
    client_ca_file: Path | None
    ledger: Path
    silence: int
    """Seconds."""


def kafka_settings(environ: Mapping[str, str]) -> KafkaSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    servers = listed(environ.get("EMBER_KAFKA", "127.0.0.1:9092"))
    if not servers:
        raise bad("EMBER_KAFKA", "names no broker", "Give host:port, or leave it away.")
    security = _one_of(environ, "EMBER_KAFKA_SECURITY", "plaintext", _SECURITY)
    settings = KafkaSettings(
        servers=tuple(servers),
        security=security,
        ca_file=file_of(environ, "EMBER_KAFKA_CA_FILE"),
        cert_file=file_of(environ, "EMBER_KAFKA_CERT_FILE"),
        key_file=file_of(environ, "EMBER_KAFKA_KEY_FILE"),
        user=environ.get("EMBER_KAFKA_USER") or None,
        password_file=file_of(environ, "EMBER_KAFKA_PASSWORD_FILE"),
        partitions=count_of(environ, "EMBER_PARTITIONS", 12, least=1),
        replicas=count_of(environ, "EMBER_REPLICAS", 0, least=0) or None,
    )
    if security.startswith("sasl") and not (settings.user and settings.password_file):
        raise bad(
            "EMBER_KAFKA_SECURITY",
            f"is {security}, which wants a user and a password",
            "Set EMBER_KAFKA_USER and EMBER_KAFKA_PASSWORD_FILE.",
        )
    return settings


def process_settings(environ: Mapping[str, str]) -> ProcessSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    host, _, port = environ.get("EMBER_HTTP", "127.0.0.1:0").rpartition(":")
    if not port.isdigit():
        raise bad("EMBER_HTTP", "is no host:port", "Write 127.0.0.1:8080.")
    return ProcessSettings(
        batch=count_of(environ, "EMBER_BATCH", 1_000, least=1),
        http_host=host or "127.0.0.1",
        http_port=int(port),
        log_level=_one_of(
            environ, "EMBER_LOG", "info", ("debug", "info", "warning", "error")
        ),
        worker_dir=Path(environ.get("EMBER_WORKER_DIR") or "worker"),
        standby_replicas=count_of(environ, "EMBER_STANDBY_REPLICAS", 0, least=0),
    )


def check_zone(zone: str) -> None:
    """Refuse a time zone that there is not; raises `SettingsError` EMB-402."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no time zone {zone!r}.",
            "Write it as the IANA does: America/New_York, Europe/Berlin.",
        ) from None


def intake_settings(environ: Mapping[str, str]) -> IntakeSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used; opens no key."""
    return IntakeSettings(
        site=file_of(environ, "EMBER_SITE"),
        identity_keys=_versions(environ, "EMBER_IDENTITY_KEYS"),
        known_names=file_of(environ, "EMBER_IDENTITY_KNOWN"),
        payload_keys=_versions(environ, "EMBER_PAYLOAD_KEYS"),
        fhir_patience=timedelta(
            seconds=count_of(environ, "EMBER_FHIR_PATIENCE", 900, least=1)
        ),
        vault_keys=_versions(environ, "EMBER_VAULT_KEYS"),
    )


def subscribe_settings(environ: Mapping[str, str]) -> SubscribeSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    address = environ.get("EMBER_SUBSCRIBE") or "127.0.0.1:8090"
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise bad("EMBER_SUBSCRIBE", "is no host:port", "Write 0.0.0.0:8090.")
    settings = SubscribeSettings(
        host=host or "127.0.0.1",
        port=int(port),
        secret_file=file_of(environ, "EMBER_SUBSCRIBE_SECRET_FILE"),
        cert_file=file_of(environ, "EMBER_SUBSCRIBE_CERT_FILE"),
        key_file=file_of(environ, "EMBER_SUBSCRIBE_KEY_FILE"),
        client_ca_file=file_of(environ, "EMBER_SUBSCRIBE_CLIENT_CA_FILE"),
        ledger=Path(environ.get("EMBER_SUBSCRIBE_LEDGER") or "subscriptions.sqlite"),
        silence=count_of(environ, "EMBER_SUBSCRIBE_SILENCE", 300, least=1),
    )
    if settings.secret_file is None and settings.client_ca_file is None:
        raise bad(
            "EMBER_SUBSCRIBE_SECRET_FILE",
            "is not given, nor EMBER_SUBSCRIBE_CLIENT_CA_FILE",
            "Give one, or both: nobody else may tell what happens to patients.",
        )
    if settings.client_ca_file is not None and settings.cert_file is None:
        raise bad(
            "EMBER_SUBSCRIBE_CLIENT_CA_FILE",
            "is given without EMBER_SUBSCRIBE_CERT_FILE",
            "Client certificates are shown within TLS alone.",
        )
    return settings


def _versions(environ: Mapping[str, str], variable: str) -> dict[int, Path]:
    """Key files by version, from `1:/run/secrets/a,2:/run/secrets/b`."""
    files: dict[int, Path] = {}
    for part in listed(environ.get(variable, "")):
        version, colon, path = part.partition(":")
        number = int(version) if version.isascii() and version.isdigit() else 0
        if not colon or not path or not 1 <= number <= HIGHEST_VERSION:
            raise bad(variable, f"holds {part!r}", "Write each key as VERSION:PATH.")
        if number in files:
            raise bad(variable, f"names version {number} twice", "Number each once.")
        files[number] = Path(path)
    return files


def listed(text: str) -> list[str]:
    """The parts between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _one_of(
    environ: Mapping[str, str], variable: str, default: str, allowed: tuple[str, ...]
) -> str:
    said = (environ.get(variable) or default).lower()
    if said not in allowed:
        raise bad(variable, f"is {said!r}", f"Use one of: {', '.join(allowed)}.")
    return said


def count_of(
    environ: Mapping[str, str], variable: str, default: int, *, least: int
) -> int:
    """The whole number that the variable holds; raises EMB-402."""
    said = environ.get(variable) or str(default)
    if not said.isdigit() or int(said) < least:
        raise bad(variable, f"is {said!r}", f"Give a whole number of at least {least}.")
    return int(said)


def file_of(environ: Mapping[str, str], variable: str) -> Path | None:
    """The file that the variable names, if it names one; raises EMB-402."""
    named = environ.get(variable)
    if not named:
        return None
    if not Path(named).is_file():
        raise bad(variable, f"names {named}, which is no file", "Mount the secret.")
    return Path(named)


def bad(variable: str, problem: str, cure: str) -> SettingsError:
    """What is wrong with a variable, and what mends it."""
    return SettingsError(ErrorCode.BAD_SETTING, f"{variable} {problem}.", cure)
