"""The Adult Sepsis Event under the policy `clifpy`, against clifpy 2.1.0 itself."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from integration.peers.ase_disagreements import CASES
from integration.peers.ase_stories import (
    ZONE,
    Story,
    clif_tables,
    drawn,
    local_date,
    timeline_of,
)

from streams.clinical.definitions.ase.events import adult_sepsis_events
from streams.clinical.definitions.ase.policy import CLIFPY, TOOLKIT


HERE = Path(__file__).parent
ROOT = HERE.parents[2]
MOST_COUNTED = 7
"""clifpy looks at no more days than these."""

COLUMNS = {
    "vasopressor": "vasopressor_dttm",
    "ventilation": "imv_dttm",
    "renal": "aki_dttm",
    "liver": "hyperbilirubinemia_dttm",
    "coagulation": "thrombocytopenia_dttm",
}


@pytest.fixture(scope="module")
def ask(peers, tmp_path_factory):
    """clifpy's rows of stories, by story and number of the culture."""

    def told(stories, *, repeats=False, lactate=False):
        asked = {"zone": ZONE, "repeats": repeats, "lactate": lactate}
        asked["tables"] = clif_tables(stories)
        folder = tmp_path_factory.mktemp("clif")
        given = json.dumps(asked)
        script = HERE / "ask_clifpy_ase.py"
        rows = json.loads(peers("clifpy").run(script, folder, given=given, timeout=240))
        return {(row["hospitalization_id"], row["bc_id"]): row for row in rows}

    return told


def their_event(row):
    """What clifpy says of a culture without its lactate; None where no sepsis."""
    if float(row["sepsis_wo_lactate"]) != 1:
        return None
    found = {
        name: day
        for name, column in COLUMNS.items()
        if (day := _date(row[column])) is not None
    }
    return {
        "onset_day": _date(row["ase_onset_wo_lactate_dttm"]),
        "onset": row["type"],
        "first_day": _date(row["qad_start_date"]),
        "days": int(float(row["total_qad"])),
        "dysfunctions": found,
    }


def _date(text):
    return None if text is None else datetime.fromisoformat(text).date()


def our_events(story, policy):
    """The same of each culture, counted as an event of its own or not."""
    result = adult_sepsis_events(timeline_of(story), zone=ZONE, policy=policy)
    return {
        event.culture_id: {
            "onset_day": event.onset_day,
            "onset": event.onset,
            "first_day": event.antimicrobial_days[0],
            "days": min(len(event.antimicrobial_days), MOST_COUNTED),
            "dysfunctions": {d.name: d.day for d in event.dysfunctions},
        }
        for event in (*result.events, *result.repeats)
        if event.status == "confirmed"
    }


def test_drawn_stays_have_equal_events_of_every_culture(ask):
    draw = Random(2018)
    stories = {f"p{number:04}": drawn(draw) for number in range(1500)}
    told = ask(stories)
    assert len(told) == sum(len(story.cultures) for story in stories.values())
    ours = {name: our_events(story, CLIFPY) for name, story in stories.items()}
    theirs = {key: their_event(row) for key, row in told.items()}
    different = [
        (name, culture, ours[name].get(culture), event)
        for (name, culture), event in theirs.items()
        if ours[name].get(culture) != event
    ]
    assert different == []
    seen = Counter(e["onset"] for e in theirs.values() if e is not None)
    organs = Counter(d for e in theirs.values() if e for d in e["dysfunctions"])
    reasons = Counter(row["final_qad_status"] for row in told.values())
    # Both types, every organ and every way to count were there.
    assert min(seen["community"], seen["hospital"]) > 50
    assert min(organs[name] for name in COLUMNS) > 20
    assert reasons["Meets QAD (censoring exception)"] > 20
    assert reasons["Meets QAD (standard)"] > 200


def again(*days):
    """A stay with sepsis on each of these days."""
    drugs = ("ceftriaxone", "cefepime")
    return Story(
        cultures=days,
        doses=tuple(
            (first + more, drug, "iv")
            for first, drug in zip(days, drugs, strict=False)
            for more in range(4)
        ),
        drips=tuple((day, "norepinephrine") for day in days),
        leaves=(days[-1] + 6, "Home"),
    )


def test_the_timeframe_leaves_out_what_it_leaves_out_there(ask):
    """Asked together: where all stays have equally many events clifpy drops them all.

    Its `groupby().apply()` then makes a table of the mask it means to filter by.
    """
    stories = {"within": again(5, 19), "after": again(5, 20), "once": again(5)}
    told = ask(stories, repeats=True)
    counted = Counter(
        name for (name, _), row in told.items() if float(row["sepsis"]) == 1
    )
    assert counted == {"within": 1, "after": 2, "once": 1}
    ours = {
        name: len(
            adult_sepsis_events(timeline_of(story), zone=ZONE, policy=CLIFPY).events
        )
        for name, story in stories.items()
    }
    assert ours == counted


@pytest.fixture(scope="module")
def disagreements(ask):
    """What clifpy says of each case's first culture, with its lactate."""
    told = ask({case.name: case.story for case in CASES})
    return {case.name: told[case.name, "1"] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_disagreement_is_what_the_page_says(case, disagreements):
    row = disagreements[case.name]
    sepsis = float(row["sepsis"]) == 1
    onset = _date(row["ase_onset_w_lactate_dttm"]) if sepsis else None
    theirs = None if onset is None else (onset, row["type"])
    expected = [
        None if day is None else (local_date(day), kind)
        for day, kind in (case.theirs or (None, ""), case.ours or (None, ""))
    ]
    policy = replace(TOOLKIT, unknown_age="adult")
    ours = our_events(case.story, policy).get("1")
    told = None if ours is None else (ours["onset_day"], ours["onset"])
    assert [theirs, told] == expected


def test_every_disagreement_is_on_the_page():
    page = (ROOT / "deploy/docs/peers_ase.md").read_text(encoding="utf-8")
    assert not [case.name for case in CASES if f"| `{case.name}` |" not in page]
