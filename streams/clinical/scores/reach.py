"""Which organs and rows one fact can change: what must be computed again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.organ import ORGANS, OrganName
from streams.clinical.scores.points import VASOACTIVES
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.events import Clinical, Infusion


FOREVER = 1 << 40
"""A row later than any."""
EVER = -FOREVER
"""A row earlier than any."""

Reach = tuple[int, int, int]
"""Number of the organ, first row, last row."""

Rule = Callable[[Clinical, SofaPolicy], Reach]


def sofa_rules(policy: SofaPolicy) -> dict[str, Rule]:
    """By lane: what a fact of that lane can change; other lanes change nothing."""
    hour = timedelta()
    rules = {
        "measurement:platelets": _for("coagulation", hour),
        "measurement:bilirubin_total": _for("liver", hour),
        "measurement:creatinine": _for("renal", hour),
        "measurement:map": _for("cardiovascular", hour),
        "measurement:pao2": _for("respiration", hour),
        "measurement:blood_gas_specimen": _for("respiration", hour),
        "measurement:fio2": _for("respiration", policy.fio2_reach),
        "respiratory_support": _for("respiration", policy.ventilation_gap),
        "fluid:urine": _for("renal", None),
        "fluid:gu_irrigant": _for("renal", None),
    }
    rules |= {f"infusion:{drug}": _infusion for drug in VASOACTIVES}
    conscious = policy.gcs_carry
    if policy.gcs == "pre_sedation":
        conscious += policy.pre_sedation_reach
    for part in ("gcs_eye", "gcs_verbal", "gcs_motor", "gcs_total"):
        rules[f"assessment:{part}"] = _for("cns", conscious)
    if policy.ventilation == "charted_episodes":
        rules["respiratory_support"] = rules["measurement:o2_flow"] = _all_gases
    return rules


def _for(organ: OrganName, reach: timedelta | None) -> Rule:
    """From the fact's own row for so long; None: to the last row."""
    number = ORGANS.index(organ)
    if reach is None:
        return lambda fact, _: (number, hour_of(fact.happened_at), FOREVER)
    if not reach:
        return lambda fact, _: (number, (row := hour_of(fact.happened_at)), row)
    return lambda fact, _: (
        number,
        hour_of(fact.happened_at),
        hour_of(fact.happened_at + reach),
    )


def _infusion(fact: Clinical, policy: SofaPolicy) -> Reach:  # noqa: ARG001 - a Rule
    """A stop may tell that a start before it, taken for never run, did run."""
    stops = isinstance(fact, Infusion) and fact.phase == "stopped"
    first = EVER if stops else hour_of(fact.happened_at)
    return (ORGANS.index("cardiovascular"), first, FOREVER)


def _all_gases(fact: Clinical, policy: SofaPolicy) -> Reach:  # noqa: ARG001 - a Rule
    """An episode is told from its neighbours, so any charting may move any end."""
    return (ORGANS.index("respiration"), EVER, FOREVER)
