"""Day of onset, community or hospital onset, baselines, and what counts anew."""

from dataclasses import replace

import pytest

from streams.clinical.definitions.ase.events import counted
from streams.clinical.definitions.ase.policy import CLIFPY, TOOLKIT


@pytest.fixture
def onset(ase, on):
    """Hospital day and type of the only event."""

    def ask(grid, **given):
        (event,) = ase(grid, **given).events
        assert event.hospital_day == (event.onset_day - on(1)).days + 1
        return event.hospital_day, event.onset

    return ask


CULTURE_ON_4 = """
day            | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
culture        |   |   |   |   | C |   |   |   |
ceftriaxone IV | {}
norepinephrine | {}
leaves         |   |   |   |   |   |   |   |   | home
"""


@pytest.mark.parametrize(
    ("doses", "drips", "expected"),
    [
        (" | | | | x|x|x|x|", " | | | |x", (4, "hospital")),
        (" | | |x|x|x|x|x|", " | | | |x", (3, "hospital")),
        (" | |x|x|x|x|x|x|", " | | | |x", (2, "community")),
        (" | | | |x|x|x|x|", " | | |x| ", (3, "hospital")),
        (" | | | |x|x|x|x|", " | |x| | ", (2, "community")),
        (" | | | |x|x|x|x|", " | | | | | |x", (4, "hospital")),
    ],
)
def test_onset_is_the_earliest_of_culture_first_day_and_dysfunction(
    onset, doses, drips, expected
):
    assert onset(CULTURE_ON_4.format(doses, drips)) == expected


def test_the_day_before_admission_counts(onset):
    grid = """
    day            | 0 | 1 | 2 | 3 | 4 | 5
    culture        | C |   |   |   |   |
    ceftriaxone IV | x | x | x | x |   |
    norepinephrine |   | x |   |   |   |
    leaves         |   |   |   |   |   | home
    """
    assert onset(grid) == (0, "community")


# -- baselines -----------------------------------------------------------------


def test_community_onset_is_held_against_the_whole_stay(ase):
    grid = """
    day            | 1   | 2   | 3 | 4 | 5 | 6 | 7 | 8   | 9
    culture        |     | C   |   |   |   |   |   |     |
    ceftriaxone IV |     | x   | x | x | x |   |   |     |
    creatinine     | 1.9 | 2.0 |   |   |   |   |   | 1.0 |
    leaves         |     |     |   |   |   |   |   |     | home
    """
    (event,) = ase(grid).events
    assert [(d.name, d.value, d.baseline) for d in event.dysfunctions] == [
        ("renal", 2.0, 1.0)
    ]


def test_hospital_onset_is_held_against_its_window(ase):
    grid = """
    day            | 1   | 2 | 3   | 4 | 5   | 6 | 7 | 8
    culture        |     |   |     |   | C   |   |   |
    ceftriaxone IV |     |   |     |   | x   | x | x | x
    creatinine     | 1.0 |   | 1.9 |   | 2.0 |   |   |
    norepinephrine |     |   |     |   |     | x |   |
    """
    (event,) = ase(grid).events
    assert [d.name for d in event.dysfunctions] == ["vasopressor"]


def test_type_and_baselines_agree_or_follow_the_culture_day_alone(ase, on):
    """The culture of day 3 with a vasopressor on day 2: community onset after all."""
    grid = """
    day            | 1   | 2 | 3   | 4 | 5 | 6 | 7 | 8 | 9   | 10
    culture        |     |   | C   |   |   |   |   |   |     |
    ceftriaxone IV |     |   | x   | x | x | x |   |   |     |
    norepinephrine |     | x |     |   |   |   |   |   |     |
    creatinine     |     |   | 2.0 |   |   |   |   |   | 1.0 |
    leaves         |     |   |     |   |   |   |   |   |     | home
    """
    (event,) = ase(grid).events
    assert (event.onset, event.onset_day) == ("community", on(2))
    assert [d.name for d in event.dysfunctions] == ["vasopressor", "renal"]
    by_culture = replace(TOOLKIT, baseline="culture_day")
    (event,) = ase(grid, policy=by_culture).events
    assert (event.onset, event.onset_day) == ("community", on(2))
    assert [d.name for d in event.dysfunctions] == ["vasopressor"]


# -- repeats -------------------------------------------------------------------


def two_infections(second):
    """A hospital-onset event on day 5, and another one on day `second`."""
    days = range(1, second + 6)
    rows = {
        "day": list(days),
        "culture": ["C" if d in (5, second) else "" for d in days],
        "norepinephrine": ["x" if d in (5, second) else "" for d in days],
        "ceftriaxone IV": ["x" if 0 <= d - 5 < 4 else "" for d in days],
        "meropenem IV": ["x" if 0 <= d - second < 4 else "" for d in days],
        "leaves": ["home" if d == second + 5 else "" for d in days],
    }
    return "\n".join(
        " | ".join([name, *map(str, cells)]) for name, cells in rows.items()
    )


@pytest.mark.parametrize(
    ("second", "policy", "counted_events"),
    [
        (18, TOOLKIT, 1),
        (19, TOOLKIT, 2),
        (19, replace(TOOLKIT, repeat_day_1="day_after"), 1),
        (20, replace(TOOLKIT, repeat_day_1="day_after"), 2),
        (18, replace(TOOLKIT, repeats="every"), 2),
        (25, replace(TOOLKIT, repeats="one_per_stay"), 1),
        (12, replace(TOOLKIT, repeat_days=7), 2),
        (11, replace(TOOLKIT, repeat_days=7), 1),
    ],
)
def test_an_event_within_the_timeframe_is_a_repeat(ase, second, policy, counted_events):
    result = ase(two_infections(second), policy=policy)
    assert len(result.events) == counted_events
    assert len(result.events) + len(result.repeats) == 2


def test_community_onset_events_of_one_stay_are_one(ase):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   | C |   |
    ceftriaxone IV |   | x | x | x | x |
    norepinephrine |   | x |   |   |   |
    ventilated     | x |   |   |   |   |
    leaves         |   |   |   |   |   | home
    """
    result = ase(grid)
    assert (len(result.events), len(result.repeats)) == (1, 1)
    each = ase(grid, policy=CLIFPY)
    assert (len(each.events), len(each.repeats)) == (2, 0)


def test_two_cultures_of_one_day_are_one_event_under_any_policy(ase):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   |   |   |
    ceftriaxone IV |   | x | x | x | x |
    norepinephrine |   | x |   |   |   |
    blood culture  |   | C |   |   |   |
    leaves         |   |   |   |   |   | home
    """
    for policy in (TOOLKIT, CLIFPY, replace(TOOLKIT, repeats="every")):
        assert len(ase(grid, policy=policy).events) == 1


def test_what_the_rate_of_hospital_onset_counts_is_a_policy(ase):
    events = ase(two_infections(19)).events
    assert counted(events, rate="hospital") == 2
    assert counted(events, rate="community") == 0
    printed = replace(TOOLKIT, hospital_rate="community")
    assert counted(events, rate="hospital", policy=printed) == 0


# -- who -----------------------------------------------------------------------

PLAIN = """
day            | 1 | 2 | 3 | 4 | 5 | 6
culture        |   | C |   |   |   |
ceftriaxone IV |   | x | x | x | x |
norepinephrine |   | x |   |   |   |
leaves         |   |   |   |   |   | home
"""


@pytest.mark.parametrize(("born", "events"), [(2006, 1), (2007, 0)])
def test_adults_are_eighteen(ase, born, events):
    assert len(ase(PLAIN, born=born).events) == events


def test_of_unknown_age_nothing_is_confirmed_unless_the_policy_presumes_it(ase):
    (event,) = ase(PLAIN, born=None).events
    assert (event.status, event.reason) == ("provisional", "age")
    assert event.final_at is None
    presumed = replace(TOOLKIT, unknown_age="adult")
    (event,) = ase(PLAIN, born=None, policy=presumed).events
    assert event.status == "confirmed"


@pytest.mark.parametrize(
    ("specimen", "counts"),
    [
        ("blood culture", True),
        ("urine culture", False),
        ("blood (cmv) culture", False),
        ("fluid received in blood culture", False),
        ("stem cell - blood culture", False),
    ],
)
def test_only_blood_taken_for_bacteria_or_fungi_counts(ase, specimen, counts):
    assert bool(ase(PLAIN.replace("culture  ", specimen)).events) is counts
