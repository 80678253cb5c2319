"""The fraction of inspired oxygen at one moment, and what it was told from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement, RespiratorySupport


ROOM_AIR = 0.21

LOWEST_PERCENT = 20.0
"""Air, rounded by who charted it (mimic-code `bg.sql`)."""

From = Literal["specimen", "charted", "flow", "room_air", "assumed"]
"""The gas's own request, a charting, a flow by a table, a charting that there is no
support, or nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspiredPolicy:
    """One reading of inspired oxygen."""

    reach: timedelta = 4 * HOUR
    """How long before a charting may lie: 4 h (mimic-code, clifpy), 2 h (ricu)."""

    lowest_percent: float = LOWEST_PERCENT
    """Less is no percentage but a flow or a slip: 20 (mimic-code `bg.sql`, of what was
    charted), 21 (clifpy)."""

    below_air: Literal["air", "as_charted"] = "air"
    """20 %: air, rounded by who charted it (ours); or as it stands (mimic-code)."""

    flow: Literal["none", "clifpy", "clifpy_sofa2"] = "none"
    """A flow by nasal cannula (L/min) as a fraction: not at all; 0.20 + 0.04 a litre
    from 1 to 10 (clifpy); the same, but 0.50 above 6 (clifpy `sofa2`)."""

    cannulas: frozenset[str] = frozenset({"Nasal cannula"})
    """Devices the table of flows is for, outer blanks aside."""

    unsaid: Literal["unknown", "room_air"] = "unknown"
    """Nothing charted: not known, or 21 % (ricu)."""


INSPIRED = InspiredPolicy()


@dataclass(frozen=True, slots=True)
class Inspired:
    """A fraction (0.21 to 1), with its origin and the events that say so."""

    fraction: float
    told_from: From
    evidence: tuple[str, ...] = ()


def oxygen_percent(number: float) -> float | None:
    """The per cent of oxygen meant by a number under FiO2's unit; None if none can be.

    The one rule of the core, for every score (mimic-code, clifpy).  From 20 to 100 it is
    what it says.  Above 0.2 up to 1 nobody breathes such a percentage: it is a fraction
    that was sent under the wrong unit (0.8 is 80 %).  What lies between is a flow in
    litres or a slip, and nobody can say which.
    """
    if 0.2 < number <= 1.0:
        return round(100.0 * number, 9)
    return number if LOWEST_PERCENT <= number <= 100.0 else None


def clean_fio2(number: float, policy: InspiredPolicy = INSPIRED) -> float | None:
    """The fraction meant by a number charted as FiO2; None where it can be none."""
    percent = oxygen_percent(number)
    if percent is None or 1.0 < number < policy.lowest_percent:
        return None
    fraction = percent / 100
    return max(ROOM_AIR, fraction) if policy.below_air == "air" else fraction


def fio2_of_flow(
    litres: float, table: Literal["none", "clifpy", "clifpy_sofa2"]
) -> float | None:
    """The fraction that a nasal cannula gives at so many L/min; None outside 1 to 10."""
    if table == "none" or not 1 <= litres <= 10:
        return None
    if table == "clifpy_sofa2" and litres > 6:
        return 0.50
    return 0.20 + 0.04 * litres


def inspired_oxygen(
    timeline: Timeline,
    at: datetime,
    policy: InspiredPolicy = INSPIRED,
    *,
    specimen_id: str | None = None,
) -> Inspired | None:
    """What the patient breathed at `at`; None where nobody can say.

    The gas's own fraction goes first; then the latest charting by `at` decides, and of
    several at one moment a fraction before a flow before a device.
    """
    said = _of_specimen(timeline, at, policy, specimen_id)
    if said is not None:
        return said
    since = back(at - policy.reach)
    told = [
        *_charted(timeline, since, at, policy),
        *_by_support(timeline, since, at, policy),
    ]
    if told:
        return max(
            told, key=lambda one: (one[0], _RANK[one[1].told_from], *_order(one[1]))
        )[1]
    if policy.unsaid == "room_air" and not _supported(timeline, since, at):
        return Inspired(ROOM_AIR, "assumed")
    return None


def _order(told: Inspired) -> tuple[float, tuple[str, ...]]:
    """Of two fractions charted at one moment the higher, as mimic-code does."""
    return told.fraction, told.evidence


_RANK: dict[From, int] = {"room_air": 0, "flow": 1, "charted": 2}
_Told = tuple[datetime, Inspired]


def _of_specimen(
    timeline: Timeline, at: datetime, policy: InspiredPolicy, specimen_id: str | None
) -> Inspired | None:
    if specimen_id is None:
        return None
    found = [
        Inspired(fraction, "specimen", (fact.event_id,))
        for fact in timeline.between(Measurement, "measurement:fio2", back(at), at)
        if fact.specimen_id == specimen_id
        and (fraction := _fraction(fact, policy)) is not None
    ]
    return max(found, key=lambda one: (one.fraction, one.evidence), default=None)


def _charted(
    timeline: Timeline, since: datetime, at: datetime, policy: InspiredPolicy
) -> Iterator[_Told]:
    for fact in timeline.between(Measurement, "measurement:fio2", since, at):
        fraction = _fraction(fact, policy)
        if fact.method != "blood_gas" and fraction is not None:
            yield fact.happened_at, Inspired(fraction, "charted", (fact.event_id,))


def _by_support(
    timeline: Timeline, since: datetime, at: datetime, policy: InspiredPolicy
) -> Iterator[_Told]:
    """What the last device and the last flow say together.

    Air lasts until a flow or a device is charted, a flow until the device changes.
    """
    device, flow = _last_support(timeline, since, at), _last_flow(timeline, since, at)
    if device is None:
        return
    flowing = flow is not None and flow.value != 0
    if device.category == "none":
        if flow is None or not flowing or flow.happened_at <= device.happened_at:
            evidence = (device.event_id,)
            yield device.happened_at, Inspired(ROOM_AIR, "room_air", evidence)
    elif flow is not None and (device.device or "").strip() in policy.cannulas:
        fraction = fio2_of_flow(flow.value or 0.0, policy.flow)
        if fraction is not None:
            both = (flow.event_id, device.event_id)
            yield flow.happened_at, Inspired(fraction, "flow", both)


def _last_support(
    timeline: Timeline, since: datetime, at: datetime
) -> RespiratorySupport | None:
    """The last device charted; of several at one moment, one that is no bare air."""
    found = [
        fact
        for fact in timeline.between(
            RespiratorySupport, "respiratory_support", since, at
        )
        if fact.device is not None or fact.category is not None
    ]
    return max(
        found,
        key=lambda fact: (fact.happened_at, fact.category != "none", fact.event_id),
        default=None,
    )


def _last_flow(timeline: Timeline, since: datetime, at: datetime) -> Measurement | None:
    found = [
        fact
        for fact in timeline.between(Measurement, "measurement:o2_flow", since, at)
        if fact.value is not None and fact.method != "blood_gas"
    ]
    return found[-1] if found else None


def _supported(timeline: Timeline, since: datetime, at: datetime) -> bool:
    """Whether anything was charted that may give oxygen: then air is no guess."""
    device, flow = _last_support(timeline, since, at), _last_flow(timeline, since, at)
    return device is not None or (flow is not None and flow.value != 0)


def _fraction(fact: Measurement, policy: InspiredPolicy) -> float | None:
    if fact.value is None or fact.comparator is not None:
        return None
    return clean_fio2(fact.value, policy)
