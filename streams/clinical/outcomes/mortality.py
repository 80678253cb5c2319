"""Mortality: death by a day at any place, and death in the acute hospital stay.

No death on record is not life: an outcome of 0 needs a sign of life.
Days are 24 hours from t0, or calendar days where the protocol says so; the end of a
window belongs to it.

In-hospital mortality is REMAP-CAP's: death in the acute stay, which a transfer to
another acute hospital continues, capped at day 90.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from streams.clinical.hospital_stay import STITCH, HospitalStay, hospital_stay
from streams.clinical.outcomes.derived import Derived, by_death, missing, pending
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import (
    INSTANT,
    Dying,
    death_on_record,
    sign_of_life,
)
from streams.vocabulary.clock import DAY, in_utc


CAP = 90 * DAY
"""After so long an acute stay is taken for over (REMAP-CAP)."""


def end_of_days(
    t0: datetime,
    days: int,
    counted: Literal["elapsed", "calendar"],
    zone: str | None,
) -> datetime | None:
    """The last moment of a window of so many days; None where the zone is not known."""
    if counted == "elapsed":
        return t0 + days * DAY
    if zone is None:
        return None
    here = ZoneInfo(zone)
    after = t0.astimezone(here).date() + timedelta(days=days + 1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=here)
    return in_utc(midnight) - INSTANT


def mortality_by(
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    end: datetime,
    day: int,
    episode: str,
) -> Derived:
    """Death at any place by `end`, the last moment of that day."""
    dying = death_on_record(timeline, now)
    if dying is not None:
        decided = _died_by(dying, t0, end)
        if decided is not None:
            return decided
    if now < end:
        return pending(end)
    return _alive_at(timeline, end, now, dying, episode=episode, day=day)


def in_hospital_mortality(
    timeline: Timeline, t0: datetime, now: datetime, *, episode: str
) -> Derived:
    """Death before the end of the acute hospital stay, or by day 90 of a longer one."""
    stay = hospital_stay(timeline, episode, now)
    dying = death_on_record(timeline, now)
    cap = t0 + CAP
    if stay is not None and stay.left_at is not None and stay.left_at < t0:
        return missing("discharged_before_t0", stay.evidence)
    if dying is not None:
        decided = _died_in_hospital(dying, stay, t0, cap)
        if decided is not None:
            return decided
    if stay is not None and stay.left_at is not None and not stay.transferred:
        return _left_alive(timeline, stay, stay.left_at, now)
    if now < cap:
        return pending(cap)
    return _alive_at(timeline, cap, now, dying, episode=episode, day=90)


def _died_by(dying: Dying, t0: datetime, end: datetime) -> Derived | None:
    """What a death says of the window's end; None where its day straddles it."""
    if dying.latest < t0:
        return missing("died_before_t0", dying.evidence)
    if dying.latest <= end:
        return by_death(1, dying, determinable_from=dying.latest)
    if dying.earliest > end:
        return by_death(0, dying, determinable_from=end)
    return None


def _died_in_hospital(
    dying: Dying, stay: HospitalStay | None, t0: datetime, cap: datetime
) -> Derived | None:
    """What a death says of the stay; None where it came after it, or nobody can say."""
    decided = _died_by(dying, t0, cap)
    if decided is None or decided.value != 1:
        return decided
    if dying.place == "hospital":
        outlived = (
            stay is not None
            and stay.left_at is not None
            and (
                stay.left_at < dying.earliest
                and not stay.transferred
                and stay.disposition != "died"
            )
        )
        return None if outlived else decided
    if stay is None or stay.transferred:
        return missing("place_of_death_unknown", dying.evidence)
    if stay.left_at is None:
        return replace(decided, status="provisional", reason="place_of_death_unknown")
    return None


def _left_alive(
    timeline: Timeline, stay: HospitalStay, left_at: datetime, now: datetime
) -> Derived:
    """Alive at discharge; final once no stay can continue this one."""
    settled = left_at + STITCH
    told = Derived(
        status="final",
        value=0,
        determinable_from=settled,
        reason="discharged_to_hospice" if stay.disposition == "hospice" else None,
        evidence=stay.evidence,
    )
    if now <= settled:
        due = settled + INSTANT
        return replace(told, status="provisional", reason="stay_may_continue", due=due)
    if stay.disposition is None and sign_of_life(timeline, left_at, now) is None:
        return replace(told, status="provisional", reason="disposition_unknown")
    return told


def _alive_at(
    timeline: Timeline,
    end: datetime,
    now: datetime,
    dying: Dying | None,
    *,
    episode: str,
    day: int,
) -> Derived:
    """Alive at the end of a window, if anything on record proves it."""
    life = sign_of_life(timeline, end, now)
    if life is not None:
        return Derived(
            status="final",
            value=0,
            determinable_from=life.happened_at,
            evidence=(life.event_id,),
        )
    if dying is not None:
        return missing("time_of_death_uncertain", dying.evidence)
    stay = hospital_stay(timeline, episode, now)
    lately = sign_of_life(timeline, end - DAY, now)
    if stay is not None and stay.left_at is None and lately is not None:
        return Derived(
            status="provisional",
            value=0,
            determinable_from=end,
            reason="still_in_hospital",
            evidence=(lately.event_id,),
        )
    transferred = stay is not None and stay.transferred
    where = "after_transfer" if transferred else f"at_day_{day}"
    return missing(f"no_contact_{where}")
