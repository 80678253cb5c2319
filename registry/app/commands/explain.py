"""`ember explain`: why a patient is flagged, eligible or not, with the events."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, at_their_sites, opened_as
from registry.app.commands.options import JsonOption, RegistryOption
from registry.app.explanation import EXPLANATIONS, explanation, known_patients
from registry.app.patients import Key
from registry.app.telling import lines
from registry.domain.roles import Surface
from registry.store.unit_of_work import Registry
from streams.vocabulary.errors import ErrorCode, InputError


def explain(
    patient: Annotated[str, typer.Argument(help="The pseudonym, or site/pseudonym.")],
    registry: RegistryOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what is known of a patient, why the verdict is as it is, and what is missing."""
    with closing(opened_as(registry, who, Surface.RECORD)) as book:
        _explain(book, patient, as_json=as_json)


def _explain(book: Registry, patient: str, *, as_json: bool) -> None:
    now = SystemClock().now()
    everybody = at_their_sites(book, Surface.RECORD, known_patients(book))
    keys = [key for key in everybody if patient in (key[1], "/".join(key))]
    if as_json:
        told = tuple(explanation(book, key, at=now) for key in keys)
        print(EXPLANATIONS.dump_json(told).decode())
        return
    if len(keys) != 1:
        raise not_one(keys, patient, len(everybody))
    for line in lines(explanation(book, keys[0], at=now)):
        print(line)


def not_one(keys: Sequence[Key], named: str, known: int) -> InputError:
    """What to say where a name is nobody's, or that of several."""
    if keys:
        sites = ", ".join(site for site, _ in keys)
        cure = f"Write site/pseudonym; there is one at each of: {sites}."
        return InputError(
            ErrorCode.UNKNOWN_PATIENT, f"{named!r} is not one patient.", cure
        )
    return InputError(
        ErrorCode.UNKNOWN_PATIENT,
        f"The registry knows no patient {named!r} (it knows {known}).",
        "See `ember query onsets` for those flagged.",
    )
