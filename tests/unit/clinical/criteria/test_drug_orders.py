"""When an order counts: while it runs, until its stop and for the window after it."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import INSTANT, PatientView
from streams.clinical.criteria.medication import OPEN_ORDER
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Medication
from streams.vocabulary.facts import Flag
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STEROID = {
    "kind": "medication",
    "drugs": ["corticosteroid"],
    "routes": ["IV"],
    "within": "24 h",
    "absent_means": False,
}


def ago(hours):
    return NOW - timedelta(hours=hours)


def steroid(stage, hours_ago, **fields):
    usual = {
        "event_id": stage,
        "happened_at": ago(hours_ago),
        "known_at": ago(hours_ago),
        "order_id": "o1",
        "drug": "hydrocortisone",
        "sent_drug": "Hydrocortisone",
        "route": "IV",
    }
    return Medication(stage=stage, **{**usual, **fields})


def judged(*facts, now=NOW, **rule):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, fact.event_id)
    asked = TypeAdapter(Rule).validate_python({**STEROID, **rule})
    return judge(asked, PatientView(timeline=timeline), now)


def test_an_order_that_nobody_stopped_counts_after_the_window():
    said = judged(steroid("ordered", 25))
    assert said.truth is TRUE
    assert said.evidence == ("ordered",)


@pytest.mark.parametrize(
    ("stopped", "truth"), [(48, FALSE), (24.001, FALSE), (24, TRUE), (5, TRUE)]
)
def test_a_stopped_order_counts_for_the_window_after_its_stop(stopped, truth):
    said = judged(steroid("ordered", 72), steroid("stopped", stopped))
    assert said.truth is truth


def test_the_stop_tells_when_the_order_will_be_gone():
    facts = steroid("ordered", 72), steroid("stopped", 5)
    said = judged(*facts)
    assert said.changes_at == ago(5) + DAY + INSTANT
    assert judged(*facts, now=said.changes_at).truth is FALSE


def test_a_stop_of_another_order_stops_nothing():
    said = judged(steroid("ordered", 72), steroid("stopped", 48, order_id="o2"))
    assert said.truth is TRUE


def test_a_stop_counts_for_its_order_whatever_it_calls_the_drug():
    stop = steroid("stopped", 48, drug=None, sent_drug="?", route=None)
    assert judged(steroid("ordered", 72), stop).truth is FALSE


def test_where_the_source_names_no_order_the_drug_ties_the_stop_to_it():
    order, stop = (
        steroid(stage, hours, order_id=None)
        for stage, hours in (("ordered", 72), ("stopped", 48))
    )
    assert judged(order).truth is TRUE
    assert judged(order, stop).truth is FALSE


def test_an_order_given_again_after_its_stop_runs_again():
    again = steroid("ordered", 30, event_id="again")
    facts = (steroid("ordered", 72), steroid("stopped", 48), again)
    assert judged(*facts).evidence == ("again",)


@pytest.mark.parametrize(
    ("planned", "truth"), [(48, FALSE), (24, TRUE), (-24, TRUE), (96, TRUE)]
)
def test_an_order_runs_to_its_planned_stop_unless_that_lies_before_it(planned, truth):
    said = judged(steroid("ordered", 72, planned_stop=ago(planned)))
    assert said.truth is truth


def test_a_stop_overrules_the_planned_one():
    order = steroid("ordered", 72, planned_stop=ago(48))
    assert judged(order, steroid("stopped", 5)).truth is TRUE
    order = steroid("ordered", 72, planned_stop=ago(1))
    assert judged(order, steroid("stopped", 48)).truth is FALSE


ODD = (Flag.STOP_BEFORE_START,)


def test_a_stop_of_an_earlier_run_does_not_hide_the_order():
    early = steroid("stopped", 73)
    assert judged(steroid("ordered", 72), early).truth is TRUE


@pytest.mark.parametrize("way", [{"within": "24 h"}, {"antimicrobial": True}])
def test_whether_an_order_ran_that_ended_before_it_began_is_unknown(way):
    order = steroid("ordered", 72, flags=ODD, antimicrobial=True)
    early = steroid("stopped", 73, flags=ODD)
    said = judged(order, early, **way)
    assert (said.truth, said.evidence) == (UNKNOWN, ("ordered",))
    assert said.would_need
    assert said.changes_at == order.happened_at + OPEN_ORDER + DAY + INSTANT
    assert judged(order, early, now=said.changes_at, **way).truth is FALSE


def test_that_it_was_ordered_is_certain_whenever_it_ended():
    order, early = (
        steroid(s, h, flags=ODD) for s, h in (("ordered", 3), ("stopped", 4))
    )
    said = judged(order, early)
    assert said.truth is TRUE
    assert said.changes_at == ago(3) + DAY + INSTANT
    assert judged(order, early, now=said.changes_at).truth is UNKNOWN


def test_a_later_stop_settles_until_when_it_ran():
    order, early = steroid("ordered", 72, flags=ODD), steroid("stopped", 73, flags=ODD)
    assert judged(order, early, steroid("stopped", 5)).truth is TRUE
    assert judged(order, early, steroid("stopped", 48)).truth is FALSE


def test_a_stop_before_its_start_proves_nothing():
    early = steroid("stopped", 3, flags=(Flag.STOP_BEFORE_START,))
    assert judged(early).truth is FALSE


def test_a_stop_in_the_window_proves_the_drug_without_its_order():
    assert judged(steroid("stopped", 3)).truth is TRUE
    assert judged(steroid("stopped", 3, route="TP")).truth is FALSE


def test_an_order_without_an_end_is_believed_for_a_stated_time():
    old = steroid("ordered", 0, happened_at=NOW - OPEN_ORDER - DAY)
    said = judged(old)
    assert said.truth is TRUE
    assert said.changes_at == NOW + INSTANT
    assert judged(old, now=said.changes_at).truth is FALSE


def test_where_only_doses_count_no_order_does():
    order, stop = steroid("ordered", 3), steroid("stopped", 2)
    assert judged(order, stop, stages=["given"]).truth is FALSE
    dose = steroid("given", 3)
    assert judged(order, dose, stop, stages=["given"]).evidence == ("given",)
