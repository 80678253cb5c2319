"""The table of markers: data, one row a marker (`markers.csv`).

A row holds a cut-off in one unit by one assay.  What another assay or another unit
says is another marker: per cent of monocytes and molecules a cell are two rows, and
nothing leads from one to the other.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.markers.policy import CHOICES
from streams.clinical.specification import Grade, Specification
from streams.vocabulary.errors import ErrorCode, InputError, ProtocolError
from streams.vocabulary.quantities import Operator, read_duration
from streams.vocabulary.truth import UNKNOWN, Truth3, all_of


Role = Literal["prognostic", "predictive", "safety"]
"""What a trial uses a marker for.

`prognostic`: tells how ill the patient is. `predictive`: tells who benefits.
`safety`: tells who would be harmed.
"""

ADULT = 18.0
"""Years from which a patient is an adult (as the trials of the table have it)."""

ImmuneSign = Literal["hyper_inflammation", "suppression"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of what counts as positive."""

    operator: Operator
    value: float

    def __str__(self) -> str:
        """As it is written: `>= 0.6`."""
        return f"{self.operator} {self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misclassification:
    """How often the result is wrong, as far as anybody published it."""

    sensitivity: float | None
    specificity: float | None
    cv_percent: float | None
    """Coefficient of variation of the assay between laboratories."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One marker with its cut-off; the end of a band that is None is open."""

    name: str
    title: str
    concept: str
    low: Bound | None
    high: Bound | None
    unit: str
    """UCUM; the canonical unit of the concept."""
    assay: str | None
    """The assay that a result must name; None: any."""
    specimen: str
    population: str
    turnaround: timedelta | None
    """From specimen to result."""
    stale_after: timedelta
    """How old a specimen may be."""
    repeat_after: timedelta | None
    """A second specimen so long after the first must say the same."""
    times_source: str
    misclassification: Misclassification
    roles: frozenset[Role]
    """The roles a trial may declare for it."""
    sign: ImmuneSign | None
    """What it is a sign of in the immune course."""
    trials: tuple[str, ...]
    source: str
    grade: Grade
    note: str

    @property
    def of_children(self) -> bool:
        """Whether its cut-off is one of children; else it is one of adults."""
        return self.population.startswith("paediatric")

    def is_for(self, age: Interval) -> Truth3:
        """Whether its cut-off was made for patients of that age in whole years."""
        return compare(age, "<" if self.of_children else ">=", ADULT)

    @property
    def has_cut_off(self) -> bool:
        """Whether anybody published one that was read."""
        return self.low is not None or self.high is not None

    @property
    def cut_off(self) -> str:
        """In words: `>= 0.6 and < 0.9 {EAU}`."""
        ends = " and ".join(str(end) for end in (self.low, self.high) if end)
        return f"{ends} {self.unit}" if ends else "none published"

    def positive(self, result: Interval) -> Truth3:
        """Whether a result is beyond the cut-off; UNKNOWN where it straddles it."""
        ends = [end for end in (self.low, self.high) if end is not None]
        if not ends:
            return UNKNOWN
        return all_of(compare(result, end.operator, end.value) for end in ends)


@cache
def markers() -> Mapping[str, Marker]:
    """All markers by name; read once, never changed."""
    text = files("streams.clinical.markers").joinpath("markers.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["marker"]: _marker(row) for row in rows}


def marker(name: str) -> Marker:
    """The marker of that name; raises `InputError` EMB-114 for an unknown one."""
    found = markers().get(name)
    if found is None:
        raise InputError(
            ErrorCode.UNKNOWN_REFERENCE,
            f"There is no marker {name!r}.",
            f"The markers are {', '.join(markers())}.",
        )
    return found


def declared(name: str, role: Role) -> Marker:
    """The marker, for a trial that declares this role.

    Raises `ProtocolError` EMB-202 where nothing published supports the role.
    """
    found = marker(name)
    if role not in found.roles:
        allowed = " or ".join(sorted(found.roles))
        raise ProtocolError(
            ErrorCode.PROTOCOL_INVALID,
            f"The marker {name} cannot be {role}.",
            f"It may be {allowed}.",
        )
    return found


def specification(one: Marker) -> Specification:
    """What the manual says of one marker."""
    repeat = (
        ""
        if one.repeat_after is None
        else f", in two specimens {_hours(one.repeat_after)} apart"
    )
    assay = f" by {one.assay}" if one.assay else ""
    stale = f"A specimen older than {_hours(one.stale_after)} is stale."
    return Specification(
        name=one.name,
        title=one.title,
        version="1",
        grade=one.grade,
        grade_reason=f"Read in: {one.source}." if one.source else "No source was read.",
        rule=(
            f"{one.concept} {one.cut_off}{assay}{repeat}.\n\n{stale}\n\n"
            f"Of {'children' if one.of_children else 'adults'}: unknown in who is on "
            f"record as {'an adult' if one.of_children else 'a child'}."
        ),
        sources=(one.source, *one.trials),
        inputs=(
            *(f"measurement:{one.concept}", f"biomarker:{one.concept}"),
            "demographics",
        ),
        choices=CHOICES,
        traps=(one.note,) if one.note else (),
    )


def _marker(row: dict[str, str]) -> Marker:
    return Marker(
        name=row["marker"],
        title=row["title"],
        concept=row["concept"],
        low=_bound(row["low_operator"], row["low"]),
        high=_bound(row["high_operator"], row["high"]),
        unit=row["unit"],
        assay=row["assay"] or None,
        specimen=row["specimen"],
        population=row["population"],
        turnaround=_duration(row["turnaround"]),
        stale_after=read_duration(row["stale_after"]),
        repeat_after=_duration(row["repeat_after"]),
        times_source=row["times_source"],
        misclassification=_misclassification(row),
        roles=frozenset(cast("list[Role]", _list(row["roles"]))),
        sign=cast("ImmuneSign | None", row["state"] or None),
        trials=tuple(_list(row["trials"])),
        source=row["source"],
        grade=Grade(row["grade"]),
        note=row["note"],
    )


def _misclassification(row: dict[str, str]) -> Misclassification:
    return Misclassification(
        sensitivity=_number(row["sensitivity"]),
        specificity=_number(row["specificity"]),
        cv_percent=_number(row["cv_percent"]),
        source=row["misclassification_source"],
    )


def _bound(operator: str, value: str) -> Bound | None:
    return Bound(cast("Operator", operator), float(value)) if operator else None


def _duration(text: str) -> timedelta | None:
    return read_duration(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _list(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:g} h"
