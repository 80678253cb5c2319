"""What was received: on how many days a drug was given, whatever arm was drawn.

Nothing here knows an arm, so it may be derived for a blinded domain; whoever may see
arms compares the two in the registry.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from streams.clinical.outcomes.derived import Derived, Parts, missing, pending
from streams.clinical.outcomes.places import Stays
from streams.clinical.outcomes.stretches import Stretch, spans
from streams.clinical.outcomes.treatments import infusions
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import INSTANT, death_on_record
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Medication
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.outcomes import TreatmentReceived


def treatment_received(
    rule: TreatmentReceived,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,  # noqa: ARG001 - what was given elsewhere in the house was received too
) -> Derived:
    """Days of 24 hours with a dose or a running infusion; pending until the end.

    Where nothing at all is recorded as given, the record may not tell of it: missing.
    """
    end = t0 + rule.within * DAY
    if now < end:
        return pending(end)
    dying = death_on_record(timeline, now)
    if dying is not None and dying.latest < t0:
        return missing("died_before_t0", dying.evidence)
    doses = _doses(rule, timeline, t0, end)
    stays = Stays(timeline, now)
    ran = infusions(timeline, ingredients(rule.drugs), stays, now)
    inside = [one for one in ran if one.start < end and one.latest_end > t0]
    if not doses and not inside and not _tells_of_doses(timeline, t0, end):
        told = missing("no_administrations_on_record")
        return replace(told, determinable_from=end)
    low, high = (_days(doses, inside, t0, end, possible=p) for p in (False, True))
    same = low == high
    return Derived(
        status="final" if same else "missing",
        value=high if same else None,
        lower=None if same else low,
        upper=None if same else high,
        determinable_from=end,
        reason=None if same else "end_not_charted",
        evidence=tuple(
            dict.fromkeys(
                (*(d.event_id for d in doses), *(e for s in inside for e in s.evidence))
            )
        ),
        parts=_parts(doses, inside, t0),
    )


def _doses(
    rule: TreatmentReceived, timeline: Timeline, t0: datetime, end: datetime
) -> list[Medication]:
    wanted = ingredients(rule.drugs)
    told = timeline.between(Medication, "medication", t0 - INSTANT, end - INSTANT)
    return [m for m in told if m.stage == "given" and m.drug in wanted]


def _tells_of_doses(timeline: Timeline, t0: datetime, end: datetime) -> bool:
    told = timeline.between(Medication, "medication", t0 - INSTANT, end)
    return any(m.stage in ("given", "not_given") for m in told)


def _days(
    doses: list[Medication],
    ran: list[Stretch],
    t0: datetime,
    end: datetime,
    *,
    possible: bool,
) -> int:
    days = {(dose.happened_at - t0) // DAY for dose in doses}
    for start, stop in spans(ran, possible=possible):
        first, last = max(start, t0), min(stop, end)
        days |= set(range((first - t0) // DAY, -((t0 - last) // DAY)))
    return len(days)


def _parts(doses: list[Medication], ran: list[Stretch], t0: datetime) -> Parts:
    begun = [dose.happened_at for dose in doses]
    begun += [max(one.start, t0) for one in ran]
    first = min(begun, default=None)
    hours = None if first is None else (first - t0) / HOUR
    return (("doses", len(doses)), ("infusions", len(ran)), ("first_after_h", hours))
