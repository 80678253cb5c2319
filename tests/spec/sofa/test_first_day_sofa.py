"""SOFA of the first day in an ICU, told as small timelines.

The patient enters the ICU at noon of the first day and leaves at noon of the third.
"""

from dataclasses import replace

import pytest

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.first_day_sofa import FirstDayPolicy, first_day_sofa
from streams.clinical.scores.stays import unit_stays


MIMIC_LIKE = FirstDayPolicy(
    sofa=replace(MIMIC.sofa, codes=None, arterial=EMBER.sofa.arterial),
    oxygenation="severe_only",
    infusions="begun",
    urine="as_charted",
)

STAY = """
at      | what | value   | stay | encounter
1 12:00 | icu  | entered | 30   | 7
3 12:00 | icu  | left    | 30   | 7
"""


@pytest.fixture
def first_day(timeline_of):
    """The first day, under mimic-code's reading but for some arguments."""

    def ask(rows, *, stay=STAY, now=None, **changed):
        timeline = timeline_of(stay.rstrip() + "\n" + rows.strip())
        (unit,) = unit_stays(timeline)
        policy = replace(MIMIC_LIKE, **changed)
        return first_day_sofa(timeline, unit, policy=policy, now=now)

    return ask


@pytest.fixture
def organ(first_day):
    """One organ of it."""

    def ask(name, rows, **told):
        components = first_day(rows, **told).components
        return next(c for c in components if c.name == name)

    return ask


def test_the_worst_of_each_organ_counts(first_day):
    score = first_day("""
    1 11:00 | platelets       | 120
    1 18:00 | platelets       | 90
    1 18:00 | bilirubin_total | 1.2
    1 13:00 | map             | 69  | 30 | 7
    1 14:00 | norepinephrine  | 0.1 | 30 | 7
    1 15:00 | norepinephrine  | 0.2 | 30 | 7
    1 16:00 | norepinephrine  | stop| 30 | 7
    1 20:00 | gcs_motor       | 5   | 30 | 7
    2 11:00 | creatinine      | 2.0
    """)
    points = {c.name: c.points for c in score.components}
    assert points == {
        "respiration": None,
        "coagulation": 2,
        "liver": 1,
        "cardiovascular": 4,
        "cns": 1,
        "renal": 2,
    }
    assert score.total == 10
    assert (score.lower, score.upper) == (10, 16)
    assert score.missing == ("pao2_fio2", "urine")


def test_evidence_is_what_gave_the_points(organ):
    rows = """
    1 11:00 | platelets | 120
    1 18:00 | platelets | 90
    """
    assert organ("coagulation", rows).evidence == ("e3",)


@pytest.mark.parametrize(
    ("at", "points"),
    [("1 05:59", None), ("1 06:00", 2), ("2 12:00", 2), ("2 12:01", None)],
)
def test_a_day_begins_six_hours_before_and_ends_with_its_last_instant(
    organ, at, points
):
    assert organ("coagulation", f"{at} | platelets | 90").points == points


@pytest.mark.parametrize(
    ("at", "points"),
    [("1 11:59", None), ("1 12:00", 3), ("2 12:00", 3), ("2 12:01", None)],
)
def test_urine_counts_from_entering(organ, at, points):
    assert organ("renal", f"{at} | urine | 300 | 30 | 7").points == points


@pytest.mark.parametrize(
    ("volume", "points"), [("199", 4), ("200", 3), ("499", 3), ("500", 0)]
)
def test_urine_is_a_sum_of_the_day_less_what_was_rinsed_in(organ, volume, points):
    rows = f"""
    1 13:00 | urine      | {volume} | 30 | 7
    1 14:00 | urine      | 100      | 30 | 7
    1 14:00 | gu_irrigant| 100      | 30 | 7
    """
    assert organ("renal", rows).points == points


# -- oxygenation ---------------------------------------------------------------

GAS = """
1 13:00 | category | {category} | 30 | 7
1 14:00 | pao2     | {pao2}     | 30 | 7
1 14:00 | fio2     | 100        | 30 | 7
"""


@pytest.mark.parametrize(
    ("category", "pao2", "published", "severe_only"),
    [
        ("invasive", 99, 4, 4),
        ("invasive", 100, 3, 3),
        ("invasive", 199, 3, 3),
        ("invasive", 200, 2, 0),
        ("invasive", 299, 2, 0),
        ("invasive", 300, 1, 0),
        ("invasive", 400, 0, 0),
        ("oxygen", 99, 2, 2),
        ("oxygen", 299, 2, 2),
        ("oxygen", 300, 1, 1),
        ("oxygen", 400, 0, 0),
    ],
)
def test_the_bands_with_and_without_ventilation(
    organ, category, pao2, published, severe_only
):
    rows = GAS.format(category=category, pao2=pao2)
    for oxygenation, points in (
        ("published", published),
        ("severe_only", severe_only),
    ):
        found = organ("respiration", rows, sofa=EMBER.sofa, oxygenation=oxygenation)
        assert found.points == points, oxygenation


def test_ventilation_nobody_charted_leaves_both_readings_open(organ):
    rows = "\n".join(GAS.format(category="invasive", pao2=250).split("\n")[2:])
    found = organ("respiration", rows, sofa=EMBER.sofa, oxygenation="severe_only")
    assert (found.points, found.upper) == (0, 2)


# -- infusions -----------------------------------------------------------------


@pytest.mark.parametrize(("infusions", "points"), [("begun", None), ("running", 3)])
def test_a_drip_begun_before_the_window_counts_where_it_still_runs(
    organ, infusions, points
):
    rows = """
    1 05:00 | norepinephrine | 0.05 | 30 | 7
    1 20:00 | norepinephrine | stop | 30 | 7
    """
    assert organ("cardiovascular", rows, infusions=infusions).points == points


@pytest.mark.parametrize(
    ("at", "points"),
    [("1 05:59", None), ("1 06:00", 3), ("2 12:00", 3), ("2 12:01", None)],
)
def test_a_drip_is_begun_in_the_window_with_both_its_ends(organ, at, points):
    rows = f"{at} | epinephrine | 0.05 | 30 | 7"
    assert organ("cardiovascular", rows).points == points


# -- urine ---------------------------------------------------------------------

SHORT = """
at      | what | value   | stay | encounter
1 12:00 | icu  | entered | 30   | 7
1 15:00 | icu  | left    | 30   | 7
"""
LITTLE = "1 14:00 | urine | 150 | 30 | 7"


@pytest.mark.parametrize(("urine", "points"), [("as_charted", 4), ("whole_day", None)])
def test_three_hours_of_urine_are_no_day(organ, urine, points):
    found = organ("renal", LITTLE, stay=SHORT, urine=urine)
    assert (found.points, found.upper) == (points, 4)


def test_a_whole_day_is_over_at_its_end(organ, at):
    early, late = at("2 11:59"), at("2 12:00")
    assert organ("renal", LITTLE, now=early, urine="whole_day").points is None
    assert organ("renal", LITTLE, now=late, urine="whole_day").points == 4


# -- whose facts ---------------------------------------------------------------


def test_laboratory_values_are_the_patients_charting_is_the_stays(first_day):
    score = first_day("""
    1 11:00 | platelets | 90  |    | 6
    1 13:00 | map       | 60  | 31 | 6
    1 13:00 | urine     | 100 | 31 | 6
    """)
    points = {c.name: c.points for c in score.components}
    assert points["coagulation"] == 2
    assert points["cardiovascular"] is None
    assert points["renal"] is None


def test_what_has_not_happened_does_not_count(organ, at):
    rows = "1 18:00 | platelets | 90"
    assert organ("coagulation", rows, now=at("1 17:59")).points is None
    assert organ("coagulation", rows, now=at("1 18:00")).points == 2


def test_without_facts_everything_is_possible(first_day, at):
    score = first_day("")
    assert (score.total, score.lower, score.upper) == (0, 0, 24)
    assert {c.points for c in score.components} == {None}
    assert score.at == at("2 12:00")
    assert len(score.missing) == 7
