"""The trials' allocation keys, read from files that only their keeper can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from registry.domain.randomisation.signer import KeyedSigner
from registry.store.keys import trial_signer
from registry.store.unit_of_work import Registry
from streams.vocabulary.errors import ErrorCode, SettingsError


def signer_of(
    book: Registry, trial: str, given: Path | None, environ: Mapping[str, str]
) -> KeyedSigner:
    """The signer of a trial, by the file given or that of EMBER_ALLOCATION_KEYS.

    Without either it has no key, and says so when it is to draw. Raises `SettingsError`
    EMB-312 for a key that is not the one the trial was activated with.
    """
    folder = environ.get("EMBER_ALLOCATION_KEYS")
    path = given or (Path(folder) / f"{trial}.key" if folder else None)
    if path is None:
        return KeyedSigner({})
    signer = trial_signer(path, trial)
    with book.reading() as views:
        held = [one for one in views.protocols() if one.trial == trial]
    if held and held[-1].key_commitment != signer.commitment(trial):
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The allocation key {path} is not the one {trial} was activated with.",
            "Give the key whose commitment is in the audit.",
        )
    return signer
