"""Hyper- and hypo-inflammatory: the model by hand, and what is missing as bounds."""

from dataclasses import replace
from math import exp, log

import pytest

from streams.clinical.phenotypes.hyperinflammatory import (
    DEFAULT,
    SPEC,
    InflammatoryPolicy,
    inflammatory,
    probability,
)


@pytest.fixture
def told(timeline_of, at):
    def ask(table, moment="1 12:00", **changed):
        timeline = timeline_of("at | what | value\n" + table)
        return inflammatory(timeline, at(moment), replace(DEFAULT, **changed))

    return ask


@pytest.mark.parametrize(
    ("il8", "stnfr1", "vasopressor"),
    [(0, 0, False), (50, 3000, False), (50, 3000, True), (2000, 20000, True)],
)
def test_the_published_formula(il8, stnfr1, vasopressor):
    logit = -18.4764 + 1.3013 * log(1 + il8) + 1.3367 * log(1 + stnfr1)
    logit += 2.3439 if vasopressor else 0
    assert probability(il8, stnfr1, vasopressor=vasopressor) == pytest.approx(
        exp(logit) / (1 + exp(logit))
    )


def assayed(il8="100", stnfr1="5000", rest=""):
    return f"""
    1 08:00 | biomarker il8    | {il8} pg/mL luminex
    1 08:00 | biomarker stnfr1 | {stnfr1} pg/mL luminex
    {rest}
    """


RUNNING = "1 10:00 | norepinephrine | 0.1"
STOPPED = "1 07:00 | norepinephrine | 0.0"


def test_a_vasopressor_decides_between_the_two(told):
    on = told(assayed(rest=RUNNING))
    assert on.label == "hyper_inflammatory"
    assert (
        on.lower == on.upper == pytest.approx(probability(100, 5000, vasopressor=True))
    )
    assert on.evidence == ("e0", "e1", "e2")
    off = told(assayed(rest=STOPPED))
    assert off.label == "hypo_inflammatory"
    assert off.upper == pytest.approx(probability(100, 5000, vasopressor=False))


def test_without_a_vasopressor_on_record_both_stay_open(told):
    found = told(assayed())
    assert (found.label, found.missing) == (None, ("vasopressor",))
    assert found.lower == pytest.approx(probability(100, 5000, vasopressor=False))
    assert found.upper == pytest.approx(probability(100, 5000, vasopressor=True))
    assert told(assayed(), uncharted="not_running").label == "hypo_inflammatory"


def test_what_is_clear_either_way_needs_no_vasopressor(told):
    assert told(assayed("5000", "50000")).label == "hyper_inflammatory"
    assert told(assayed("5", "500")).label == "hypo_inflammatory"


def test_a_missing_marker_leaves_the_upper_end_open(told):
    found = told(f"1 08:00 | biomarker il8 | 100 pg/mL luminex\n{RUNNING}")
    assert (found.label, found.missing, found.upper) == (None, ("stnfr1",), 1.0)
    assert found.lower == pytest.approx(probability(100, 0, vasopressor=True))


def test_a_censored_marker_is_an_interval(told):
    assert told(assayed(">100", rest=RUNNING)).label == "hyper_inflammatory"
    assert told(assayed(">1", rest=RUNNING)).label is None


def test_above_the_threshold_not_at_it(told):
    edge = probability(100, 5000, vasopressor=True)
    assert told(assayed(rest=RUNNING), threshold=edge).label == "hypo_inflammatory"
    below = edge - 1e-9
    assert told(assayed(rest=RUNNING), threshold=below).label == "hyper_inflammatory"


@pytest.mark.parametrize(
    ("pressure", "label"),
    [
        ("sbp | 89", "hyper_inflammatory"),
        ("sbp | 90", None),
        ("map | 64", "hyper_inflammatory"),
        ("map | 65", None),
        ("heart_rate | 90", None),
    ],
)
def test_hypotension_may_stand_for_the_vasopressor(told, pressure, label):
    table = assayed(rest=f"1 10:00 | {pressure}")
    assert told(table, shock="hypotension").label == label


@pytest.mark.parametrize(
    ("second", "label"),
    [
        ("map | 65", "hypo_inflammatory"),
        ("map | 64", "hyper_inflammatory"),
        ("dbp | 52.5", "hypo_inflammatory"),
        ("dbp | 45", "hyper_inflammatory"),
    ],
)
def test_it_takes_both_pressures_to_deny_hypotension(told, second, label):
    """90/52.5 has a mean of 65, 90/45 one of 60."""
    table = assayed(rest=f"1 10:00 | sbp | 90\n    1 10:00 | {second}")
    assert told(table, shock="hypotension").label == label


def test_what_is_older_than_a_day_does_not_count(told):
    table = assayed(rest="1 10:00 | norepinephrine | 0.1")
    assert told(table, "2 08:00").label == "hyper_inflammatory"
    assert told(table, "2 08:01").missing == ("il8", "stnfr1")


def test_the_specification_names_the_policys_arguments():
    named = {choice.argument for choice in SPEC.choices}
    assert named == set(InflammatoryPolicy.__dataclass_fields__)
    assert SPEC.grade == "unverified"
