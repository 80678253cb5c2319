"""Settings of the stream processes, built once from a mapping passed in.

Every setting is documented in `deploy/docs/settings.md`; a test fails when one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        "EMBER_MLLP",
        "127.0.0.1:2575",
        "Where `ember listen` takes HL7 v2 messages by MLLP.",
    ),
    Setting(
        "EMBER_MLLP_CERT_FILE",
        "",
        "The listener's certificate, in PEM; with it only TLS is spoken.",
    ),
    Setting("EMBER_MLLP_KEY_FILE", "", "The key of that certificate, in PEM."),
    Setting(
        "EMBER_MLLP_CLIENT_CA_FILE",
        "",
        "Certificates of the authority that signed the senders'; with it a sender must "
        "show one.",
    ),
    Setting(
        "EMBER_MLLP_PROCESSING",
        "P",
        "Processing ids (MSH-11) that are taken, separated by commas; others get AR.",
    ),
    Setting("EMBER_MLLP_CONNECTIONS", "100", "Connections at once, at most."),
    Setting(
        "EMBER_MLLP_MESSAGE_BYTES",
        "1000000",
        "Bytes of one message, at most; what is larger gets AR.",
    ),
    Setting(
        "EMBER_MLLP_IN_FLIGHT_BYTES",
        "33554432",
        "Bytes that may wait to be durable; while there are more, nothing is read.",
    ),
    Setting(
        "EMBER_MLLP_IDLE",
        "600",
        "Seconds after which a silent connection, or an unfinished message, is ended.",
    ),
    Setting(
        "EMBER_MLLP_PATIENCE",
        "25",
        "Seconds within which a message must be durable; else its connection is closed "
        "without an answer, and its sender sends again.",
    ),
    Setting(
        "EMBER_LISTENER_DIR",
        "listener",
        "The folder in which the listener remembers when each sender was last heard, "
        "and keeps its spool.",
    ),
    Setting(
        "EMBER_HTTP",
        "127.0.0.1:0",
        "Where a process answers /metrics and /health; port 0 switches it off.",
    ),
    Setting("EMBER_LOG", "info", "debug, info, warning or error; JSON lines."),
)

LARGEST_RAW = 1_000_000
"""Bytes of a message as received: with its headers it must go into one record."""

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
    vault_keys: Mapping[int, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """Where messages are taken, from whom, and how many at once."""

    host: str
    port: int
    cert_file: Path | None
    key_file: Path | None
    client_ca: Path | None
    processing: frozenset[str]
    connections: int
    message_bytes: int
    in_flight_bytes: int
    idle: float
    """Seconds."""
    patience: float
    """Seconds."""
    folder: Path


def kafka_settings(environ: Mapping[str, str]) -> KafkaSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    servers = _listed(environ.get("EMBER_KAFKA", "127.0.0.1:9092"))
    if not servers:
        raise _bad(
            "EMBER_KAFKA", "names no broker", "Give host:port, or leave it away."
        )
    security = _one_of(environ, "EMBER_KAFKA_SECURITY", "plaintext", _SECURITY)
    settings = KafkaSettings(
        servers=tuple(servers),
        security=security,
        ca_file=_file(environ, "EMBER_KAFKA_CA_FILE"),
        cert_file=_file(environ, "EMBER_KAFKA_CERT_FILE"),
        key_file=_file(environ, "EMBER_KAFKA_KEY_FILE"),
        user=environ.get("EMBER_KAFKA_USER") or None,
        password_file=_file(environ, "EMBER_KAFKA_PASSWORD_FILE"),
        partitions=_count(environ, "EMBER_PARTITIONS", 12, least=1),
        replicas=_count(environ, "EMBER_REPLICAS", 0, least=0) or None,
    )
    if security.startswith("sasl") and not (settings.user and settings.password_file):
        raise _bad(
            "EMBER_KAFKA_SECURITY",
            f"is {security}, which wants a user and a password",
            "Set EMBER_KAFKA_USER and EMBER_KAFKA_PASSWORD_FILE.",
        )
    return settings


def listener_settings(environ: Mapping[str, str]) -> ListenerSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    host, _, port = environ.get("EMBER_MLLP", "127.0.0.1:2575").rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise _bad("EMBER_MLLP", "is no host:port", "Write 0.0.0.0:2575.")
    settings = ListenerSettings(
        host=host,
        port=int(port),
        cert_file=_file(environ, "EMBER_MLLP_CERT_FILE"),
        key_file=_file(environ, "EMBER_MLLP_KEY_FILE"),
        client_ca=_file(environ, "EMBER_MLLP_CLIENT_CA_FILE"),
        processing=frozenset(_listed(environ.get("EMBER_MLLP_PROCESSING") or "P")),
        connections=_count(environ, "EMBER_MLLP_CONNECTIONS", 100, least=1),
        message_bytes=_count(environ, "EMBER_MLLP_MESSAGE_BYTES", 1_000_000, least=1),
        in_flight_bytes=_count(
            environ, "EMBER_MLLP_IN_FLIGHT_BYTES", 32 << 20, least=1
        ),
        idle=_count(environ, "EMBER_MLLP_IDLE", 600, least=1),
        patience=_count(environ, "EMBER_MLLP_PATIENCE", 25, least=1),
        folder=Path(environ.get("EMBER_LISTENER_DIR") or "listener"),
    )
    if (settings.cert_file is None) != (settings.key_file is None):
        raise _bad(
            "EMBER_MLLP_CERT_FILE",
            "and EMBER_MLLP_KEY_FILE go together, and one is missing",
            "Name both.",
        )
    if settings.client_ca is not None and settings.cert_file is None:
        raise _bad(
            "EMBER_MLLP_CLIENT_CA_FILE",
            "wants TLS, and the listener has no certificate",
            "Name EMBER_MLLP_CERT_FILE and EMBER_MLLP_KEY_FILE.",
        )
    if settings.message_bytes > LARGEST_RAW:
        raise _bad(
            "EMBER_MLLP_MESSAGE_BYTES",
            f"is more than {LARGEST_RAW}",
            "No record of Kafka may be larger.",
        )
    return settings


def process_settings(environ: Mapping[str, str]) -> ProcessSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    host, _, port = environ.get("EMBER_HTTP", "127.0.0.1:0").rpartition(":")
    if not port.isdigit():
        raise _bad("EMBER_HTTP", "is no host:port", "Write 127.0.0.1:8080.")
    return ProcessSettings(
        batch=_count(environ, "EMBER_BATCH", 1_000, least=1),
        http_host=host or "127.0.0.1",
        http_port=int(port),
        log_level=_one_of(
            environ, "EMBER_LOG", "info", ("debug", "info", "warning", "error")
        ),
        worker_dir=Path(environ.get("EMBER_WORKER_DIR") or "worker"),
        standby_replicas=_count(environ, "EMBER_STANDBY_REPLICAS", 0, least=0),
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
        site=_file(environ, "EMBER_SITE"),
        identity_keys=_versions(environ, "EMBER_IDENTITY_KEYS"),
        known_names=_file(environ, "EMBER_IDENTITY_KNOWN"),
        payload_keys=_versions(environ, "EMBER_PAYLOAD_KEYS"),
        vault_keys=_versions(environ, "EMBER_VAULT_KEYS"),
    )


def _versions(environ: Mapping[str, str], variable: str) -> dict[int, Path]:
    """Key files by version, from `1:/run/secrets/a,2:/run/secrets/b`."""
    files: dict[int, Path] = {}
    for part in _listed(environ.get(variable, "")):
        version, colon, path = part.partition(":")
        number = int(version) if version.isascii() and version.isdigit() else 0
        if not colon or not path or not 1 <= number <= HIGHEST_VERSION:
            raise _bad(variable, f"holds {part!r}", "Write each key as VERSION:PATH.")
        if number in files:
            raise _bad(variable, f"names version {number} twice", "Number each once.")
        files[number] = Path(path)
    return files


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _one_of(
    environ: Mapping[str, str], variable: str, default: str, allowed: tuple[str, ...]
) -> str:
    said = (environ.get(variable) or default).lower()
    if said not in allowed:
        raise _bad(variable, f"is {said!r}", f"Use one of: {', '.join(allowed)}.")
    return said


def _count(
    environ: Mapping[str, str], variable: str, default: int, *, least: int
) -> int:
    said = environ.get(variable) or str(default)
    if not said.isdigit() or int(said) < least:
        raise _bad(
            variable, f"is {said!r}", f"Give a whole number of at least {least}."
        )
    return int(said)


def _file(environ: Mapping[str, str], variable: str) -> Path | None:
    named = environ.get(variable)
    if not named:
        return None
    if not Path(named).is_file():
        raise _bad(variable, f"names {named}, which is no file", "Mount the secret.")
    return Path(named)


def _bad(variable: str, problem: str, cure: str) -> SettingsError:
    return SettingsError(ErrorCode.BAD_SETTING, f"{variable} {problem}.", cure)
