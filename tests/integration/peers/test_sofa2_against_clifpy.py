"""SOFA-2 under the policy `clifpy`, against clifpy 2.1.0 itself."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from integration.peers.clif_stories import START, clif_tables, moment, timeline_of
from integration.peers.drawn_stories import one_day, three_days
from integration.peers.sofa2_disagreements import CASES

from streams.clinical.scores.sofa2.policy import CLIFPY, SOFA2
from streams.clinical.scores.sofa2.sofa2 import sofa2_days


ROOT = Path(__file__).resolve().parents[3]
THEIR_NAMES = {
    "brain": "sofa2_brain",
    "respiratory": "sofa2_resp",
    "cardiovascular": "sofa2_cv",
    "liver": "sofa2_liver",
    "kidney": "sofa2_kidney",
    "haemostasis": "sofa2_hemo",
}
AS_NULL = replace(CLIFPY, missing="unknown")
DAY = timedelta(days=1)


def cohort(patients, days=1):
    end = (START + days * DAY).isoformat()
    return [
        {
            "hospitalization_id": patient,
            "start_dttm": START.isoformat(),
            "end_dttm": end,
        }
        for patient in patients
    ]


def points(day):
    """Our points of one window under their names; None where nothing was seen."""
    ours = {c.name: c.points for c in day.score.components}
    return {theirs: ours[own] for own, theirs in THEIR_NAMES.items()}


def their_points(row):
    return {name: row[name] for name in THEIR_NAMES.values()}


def days_of(story, policy, days=1):
    # They look beyond the window for when an infusion ended; so may we.
    late = moment(days * 24 + 48)
    return sofa2_days(timeline_of(story), START, late, policy=policy)[:days]


def test_drawn_patients_have_equal_points_in_every_organ(ask_clifpy):
    draw = Random(2025)
    stories = {f"p{number:04}": one_day(draw) for number in range(600)}
    told = ask_clifpy(clif_tables(stories), cohort(stories))
    assert len(told) == len(stories)
    different, seen = [], Counter()
    for row in told:
        patient = row["hospitalization_id"]
        (ours,) = days_of(stories[patient], AS_NULL)
        own, theirs = points(ours), their_points(row)
        seen.update(theirs.items())
        different += [
            (patient, organ, own[organ], theirs[organ])
            for organ in own
            if own[organ] != theirs[organ]
        ]
        if own == theirs:
            assert row["sofa2_total"] == ours.score.total
    assert different == []
    # Every organ was seen with all its points, and missing.
    assert len(seen) >= len(THEIR_NAMES) * 6 - 1


def test_drawn_stays_have_equal_points_on_each_of_three_days(ask_clifpy):
    draw = Random(20516)
    stories = {f"p{number:04}": three_days(draw) for number in range(200)}
    told = ask_clifpy(clif_tables(stories), cohort(stories, 3), daily=True)
    assert len(told) == 3 * len(stories)
    ours = {
        (patient, day.start.date().isoformat()): day
        for patient, story in stories.items()
        for day in days_of(story, CLIFPY, 3)
    }
    different = [
        (row["hospitalization_id"], row["start_dttm"], own, their_points(row))
        for row in told
        for day in [ours[row["hospitalization_id"], row["start_dttm"][:10]]]
        if (own := points(day)) != their_points(row)
        or day.score.total != row["sofa2_total"]
    ]
    assert different == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_disagreement_is_what_the_page_says(case, disagreements):
    theirs = disagreements[case.name][case.day - 1][THEIR_NAMES[case.organ]]
    as_clifpy = points(days_of(case.story, AS_NULL, case.days)[case.day - 1])
    ours = points(days_of(case.story, SOFA2, case.days)[case.day - 1])
    organ = THEIR_NAMES[case.organ]
    assert (case.theirs, case.as_clifpy, case.ours) == (
        theirs,
        as_clifpy[organ],
        ours[organ],
    )


def test_every_disagreement_is_on_the_page():
    page = (ROOT / "deploy/docs/peers.md").read_text(encoding="utf-8")
    assert not [case.name for case in CASES if f"| `{case.name}` |" not in page]


@pytest.fixture(scope="module")
def disagreements(ask_clifpy):
    """Their rows of each case, those of one day at once and those by day at once."""
    told = {}
    for daily in (False, True):
        cases = [case for case in CASES if (case.days > 1) is daily]
        stories = {case.name: case.story for case in cases}
        asked = [row for c in cases for row in cohort([c.name], c.days)]
        for row in ask_clifpy(clif_tables(stories), asked, daily=daily):
            told.setdefault(row["hospitalization_id"], []).append(row)
    return told
