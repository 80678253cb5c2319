"""The six criteria of organ dysfunction, at and beside each limit."""

from dataclasses import replace

import pytest

from streams.clinical.definitions.ase.policy import ESRD_WIDE, TOOLKIT


LACTATE = replace(TOOLKIT, lactate=True)


def grid_of(*rows, days=7):
    """A stay with a culture on day 3 and ceftriaxone from then on."""
    head = " | ".join(str(n) for n in range(1, days + 1))
    dots = " | ".join("x" if 3 <= n < days else " " for n in range(1, days + 1))
    culture = " | ".join("C" if n == 3 else " " for n in range(1, days + 1))
    leaves = " | ".join("home" if n == days else " " for n in range(1, days + 1))
    lines = [f"day | {head}", f"culture | {culture}", f"ceftriaxone IV | {dots}"]
    return "\n".join([*lines, *rows, f"leaves | {leaves}"])


@pytest.fixture
def failing(ase, on):
    """What fails, and on which hospital day."""

    def ask(*rows, policy=None, days=7):
        events = ase(grid_of(*rows, days=days), policy=policy).events
        assert all(e.status == "confirmed" for e in events)
        return {
            d.name: (d.day - on(1)).days + 1 for e in events for d in e.dysfunctions
        }

    return ask


def test_without_dysfunction_there_is_no_event(failing):
    assert failing("creatinine | 1.0 | 1.0 | 1.0 | 1.0") == {}


# -- vasopressors --------------------------------------------------------------


@pytest.mark.parametrize(
    "drug",
    ["norepinephrine", "dopamine", "epinephrine", "phenylephrine", "vasopressin"],
)
def test_each_vasopressor_of_appendix_b_counts(failing, drug):
    assert failing(f"{drug} | | | | x") == {"vasopressor": 4}


def test_dobutamine_is_no_vasopressor(failing):
    assert failing("dobutamine IV | | | x") == {}


@pytest.mark.parametrize(
    ("row", "day"),
    [
        ("x | | | | | | ", 1),
        (" | | | | x | | ", 5),
        (" | | | | | x | ", None),
        ("x | x | x | x | x | | ", 1),
        ("x | | x | | | | ", 1),
    ],
)
def test_the_window_is_two_calendar_days_each_way(failing, row, day):
    assert failing(f"norepinephrine | {row}") == ({"vasopressor": day} if day else {})


def test_a_drug_that_ran_on_the_day_before_is_not_new(ase, on):
    """Culture on day 4, so that day 1 lies before the window."""
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture        |   |   |   | C |   |   |   |
    ceftriaxone IV |   |   |   | x | x | x | x |
    norepinephrine | x | x | x | x |   |   |   |
    vasopressin    |   |   |   | x |   |   |   |
    leaves         |   |   |   |   |   |   |   | home
    """
    (event,) = ase(grid).events
    assert [(d.detail, d.day) for d in event.dysfunctions] == [("vasopressin", on(4))]
    alone = "\n".join(r for r in grid.splitlines() if "vasopressin" not in r)
    assert ase(alone).events == ()
    again = alone.replace("| x | x | x | x |   |", "| x | x |   | x |   |")
    (event,) = ase(again).events
    assert [d.day for d in event.dysfunctions] == [on(4)]


def test_an_infusion_charted_with_no_rate_runs_and_one_of_rate_zero_does_not(failing):
    assert failing("norepinephrine | | | | ?") == {"vasopressor": 4}
    assert failing("norepinephrine | | | | 0") == {}


def test_a_vasopressor_of_the_operating_room_does_not_count(failing):
    assert failing("norepinephrine | | | x", "theatre | | | x") == {}
    went_on = ("norepinephrine | | | x | x", "theatre | | | x |")
    assert failing(*went_on) == {"vasopressor": 4}
    given = replace(TOOLKIT, theatre="given_before")
    assert failing(*went_on, policy=given) == {}


# -- ventilation ---------------------------------------------------------------


def test_ventilation_counts_from_the_day_it_began(failing):
    assert failing("ventilated | | | | x | x") == {"ventilation": 4}
    assert failing("ventilated | x | x | x | x") == {"ventilation": 1}


def test_a_second_ventilation_needs_more_than_a_day_between(ase, on):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture        |   |   |   | C |   |   |   |
    ceftriaxone IV |   |   |   | x | x | x | x |
    ventilated     | x | {} | x | | | |
    leaves         |   |   |   |   |   |   |   | home
    """
    assert ase(grid.format("x")).events == ()
    (event,) = ase(grid.format(" ")).events
    assert [d.day for d in event.dysfunctions] == [on(3)]
    strict = replace(TOOLKIT, ventilation_gap=3)
    assert ase(grid.format(" "), policy=strict).events == ()


# -- kidney --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["creatinine | | | 0.8 | 1.6"], {"renal": 4}),
        (["creatinine | | | 0.8 | 1.59"], {}),
        (["creatinine | | | 1.6 | 0.8"], {"renal": 3}),
        (["creatinine | | | 1.6 | | | 0.8"], {}),
        (["egfr | | | 80 | 40"], {"renal": 4}),
        (["egfr | | | 80 | 41"], {}),
        (["egfr | | | >60 | 30"], {"renal": 4}),
        (["egfr | | | >60 | 31"], {}),
        (["egfr | | | 120 | >60"], {}),
        (["creatinine | | | <0.4 | 0.8"], {"renal": 4}),
        (["creatinine | | | <0.4 | 0.7"], {}),
        (["creatinine | | | 0.8 | >1.6"], {"renal": 4}),
        (["creatinine | | | 0.8 | >1.5"], {}),
        (["creatinine | | | 0.8 | 1.6", "diagnosis | | | | | | | N18.6"], {}),
        (
            ["creatinine | | | 0.8 | 1.6", "diagnosis | | | | | | | Z49.31"],
            {"renal": 4},
        ),
    ],
)
def test_creatinine_doubles_or_egfr_halves(ase, on, rows, found):
    """A culture on day 3 has hospital onset here: the baseline is the window's."""
    events = [e for e in ase(grid_of(*rows)).events if e.status == "confirmed"]
    told = {d.name: (d.day - on(1)).days + 1 for e in events for d in e.dysfunctions}
    assert told == found


def test_other_codes_of_renal_failure_are_a_policy(ase):
    rows = ["creatinine | | | 0.8 | 1.6", "diagnosis | | | | | | | Z49.31"]
    wide = replace(TOOLKIT, esrd_codes=ESRD_WIDE)
    (event,) = ase(grid_of(*rows), policy=wide).events
    assert (event.status, event.reason) == ("withdrawn", "end_stage_renal_disease")


# -- liver, coagulation, lactate -----------------------------------------------


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("bilirubin | | | 1.0 | 2.0", {"liver": 4}),
        ("bilirubin | | | 0.9 | 1.9", {}),
        ("bilirubin | | | 1.1 | 2.1", {}),
        ("bilirubin | | | 1.1 | 2.2", {"liver": 4}),
        ("bilirubin | | | <0.2 | 2.0", {"liver": 4}),
        ("platelets | | | 198 | 99", {"coagulation": 4}),
        ("platelets | | | 200 | 100", {}),
        ("platelets | | | 197 | 99", {}),
        ("platelets | | | 100 | 50", {"coagulation": 4}),
        ("platelets | | | 99 | 20", {}),
        ("lactate | | | | 9.0", {}),
    ],
)
def test_bilirubin_platelets_and_lactate(failing, row, found):
    assert failing(row) == found


def test_lactate_is_optional(failing):
    assert failing("lactate | | | | 2.0", policy=LACTATE) == {"lactate": 4}
    assert failing("lactate | | | | 1.9", policy=LACTATE) == {}


# -- what the toolkit says twice -----------------------------------------------


@pytest.mark.parametrize(
    ("row", "text", "sheet", "changed"),
    [
        ("bilirubin | | | 1.4 | 2.1", {}, {"liver": 4}, {"bilirubin_rise": "50%"}),
        (
            "platelets | | | 100 | 50",
            {"coagulation": 4},
            {},
            {"platelet_baseline": "above"},
        ),
        ("platelets | | | 198 | 99", {"coagulation": 4}, {}, {"platelet_unit": "/uL"}),
        ("lactate | | | | 0.3", {}, {"lactate": 4}, {"lactate_unit": "mg/dL"}),
    ],
)
def test_contradictions_are_policies(failing, row, text, sheet, changed):
    assert failing(row, policy=LACTATE) == text
    assert failing(row, policy=replace(LACTATE, **changed)) == sheet
