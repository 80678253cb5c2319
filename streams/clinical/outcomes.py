"""Outcomes as functions of the record with an as-of time.

No death on record is not life: an outcome of 0 needs a sign of life.
Days are 24 hours from t0, not calendar days; the end of a window belongs to it.

In-hospital mortality is REMAP-CAP's: death in the acute stay, which a transfer to
another acute hospital continues, capped at day 90.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.hospital_stay import STITCH, HospitalStay, hospital_stay
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import (
    INSTANT,
    Dying,
    death_on_record,
    sign_of_life,
)
from streams.vocabulary.clock import DAY
from streams.vocabulary.messages import OutcomeStatus


VERSION = "1.0"
"""Of both definitions; a change of meaning raises it."""

DAY_28, CAP = 28 * DAY, 90 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One outcome at one moment."""

    status: OutcomeStatus
    value: float | None = None
    """1 dead, 0 alive; None where nobody can say."""
    determinable_from: datetime | None = None
    """The earliest moment at which the value can be final."""
    reason: str | None = None
    evidence: tuple[str, ...] = ()
    due: datetime | None = None
    """When time alone changes it."""


def mortality_28d(
    timeline: Timeline, t0: datetime, now: datetime, *, episode: str
) -> Derived:
    """Death at any place within 28 days of 24 hours."""
    dying = death_on_record(timeline, now)
    end = t0 + DAY_28
    if dying is not None:
        decided = _died_by(dying, t0, end)
        if decided is not None:
            return decided
    if now < end:
        return Derived(status="pending", determinable_from=end, due=end)
    return _alive_at(timeline, end, now, dying, episode=episode, day=28)


def in_hospital_mortality(
    timeline: Timeline, t0: datetime, now: datetime, *, episode: str
) -> Derived:
    """Death before the end of the acute hospital stay, or by day 90 of a longer one."""
    stay = hospital_stay(timeline, episode, now)
    dying = death_on_record(timeline, now)
    cap = t0 + CAP
    if stay is not None and stay.left_at is not None and stay.left_at < t0:
        return _missing("discharged_before_t0", stay.evidence)
    if dying is not None:
        decided = _died_in_hospital(dying, stay, t0, cap)
        if decided is not None:
            return decided
    if stay is not None and stay.left_at is not None and not stay.transferred:
        return _left_alive(timeline, stay, stay.left_at, now)
    if now < cap:
        return Derived(status="pending", determinable_from=cap, due=cap)
    return _alive_at(timeline, cap, now, dying, episode=episode, day=90)


OUTCOMES: dict[str, Callable[..., Derived]] = {
    "mortality_28d": mortality_28d,
    "in_hospital_mortality": in_hospital_mortality,
}
"""By the name the protocol gives them."""


def _died_by(dying: Dying, t0: datetime, end: datetime) -> Derived | None:
    """What a death says of the window's end; None where its day straddles it."""
    if dying.latest < t0:
        return _missing("died_before_t0", dying.evidence)
    if dying.latest <= end:
        return _dead(dying)
    if dying.earliest > end:
        return _final(0, determinable_from=end, dying=dying)
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
        return _missing("place_of_death_unknown", dying.evidence)
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
        return _missing("time_of_death_uncertain", dying.evidence)
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
    return _missing(f"no_contact_{where}", ())


def _dead(dying: Dying) -> Derived:
    return _final(1, determinable_from=dying.latest, dying=dying)


def _final(value: float, *, determinable_from: datetime, dying: Dying) -> Derived:
    return Derived(
        status="final",
        value=value,
        determinable_from=determinable_from,
        reason="several_times_of_death" if dying.disputed else None,
        evidence=dying.evidence,
    )


def _missing(reason: str, evidence: tuple[str, ...]) -> Derived:
    return Derived(status="missing", reason=reason, evidence=evidence)
