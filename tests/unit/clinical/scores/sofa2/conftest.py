"""One organ of SOFA-2 from a line of facts that all hold at one moment.

platelets=90; creatinine=108 umol/L; support=invasive; norepinephrine=0.2
(a drip has run for two hours)
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.scores.sofa2.policy import SOFA2
from streams.clinical.scores.sofa2.sofa2 import sofa2
from streams.clinical.timeline import Timeline
from streams.vocabulary.concepts import concept
from streams.vocabulary.drugs import drugs
from streams.vocabulary.events import (
    Assessment,
    CodeStatus,
    Condition,
    Infusion,
    Measurement,
    Medication,
    Procedure,
    RespiratorySupport,
)


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(hours=2)
SCALES = {"gcs_total", "gcs_motor", "gcs_verbal", "gcs_eye"}


def event_of(number, text):
    what, _, written = (part.strip() for part in text.partition("="))
    common = {"event_id": f"e{number}", "happened_at": NOON, "known_at": NOON}
    earlier = common | {"happened_at": LONG_AGO}
    if what in SCALES:
        return Assessment(**common, concept=what, value=float(written))
    if what == "support":
        return RespiratorySupport(**common, category=written)
    if what == "procedure":
        return Procedure(**common, procedure_id=f"p{number}", name=written)
    if what == "code_status":
        return CodeStatus(**common, status=written)
    if what == "condition":
        return Condition(**common, code=written.replace("~", "|"))
    if what == "given":
        return Medication(**common, stage="given", drug=written, sent_drug=written)
    if what in drugs():
        rate = None if written == "?" else float(written)
        return Infusion(
            **earlier, phase="started", infusion_id=what, drug=what, rate=rate
        )
    return measurement(common, what, written)


def measurement(common, what, written):
    comparator = written[0] if written[:1] in "<>" else None
    number, _, unit = written.lstrip("<>").partition(" ")
    value = float(number)
    if unit:
        value = concept(what).in_canonical_unit(value, unit)
    return Measurement(
        **common,
        concept=what,
        value=value,
        comparator=comparator,
        sent_value=number if unit else None,
        sent_unit=unit or None,
        specimen="arterial" if what == "pao2" else None,
    )


@pytest.fixture(scope="session")
def score():
    """SOFA-2 at noon of these facts, under the default policy but for some arguments."""

    def ask(facts, **changed):
        timeline = Timeline()
        for number, text in enumerate(f for f in facts.split(";") if f.strip()):
            timeline.apply(event_of(number, text), "m")
        return sofa2(timeline, NOON, policy=replace(SOFA2, **changed))

    return ask


@pytest.fixture(scope="session")
def organ(score):
    """One of its components."""

    def ask(name, facts, **changed):
        told = score(facts, **changed)
        return next(c for c in told.components if c.name == name)

    return ask
