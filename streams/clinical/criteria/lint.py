"""Lints a protocol: what can be told of it before any patient is seen."""

from __future__ import annotations

from collections.abc import Iterator

from streams.clinical.linting.absence import check_absence
from streams.clinical.linting.drawing import check_drawing
from streams.clinical.linting.finding import Check, Finding, Found, error
from streams.clinical.linting.logic import check_logic
from streams.clinical.linting.names import misnamed
from streams.clinical.linting.sense import check_sense
from streams.clinical.linting.timing import check_timing
from streams.vocabulary.places import Places, in_words
from streams.vocabulary.protocol import Protocol


def lint(protocol: Protocol, text: str) -> list[Finding]:
    """All that the checks find in a protocol that could be read, in the text's order.

    `text` is what the protocol was read from. Where names are unknown, nothing else is
    checked: no rule can be judged by a score that there is not.
    """
    places = Places(text)
    found = list(_names(protocol)) or [
        *check_logic(protocol),
        *check_absence(protocol),
        *check_timing(protocol),
        *check_sense(protocol),
        *check_drawing(protocol),
    ]
    return sorted({_placed(one, places) for one in found})


def _names(protocol: Protocol) -> Iterator[Found]:
    for fault in misnamed(protocol):
        problem = f"{fault.problem[0].upper()}{fault.problem[1:]}."
        yield error(Check.UNKNOWN_NAME, fault.path, problem, fault.cure)


def _placed(found: Found, places: Places) -> Finding:
    return Finding(
        place=places.of(found.path),
        code=found.check.value,
        severity=found.severity,
        path=in_words(found.path),
        sentence=found.sentence,
        cure=found.cure,
    )
