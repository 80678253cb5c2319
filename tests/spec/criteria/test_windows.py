"""Windows: back from now, since an anchor, around one; and dates without a time."""

import pytest


STAY = """
    1 02:00 | stay emergency  | registered | now
    1 04:00 | icu             | entered    | now
    1 05:00 | norepinephrine  | 0.1
    1 06:00 | category        | niv
"""


@pytest.mark.parametrize(
    ("anchor", "truths"),
    [
        # a lactate at 03:00, at 04:30, at 05:30, at 07:00
        ("hospital.happened_at", "TTTT"),
        ("icu.happened_at", "uTTT"),
        ("vasopressor.happened_at", "uuTT"),
        ("ventilation.happened_at", "uuuT"),
        ("entry.happened_at", "uuuu"),  # nobody told what opened the screening
    ],
)
def test_since_the_moment_that_an_anchor_names(says, anchor, truths):
    rule = f"{{kind: value, concept: lactate, is: '> 2 mmol/L', since: {anchor}}}"
    for clock, truth in zip(("03:00", "04:30", "05:30", "07:00"), truths, strict=True):
        said = says(rule, f"{STAY}\n    1 {clock} | lactate | 4")
        assert said[0].replace("U", "u") == truth


AROUND = """
    {kind: value, concept: lactate, is: '> 2 mmol/L',
     around: icu.happened_at, from: -2 h, to: 1 h}
"""


@pytest.mark.parametrize(
    ("clock", "truth"),
    [
        ("01:59", "UNKNOWN"),
        ("02:00", "TRUE"),
        ("05:00", "TRUE"),
        ("05:01", "UNKNOWN"),
    ],
)
def test_the_edges_of_a_window_around_an_anchor_belong_to_it(says, clock, truth):
    assert says(AROUND, f"{STAY}\n    1 {clock} | lactate | 4") == truth


def test_an_infusion_at_zero_is_no_vasopressor(says):
    rule = "{kind: elapsed, since: vasopressor.happened_at, is: '<= 2 h'}"
    table = """
        1 08:00 | norepinephrine | 0
        1 11:00 | norepinephrine | 0.1
    """
    assert says(rule, table) == "TRUE"


ELAPSED = "{kind: elapsed, since: icu.happened_at, is: '<= 8 h'}"


@pytest.mark.parametrize(
    ("moment", "truth"),
    [("1 11:59", "TRUE"), ("1 12:00", "TRUE"), ("1 12:01", "FALSE")],
)
def test_eight_hours_include_the_eighth(says, moment, truth):
    assert says(ELAPSED, STAY, moment) == truth


def test_while_the_anchor_is_not_known_nothing_is_counted_from_it(judged):
    said = judged(ELAPSED, "")
    assert said.truth.value == "UNKNOWN"
    assert said.would_need == ("icu.happened_at",)


def test_from_one_anchor_to_another(says):
    rule = """
        {kind: elapsed, since: hospital.happened_at, until: icu.happened_at,
         is: '<= 2 h'}
    """
    assert says(rule, STAY) == "TRUE"
    assert says(rule.replace("2 h", "1 h"), STAY) == "FALSE"


# -- a fact of which only the date is known is an interval of time -------------

BLOOD = "{kind: culture, specimens: [blood], within: 24 h}"


@pytest.mark.parametrize(
    ("moment", "truth"),
    [
        ("2 23:00", "TRUE"),  # any time of day 2 is within 24 h
        ("3 10:00", "UNKNOWN"),  # half of day 2 is
        ("4 00:00", "UNKNOWN"),  # no moment of day 2 is; was there another culture?
    ],
)
def test_a_culture_of_a_day_against_an_edge_inside_that_day(says, moment, truth):
    assert says(BLOOD, "2 | culture | BLOOD CULTURE", moment) == truth


def test_where_absence_means_false_the_day_still_leaves_it_open(says):
    rule = BLOOD.replace("24 h", "24 h, absent_means: false")
    assert says(rule, "2 | culture | BLOOD CULTURE", "3 10:00") == "UNKNOWN"
    assert says(rule, "2 | culture | BLOOD CULTURE", "4 00:00") == "FALSE"
