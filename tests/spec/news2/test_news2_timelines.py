"""What the National Early Warning Score 2 makes of a patient, told as timelines."""

from dataclasses import replace

import pytest

from streams.clinical.scores.news2 import (
    NEWS2,
    Response,
    news2,
    news2_applies,
    response,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Demographics, Pregnancy
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


WELL = """
at      | what        | value
1 10:00 | resp_rate   | 16
1 10:00 | spo2        | 97
1 10:00 | category    | none
1 10:00 | sbp         | 120
1 10:00 | heart_rate  | 72
1 10:00 | acvpu       | A
1 10:00 | temperature | 36.8
"""


def points(score):
    return [part.points for part in score.components]


def test_a_well_patient_scores_nothing_and_nothing_is_missing(observations, at):
    score = news2(observations(WELL), at("1 10:05"))
    assert (score.lower, score.total, score.upper, score.missing) == (0, 0, 0, ())
    assert response(score) == (Response.LOW, Response.LOW)


def test_a_septic_patient_is_an_emergency(observations, at):
    table = """
    at      | what        | value
    1 10:00 | resp_rate   | 26
    1 10:00 | spo2        | 92
    1 10:00 | category    | oxygen
    1 10:00 | sbp         | 95
    1 10:00 | heart_rate  | 118
    1 10:00 | acvpu       | C
    1 10:00 | temperature | 38.6
    """
    score = news2(observations(table), at("1 10:05"))
    assert points(score) == [3, 2, 2, 2, 2, 3, 1]
    assert score.total == 15
    assert response(score) == (Response.HIGH, Response.HIGH)


@pytest.mark.parametrize(
    ("changed", "total", "called"),
    [
        ("sbp | 105", 1, Response.LOW),
        ("acvpu | V", 3, Response.LOW_MEDIUM),
        ("temperature | 34", 3, Response.LOW_MEDIUM),
        ("category | oxygen", 2, Response.LOW),
    ],
)
def test_three_in_one_observation_calls_for_a_review_where_three_of_three_do_not(
    observations, at, changed, total, called
):
    score = news2(observations(f"{WELL}1 11:00 | {changed}"), at("1 11:00"))
    assert (score.total, response(score)) == (total, (called, called))


@pytest.mark.parametrize(
    ("rate", "total", "called"),
    [
        ("90", 4, Response.LOW),
        ("91", 5, Response.MEDIUM),
        ("111", 6, Response.MEDIUM),
        ("131", 7, Response.HIGH),
    ],
)
def test_five_is_urgent_and_seven_an_emergency(observations, at, rate, total, called):
    table = f"{WELL}1 11:00 | resp_rate | 21\n1 11:00 | sbp | 100\n"
    score = news2(observations(f"{table}1 11:00 | heart_rate | {rate}"), at("1 11:00"))
    assert (score.total, response(score)) == (total, (called, called))


# -- what was not seen ---------------------------------------------------------


def test_of_a_patient_of_whom_nothing_is_known_everything_is_possible(observations, at):
    score = news2(observations("at|what|value"), at("1 10:00"))
    assert (score.total, score.lower, score.upper) == (0, 0, 20)
    assert len(score.missing) == len(score.components) == 7
    assert response(score) == (Response.LOW, Response.HIGH)


def test_an_observation_not_made_could_be_anything(observations, at):
    table = WELL.replace("1 10:00 | resp_rate   | 16\n", "")
    score = news2(observations(table), at("1 10:05"))
    assert score.missing == ("resp_rate",)
    assert (score.components[0].points, score.upper) == (None, 3)


def test_published_code_takes_what_is_missing_for_normal(observations, at):
    table = WELL.replace("1 10:00 | resp_rate   | 16\n", "")
    policy = replace(NEWS2, missing="normal")
    score = news2(observations(table), at("1 10:05"), policy=policy)
    assert (score.components[0].points, score.upper) == (None, 0)


@pytest.mark.parametrize(("moment", "missing"), [("1 22:00", 0), ("1 22:01", 7)])
def test_an_observation_speaks_for_twelve_hours(observations, at, moment, missing):
    assert len(news2(observations(WELL), at(moment)).missing) == missing


def test_what_happens_later_is_not_seen(observations, at):
    table = f"{WELL}1 11:00 | resp_rate | 30"
    assert news2(observations(table), at("1 10:59")).total == 0
    assert news2(observations(table), at("1 11:00")).total == 3


# -- the two scales ------------------------------------------------------------


def test_scale_two_is_never_inferred_from_a_diagnosis(observations, at):
    table = f"{WELL}1 09:00 | condition | ICD10CM~J44.1\n1 11:00 | spo2 | 89"
    assert news2(observations(table), at("1 11:00")).components[1].points == 3


def test_scale_two_holds_from_the_moment_a_clinician_chose_it(observations, at):
    table = f"{WELL}1 11:00 | spo2 | 89\n1 12:00 | news2_spo2_scale | 2"
    timeline = observations(table)
    found = [news2(timeline, at(f"1 {h}:00")).components[1].points for h in (11, 12)]
    assert found == [3, 0]


def test_a_clinician_may_go_back_to_scale_one(observations, at):
    table = f"""{WELL}1 11:00 | spo2 | 89
    1 12:00 | news2_spo2_scale | 2
    1 13:00 | news2_spo2_scale | 1"""
    assert news2(observations(table), at("1 13:00")).components[1].points == 3


def test_a_scale_chosen_in_another_hospital_stay_is_no_longer_in_force(
    observations, at
):
    table = """
    at      | what             | value | encounter
    1 09:00 | news2_spo2_scale | 2     | h1
    9 10:00 | spo2             | 89    | {stay}
    """
    points = [
        news2(observations(table.format(stay=stay)), at("9 10:00")).components[1].points
        for stay in ("h1", "h2")
    ]
    assert points == [0, 3]


@pytest.mark.parametrize(("scale", "points"), [("1", 3), ("2", 0)])
def test_a_policy_may_settle_the_scale(observations, at, scale, points):
    policy = replace(NEWS2, spo2_scale=scale)
    timeline = observations(f"{WELL}1 11:00 | spo2 | 89")
    assert news2(timeline, at("1 11:00"), policy=policy).components[1].points == points


def test_on_scale_two_a_high_saturation_is_open_until_oxygen_is_told(observations, at):
    table = """
    at      | what             | value
    1 10:00 | spo2             | 98
    1 10:00 | news2_spo2_scale | 2
    """
    part = news2(observations(table), at("1 10:00")).components[1]
    assert (part.points, part.lower, part.upper) == (0, 0, 3)


# -- oxygen and consciousness --------------------------------------------------


@pytest.mark.parametrize(
    ("charted", "points"),
    [
        ("fio2 | 21", 0),
        ("fio2 | 22", 2),
        ("fio2 | 0.21", 0),
        ("fio2 | 0.22", 2),
        ("fio2 | 5", None),
        ("o2_flow | 0", 0),
        ("o2_flow | 1", 2),
        ("category | hfnc", 2),
        ("category | invasive", 2),
        ("category | cpap", None),
    ],
)
def test_oxygen_is_told_by_device_flow_or_fraction(observations, at, charted, points):
    timeline = observations(f"at|what|value\n1 10:00 | {charted}")
    part = news2(timeline, at("1 10:00")).components[2]
    assert (part.points or 0, part.upper) == (
        points or 0,
        2 if points is None else points,
    )


def test_a_site_that_charts_oxygen_only_when_given_may_say_so(observations, at):
    timeline = observations("at|what|value\n1 10:00 | spo2 | 97")
    policy = replace(NEWS2, oxygen_unsaid="air")
    assert news2(timeline, at("1 10:00")).components[2].upper == 2
    assert news2(timeline, at("1 10:00"), policy=policy).components[2].upper == 0


def test_of_two_scales_of_consciousness_the_later_word_decides(observations, at):
    table = """
    at      | what      | value
    1 10:00 | gcs_total | 15
    1 10:30 | acvpu     | new confusion
    1 11:00 | gcs_total | 15
    """
    found = [
        news2(observations(table), at(f"1 {t}")).components[5].points
        for t in ("10:00", "10:30", "11:00")
    ]
    assert found == [0, 3, 0]


def test_a_word_nobody_can_read_is_not_an_alert_patient(observations, at):
    table = """
    at      | what  | value
    1 10:00 | acvpu | A
    1 11:00 | acvpu | see notes
    """
    part = news2(observations(table), at("1 11:00")).components[5]
    assert (part.lower, part.upper, part.evidence) == (0, 3, ("said1",))


def test_of_two_pressures_at_one_moment_the_worse_counts(observations, at):
    table = "at|what|value\n1 10:00 | sbp | 125\n1 10:00 | sbp | 88"
    assert news2(observations(table), at("1 10:00")).components[3].points == 3


def test_the_worst_of_the_window_on_request(observations, at):
    table = "at|what|value\n1 10:00 | sbp | 88\n1 11:00 | sbp | 125"
    worst = replace(NEWS2, pick="worst")
    found = [
        news2(observations(table), at("1 11:00"), policy=policy).components[3].points
        for policy in (NEWS2, worst)
    ]
    assert found == [0, 3]


def test_a_censored_saturation_is_all_it_may_be(observations, at):
    table = "at|what|value\n1 10:00 | spo2 | <94\n1 10:00 | category | none"
    part = news2(observations(table), at("1 10:00")).components[1]
    assert (part.points, part.lower, part.upper) == (1, 1, 3)


# -- for whom it is ------------------------------------------------------------


def person(at, *, sex=None, born=None, pregnant=None):
    common = {"happened_at": at("1 08:00"), "known_at": at("1 08:00")}
    timeline = Timeline()
    timeline.apply(Demographics(event_id="d", **common, sex=sex, birth_year=born), "m")
    if pregnant is not None:
        timeline.apply(Pregnancy(event_id="p", **common, pregnant=pregnant), "m")
    return timeline


@pytest.mark.parametrize(
    ("told", "applies"),
    [
        ({"sex": "male", "born": 2100}, TRUE),
        ({"sex": "female", "born": 2100, "pregnant": False}, TRUE),
        ({"sex": "female", "born": 2100, "pregnant": True}, FALSE),
        ({"sex": "female", "born": 2100}, UNKNOWN),
        ({"sex": "male", "born": 2140}, FALSE),
        ({"sex": "male", "born": 2134}, UNKNOWN),
        ({"sex": "male", "born": 2133}, TRUE),
        ({"sex": "male"}, UNKNOWN),
        ({"sex": "male", "born": 2140, "pregnant": False}, FALSE),
        ({}, UNKNOWN),
    ],
)
def test_it_is_for_those_of_sixteen_and_more_who_are_not_pregnant(at, told, applies):
    """By the year of birth alone, 2134 leaves 15 and 16 possible in March 2150."""
    assert news2_applies(person(at, **told), at("1 10:00")) is applies


TUBE = WELL.replace(
    "1 10:00 | acvpu       | A",
    """1 10:00 | gcs_motor   | 1
1 10:00 | gcs_verbal  | No Response-ETT
1 10:00 | gcs_eye     | 1""",
)


def test_a_scale_nobody_could_test_is_unknown_and_missing(observations, at):
    score = news2(observations(TUBE), at("1 10:05"))
    alertness = score.components[5]
    assert (alertness.points, alertness.lower, alertness.upper) == (None, 0, 3)
    assert score.missing == ("consciousness",)
