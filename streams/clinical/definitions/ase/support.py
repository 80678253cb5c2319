"""New vasopressors and new invasive ventilation, by the day they began (p. 5, 15).

A drug is new on a day if it was not given on the day before, whatever other
vasopressor was: each counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from streams.clinical.definitions.ase.cultures import Culture
from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.dysfunction import Dysfunction
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import FOREVER, Stay
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import drips
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS, INSTANT
from streams.vocabulary.events import Location, Procedure, RespiratorySupport


VASOPRESSORS = (
    "norepinephrine",
    "dopamine",
    "epinephrine",
    "phenylephrine",
    "vasopressin",
)
"""Appendix B; as continuous infusions only, which a bolus is no `Infusion` for."""

VENTILATION_CODES = frozenset(
    {
        *("5A1935Z", "5A1945Z", "5A1955Z"),
        *("94002", "94003", "94004", "94656", "94657"),
    }
)
"""ICD-10-PCS and CPT (Appendix C)."""

VENTILATION_NAMES = frozenset({"intubation", "invasive_ventilation"})

Span = tuple[datetime, datetime, str]
"""From, until (excluded), evidence."""

_CHART = SofaPolicy()
"""Infusions are read patient-wide, in the same way as for SOFA."""


class Support:
    """What one stay was given, read once for all of its cultures.

    What is kept goes by the moment object it was asked with, which is held: a moment
    that moves with the clock has a hash for an instant only.
    """

    def __init__(self, timeline: Timeline, stay: Stay, days: HospitalDays) -> None:
        self.days = days
        self._timeline = timeline
        self._since = min(stay.came_at, days.start(stay.first_day))
        self._spans: dict[tuple[str, int], list[Span]] = {}
        self._held: list[datetime] = []

    def given(self, drug: str, until: datetime) -> list[Span]:
        """When a drug ran."""
        asked = drug, self._hold(until)
        if asked not in self._spans:
            spans = _spans(self._timeline, drug, self._since, until)
            self._spans[asked] = list(spans)
        return self._spans[asked]

    def theatre(self, until: datetime) -> list[Span]:
        """When the patient was in an operating room."""
        asked = "", self._hold(until)
        if asked not in self._spans:
            self._spans[asked] = list(_theatre(self._timeline, until))
        return self._spans[asked]

    def ventilated(self, until: datetime) -> Mapping[date, tuple[datetime, str]]:
        """The days on which the patient was ventilated, and what first told of each."""
        return _ventilated(self._timeline, self.days, until)

    def _hold(self, until: datetime) -> int:
        if not any(held is until for held in self._held):
            self._held.append(until)
        return id(until)


@part
def support_begun(
    timeline: Timeline,
    culture: Culture,
    stay: Stay,
    days: HospitalDays,
    policy: AsePolicy,
    until: datetime,
) -> tuple[Dysfunction, ...]:
    """Vasopressors and ventilation begun in the window."""
    support = Support(timeline, stay, days)
    found = (
        new_vasopressor(support, culture, policy, until),
        new_ventilation(support, culture, policy, until),
    )
    return tuple([one for one in found if one is not None])


def new_vasopressor(
    support: Support, culture: Culture, policy: AsePolicy, until: datetime
) -> Dysfunction | None:
    """The first vasopressor begun in the window."""
    found: list[Dysfunction] = []
    for drug in VASOPRESSORS:
        given, theatre = support.given(drug, until), support.theatre(until)
        found += _begun(given, theatre, drug, culture, support.days, policy)
    return min(found, key=lambda d: (d.at, d.detail), default=None)


def new_ventilation(
    support: Support, culture: Culture, policy: AsePolicy, until: datetime
) -> Dysfunction | None:
    """The first episode of invasive ventilation begun in the window."""
    ventilated = support.ventilated(until)
    before: date | None = None
    for day in sorted(ventilated):
        new = before is None or (day - before).days >= policy.ventilation_gap
        if new and culture.holds(day):
            at, event_id = ventilated[day]
            return Dysfunction(
                name="ventilation",
                day=day,
                at=at,
                evident_at=at,
                evidence=(event_id,),
                detail="invasive ventilation",
            )
        before = day
    return None


def _begun(
    given: Sequence[Span],
    theatre: Sequence[Span],
    drug: str,
    culture: Culture,
    days: HospitalDays,
    policy: AsePolicy,
) -> Iterator[Dysfunction]:
    """Each day of the window on which one drug was new."""
    if not given:
        return
    counted = [part for span in given for part in _outside(span, theatre)]
    old = counted if policy.theatre == "never_given" else given
    day = culture.first
    while day <= culture.last:
        first = min(_on(counted, day, days), default=None)
        if first is not None and not any(_on(old, later(day, -1), days)):
            yield Dysfunction(
                name="vasopressor",
                day=day,
                at=first[0],
                evident_at=first[0],
                evidence=(first[2],),
                detail=drug,
            )
        day = later(day, 1)


def _spans(
    timeline: Timeline, drug: str, since: datetime, until: datetime
) -> Iterator[Span]:
    """When a drug ran; a rate of 0 is no infusion, one that is not said is.

    One without an end runs on, but not from an earlier stay into this one.
    """
    for drip in drips(Chart(timeline, _CHART, now=until), drug):
        end = until if drip.end is None else drip.end
        forgotten = drip.end is None and drip.start < since
        never_ran = drip.rate == 0 or (drip.end is not None and drip.start >= end)
        if not forgotten and not never_ran:
            yield drip.start, end, drip.evidence


def _on(spans: Iterable[Span], day: date, days: HospitalDays) -> Iterator[Span]:
    """The parts of a day in which it ran."""
    opens, closes = days.start(day), days.end(day)
    for start, end, evidence in spans:
        if start < closes and (end > opens or start >= opens):
            yield max(start, opens), end, evidence


def _outside(span: Span, theatre: Sequence[Span]) -> Iterator[Span]:
    """What is left of a span without the operating room."""
    start, end, evidence = span
    for opens, closes, _ in theatre:
        if closes <= start or opens >= max(end, start + INSTANT):
            continue
        if start < opens:
            yield start, opens, evidence
        start = closes
        if start >= end:
            return
    yield start, end, evidence


def _theatre(timeline: Timeline, until: datetime) -> Iterator[Span]:
    """When the patient was in an operating room: until entering anywhere else."""
    said = timeline.between(Location, "location", ALWAYS, until)
    inside: Location | None = None
    for fact in said:
        left = fact.phase == "left" and inside is not None and fact.ward == inside.ward
        elsewhere = fact.phase == "entered" and fact.level != "theatre"
        if inside is not None and (left or elsewhere):
            yield inside.happened_at, fact.happened_at, inside.event_id
            inside = None
        if fact.phase == "entered" and fact.level == "theatre" and inside is None:
            inside = fact
    if inside is not None:
        yield inside.happened_at, FOREVER, inside.event_id


@part
def _ventilated(
    timeline: Timeline, days: HospitalDays, until: datetime
) -> Mapping[date, tuple[datetime, str]]:
    """By day, what first told that the patient was ventilated."""
    found: dict[date, tuple[datetime, str]] = {}
    for day, at, event_id in sorted(_told(timeline, days, until)):
        found.setdefault(day, (at, event_id))
    return found


def _told(
    timeline: Timeline, days: HospitalDays, until: datetime
) -> Iterator[tuple[date, datetime, str]]:
    """A charting tells of its day; what was started lasts until it is stopped.

    Anything else that is charted ends it as well.
    """
    lane = "respiratory_support"
    begun: RespiratorySupport | None = None
    for fact in timeline.between(RespiratorySupport, lane, ALWAYS, until):
        goes_on = fact.category == "invasive" and fact.phase != "stopped"
        if begun is not None and not goes_on:
            yield from _lasting(begun, fact.happened_at, days)
            begun = None
        if fact.category == "invasive":
            yield days.of_fact(fact), fact.happened_at, fact.event_id
            begun = fact if fact.phase == "started" else begun
    if begun is not None and until != FOREVER:
        yield from _lasting(begun, until, days)
    for act in timeline.between(Procedure, "procedure", ALWAYS, until):
        if _ventilates(act):
            yield days.of_fact(act), act.happened_at, act.event_id


def _lasting(
    begun: RespiratorySupport, end: datetime, days: HospitalDays
) -> Iterator[tuple[date, datetime, str]]:
    day = later(days.of_fact(begun), 1)
    while days.start(day) < end:
        yield day, days.start(day), begun.event_id
        day = later(day, 1)


def _ventilates(act: Procedure) -> bool:
    if act.phase == "stopped":
        return False
    code = (act.code or "").rpartition("|")[2]
    return act.name in VENTILATION_NAMES or code in VENTILATION_CODES
