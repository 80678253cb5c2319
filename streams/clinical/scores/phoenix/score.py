"""The Phoenix score of organ dysfunction in children, and Phoenix-8.

Schlapbach LJ et al., JAMA 2024;331:665-674, doi 10.1001/jama.2024.0179;
Sanchez-Pinto LN et al., JAMA 2024;331:675-686, doi 10.1001/jama.2024.0196.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from streams.clinical.scores.phoenix.inputs import (
    NO_SUPPORT,
    Inputs,
    Numbers,
    inputs_of,
)
from streams.clinical.scores.phoenix.organs import EIGHT, FOUR, components
from streams.clinical.scores.phoenix.policy import PHOENIX, PhoenixPolicy
from streams.clinical.scores.phoenix.reading import inputs_at
from streams.clinical.scores.phoenix.specs import PHOENIX8_SPEC, PHOENIX_SPEC
from streams.clinical.scores.score import Score
from streams.clinical.timeline import Timeline
from streams.vocabulary.messages import Component


def phoenix(
    timeline: Timeline, at: datetime, *, policy: PhoenixPolicy = PHOENIX
) -> Score:
    """The score of four organs (0 to 13) at a moment, of what had happened by then."""
    inputs = inputs_at(timeline, at, policy)
    return Score(
        name=PHOENIX_SPEC.name,
        at=at,
        components=components(inputs, FOUR, policy),
        missing=tuple(_missing_of_four(inputs)),
    )


def phoenix8(
    timeline: Timeline, at: datetime, *, policy: PhoenixPolicy = PHOENIX
) -> Score:
    """The score of eight organs (0 to 17), for research; the first four are Phoenix."""
    inputs = inputs_at(timeline, at, policy)
    return Score(
        name=PHOENIX8_SPEC.name,
        at=at,
        components=components(inputs, EIGHT, policy),
        missing=(*_missing_of_four(inputs), *_missing_of_eight(inputs)),
    )


def phoenix_of(
    numbers: Numbers, *, policy: PhoenixPolicy = PHOENIX
) -> tuple[Component, ...]:
    """The four organs of plain numbers."""
    return components(inputs_of(numbers), FOUR, policy)


def phoenix8_of(
    numbers: Numbers, *, policy: PhoenixPolicy = PHOENIX
) -> tuple[Component, ...]:
    """The eight organs of plain numbers."""
    return components(inputs_of(numbers), EIGHT, policy)


def _missing_of_four(inputs: Inputs) -> Iterator[str]:
    support = inputs.support
    if support.most != NO_SUPPORT:
        if not inputs.pf_ratio:
            yield "pao2_fio2"
        if not inputs.sf_ratio and not inputs.sf_void:
            yield "spo2_fio2"
    if support.least != support.most:
        yield "respiratory_support"
    yield from _unseen(
        inputs,
        vasoactives="vasoactives",
        lactate="lactate",
        pressure="map",
        age="age",
        platelets="platelets",
        inr="inr",
        d_dimer="d_dimer_feu",
        fibrinogen="fibrinogen",
        gcs="gcs",
        fixed_pupils="pupils_fixed",
    )


def _missing_of_eight(inputs: Inputs) -> Iterator[str]:
    yield from _unseen(
        inputs,
        glucose="glucose",
        neutrophils="neutrophils_abs",
        lymphocytes="lymphocytes_abs",
        creatinine="creatinine",
        bilirubin="bilirubin_total",
        alt="alt",
    )


def _unseen(inputs: Inputs, **concepts: str) -> Iterator[str]:
    """The names of the concepts of which an input has nothing."""
    for field, concept in concepts.items():
        if not getattr(inputs, field):
            yield concept
