"""The immune course: one state a day."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from streams.clinical.course.immune import SPEC, immune_course, immune_state
from streams.clinical.course.immune_policy import DEFAULT, ImmunePolicy
from streams.clinical.markers.policy import MarkerPolicy


UNIT = "{molecules}/{cell} quantibrite"


@pytest.fixture
def course(timeline_of, at):
    """The states from an onset at 1 08:00."""

    def ask(table, until="4 07:00", **changed):
        timeline = timeline_of("at | what | value\n" + table)
        policy = replace(DEFAULT, **changed)
        return immune_course(timeline, at("1 08:00"), at(until), policy)

    return ask


def states(days):
    return [str(day.state) for day in days]


def test_from_hyper_inflammation_to_suppression(course, at):
    days = course(f"""
    1 10:00 | ferritin                    | 9000
    1 10:00 | biomarker mhla_dr_molecules | 20000 {UNIT}
    2 10:00 | ferritin                    | 6000
    2 10:00 | biomarker mhla_dr_molecules | 4000 {UNIT}
    3 10:00 | ferritin                    | 2000
    3 10:00 | biomarker mhla_dr_molecules | 3000 {UNIT}
    """)
    assert states(days) == ["hyper_inflammation", "both", "suppression"]
    assert [day.day for day in days] == [0, 1, 2]
    assert [day.starts for day in days] == [at("1 08:00"), at("2 08:00"), at("3 08:00")]
    assert days[1].ends == at("3 08:00")
    assert [day.status for day in days] == ["confirmed", "confirmed", "provisional"]
    assert days[1].evidence == ("e2", "e3")


@pytest.mark.parametrize(
    ("ferritin", "molecules", "strict", "lenient"),
    [
        (4421, 9000, "hyper_inflammation", "hyper_inflammation"),
        (4420, 4999, "suppression", "suppression"),
        (4421, 4999, "both", "both"),
        (4420, 5000, "neither", "neither"),
        (4421, None, "unknown", "hyper_inflammation"),
        (None, 4999, "unknown", "suppression"),
        (4420, None, "unknown", "unknown"),
        (None, 9000, "unknown", "unknown"),
        (None, None, "unknown", "unknown"),
        (">1650", 4999, "unknown", "suppression"),
    ],
)
def test_what_two_markers_make_of_a_day(course, ferritin, molecules, strict, lenient):
    rows = [] if ferritin is None else [f"1 10:00 | ferritin | {ferritin}"]
    if molecules is not None:
        rows.append(f"1 10:00 | biomarker mhla_dr_molecules | {molecules} {UNIT}")
    table = "\n".join(rows)
    (day,) = course(table, "1 12:00")
    assert day.state == strict
    (day,) = course(table, "1 12:00", half_known="what_is_known")
    assert day.state == lenient


def test_an_unknown_day_names_what_it_may_be(course):
    (day,) = course("1 10:00 | ferritin | 9000", "1 12:00")
    assert day.possible == ("hyper_inflammation", "both")


def test_a_day_without_a_fresh_result_is_unknown_not_normal(course):
    days = course(f"""
    1 10:00 | ferritin                    | 900
    1 10:00 | biomarker mhla_dr_molecules | 20000 {UNIT}
    """)
    assert states(days) == ["neither", "unknown", "unknown"]
    longer = MarkerPolicy(stale_after=timedelta(days=3))
    days = course(
        f"""
    1 10:00 | ferritin                    | 900
    1 10:00 | biomarker mhla_dr_molecules | 20000 {UNIT}
    """,
        markers=longer,
    )
    assert states(days) == ["neither", "neither", "neither"]


def test_one_assay_of_hla_dr_is_enough_or_all_must_deny(course):
    table = f"""
    1 10:00 | ferritin                    | 900
    1 10:00 | biomarker mhla_dr_molecules | 20000 {UNIT}
    """
    assert states(course(table, "1 12:00")) == ["neither"]
    assert states(course(table, "1 12:00", combine="all_needed")) == ["unknown"]


def test_a_result_that_does_not_tell_leaves_its_sign_unknown(course):
    table = f"""
    1 10:00 | ferritin                    | 900
    1 10:00 | biomarker mhla_dr_molecules | 20000 {UNIT}
    1 10:00 | biomarker mhla_dr_percent   | 20 % flow
    """
    (day,) = course(table, "1 12:00")
    assert day.state == "unknown"  # per cent is low, but once only
    assert day.possible == ("suppression", "neither")


def test_children_have_markers_of_their_own(course):
    table = """
    1 10:00 | ferritin                    | 2500
    1 10:00 | biomarker tnf_alpha_ex_vivo | 100 pg/mL elisa
    """
    (day,) = course(
        table,
        "1 12:00",
        hyper=("ferritin_paediatric_high",),
        suppression=("tnf_capacity_low",),
    )
    assert day.state == "both"


@pytest.mark.parametrize(
    ("moment", "status", "not_awaited"),
    [
        ("2 07:59", "provisional", "provisional"),
        ("2 08:00", "provisional", "confirmed"),
        ("2 13:59", "provisional", "confirmed"),
        ("2 14:00", "confirmed", "confirmed"),
    ],
)
def test_a_day_that_is_over_waits_for_its_last_results(
    course, at, moment, status, not_awaited
):
    """HLA-DR takes 6 hours: what was taken at 2 07:50 is told by 2 13:50."""
    table = "1 10:00 | ferritin | 900"
    day = course(table, moment)[0]
    assert (day.status, day.final_at) == (status, at("2 14:00"))
    assert course(table, moment, results_out="not_awaited")[0].status == not_awaited


def test_calendar_days_are_the_hospitals_own(course, at):
    """Onset at 1 08:00 in UTC, where the hospital's clock says 03:00 (New York)."""
    days = course(
        "1 10:00 | ferritin | 900",
        "3 12:00",
        days="calendar",
        zone=ZoneInfo("America/New_York"),
    )
    assert [day.starts for day in days] == [at("1 08:00"), at("2 05:00"), at("3 05:00")]


def test_after_death_there_is_no_day(course):
    table = "1 10:00 | ferritin | 9000\n2 20:00 | died |"
    days = course(table, "9 00:00")
    assert [day.day for day in days] == [0, 1]
    assert days[-1].status == "confirmed"


def test_the_course_ends_with_day_28(course):
    days = course("1 10:00 | ferritin | 9000", "60 00:00")
    assert days[-1].day == 27
    assert all(day.status == "confirmed" for day in days)
    assert course("1 10:00 | ferritin | 9000", "0 12:00") == ()


def test_the_state_at_one_moment(timeline_of, at):
    table = f"""at | what | value
    1 10:00 | ferritin                    | 900
    1 10:00 | biomarker mhla_dr_molecules | 4000 {UNIT}
    """
    found = immune_state(timeline_of(table), at("1 12:00"))
    assert (found.state, found.status) == ("suppression", "provisional")


def test_the_specification_names_the_policys_arguments():
    assert {c.argument for c in SPEC.choices} == set(ImmunePolicy.__dataclass_fields__)
