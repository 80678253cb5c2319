"""What became of the demo's patients with an onset; the table of `outcomes.md`."""

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.clinical.definitions.policies import EMBER
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.outcomes.deriving import derive
from streams.clinical.timeline import Timeline
from streams.vocabulary.outcomes import NAMED, SofaChange


pytestmark = [pytest.mark.shared, pytest.mark.unmeasured]

PAGE = Path(__file__).parents[3] / "deploy" / "docs" / "outcomes.md"
RULES = {
    **NAMED,
    "sofa_change, day 3": SofaChange(id="sofa", day=3),
    "the same, unseen is normal": SofaChange(id="sofa", day=3, unseen="normal"),
}
LATE = timedelta(days=400)


@pytest.fixture(scope="module")
def found(mimic_demo):
    """By outcome: what is derived from each onset, more than a year later."""
    by_patient = defaultdict(list)
    for message in open_history("mimic-iv", mimic_demo, None).messages(IntakeReport()):
        by_patient[message.patient].append(message)
    told = defaultdict(list)
    for messages in by_patient.values():
        timeline = Timeline()
        for message in messages:
            for event in message.events:
                timeline.apply(event, message.message_id)
        now = messages[-1].known_at + LATE
        for onset in sepsis3(timeline, policy=EMBER, now=now):
            for name, rule in RULES.items():
                one = derive(
                    rule, timeline, onset.onset_at, now, episode=onset.encounter
                )
                told[name].append(one)
    return told


def table(found):
    """The table as the page has it."""
    yield "| outcome | final | value: least, median, most | missing | why, most often |"
    yield "| --- | --- | --- | --- | --- |"
    for name, ones in found.items():
        values = [one.value for one in ones if one.status == "final"]
        missing = [one for one in ones if one.status == "missing"]
        why = Counter(one.reason for one in missing).most_common(2)
        reasons = ", ".join(f"`{reason}` {number}" for reason, number in why)
        yield (
            f"| {name} | {len(values)} | {_spread(values)} | {len(missing)} | {reasons} |"
        )


def _spread(values):
    if not values:
        return "none"
    if set(values) <= {0, 1}:
        return f"1: {values.count(1)}, 0: {values.count(0)}"
    told = (min(values), median(values), max(values))
    return ", ".join(f"{value:.3g}" for value in told)


def test_the_page_tells_what_the_demo_gives(found):
    told = "\n".join(table(found))
    assert told in PAGE.read_text("utf-8"), told


def test_every_onset_has_every_outcome_and_nothing_is_left_pending(found):
    assert len({len(ones) for ones in found.values()}) == 1
    assert all(one.status != "pending" for ones in found.values() for one in ones)


def test_the_dead_in_hospital_are_the_minus_ones(found):
    dead = [one.value == 1 for one in found["in_hospital_mortality"]]
    minus = [one.value == -1 for one in found["organ_support_free_days"]]
    assert dead == minus
    assert any(dead)
