"""Every cut-off of Phoenix on both its sides, and what is missing."""

from math import inf, nextafter

import pytest

from streams.clinical.scores.phoenix.inputs import Numbers
from streams.clinical.scores.phoenix.points import AGES
from streams.clinical.scores.phoenix.policy import PACKAGE, PHOENIX, PhoenixPolicy
from streams.clinical.scores.phoenix.score import phoenix8_of, phoenix_of


ORGANS = (
    "respiratory",
    "cardiovascular",
    "coagulation",
    "neurologic",
    "endocrine",
    "immunologic",
    "renal",
    "hepatic",
)


def organ(name, policy=PHOENIX, **given):
    components = {c.name: c for c in phoenix8_of(Numbers(**given), policy=policy)}
    return components[name]


def points(name, **given):
    """What the package would say: what is missing scores 0."""
    return organ(name, PACKAGE, **given).points


def below(value):
    return nextafter(float(value), -inf)


def above(value):
    return nextafter(float(value), inf)


# -- breathing -----------------------------------------------------------------

RATIOS = [
    ("pf_ratio", 0, 3),
    ("pf_ratio", below(100), 3),
    ("pf_ratio", 100, 2),
    ("pf_ratio", below(200), 2),
    ("pf_ratio", 200, 1),
    ("pf_ratio", below(400), 1),
    ("pf_ratio", 400, 0),
    ("sf_ratio", 0, 3),
    ("sf_ratio", below(148), 3),
    ("sf_ratio", 148, 2),
    ("sf_ratio", below(220), 2),
    ("sf_ratio", 220, 1),
    ("sf_ratio", below(292), 1),
    ("sf_ratio", 292, 0),
]


@pytest.mark.parametrize(("name", "ratio", "level"), RATIOS)
def test_a_ratio_counts_in_full_under_invasive_ventilation(name, ratio, level):
    assert points("respiratory", imv=True, **{name: ratio}) == level


@pytest.mark.parametrize(("name", "ratio", "level"), RATIOS)
def test_a_ratio_is_one_point_at_most_under_other_support(name, ratio, level):
    given = {"imv": False, "other_respiratory_support": True, name: ratio}
    assert points("respiratory", **given) == min(level, 1)


@pytest.mark.parametrize(("name", "ratio", "level"), RATIOS)
def test_without_support_no_ratio_has_points(name, ratio, level):
    given = {"imv": False, "other_respiratory_support": False, name: ratio}
    told = organ("respiratory", **given)
    assert (told.points, told.lower, told.upper) == (0, 0, 0), level


def test_ventilation_is_support_whatever_was_said_of_other_support():
    given = {"imv": True, "other_respiratory_support": False, "pf_ratio": 350}
    assert points("respiratory", **given) == 1


@pytest.mark.parametrize(
    ("imv", "other", "bounds"),
    [
        (None, None, (0, 3)),
        (None, True, (1, 3)),
        (None, False, (0, 3)),
        (False, None, (0, 1)),
        (True, None, (3, 3)),
        (False, True, (1, 1)),
        (False, False, (0, 0)),
    ],
)
def test_support_nobody_told_of_bounds_the_points(imv, other, bounds):
    told = organ(
        "respiratory",
        imv=imv,
        other_respiratory_support=other,
        pf_ratio=50,
        sf_ratio=100,
    )
    assert (told.lower, told.upper) == bounds
    assert told.points == bounds[0]


def test_the_worse_of_two_ratios_counts():
    assert points("respiratory", imv=True, pf_ratio=450, sf_ratio=147) == 3
    assert points("respiratory", imv=True, pf_ratio=99, sf_ratio=300) == 3


def test_where_pf_goes_first_sf_does_not_count_beside_it():
    policy = PhoenixPolicy(name="test", ratios="pf_first")
    told = organ("respiratory", policy, imv=True, pf_ratio=450, sf_ratio=147)
    assert (told.points, told.upper) == (0, 0)
    alone = organ("respiratory", policy, imv=True, sf_ratio=147)
    assert (alone.points, alone.upper) == (3, 3)


def test_a_missing_ratio_could_be_the_worst():
    told = organ("respiratory", imv=True, pf_ratio=350)
    assert (told.points, told.lower, told.upper) == (1, 1, 3)


# -- heart and vessels ---------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"), [(0, 0), (1, 1), (2, 2), (3, 2), (6, 2)]
)
def test_vasoactive_drugs(number, expected):
    assert points("cardiovascular", vasoactives=number) == expected


@pytest.mark.parametrize(
    ("lactate", "expected"),
    [(0, 0), (below(5), 0), (5, 1), (10.95, 1), (below(11), 1), (11, 2), (30, 2)],
)
def test_lactate(lactate, expected):
    assert points("cardiovascular", lactate=lactate) == expected


PRESSURES = [
    (0, 17, 31),
    (1, 25, 39),
    (12, 31, 44),
    (24, 32, 45),
    (60, 36, 49),
    (144, 38, 52),
]
ENDS = dict(zip([0, 1, 12, 24, 60, 144], [1, 12, 24, 60, 144, 216], strict=True))


@pytest.mark.parametrize(("since", "lower", "low"), PRESSURES)
def test_mean_pressure_at_both_ends_of_each_band_of_age(since, lower, low):
    for age in (since, below(ENDS[since])):
        told = [
            points("cardiovascular", age=age, map=pressure)
            for pressure in (0, below(lower), lower, below(low), low, 150)
        ]
        assert told == [2, 2, 1, 1, 0, 0], age


@pytest.mark.parametrize(
    ("age", "pressure", "expected"),
    [
        (below(1), 31, 0),
        (1, 31, 1),
        (below(12), 25, 1),
        (12, 25, 2),
        (below(24), 44, 0),
        (24, 44, 1),
        (below(60), 32, 1),
        (60, 32, 2),
        (below(144), 36, 1),
        (144, 36, 2),
    ],
)
def test_the_same_pressure_on_both_sides_of_a_birthday(age, pressure, expected):
    assert points("cardiovascular", age=age, map=pressure) == expected


def test_drugs_lactate_and_pressure_add_up_to_six():
    given = {"vasoactives": 2, "lactate": 11, "age": 3, "map": 24}
    assert points("cardiovascular", **given) == 6
    told = organ("cardiovascular", vasoactives=1, lactate=5, age=3, map=30)
    assert (told.points, told.lower, told.upper) == (3, 3, 3)


def test_what_is_missing_of_the_heart_adds_to_the_most_it_can_be():
    told = organ("cardiovascular", lactate=5)
    assert (told.points, told.lower, told.upper) == (1, 1, 5)


# -- age -----------------------------------------------------------------------


@pytest.mark.parametrize("age", [216, 240])
def test_beyond_the_table_pressure_and_creatinine_say_nothing(age):
    told = organ("cardiovascular", vasoactives=0, lactate=1, age=age, map=20)
    assert (told.points, told.lower, told.upper) == (0, 0, 2)
    told = organ("renal", age=age, creatinine=5)
    assert (told.points, told.lower, told.upper) == (None, 0, 1)


def test_the_eighteenth_birthday_is_in_the_last_band_for_the_package_alone():
    assert points("cardiovascular", age=216, map=37) == 2
    assert points("cardiovascular", age=above(216), map=37) == 0
    assert points("renal", age=216, creatinine=1) == 1
    assert points("renal", age=above(216), creatinine=1) == 0


def test_no_age_is_negative():
    told = organ("cardiovascular", vasoactives=0, lactate=1, age=-1, map=20)
    assert (told.points, told.upper) == (0, 2)


@pytest.mark.parametrize(
    ("pressure", "bounds"), [(16, (2, 2)), (17, (1, 2)), (31, (0, 2)), (52, (0, 0))]
)
def test_without_an_age_what_holds_at_every_age_is_told(pressure, bounds):
    told = organ("cardiovascular", vasoactives=0, lactate=1, map=pressure)
    assert (told.lower, told.upper) == bounds


@pytest.mark.parametrize(
    ("without_age", "pressure", "creatinine"),
    [("any_age", 2, 0), ("unscored", 0, 0), ("newborn_creatinine", 0, 1)],
)
def test_the_readings_of_an_age_not_known(without_age, pressure, creatinine):
    policy = PhoenixPolicy(name="t", missing="normal", without_age=without_age)
    assert organ("cardiovascular", policy, map=16).points == pressure
    assert organ("renal", policy, creatinine=0.9).points == creatinine


@pytest.mark.parametrize(
    ("creatinine", "bounds"),
    [(0.29, (0, 0)), (0.3, (0, 1)), (0.99, (0, 1)), (1.0, (1, 1))],
)
def test_creatinine_without_an_age(creatinine, bounds):
    told = organ("renal", creatinine=creatinine)
    assert (told.lower, told.upper) == bounds


def test_the_bands_of_age_leave_no_gap():
    assert [band.since for band in AGES] == [0, 1, 12, 24, 60, 144]
    assert [band.before for band in AGES] == [1, 12, 24, 60, 144, 216]


# -- coagulation, brain --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("platelets", below(100), 1),
        ("platelets", 100, 0),
        ("inr", 1.3, 0),
        ("inr", above(1.3), 1),
        ("d_dimer", 2, 0),
        ("d_dimer", above(2), 1),
        ("fibrinogen", below(100), 1),
        ("fibrinogen", 100, 0),
    ],
)
def test_coagulation(name, value, expected):
    assert points("coagulation", **{name: value}) == expected


def test_coagulation_is_never_more_than_two():
    bad = {"platelets": 20, "inr": 3, "d_dimer": 9, "fibrinogen": 50}
    names = list(bad)
    told = [
        points("coagulation", **{name: bad[name] for name in names[:number]})
        for number in range(5)
    ]
    assert told == [0, 1, 2, 2, 2]
    two = organ("coagulation", platelets=20, inr=3)
    assert (two.lower, two.upper) == (2, 2)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"gcs": 15}, 0),
        ({"gcs": 11}, 0),
        ({"gcs": 10}, 1),
        ({"gcs": 3}, 1),
        ({"fixed_pupils": False}, 0),
        ({"fixed_pupils": True}, 2),
        ({"gcs": 15, "fixed_pupils": True}, 2),
        ({"gcs": 3, "fixed_pupils": True}, 2),
        ({"gcs": 3, "fixed_pupils": False}, 1),
    ],
)
def test_the_brain(given, expected):
    assert points("neurologic", **given) == expected


# -- the four organs of Phoenix-8 ----------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("endocrine", {"glucose": below(50)}, 1),
        ("endocrine", {"glucose": 50}, 0),
        ("endocrine", {"glucose": 150}, 0),
        ("endocrine", {"glucose": above(150)}, 1),
        ("immunologic", {"anc": below(0.5)}, 1),
        ("immunologic", {"anc": 0.5}, 0),
        ("immunologic", {"alc": below(1)}, 1),
        ("immunologic", {"alc": 1}, 0),
        ("immunologic", {"anc": 0.1, "alc": 0.1}, 1),
        ("hepatic", {"bilirubin": below(4)}, 0),
        ("hepatic", {"bilirubin": 4}, 1),
        ("hepatic", {"alt": 102}, 0),
        ("hepatic", {"alt": above(102)}, 1),
        ("hepatic", {"bilirubin": 9, "alt": 900}, 1),
    ],
)
def test_the_other_organs(name, given, expected):
    assert points(name, **given) == expected


@pytest.mark.parametrize(
    ("since", "high"),
    [(0, 0.8), (1, 0.3), (12, 0.4), (24, 0.6), (60, 0.7), (144, 1.0)],
)
def test_creatinine_at_both_ends_of_each_band_of_age(since, high):
    for age in (since, below(ENDS[since])):
        assert points("renal", age=age, creatinine=below(high)) == 0
        assert points("renal", age=age, creatinine=high) == 1


def test_a_missing_half_leaves_the_organ_open():
    told = organ("immunologic", anc=2)
    assert (told.points, told.lower, told.upper) == (0, 0, 1)


# -- the whole -----------------------------------------------------------------


def test_nothing_known_is_no_points_and_all_are_possible():
    told = phoenix8_of(Numbers())
    assert tuple(c.name for c in told) == ORGANS
    assert [c.points for c in told] == [None] * 8
    assert [c.lower for c in told] == [0] * 8
    assert [c.upper for c in told] == [3, 6, 2, 2, 1, 1, 1, 1]


def test_nothing_known_is_nothing_wrong_where_missing_is_normal():
    told = phoenix8_of(Numbers(), policy=PACKAGE)
    assert [(c.points, c.lower, c.upper) for c in told] == [(0, 0, 0)] * 8


def test_phoenix_is_the_first_four_organs_of_phoenix_8():
    given = Numbers(gcs=8, lactate=6, age=20, map=40, glucose=20)
    assert phoenix_of(given) == phoenix8_of(given)[:4]
