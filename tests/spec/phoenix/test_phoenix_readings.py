"""What of a timeline counts for Phoenix, and what each argument does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.phoenix.policy import PHOENIX
from streams.clinical.scores.phoenix.score import phoenix, phoenix8


@pytest.fixture
def organ(timeline_of, at):
    """One organ at a moment, under the default policy but for some arguments."""

    def ask(name, table, moment, **changed):
        policy = replace(PHOENIX, **changed)
        score = phoenix8(timeline_of(table), at(moment), policy=policy)
        return next(c for c in score.components if c.name == name)

    return ask


def bounds(component):
    return (component.points, component.lower, component.upper)


# -- how long a value counts ---------------------------------------------------

LASTING = [
    ("lactate", "12", "cardiovascular", 6),
    ("map", "10", "cardiovascular", 6),
    ("platelets", "20", "coagulation", 24),
    ("inr", "4", "coagulation", 24),
    ("d_dimer_feu", "9", "coagulation", 24),
    ("fibrinogen", "40", "coagulation", 24),
    ("gcs_total", "3", "neurologic", 12),
    ("pupils_fixed", "1", "neurologic", 6),
    ("glucose", "20", "endocrine", 12),
    ("neutrophils_abs", "0.1", "immunologic", 24),
    ("lymphocytes_abs", "0.1", "immunologic", 24),
    ("creatinine", "4", "renal", 24),
    ("bilirubin_total", "9", "hepatic", 24),
    ("alt", "900", "hepatic", 24),
]


@pytest.mark.parametrize(("what", "value", "name", "hours"), LASTING)
def test_a_value_counts_for_so_long_and_no_longer(
    timeline_of, at, what, value, name, hours
):
    timeline = timeline_of(f"at|what|value\n1 10:00|age|30\n1 10:00|{what}|{value}")

    def points(moment):
        score = phoenix8(timeline, moment)
        return next(c for c in score.components if c.name == name).lower

    end = at("1 10:00") + timedelta(hours=hours)
    assert points(at("1 10:00") - timedelta(seconds=1)) == 0
    assert points(at("1 10:00")) > 0
    assert points(end) > 0
    assert points(end + timedelta(seconds=1)) == 0


IMPROVING = """
at      | what    | value
1 08:00 | lactate | 12
1 10:00 | lactate | 3
1 10:00 | map     | 60
1 10:00 | age     | 30
"""


@pytest.mark.parametrize(("pick", "points"), [("latest", 0), ("worst", 2)])
def test_the_latest_value_counts_or_the_worst(organ, pick, points):
    assert organ("cardiovascular", IMPROVING, "1 10:00", pick=pick).points == points


def test_a_result_above_a_bound_may_be_anything_above_it(organ):
    table = """
    at      | what    | value
    1 10:00 | lactate | >5
    1 10:00 | map     | 60
    1 10:00 | age     | 30
    """
    told = organ("cardiovascular", table, "1 10:00", without_infusions="none")
    assert bounds(told) == (1, 1, 2)


# -- ratios --------------------------------------------------------------------

AUTHORS_PF = """
at      | what     | value
1 11:31 | category | invasive
1 11:31 | fio2     | 30
1 11:45 | pao2     | 118
1 11:59 | fio2     | 40
1 12:10 | pao2     | 152
1 17:45 | category | invasive
"""


@pytest.mark.parametrize(
    ("fio2", "points"), [("50", 2), ("0.5", 2), ("1", 3), ("1.1", None), ("0.2", None)]
)
def test_a_fraction_under_the_unit_of_a_percentage_is_a_fraction(organ, fio2, points):
    table = f"""
    at      | what     | value
    1 11:00 | category | invasive
    1 11:31 | fio2     | {fio2}
    1 11:45 | pao2     | 75
    """
    assert organ("respiratory", table, "1 11:45").points == points


@pytest.mark.parametrize(
    ("moment", "points", "missing"),
    [
        ("1 11:44", None, True),
        ("1 11:45", 1, False),
        ("1 11:58", 1, False),
        ("1 11:59", None, True),
        ("1 12:10", 1, False),
        ("1 17:45", 1, False),
        ("1 18:00", None, True),
    ],
)
def test_pf_comes_and_goes_as_in_the_authors_table(
    timeline_of, at, moment, points, missing
):
    score = phoenix(timeline_of(AUTHORS_PF), at(moment))
    assert score.components[0].points == points
    assert ("pao2_fio2" in score.missing) is missing


AUTHORS_SF = """
at      | what     | value
1 10:15 | category | invasive
1 10:15 | fio2     | 25
1 10:15 | spo2     | 92
1 10:20 | spo2     | 98
1 11:31 | fio2     | 30
1 11:45 | spo2     | 87
1 11:59 | fio2     | 40
1 12:10 | spo2     | 85
"""


@pytest.mark.parametrize(
    ("moment", "points", "missing"),
    [
        ("1 10:15", 0, False),
        ("1 10:20", None, False),
        ("1 11:31", None, False),
        ("1 11:45", 1, False),
        ("1 11:59", None, True),
        ("1 12:10", 2, False),
    ],
)
def test_sf_comes_and_goes_as_in_the_authors_table(
    timeline_of, at, moment, points, missing
):
    score = phoenix(timeline_of(AUTHORS_SF), at(moment))
    assert score.components[0].points == points
    assert ("spo2_fio2" in score.missing) is missing


@pytest.mark.parametrize(("newer_fio2", "points"), [("void", None), ("keep", 1)])
def test_a_newer_fio2_voids_the_ratio_or_leaves_it(organ, newer_fio2, points):
    told = organ("respiratory", AUTHORS_PF, "1 12:00", newer_fio2=newer_fio2)
    assert told.points == points


@pytest.mark.parametrize(
    ("spo2", "value", "points"),
    [
        ("through_97", 97, 1),
        ("through_97", 98, None),
        ("below_97", 96, 1),
        ("below_97", 97, None),
        ("any", 100, 1),
    ],
)
def test_how_high_a_saturation_still_makes_a_ratio(organ, spo2, value, points):
    table = f"""
    at      | what     | value
    1 10:00 | category | oxygen
    1 10:00 | fio2     | 60
    1 10:00 | spo2     | {value}
    """
    told = organ("respiratory", table, "1 10:00", spo2=spo2)
    assert told.points == points


def test_a_saturation_too_high_leaves_only_the_gas_open(organ):
    table = """
    at      | what     | value
    1 10:00 | category | invasive
    1 10:00 | fio2     | 30
    1 10:00 | spo2     | 99
    1 10:00 | pao2     | 150
    """
    assert bounds(organ("respiratory", table, "1 10:00")) == (0, 0, 0)
    without_gas = table.rsplit("\n", 2)[0]
    assert bounds(organ("respiratory", without_gas, "1 10:00")) == (None, 0, 3)


@pytest.mark.parametrize(("ratios", "points"), [("either", 3), ("pf_first", 0)])
def test_where_both_ratios_are_known_the_worse_or_pf_counts(organ, ratios, points):
    table = """
    at      | what     | value
    1 10:00 | category | invasive
    1 10:00 | fio2     | 50
    1 10:00 | spo2     | 70
    1 10:00 | pao2     | 220
    """
    assert organ("respiratory", table, "1 10:00", ratios=ratios).points == points


@pytest.mark.parametrize("fio2", [0.2, 4, 20, 101])
def test_what_is_no_fio2_makes_no_ratio(organ, fio2):
    table = f"""
    at      | what     | value
    1 10:00 | category | invasive
    1 10:00 | fio2     | {fio2}
    1 10:00 | pao2     | 50
    """
    assert organ("respiratory", table, "1 10:00").points is None


# -- support -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "points"),
    [
        ("invasive", 3),
        ("niv", 1),
        ("cpap", 1),
        ("hfnc", 1),
        ("oxygen", 1),
        ("tracheostomy", 1),
        ("other", 1),
        ("none", 0),
    ],
)
def test_each_kind_of_support(organ, category, points):
    table = f"""
    at      | what     | value
    1 10:00 | fio2     | 100
    1 10:00 | category | {category}
    1 10:00 | pao2     | 60
    """
    told = organ("respiratory", table, "1 10:00")
    assert bounds(told) == (points, points, points)


def test_oxygen_above_room_air_is_support_of_one_kind_or_another(organ):
    table = """
    at      | what | value
    1 10:00 | fio2 | 60
    1 10:00 | pao2 | 60
    """
    assert bounds(organ("respiratory", table, "1 10:00")) == (1, 1, 3)


@pytest.mark.parametrize(
    ("room_air", "expected"), [("unknown", (0, 0, 3)), ("no_support", (0, 0, 0))]
)
def test_room_air_with_not_a_word_of_support(organ, room_air, expected):
    table = """
    at      | what | value
    1 10:00 | fio2 | 21
    1 10:00 | pao2 | 40
    """
    told = organ("respiratory", table, "1 10:00", room_air=room_air)
    assert bounds(told) == expected


def test_oxygen_charted_after_support_ended_is_support_again(organ):
    table = """
    at      | what     | value
    1 09:00 | category | none
    1 10:00 | fio2     | 50
    1 10:00 | pao2     | 60
    """
    assert bounds(organ("respiratory", table, "1 10:00")) == (1, 1, 1)


def test_support_that_ended_after_the_oxygen_is_none(organ):
    table = """
    at      | what     | value
    1 09:00 | fio2     | 50
    1 09:30 | pao2     | 60
    1 10:00 | category | none
    """
    assert bounds(organ("respiratory", table, "1 10:00")) == (0, 0, 0)


def test_support_not_charted_for_six_hours_is_not_known(organ):
    table = """
    at      | what     | value
    1 10:00 | category | invasive
    1 15:00 | fio2     | 21
    1 15:00 | pao2     | 40
    """
    assert bounds(organ("respiratory", table, "1 16:00")) == (2, 2, 3)
    assert bounds(organ("respiratory", table, "1 16:01")) == (0, 0, 3)


# -- pressure and drugs --------------------------------------------------------

LINES = """
at      | what    | value | method
1 08:00 | age     | 30    |
1 08:00 | lactate | 1     |
1 08:00 | map     | 30    | arterial_line
1 09:00 | sbp     | 60    | arterial_line
1 09:00 | dbp     | 30    | arterial_line
1 10:00 | map     | 60    | noninvasive
"""


@pytest.mark.parametrize(("pressure", "points"), [("arterial_first", 2), ("latest", 0)])
def test_the_arterial_line_goes_first_or_the_latest_word(organ, pressure, points):
    told = organ("cardiovascular", LINES, "1 10:00", pressure=pressure)
    assert told.points == points


@pytest.mark.parametrize(
    ("moment", "points"), [("1 14:00", 2), ("1 14:01", 1), ("1 15:01", 0)]
)
def test_after_the_line_its_estimate_counts_and_then_the_cuff(
    timeline_of, at, moment, points
):
    told = phoenix(timeline_of(LINES), at(moment)).components[1]
    assert told.points == points


def test_a_systolic_not_above_the_diastolic_is_no_reading(organ):
    table = """
    at      | what | value
    1 10:00 | age  | 30
    1 10:00 | sbp  | 30
    1 10:00 | dbp  | 30
    """
    assert bounds(organ("cardiovascular", table, "1 10:00")) == (None, 0, 6)


@pytest.mark.parametrize("value", [0, 301])
def test_an_impossible_pressure_is_no_reading(organ, value):
    table = f"at|what|value\n1 10:00|age|30\n1 10:00|map|{value}"
    assert bounds(organ("cardiovascular", table, "1 10:00")) == (None, 0, 6)


DRUGS = """
at      | what           | value
1 10:00 | norepinephrine | 0.05
1 11:00 | milrinone      | 0.5
1 12:00 | norepinephrine | stop
"""


@pytest.mark.parametrize(
    ("moment", "least"),
    [("1 09:59", 0), ("1 10:00", 1), ("1 11:00", 2), ("1 12:00", 2), ("1 12:01", 1)],
)
def test_the_drugs_that_run_are_counted(timeline_of, at, moment, least):
    assert phoenix(timeline_of(DRUGS), at(moment)).components[1].lower == least


def test_where_the_worst_is_picked_drugs_count_for_twelve_hours(organ):
    for moment, least in (("2 00:00", 2), ("2 00:01", 1)):
        assert organ("cardiovascular", DRUGS, moment, pick="worst").lower == least


@pytest.mark.parametrize(
    ("without_infusions", "expected"),
    [("if_charted", (0, 0, 2)), ("none", (0, 0, 0)), ("unknown", (0, 0, 2))],
)
def test_no_infusion_on_record_is_none_given_or_not_known(
    organ, without_infusions, expected
):
    table = """
    at      | what    | value
    1 10:00 | age     | 30
    1 10:00 | lactate | 1
    1 10:00 | map     | 60
    """
    told = organ(
        "cardiovascular", table, "1 10:00", without_infusions=without_infusions
    )
    assert bounds(told) == expected


@pytest.mark.parametrize(
    ("moment", "expected"), [("1 09:59", (0, 0, 2)), ("1 10:00", (0, 0, 0))]
)
def test_a_record_that_holds_any_infusion_tells_that_no_vasoactive_runs(
    organ, moment, expected
):
    table = """
    at      | what     | value
    1 09:00 | age      | 30
    1 09:00 | lactate  | 1
    1 09:00 | map      | 60
    1 10:00 | phenylephrine | 2
    """
    assert bounds(organ("cardiovascular", table, moment)) == expected


# -- age -----------------------------------------------------------------------


def test_a_charted_age_grows(organ):
    table = """
    at       | what       | value
    1 10:00  | age        | 11.9
    1 10:00  | creatinine | 0.35
    6 10:00  | creatinine | 0.35
    """
    assert organ("renal", table, "1 10:00").points == 1
    assert organ("renal", table, "6 10:00").points == 0


@pytest.mark.parametrize(
    ("born", "pressure", "expected"),
    [
        (2149, 43, (0, 0, 1)),  # 2 to 14 months old in March 2150
        (2149, 38, (1, 1, 1)),
        (2149, 28, (1, 1, 2)),
        (2147, 38, (1, 1, 1)),  # 26 to 38 months: one band
        (2132, 20, (2, 0, 2)),  # 206 to 218: perhaps too old for the table
    ],
)
def test_a_year_of_birth_leaves_several_bands_of_age(organ, born, pressure, expected):
    table = f"""
    at      | what    | value
    1 10:00 | born    | {born}
    1 10:00 | lactate | 1
    1 10:00 | map     | {pressure}
    """
    told = organ("cardiovascular", table, "1 10:00", without_infusions="none")
    assert (told.lower, told.upper) == expected[1:]


# -- consciousness -------------------------------------------------------------


def test_the_coma_scale_counts_as_charted_under_a_tube(organ):
    table = """
    at      | what       | value
    1 10:00 | gcs_eye    | 3
    1 10:00 | gcs_verbal | 1.0 ET/Trach
    1 10:00 | gcs_motor  | 6
    """
    assert organ("neurologic", table, "1 10:00").lower == 1
    awake = SedationPolicy(gcs_sedation="assume_normal")
    assert organ("neurologic", table, "1 10:00", sedation=awake).lower == 0


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1", "1", (2, 2, 2)),
        ("1", "0", (0, 0, 0)),
        ("0", None, (0, 0, 0)),
        ("1", None, (0, 0, 2)),
        (None, None, (0, 0, 2)),
    ],
)
def test_pupils_charted_one_by_one(organ, left, right, expected):
    rows = ["at|what|value", "1 10:00|gcs_total|15"]
    rows += [f"1 10:00|pupil_left_fixed|{left}"] if left else []
    rows += [f"1 10:00|pupil_right_fixed|{right}"] if right else []
    assert bounds(organ("neurologic", "\n".join(rows), "1 10:00")) == expected


def test_the_later_word_on_pupils_counts(organ):
    table = """
    at      | what              | value
    1 09:00 | pupils_fixed      | 1
    1 10:00 | pupil_left_fixed  | 0
    1 10:00 | pupil_right_fixed | 0
    """
    assert organ("neurologic", table, "1 09:59").lower == 2
    assert organ("neurologic", table, "1 10:00").lower == 0


# -- what is missing, and why --------------------------------------------------


def test_what_is_missing_is_named(timeline_of, at):
    table = """
    at      | what     | value
    1 10:00 | category | none
    1 10:00 | map      | 60
    1 10:00 | gcs_total| 15
    """
    score = phoenix8(timeline_of(table), at("1 10:00"))
    assert score.missing == (
        *("vasoactives", "lactate", "age", "platelets", "inr", "d_dimer_feu"),
        *(
            "fibrinogen",
            "pupils_fixed",
            "glucose",
            "neutrophils_abs",
            "lymphocytes_abs",
        ),
        *("creatinine", "bilirubin_total", "alt"),
    )
    assert (score.lower, score.total, score.upper) == (0, 0, 2 + 2 + 2 + 2 + 4)


def test_the_events_that_decided_are_named(timeline_of, at):
    table = """
    at      | what     | value
    1 10:00 | category | invasive
    1 10:00 | fio2     | 100
    1 10:00 | pao2     | 90
    1 10:00 | age      | 30
    1 10:00 | map      | 40
    1 10:00 | lactate  | 1
    1 10:00 | platelets| 400
    1 10:00 | inr      | 2
    """
    score = phoenix(timeline_of(table), at("1 10:00"))
    assert [c.evidence for c in score.components] == [
        ("e2", "e1", "e0"),
        ("e4", "e3"),
        ("e7",),
        (),
    ]
    assert score.total == 3 + 1 + 1
