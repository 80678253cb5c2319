"""Which patient a resource is about, cheaply: so that one patient's stay in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from streams.adapters.identity.pseudonyms import Identifier, Identities


_ABOUT = ("subject", "patient", "individual")


def patient_of(payload: bytes, identities: Identities) -> str | None:
    """A name for the patient a resource or Bundle is about, for routing alone.

    It is of the server's own Patient id, and no name that an event may carry.
    None where the bytes name none, or are no JSON.
    """
    try:
        said = orjson.loads(payload)
    except ValueError:
        return None
    named = _patient_id(said)
    if named is None:
        return None
    return identities.name("patient", Identifier("Patient", named))


def _patient_id(said: object) -> str | None:
    if not isinstance(said, dict):
        return None
    kind = said.get("resourceType")
    if kind == "Bundle":
        return _of_bundle(said)
    if kind == "Patient":
        return _text(said.get("id"))
    for name in _ABOUT:
        reference = said.get(name)
        if isinstance(reference, dict):
            return _referred(reference.get("reference"))
    return None


def _of_bundle(bundle: Mapping[str, Any]) -> str | None:
    """The first patient any entry names."""
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            request = entry.get("request")
            url = request.get("url") if isinstance(request, dict) else None
            found = _patient_id(entry.get("resource")) or _referred(url)
            if found is not None:
                return found
    return None


def _referred(reference: object) -> str | None:
    """The id in `Patient/1`, absolute or not, with a version or without."""
    text = _text(reference)
    if text is None:
        return None
    parts = text.partition("/_history/")[0].split("/")
    return parts[-1] if len(parts) > 1 and parts[-2] == "Patient" else None


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
