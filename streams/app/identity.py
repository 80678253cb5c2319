"""What the intake of one site names and seals with, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streams.adapters.identity.keys import read_keys
from streams.adapters.identity.pseudonyms import (
    Identities,
    Pseudonyms,
    PublicIdentifiers,
)
from streams.adapters.identity.sealing import Sealer
from streams.adapters.site.configuration import SiteConfiguration, read_site
from streams.app.settings import intake_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


def configured_site(environ: Mapping[str, str]) -> SiteConfiguration:
    """The site's configuration; raises `SettingsError` EMB-402 where none is named."""
    path = intake_settings(environ).site
    if path is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No site is configured.",
            "Name its configuration in EMBER_SITE.",
        )
    return read_site(path)


def identities_of(site: SiteConfiguration, environ: Mapping[str, str]) -> Identities:
    """How the site's identifiers are named.

    Raises `SettingsError` EMB-312 for a key that is missing or unfit, and EMB-402
    where there are several and nobody says who was named before the newest.
    """
    if site.identity == "public":
        return PublicIdentifiers()
    settings = intake_settings(environ)
    if not settings.identity_keys:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The identifiers of {site.site} must be named, and there is no key.",
            "Make one with `ember keys new FILE`; EMBER_IDENTITY_KEYS=1:FILE names it.",
        )
    keys = read_keys(settings.identity_keys)
    if len(keys) == 1:
        return Pseudonyms(site.site, keys)
    if settings.known_names is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "EMBER_IDENTITY_KEYS names several keys, and nothing says who was named "
            "before the newest.",
            "Write it with `ember identity known`, and name it in EMBER_IDENTITY_KNOWN.",
        )
    return Pseudonyms(site.site, keys, known=_names(settings.known_names))


def payload_sealer(environ: Mapping[str, str]) -> Sealer | None:
    """What seals raw and rejected payloads; None where the site has no key for it.

    Raises `SettingsError` EMB-312 for a key that is unfit.
    """
    return _sealer(intake_settings(environ).payload_keys)


def vault_sealer(environ: Mapping[str, str]) -> Sealer | None:
    """What seals identifiers for the vault; None where the site has no key for it.

    Raises `SettingsError` EMB-312 for a key that is unfit.
    """
    return _sealer(intake_settings(environ).vault_keys)


def _sealer(files: Mapping[int, Path]) -> Sealer | None:
    return Sealer(read_keys(files)) if files else None


def _names(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text("ascii").split())
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_IDENTITY_KNOWN names {path}, which is no list of names.",
            "Write it with `ember identity known`.",
        ) from None
