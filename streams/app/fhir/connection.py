"""The FHIR server of the settings, with a client of its own and a token where asked."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from streams.adapters.fhir.server import FhirServer, secured
from streams.adapters.fhir.smart import Credentials, Tokens, read_credentials
from streams.vocabulary.errors import ErrorCode, SettingsError


_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 120.0
"""How long a server may take over the next bytes of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirSettings:
    """Where the server is, and who Ember is there."""

    base: str
    credentials: Credentials | None = None
    ca_file: Path | None = None
    hosts: frozenset[str] = frozenset()


def fhir_settings(environ: Mapping[str, str], base: str | None = None) -> FhirSettings:
    """The settings, for the server at `base` where that is given.

    Raises `SettingsError` EMB-402, EMB-403 for what cannot be used, `InputError`
    EMB-136 for an address without TLS.
    """
    address = (base or environ.get("EMBER_FHIR") or "").rstrip("/")
    if not address:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No FHIR server is named.",
            "Give its base address in EMBER_FHIR.",
        )
    ca_file = environ.get("EMBER_FHIR_CA_FILE")
    return FhirSettings(
        base=secured(address),
        credentials=_credentials(environ),
        ca_file=Path(ca_file) if ca_file else None,
        hosts=frozenset(_words(environ.get("EMBER_FHIR_HOSTS", ""))),
    )


@contextmanager
def connected(
    settings: FhirSettings, wait: Callable[[float], bool]
) -> Iterator[FhirServer]:
    """The server; `wait` waits so many seconds, true where asked to stop.

    Raises `SettingsError` EMB-402 for certificates that cannot be used.
    """
    timeout = httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
    with httpx2.Client(verify=_trust(settings), timeout=timeout) as client:
        tokens = None
        if settings.credentials is not None:
            tokens = Tokens(
                settings.base, settings.credentials, client, time.time, secured
            )
        yield FhirServer(settings.base, client, wait, tokens, settings.hosts)


def _credentials(environ: Mapping[str, str]) -> Credentials | None:
    client_id = environ.get("EMBER_FHIR_CLIENT_ID", "")
    key_file = environ.get("EMBER_FHIR_KEY_FILE", "")
    if not client_id and not key_file:
        return None
    if not (client_id and key_file):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "Of EMBER_FHIR_CLIENT_ID and EMBER_FHIR_KEY_FILE only one is given.",
            "Give both, or neither for a server that asks for no token.",
        )
    scopes = _words(environ.get("EMBER_FHIR_SCOPES") or "system/*.read")
    return read_credentials(client_id, Path(key_file), scopes)


def _trust(settings: FhirSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_FHIR_CA_FILE cannot be used ({fault}).",
            "Name a file with certificates in PEM.",
        ) from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
