"""The settings of the `ember` command, built once from a mapping passed in.

Every setting is documented in `deploy/docs/settings.md`; a test fails when one is not.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from registry.alerts.webhook import WebhookSettings
from registry.domain.randomisation.signer import KeyStore
from registry.store.key_stores import KeyCommand, KeyFile
from streams.app.listen.settings import LISTENER_SETTINGS
from streams.app.settings import STREAM_SETTINGS, Setting
from streams.vocabulary.errors import ErrorCode, SettingsError


DEFAULT_REGISTRY = "sqlite:///ember.sqlite"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "EMBER_REGISTRY",
        DEFAULT_REGISTRY,
        "The registry's database URL, where no --registry is given.",
    ),
    Setting(
        "EMBER_REGISTRY_FILE",
        "",
        "A file that holds that URL: a mounted secret. EMBER_REGISTRY goes first.",
    ),
    Setting(
        "EMBER_WEBHOOK_URL",
        "",
        "Where `ember alerts send` posts alerts: https, or http on this machine.",
    ),
    Setting(
        "EMBER_WEBHOOK_SECRET_FILES",
        "",
        "Files with a `whsec_…` secret each, separated by commas; the newest first.",
    ),
    Setting(
        "EMBER_WEBHOOK_ALLOWED_HOSTS",
        "",
        "Hosts inside our own network, or on this machine, that may be posted to; "
        "separated by commas.",
    ),
    Setting(
        "EMBER_WEBHOOK_CA_FILE",
        "",
        "Certificates of the hospital's own authority, instead of the usual ones.",
    ),
    Setting(
        "EMBER_ANCHOR_URL",
        "",
        "Where `ember audit anchor --webhook` posts the heads of the audit's chains; "
        "who receives them is not who runs the registry.",
    ),
    Setting(
        "EMBER_ANCHOR_SECRET_FILES",
        "",
        "As EMBER_WEBHOOK_SECRET_FILES, for the anchors.",
    ),
    Setting(
        "EMBER_STATE_DIR",
        ".",
        "The folder for what a sender must remember, such as a target that is gone.",
    ),
    Setting(
        "EMBER_SIGNER",
        "",
        "The signer's Unix socket: where `ember signer` answers, and others ask.",
    ),
    Setting(
        "EMBER_SIGNER_KEYS",
        "",
        "The file with the allocation keys, for `ember signer` alone; mode 600.",
    ),
    Setting(
        "EMBER_SIGNER_KEYS_COMMAND",
        "",
        "A program that prints what that file would hold, instead of it.",
    ),
    Setting(
        "EMBER_SIGNER_PLACES",
        "4",
        "Requests that the signer serves at once; the others wait.",
    ),
    Setting(
        "EMBER_SIGNER_TOLERANCE",
        "300",
        "Seconds that the clock of who asks the signer may be from its own.",
    ),
    Setting(
        "EMBER_ALLOCATION_KEYS",
        "",
        "The folder of the allocation keys, TRIAL.key, for `ember randomise` on SQLite.",
    ),
    Setting(
        "EMBER_SIGNERS",
        "",
        "The file of who may sign records, for `ember signature`; and of who may break a "
        "blind, for `ember signer` and, on SQLite, `ember unblind`.",
    ),
    Setting(
        "EMBER_ACTOR",
        "",
        "Who asks or acts, where neither --as nor --actor says it; see `roles.md`.",
    ),
    *STREAM_SETTINGS,
    *LISTENER_SETTINGS,
)


def registry_url(environ: Mapping[str, str], given: str | None = None) -> str:
    """The registry to use: the one given, the variable, the file, the default.

    Raises `SettingsError` EMB-402 where the file cannot be read.
    """
    if given:
        return given
    if url := environ.get("EMBER_REGISTRY"):
        return url
    named = environ.get("EMBER_REGISTRY_FILE")
    return _read(Path(named)) if named else DEFAULT_REGISTRY


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSettings:
    """Where the signer answers, and where it has its keys from."""

    socket: Path
    key_file: Path | None
    key_command: tuple[str, ...]
    places: int
    tolerance: timedelta
    """How far the clock of who asks may be from the signer's."""

    def store(self) -> KeyStore:
        """Raises `SettingsError` EMB-402 where none is named."""
        if self.key_command:
            return KeyCommand(self.key_command)
        if self.key_file is not None:
            return KeyFile(self.key_file)
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "The signer has no keys.",
            "Set EMBER_SIGNER_KEYS or EMBER_SIGNER_KEYS_COMMAND.",
        )


def signer_settings(environ: Mapping[str, str]) -> SignerSettings:
    """Raises `SettingsError` EMB-402 where no socket is named, or what is no number."""
    sockets = signer_sockets(environ)
    places = environ.get("EMBER_SIGNER_PLACES") or "4"
    if len(sockets) != 1:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"The signer has {len(sockets) or 'no'} socket{'s' if sockets else ''}.",
            "Set EMBER_SIGNER to the one on which this process answers.",
        )
    if not places.isdecimal() or int(places) < 1:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_SIGNER_PLACES is {places!r}, which is no number from 1.",
            "Write how many requests are served at once.",
        )
    tolerance = environ.get("EMBER_SIGNER_TOLERANCE") or "300"
    if not tolerance.isdecimal() or int(tolerance) < 1:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_SIGNER_TOLERANCE is {tolerance!r}, which is no number from 1.",
            "Write how many seconds the clock of who asks may be from the signer's.",
        )
    file = environ.get("EMBER_SIGNER_KEYS")
    return SignerSettings(
        socket=sockets[0],
        key_file=Path(file) if file else None,
        key_command=tuple(shlex.split(environ.get("EMBER_SIGNER_KEYS_COMMAND") or "")),
        places=int(places),
        tolerance=timedelta(seconds=int(tolerance)),
    )


def signer_sockets(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where signers are asked; empty where there is none of its own."""
    named = environ.get("EMBER_SIGNER") or ""
    return tuple(Path(one) for one in named.split(":") if one)


def signers_file(environ: Mapping[str, str], given: Path | None = None) -> Path:
    """The file given, or that of the variable; raises `SettingsError` EMB-402."""
    named = given or environ.get("EMBER_SIGNERS")
    if not named:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No file of signers is named.",
            "Give --signers, or set EMBER_SIGNERS.",
        )
    return Path(named)


def webhook_settings(environ: Mapping[str, str]) -> WebhookSettings:
    """The one target of alerts; raises `SettingsError` EMB-402 where none is named."""
    return _target(
        environ,
        url="EMBER_WEBHOOK_URL",
        secrets="EMBER_WEBHOOK_SECRET_FILES",
        marker="webhook.disabled",
    )


def anchor_settings(environ: Mapping[str, str]) -> WebhookSettings:
    """The one target of anchors; raises `SettingsError` EMB-402 where none is named."""
    return _target(
        environ,
        url="EMBER_ANCHOR_URL",
        secrets="EMBER_ANCHOR_SECRET_FILES",
        marker="anchor.disabled",
    )


def _target(
    environ: Mapping[str, str], *, url: str, secrets: str, marker: str
) -> WebhookSettings:
    """The target by these variables; hosts and authority are the same for all."""
    address, files = environ.get(url), _listed(environ.get(secrets))
    if not address or not files:
        raise SettingsError(
            ErrorCode.BAD_SETTING, "No target is named.", f"Set {url} and {secrets}."
        )
    authority = environ.get("EMBER_WEBHOOK_CA_FILE")
    return WebhookSettings(
        url=address,
        secret_files=tuple(Path(file) for file in files),
        disabled_marker=Path(environ.get("EMBER_STATE_DIR", ".")) / marker,
        allowed_hosts=frozenset(_listed(environ.get("EMBER_WEBHOOK_ALLOWED_HOSTS"))),
        ca_file=Path(authority) if authority else None,
    )


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_REGISTRY_FILE names {path}, which cannot be read "
            f"({fault.strerror}).",
            "Mount the secret, or give --registry.",
        ) from None
