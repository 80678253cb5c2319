"""Labels from outside: SRS, MARS and other classes that cannot be computed here.

A label counts with its assay, version and time, or not at all.
The classifiers are data (`classifiers.csv`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Classification
from streams.vocabulary.quantities import read_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """One way to sort patients that runs outside."""

    name: str
    title: str
    labels: tuple[str, ...]
    worst: str | None
    score_low: float | None
    score_high: float | None
    """The range of its score; None where it has none."""
    assay_needed: bool
    needs_batch: bool
    """Whether one sample alone cannot be classified."""
    stale_after: timedelta | None
    """None: it describes a period and does not grow stale."""
    source: str
    grade: Grade
    note: str


class LabelState(StrEnum):
    """What can be acted on."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    """None came, or what came cannot be accepted."""
    STALE = "stale"
    CONFLICT = "conflict"
    """Two results of one specimen time say different things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalPolicy:
    """What may be accepted."""

    stale_after: timedelta | None = None
    """In place of the table's, which is ours."""

    versions: frozenset[str] | None = None
    """Versions of the classifier that count; None: any that is named."""

    assays: frozenset[str] | None = None
    """Assays that count; None: any that is named, where one is needed."""

    unlisted: Literal["refused", "accepted"] = "refused"
    """A label that the classifier does not have."""


DEFAULT = ExternalPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """The label that stands at one moment."""

    classifier: str
    at: datetime
    state: LabelState
    label: str | None = None
    score: float | None = None
    assay: str | None = None
    version: str | None = None
    made_at: datetime | None = None
    stale_from: datetime | None = None
    refused: tuple[tuple[str, str], ...] = ()
    """Results not accepted: event id and reason."""
    evidence: tuple[str, ...] = ()


@cache
def classifiers() -> Mapping[str, Classifier]:
    """All classifiers by name; read once, never changed."""
    folder = files("streams.clinical.markers")
    text = folder.joinpath("classifiers.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["classifier"]: _classifier(row) for row in rows}


def classifier(name: str) -> Classifier:
    """The classifier of that name; raises `InputError` EMB-114 for an unknown one."""
    found = classifiers().get(name)
    if found is None:
        raise InputError(
            ErrorCode.UNKNOWN_REFERENCE,
            f"There is no classifier {name!r}.",
            f"The classifiers are {', '.join(classifiers())}.",
        )
    return found


def external(
    one: Classifier,
    timeline: Timeline,
    at: datetime,
    policy: ExternalPolicy = DEFAULT,
) -> External:
    """The last label that can be accepted, of those that had come by `at`."""
    came = [
        fact
        for fact in timeline.between(Classification, "classification", ALWAYS, at)
        if fact.classifier == one.name
    ]
    judged = [(fact, _refusal(one, fact, policy)) for fact in came]
    refused = tuple((fact.event_id, why) for fact, why in judged if why is not None)
    accepted = [fact for fact, why in judged if why is None]
    if not accepted:
        return External(
            classifier=one.name, at=at, state=LabelState.UNKNOWN, refused=refused
        )
    return _standing(one, accepted, refused, at, policy)


def _standing(
    one: Classifier,
    accepted: Sequence[Classification],
    refused: tuple[tuple[str, str], ...],
    at: datetime,
    policy: ExternalPolicy,
) -> External:
    last = accepted[-1]
    together = [fact for fact in accepted if fact.happened_at == last.happened_at]
    labels = {_canonical(one, fact.label) or fact.label for fact in together}
    length = one.stale_after if policy.stale_after is None else policy.stale_after
    stale_from = None if length is None else last.happened_at + length
    state = LabelState.KNOWN
    if len(labels) > 1:
        state = LabelState.CONFLICT
    elif stale_from is not None and at > stale_from:
        state = LabelState.STALE
    return External(
        classifier=one.name,
        at=at,
        state=state,
        label=labels.pop() if len(labels) == 1 else None,
        score=last.score if len(together) == 1 else None,
        assay=last.assay,
        version=last.classifier_version,
        made_at=last.happened_at,
        stale_from=stale_from,
        refused=refused,
        evidence=tuple(fact.event_id for fact in together),
    )


def _refusal(
    one: Classifier, fact: Classification, policy: ExternalPolicy
) -> str | None:
    """Why a result cannot be accepted; None where it can."""
    if not fact.classifier_version.strip():
        return "no version"
    if policy.versions is not None and fact.classifier_version not in policy.versions:
        return f"version {fact.classifier_version}"
    return (
        _assay_refusal(one, fact, policy)
        or _label_refusal(one, fact, policy)
        or _score_refusal(one, fact)
    )


def _assay_refusal(
    one: Classifier, fact: Classification, policy: ExternalPolicy
) -> str | None:
    if one.assay_needed and not (fact.assay or "").strip():
        return "no assay"
    if policy.assays is not None and fact.assay not in policy.assays:
        return f"assay {fact.assay}"
    return None


def _label_refusal(
    one: Classifier, fact: Classification, policy: ExternalPolicy
) -> str | None:
    if fact.label is None:
        return None if fact.score is not None else "neither label nor score"
    if policy.unlisted == "refused" and _canonical(one, fact.label) is None:
        return f"label {fact.label}"
    return None


def _score_refusal(one: Classifier, fact: Classification) -> str | None:
    if fact.score is None or one.score_low is None or one.score_high is None:
        return None
    return (
        None
        if one.score_low <= fact.score <= one.score_high
        else f"score {fact.score:g} outside {one.score_low:g} to {one.score_high:g}"
    )


def _canonical(one: Classifier, label: str | None) -> str | None:
    """The label as the table writes it; case and blanks do not matter."""
    plain = "".join((label or "").split()).casefold()
    return next((name for name in one.labels if name.casefold() == plain), None)


def _classifier(row: dict[str, str]) -> Classifier:
    return Classifier(
        name=row["classifier"],
        title=row["title"],
        labels=tuple(row["labels"].split(";")),
        worst=row["worst"] or None,
        score_low=float(row["score_low"]) if row["score_low"] else None,
        score_high=float(row["score_high"]) if row["score_high"] else None,
        assay_needed=row["assay_needed"] == "yes",
        needs_batch=row["needs_batch"] == "yes",
        stale_after=read_duration(row["stale_after"]) if row["stale_after"] else None,
        source=row["source"],
        grade=Grade(row["grade"]),
        note=row["note"],
    )


_CHOICES = (
    Choice(
        argument="stale_after",
        default="none",
        readings="none: as old as the table of classifiers allows, which is ours; or a "
        "time that a trial names.",
    ),
    Choice(
        argument="versions",
        default="none",
        readings="none: any version that is named (ours); or those a trial was designed "
        "with.",
    ),
    Choice(
        argument="assays",
        default="none",
        readings="none: any assay that is named, where the classifier needs one (ours); "
        "or those a trial was designed with.",
    ),
    Choice(
        argument="unlisted",
        default="refused",
        readings="A label that the classifier does not have: `refused` (ours), or "
        "`accepted` as it came.",
    ),
)


def specification(one: Classifier) -> Specification:
    """What the manual says of one classifier."""
    batch = "  It needs a batch of samples." if one.needs_batch else ""
    return Specification(
        name=one.name,
        title=one.title,
        version="1",
        grade=one.grade,
        grade_reason=f"Read in: {one.source}.",
        rule=(
            f"A result from outside with one of the labels {', '.join(one.labels)}, its "
            f"version and time{', and its assay' if one.assay_needed else ''}.  The "
            f"last that can be accepted stands.{batch}"
        ),
        sources=(one.source,),
        inputs=("classification",),
        choices=_CHOICES,
        traps=(one.note,) if one.note else (),
    )


SPEC = Specification(
    name="external_labels",
    title="Endotypes and phenotypes from outside",
    version="1",
    grade=Grade.PARTIAL,
    grade_reason="Each classifier has a grade of its own.",
    rule=(
        "A label or score that came as an external result with the classifier's "
        "version, its time and, where the classifier reads an assay, the assay.  Labels "
        "it does not have are refused; two results of one time that differ conflict."
    ),
    sources=("streams/clinical/markers/classifiers.csv: a source in every row",),
    inputs=("classification",),
    choices=_CHOICES,
)
