"""End-stage renal disease: whose creatinine tells of dialysis, not of sepsis (p. 5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import FOREVER, Stay
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Condition


def coded_by(stay: Stay, policy: AsePolicy) -> datetime | None:
    """When the stay's diagnoses are complete; None while the patient is there."""
    if stay.settled_at is None:
        return None
    return stay.settled_at + timedelta(days=policy.coding_days)


def end_stage(
    timeline: Timeline, stay: Stay, policy: AsePolicy, until: datetime
) -> Condition | None:
    """The first entry of such a diagnosis, of this stay or an earlier one."""
    last = min(until, coded_by(stay, policy) or FOREVER)
    said = timeline.between(Condition, "condition", ALWAYS, last)
    return next((fact for fact in said if fact.present and _is(fact, policy)), None)


def _is(fact: Condition, policy: AsePolicy) -> bool:
    system, _, code = fact.code.partition("|")
    if not system.endswith("icd-10-cm"):
        return False
    return code.replace(".", "").startswith(tuple(policy.esrd_codes))
