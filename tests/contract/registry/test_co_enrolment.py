"""Trials that exclude each other: one calls, one enrols, on both databases alike."""

from datetime import timedelta

import pytest

from registry.domain.consent import ConsentState
from registry.usecases.outbox import ALERTS
from registry.usecases.randomise import NotRandomised, Randomised


HOUR = timedelta(hours=1)
SOON, LATE = 3 * HOUR, 6 * HOUR


@pytest.fixture
def rivals(bedside):
    """TIDE, which wants nobody of WAVE, and WAVE, which says nothing of TIDE."""

    def declared(*, tide=None, wave=None, **terms):
        tide_says = {"excludes": ["WAVE"], "rank": tide, **terms}
        bedside.declare("TIDE", co_enrolment=tide_says)
        bedside.declare("WAVE", co_enrolment={"rank": wave})
        return bedside

    return declared


def verdicts(bedside, *trials, revision=0, **windows):
    """Eligible for each of these, in this order, in one batch."""
    for trial in trials:
        window = windows.get(trial.lower(), LATE)
        yield bedside.verdict(
            revision=revision, trial=trial, deadline=bedside.noon + window
        )


def standing(bedside):
    return {trial: state for (trial, _, _), state in bedside.alerts().items()}


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return {(o.code.value, o.name, o.detail) for o in result.gate.obstacles}


@pytest.mark.parametrize("order", [("TIDE", "WAVE"), ("WAVE", "TIDE")])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    ("ranks", "windows", "first"),
    [
        ({"tide": 1, "wave": 2}, {"wave": SOON}, "TIDE"),
        ({"tide": 2, "wave": 1}, {}, "WAVE"),
        ({"wave": 7}, {}, "WAVE"),  # who has no rank comes last
        ({"tide": 1, "wave": 1}, {"wave": SOON}, "WAVE"),  # the earlier deadline
        ({}, {}, "TIDE"),  # the id
    ],
)
def test_the_trial_that_comes_first_calls_whichever_was_screened_first(
    rivals, order, apart, ranks, windows, first
):
    bedside = rivals(**ranks)
    told = list(verdicts(bedside, *order, **windows))
    for batch in [[one] for one in told] if apart else [told]:
        bedside.hear(*batch)

    other = "WAVE" if first == "TIDE" else "TIDE"
    assert standing(bedside) == {
        first: ("open", None),
        other: ("suppressed", "outranked"),
    }
    assert bedside.broken_chains() == []


def test_who_was_called_for_the_second_hears_that_it_is_over(rivals):
    bedside = rivals(tide=1, wave=2)
    bedside.hear(*verdicts(bedside, "WAVE"))
    bedside.hear(*verdicts(bedside, "TIDE"))

    told = [(n["data"]["trial"], n["type"]) for n in bedside.told(ALERTS)]

    assert sorted(told) == [
        ("TIDE", "alert.raised"),
        ("WAVE", "alert.raised"),
        ("WAVE", "alert.retracted"),
    ]


def test_the_second_calls_once_the_first_no_longer_does(rivals):
    bedside = rivals(tide=1, wave=2)
    bedside.hear(*verdicts(bedside, "WAVE", "TIDE"))

    bedside.hear(bedside.verdict(revision=1, status="ineligible"))

    assert standing(bedside) == {
        "TIDE": ("retracted", None),
        "WAVE": ("open", None),
    }
    assert bedside.broken_chains() == []


def test_the_second_calls_once_the_first_was_refused(rivals):
    bedside = rivals(tide=1, wave=2)
    bedside.hear(*verdicts(bedside, "TIDE", "WAVE"))

    bedside.consent(state=ConsentState.REFUSED)

    assert standing(bedside) == {"TIDE": ("acted", None), "WAVE": ("open", None)}
    assert bedside.broken_chains() == []


def test_nobody_enrols_in_two_that_exclude_each_other(rivals):
    bedside = rivals(tide=1, wave=2)
    bedside.hear(*verdicts(bedside, "TIDE", "WAVE"))
    bedside.consent()
    bedside.consent(trial="WAVE")
    assert isinstance(bedside.randomise(), Randomised)

    assert obstacles(bedside.randomise(trial="WAVE")) == {
        ("EMB-327", "takes_part_elsewhere", "TIDE")
    }
    bedside.hear(*verdicts(bedside, "WAVE", revision=1))
    assert standing(bedside) == {
        "TIDE": ("acted", None),
        "WAVE": ("suppressed", "co_enrolled"),
    }
    assert bedside.broken_chains() == []


def test_a_no_of_one_side_is_a_no_of_both(rivals):
    bedside = rivals()
    bedside.hear(*verdicts(bedside, "TIDE", "WAVE"))
    bedside.consent()
    bedside.consent(trial="WAVE")
    assert isinstance(bedside.randomise(trial="WAVE"), Randomised)

    assert obstacles(bedside.randomise()) == {
        ("EMB-327", "takes_part_elsewhere", "WAVE")
    }


@pytest.mark.parametrize(
    ("terms", "both"),
    [
        ({"excludes": []}, True),
        ({"excludes": [], "allows": ["WAVE"]}, True),
        ({"excludes": [], "allows": []}, False),
    ],
)
def test_trials_that_allow_each_other_share_a_participant(rivals, terms, both):
    bedside = rivals(**terms)
    bedside.hear(*verdicts(bedside, "TIDE", "WAVE"))
    bedside.consent()
    bedside.consent(trial="WAVE")
    bedside.randomise()

    assert isinstance(bedside.randomise(trial="WAVE"), Randomised) is both
