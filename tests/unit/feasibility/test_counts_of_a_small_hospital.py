"""A hospital of nine, counted by hand; `made_up.small_hospital` tells who they are."""

from datetime import timedelta

import pytest
from made_up.small_hospital import PATIENTS, SITE, TRIAL, hours, messages

from streams.app.backtest.judging import judge_history, judge_together
from streams.app.backtest.telling import Calendar, report
from streams.clinical.feasibility.numbers import STEPS
from streams.clinical.feasibility.probe import plan
from streams.pipeline.patient import Rules
from streams.vocabulary.protocol import Protocol


RULES = Rules(software_version="test")


def judged(steps=(), protocol=TRIAL, patients=PATIENTS):
    by = plan(protocol, steps, domains=["only"])
    return judge_history(by, [messages(name) for name in patients], RULES)


def told(found, **calendar):
    of = Calendar(**{"shifted": False, **calendar})
    whole = report(TRIAL, found, of, source="made up", software_version="test")
    (domain,) = whole.domains
    return whole, domain


@pytest.fixture(scope="module")
def whole():
    return judged(STEPS)


@pytest.fixture(scope="module")
def domain(whole):
    return told(whole)[1]


def test_nine_came_eight_were_screened_and_two_were_possible(domain):
    flow = domain.flow
    assert (flow.in_database.patients, flow.in_database.stays) == (9, 9)
    assert flow.screened_by_algorithm.stays == 8  # all but hanna
    assert flow.in_window.stays == 8
    assert flow.flagged.stays == flow.flagged.patients == 2  # anna, boris
    assert flow.eligible_without_asking.stays == 0  # E2 is for a human to say


def test_each_is_left_at_the_first_line_in_the_way(domain):
    rows = {
        row.id: (row.excluded, row.unknown, row.remaining) for row in domain.attrition
    }
    assert rows == {
        "window": (0, 0, 8),
        "I1": (1, 0, 7),  # carl
        "I2": (0, 0, 7),
        "I3": (2, 2, 3),  # frida and gustav too low; dora and ivan not known
        "E1": (1, 0, 2),  # emil
        "E2": (0, 0, 2),
        "stratum:shock": (0, 0, 2),
    }


def test_a_line_counts_against_whoever_was_left_before_it_too(domain):
    against = {row.id: row.against for row in domain.attrition}
    assert against["E1"] == 2  # emil, and gustav who was left at I3
    assert against["I3"] == 2


def test_what_is_gained_by_dropping_one_line_is_who_had_that_line_alone(domain):
    gain = {row.id: row.gain for row in domain.attrition}
    assert gain == {
        "window": None,
        "I1": 1,  # carl
        "I2": 0,
        "I3": 3,  # dora, frida, ivan; gustav has comfort care as well
        "E1": 1,  # emil
        "E2": 0,
        "stratum:shock": 0,
    }


def test_the_missing_fact_is_named(domain):
    (missing,) = domain.missing
    assert missing.fact == "lactate within 24 h"
    assert missing.kept_out == missing.to_the_end == 2  # dora, ivan


def test_who_would_have_been_asked_what(domain):
    assert [(a.id, a.asked) for a in domain.asked] == [("E2", 2)]


def test_how_long_it_took(domain):
    times = domain.times
    # anna: known at 2 h, possible at 3 h; boris: both at 2 h
    assert times.known_to_possible.count == 2
    assert times.known_to_possible.median == 0.5
    assert times.window_left.median == 11.5
    assert times.entry_to_known.count == 8
    assert times.entry_to_known.median == 2  # the onset is of 0 h, known at 2 h


def test_the_statuses_ever_reached(domain):
    reached = domain.reached[0]
    assert reached.needs_human == 2
    assert reached.eligible == 0
    # anna until 3 h, dora, frida until 3 h, ivan
    assert reached.needs_data == 4
    # carl, emil, frida, gustav
    assert reached.ineligible == 4


@pytest.mark.parametrize(
    ("line", "step", "possible", "gained", "lost"),
    [
        ("I3", "+10 %", 1, 0, 1),  # 2.2: boris with 2.1 is lost
        ("I3", "-10 %", 3, 1, 0),  # 1.8: frida with 1.9 is gained
        ("I1", "-20 %", 3, 1, 0),  # 14.4: carl is at least 16
        ("I1", "-10 %", 2, 0, 0),  # 16.2: carl is 16 or 17, and nobody knows
        ("recruitment", "+20 %", 3, 1, 0),  # until 16.4 h: ivan's lactate came at 15 h
        ("recruitment", "-20 %", 2, 0, 0),
    ],
)
def test_a_moved_number_gains_and_loses(domain, line, step, possible, gained, lost):
    (row,) = (
        row
        for row in domain.sensitivity
        if (row.line, row.step) == (line, step) and not row.place.endswith("within")
    )
    assert (row.possible, row.gained, row.lost) == (possible, gained, lost)


def test_one_who_is_known_only_after_the_window_is_left_at_the_window():
    # By the clock of the onset itself an hour's window is over before it is known.
    tree = TRIAL.model_dump(mode="json")
    tree["domains"][0]["recruitment"] |= {
        "anchor": "onset.happened_at",
        "window": "1 h",
    }
    early = type(TRIAL).model_validate(tree)
    window = told(judged(protocol=early))[1].attrition[0]
    assert (window.excluded, window.remaining) == (8, 0)


def test_of_shifted_dates_no_month_is_told(whole):
    (site,) = told(whole, shifted=True)[1].recruitment
    assert (site.site, site.possible) == (SITE, 2)
    assert site.months is site.per_month is site.low is site.high is None
    assert site.reckoned.startswith("unknown")
    assert site.per_1000_stays == pytest.approx(1000 * 2 / 9)


def test_a_declared_span_gives_a_rate_with_its_interval(whole):
    (site,) = told(whole, shifted=True, declared=timedelta(days=30.4375))[1].recruitment
    assert site.per_month == pytest.approx(2)
    # Garwood's exact interval of a count of 2
    assert (site.low, site.high) == pytest.approx((0.2422, 7.2247), abs=1e-3)


def test_uptake_scales_what_is_expected(whole):
    month = timedelta(days=30.4375)
    (site,) = told(whole, shifted=True, declared=month, uptake=0.5)[1].recruitment
    assert site.per_month == pytest.approx(1)


def test_everybody_who_came_at_one_moment_gives_no_span(whole):
    (site,) = told(whole)[1].recruitment
    assert site.months is None
    assert "fewer than two admissions" in site.reckoned


def test_the_report_names_what_it_was_made_by(whole):
    report_ = told(whole)[0]
    assert report_.protocol_hash == TRIAL.digest
    assert report_.definitions == ("sepsis3 ember 1.0",)
    assert report_.first_admission == hours(-5)


def test_several_protocols_in_one_pass_count_what_each_counts_by_itself():
    """One that leaves I3 out, beside the written one; neither knows of the other."""
    document = {**TRIAL.model_dump(mode="json"), "id": "easier"}
    (domain,) = document["domains"]
    domain["inclusion"] = [one for one in domain["inclusion"] if one["id"] != "I3"]
    easier = Protocol.model_validate(document)
    plans = [plan(one, (), domains=["only"]) for one in (TRIAL, easier)]
    together = judge_together(plans, map(messages, PATIENTS), RULES)
    apart = (judged(), judged(protocol=easier))
    assert together == apart
    assert together[0].domains["only"].flagged.stays == 2
    assert together[1].domains["only"].flagged.stays == 5
