"""Markers, strata and labels from outside, each asked the same way."""

from __future__ import annotations

from dataclasses import replace

from streams.clinical.catalogue.answer import Answer, Feature
from streams.clinical.catalogue.rule import Question, answer
from streams.clinical.catalogue.values import bound
from streams.clinical.markers.evaluation import MarkerResult, MarkerState, evaluate
from streams.clinical.markers.external import (
    Classifier,
    External,
    ExternalPolicy,
    LabelState,
    classifiers,
    external,
)
from streams.clinical.markers.policy import MarkerPolicy
from streams.clinical.markers.schemes import Scheme, enrich
from streams.clinical.markers.table import Marker, marker, markers


def ask_marker(question: Question, policy: MarkerPolicy, *, one: Marker) -> Answer:
    """Whether the marker is positive, with the result that decided."""
    found = evaluate(one, question.timeline, question.at, policy)
    return replace(
        answer(question),
        truth=found.truth,
        label=None if found.state is MarkerState.UNKNOWN else found.state.value,
        features=(_result(found, one), *_made(found)),
        evidence=found.evidence,
        missing=(one.concept,) if found.range is None else (),
        said=found.reasons,
    )


def ask_markers(question: Question, policy: MarkerPolicy) -> Answer:
    """The state of every marker."""
    told = [
        (one, evaluate(one, question.timeline, question.at, policy))
        for one in markers().values()
    ]
    seen = [(one, found) for one, found in told if found.evidence]
    return replace(
        answer(question),
        features=tuple(_state(found) for _, found in seen),
        evidence=tuple(dict.fromkeys(e for _, found in seen for e in found.evidence)),
        missing=tuple(
            dict.fromkeys(one.concept for one, found in told if not found.evidence)
        ),
    )


def ask_scheme(question: Question, policy: MarkerPolicy, *, one: Scheme) -> Answer:
    """The stratum; None where the markers leave more than one open."""
    found = enrich(one, question.timeline, question.at, policy)
    possible = Feature(name="possible", value=" ".join(found.possible))
    return replace(
        answer(question),
        label=found.label,
        features=(
            possible,
            *(_result(result, marker(result.marker)) for result in found.results),
        ),
        evidence=found.evidence,
        missing=found.missing,
        said=tuple(
            f"{result.marker}: {why}"
            for result in found.results
            for why in result.reasons
        ),
    )


def ask_label(question: Question, policy: ExternalPolicy, *, one: Classifier) -> Answer:
    """The last label from outside that can be accepted."""
    found = external(one, question.timeline, question.at, policy)
    known = found.state is LabelState.KNOWN
    score = found.score if known else None
    return replace(
        answer(question),
        label=found.label if known else None,
        total=score,
        lower=score,
        upper=score,
        features=_label(found),
        evidence=found.evidence,
        missing=() if known else (one.name,),
        said=tuple(f"{event}: {why}" for event, why in found.refused),
    )


def ask_labels(question: Question, policy: ExternalPolicy) -> Answer:
    """The label of every classifier."""
    told = [
        external(one, question.timeline, question.at, policy)
        for one in classifiers().values()
    ]
    return replace(
        answer(question),
        features=tuple(
            Feature(
                name=found.classifier,
                value=_standing(found),
                evidence=found.evidence,
            )
            for found in told
            if found.evidence
        ),
        evidence=tuple(dict.fromkeys(e for found in told for e in found.evidence)),
        missing=tuple(found.classifier for found in told if not found.evidence),
        said=tuple(f"{event}: {why}" for found in told for event, why in found.refused),
    )


def _state(found: MarkerResult) -> Feature:
    return Feature(name=found.marker, value=found.state.value, evidence=found.evidence)


def _result(found: MarkerResult, one: Marker) -> Feature:
    """The result that decided, as an interval in the marker's unit."""
    if found.range is None:
        return Feature(name=one.name, value=None, unit=one.unit)
    low, high = found.range.low, found.range.high
    return Feature(
        name=one.name,
        value=low if low == high else None,
        unit=one.unit,
        low=bound(low),
        high=bound(high),
        evidence=found.evidence,
    )


def _made(found: MarkerResult) -> tuple[Feature, ...]:
    told = (
        Feature(name="taken_at", value=found.taken_at),
        Feature(name="stale_from", value=found.stale_from),
        Feature(name="assay", value=found.assay),
        Feature(name="borderline", value=found.borderline),
    )
    return tuple(one for one in told if one.value is not None)


def _standing(found: External) -> str | float | None:
    """The label or score that can be acted on; else why there is none."""
    if found.state is not LabelState.KNOWN:
        return found.state.value
    return found.score if found.label is None else found.label


def _label(found: External) -> tuple[Feature, ...]:
    told = (
        Feature(name="state", value=found.state.value),
        Feature(name="label", value=found.label),
        Feature(name="score", value=found.score),
        Feature(name="assay", value=found.assay),
        Feature(name="version", value=found.version),
        Feature(name="made_at", value=found.made_at),
        Feature(name="stale_from", value=found.stale_from),
    )
    return tuple(one for one in told if one.value is not None)
