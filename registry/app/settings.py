"""The settings of the `ember` command, built once from a mapping passed in.

Every setting is documented in `deploy/docs/settings.md`; a test fails when one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.vocabulary.errors import ErrorCode, SettingsError


DEFAULT_REGISTRY = "sqlite:///ember.sqlite"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its default, what it is for."""

    variable: str
    default: str
    meaning: str


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
