"""All Adult Sepsis Events of one patient, and which of them count anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.definitions.ase.cultures import blood_cultures, reached, stay_of
from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.definitions.ase.dysfunction import OnsetType
from streams.clinical.definitions.ase.event import AdultSepsisEvent, Judged, judge
from streams.clinical.definitions.ase.policy import TOOLKIT, AsePolicy
from streams.clinical.definitions.ase.repeats import is_repeat, latest
from streams.clinical.definitions.ase.stays import hospital_stays
from streams.clinical.timeline import Timeline


INPUTS = (
    *("encounter", "culture_collected", "medication", "infusion:", "location"),
    *("respiratory_support", "procedure", "condition", "code_status", "death"),
    *("demographics", "measurement:creatinine", "measurement:egfr"),
    *("measurement:bilirubin_total", "measurement:platelets", "measurement:lactate"),
)
"""The lanes that are read."""


@dataclass(frozen=True, slots=True)
class AseResult:
    """The events that count, those that only repeat one, and when to look again."""

    events: tuple[AdultSepsisEvent, ...]
    repeats: tuple[AdultSepsisEvent, ...]
    """Other cultures' events that belong to one of `events`."""
    due: datetime | None
    """When time alone may change the result; None where it cannot, or `now` is None."""


def adult_sepsis_events(
    timeline: Timeline,
    *,
    zone: str,
    policy: AsePolicy = TOOLKIT,
    now: datetime | None = None,
) -> AseResult:
    """The events on facts that have happened by `now` (None: all, and time is over).

    `zone` names the hospital's time zone (`America/New_York`): all rules count in its
    calendar days.
    Retrospective surveillance: the toolkit says it must not guide treatment.
    """
    told, turns = counting_events(timeline, zone=zone, policy=policy, now=now)
    return AseResult(
        events=tuple(event for event, counts in told if counts),
        repeats=tuple(event for event, counts in told if not counts),
        due=_due(timeline, turns, now),
    )


def counting_events(
    timeline: Timeline, *, zone: str, policy: AsePolicy, now: datetime | None
) -> tuple[list[tuple[AdultSepsisEvent, bool]], list[datetime]]:
    """Each event and whether it counts; and when time alone may change what is told.

    For who does not ask for the next fact to come: that is looked for in every lane.
    """
    days = hospital_days(zone)
    stays = reached(hospital_stays(timeline, days, policy, now), days)
    judged: dict[str, list[Judged]] = {}
    for culture in blood_cultures(timeline, days, policy, now):
        stay = stay_of(culture, stays)
        if stay is not None:
            one = judge(timeline, culture, stay, days, policy, now)
            judged.setdefault(stay.encounter, []).append(one)
    told = [one for in_stay in judged.values() for one in _one_stay(in_stay, policy)]
    turns = [at for found in judged.values() for one in found for at in one.turns_at]
    return told, turns


def counted(
    events: Iterable[AdultSepsisEvent],
    *,
    rate: OnsetType,
    policy: AsePolicy = TOOLKIT,
) -> int:
    """How many confirmed events the rate of that type of onset counts."""
    wanted = policy.hospital_rate if rate == "hospital" else rate
    return sum(e.status == "confirmed" and e.onset == wanted for e in events)


def _one_stay(
    judged: Sequence[Judged], policy: AsePolicy
) -> Iterable[tuple[AdultSepsisEvent, bool]]:
    """Each event of a stay, in the order of the cultures, and whether it counts.

    An earlier culture goes before a later one, whichever onset is the earlier: so a
    later culture never takes an event's place.
    """
    kept: list[AdultSepsisEvent] = []
    finals: list[datetime | None] = []
    for one in judged:
        finals.append(one.decided_at)
        if one.event is None:
            continue
        event = replace(one.event, final_at=latest(finals))
        counts = not any(is_repeat(event, before, policy) for before in kept)
        if counts:
            kept.append(event)
        yield event, counts


def _due(
    timeline: Timeline, turns: Iterable[datetime], now: datetime | None
) -> datetime | None:
    """The next turn, or the next fact that has not happened yet."""
    if now is None:
        return None
    coming = [
        fact.happened_at
        for prefix in INPUTS
        for _, lane in timeline.lanes(prefix)
        if (fact := lane.next(now)) is not None
    ]
    return min([*turns, *coming], default=None)
