"""Phoenix against `phoenix-sepsis` 1.1.3, the package of those who derived it.

The package scores what is missing 0; so does the policy `PACKAGE`, to the letter.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from streams.clinical.scores.phoenix.inputs import Numbers
from streams.clinical.scores.phoenix.points import VASOACTIVES
from streams.clinical.scores.phoenix.policy import PACKAGE, PHOENIX
from streams.clinical.scores.phoenix.score import phoenix8, phoenix8_of
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Infusion,
    Measurement,
    RespiratorySupport,
)


SCRIPT = Path(__file__).parent / "ask_phoenix.py"
NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
PATIENTS = 10_000

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

EDGES = {
    "age": [0, 1, 12, 24, 60, 144, 216],
    "pf_ratio": [100, 200, 400],
    "sf_ratio": [148, 220, 292],
    "lactate": [5, 11],
    "map": [17, 25, 31, 32, 36, 38, 39, 44, 45, 49, 52],
    "platelets": [100],
    "inr": [1.3],
    "d_dimer": [2],
    "fibrinogen": [100],
    "glucose": [50, 150],
    "anc": [0.5],
    "alc": [1.0],
    "creatinine": [0.3, 0.4, 0.6, 0.7, 0.8, 1.0],
    "bilirubin": [4],
    "alt": [102],
}
HIGHEST = {
    "age": 240,
    "pf_ratio": 600,
    "sf_ratio": 480,
    "lactate": 20,
    "map": 90,
    "platelets": 500,
    "inr": 4,
    "d_dimer": 8,
    "fibrinogen": 500,
    "glucose": 300,
    "anc": 10,
    "alc": 5,
    "creatinine": 2,
    "bilirubin": 12,
    "alt": 400,
}

COLUMNS = {
    "age": "age",
    "pao2": "pao2",
    "spo2": "spo2",
    "sbp": "sbp",
    "dbp": "dbp",
    "lactate": "lactate",
    "platelets": "platelets",
    "inr": "inr",
    "d_dimer": "d_dimer_feu",
    "fibrinogen": "fibrinogen",
    "glucose": "glucose",
    "anc": "neutrophils_abs",
    "alc": "lymphocytes_abs",
    "creatinine": "creatinine",
    "bilirubin": "bilirubin_total",
    "alt": "alt",
}
"""By column of the example what it is here; both have the same units."""


def patient(random):
    """A made-up child; half of the values lie on a cut-off or just beside it."""

    def number(name):
        if random.random() < 0.25:
            return None
        if random.random() < 0.5:
            edge = random.choice(EDGES[name])
            return max(0.0, edge + random.choice([-0.1, -1e-9, 0.0, 1e-9, 0.1]))
        return random.uniform(0, HIGHEST[name])

    drawn = {name: number(name) for name in EDGES}
    return {
        **drawn,
        "imv": random.choice([None, 0, 1]),
        "other_respiratory_support": random.choice([None, 0, 1]),
        "vasoactives": random.choice([None, 0, 1, 2, 3, 6]),
        "gcs": random.choice([None, *range(3, 16)]),
        "fixed_pupils": random.choice([None, 0, 1]),
    }


def points_of(given, policy=PACKAGE):
    flags = ("imv", "other_respiratory_support", "fixed_pupils")
    asked = {
        name: bool(value) if name in flags and value is not None else value
        for name, value in given.items()
    }
    return phoenix8_of(Numbers(**asked), policy=policy)


def as_the_package(components):
    """Our answer in the words of the package."""
    points = [component.points for component in components]
    four = sum(points[:4])
    told = {f"phoenix_{o}_score": p for o, p in zip(ORGANS, points, strict=True)}
    return told | {
        "phoenix_sepsis_score": four,
        "phoenix_sepsis": int(four >= 2),
        "phoenix_septic_shock": int(four >= 2 and points[1] >= 1),
        "phoenix8_sepsis_score": sum(points),
    }


@pytest.fixture(scope="module")
def example(peers):
    return json.loads(peers("phoenix-sepsis").run(SCRIPT))


@pytest.fixture(scope="module")
def generated(peers):
    """Ten thousand made-up children, and what the package says of them."""
    random = Random("phoenix")  # the same in every run
    patients = [patient(random) for _ in range(PATIENTS)]
    told = peers("phoenix-sepsis").run(SCRIPT, given=json.dumps(patients))
    return list(zip(patients, json.loads(told)["scores"], strict=True))


def test_equal_on_the_example_data_of_the_package(example):
    asked = example["asked"]
    patients = [
        {name: values[row] for name, values in asked.items()} for row in range(20)
    ]
    assert example["scores"] == [as_the_package(points_of(p)) for p in patients]


def test_equal_on_ten_thousand_generated_patients(generated):
    differing = [
        (given, said, ours)
        for given, said in generated
        if (ours := as_the_package(points_of(given))) != said
    ]
    assert len(generated) == PATIENTS
    assert differing == []


def test_the_generated_patients_reach_every_number_of_points(generated):
    seen = {
        organ: set(Counter(said[f"phoenix_{organ}_score"] for _, said in generated))
        for organ in ORGANS
    }
    assert seen == {
        "respiratory": set(range(4)),
        "cardiovascular": set(range(7)),
        "coagulation": set(range(3)),
        "neurologic": set(range(3)),
        **{organ: {0, 1} for organ in ORGANS[4:]},
    }


def test_the_default_establishes_no_more_and_bounds_what_the_package_says(generated):
    """But for creatinine without an age, which the package takes for a newborn's."""
    for given, said in generated:
        if given["age"] is None or given["age"] >= 216:
            continue
        for component, organ in zip(points_of(given, PHOENIX), ORGANS, strict=True):
            told = said[f"phoenix_{organ}_score"]
            assert (component.points or 0) == component.lower == told
            assert told <= component.upper


def test_equal_when_the_example_is_charted_as_events(example):
    """The same children, each as a timeline, with SpO2, FiO2 and pressures as charted."""
    for raw, said in zip(example["raw"], example["scores"], strict=True):
        score = phoenix8(charted(raw), NOON, policy=PACKAGE)
        assert as_the_package(score.components) == said, raw["pid"]


def charted(raw):
    """One row of the example as events of the last hour."""
    timeline = Timeline()
    at = {"happened_at": NOON - timedelta(hours=1), "known_at": NOON}

    def keep(kind, name, **fields):
        timeline.apply(kind(event_id=name, **at, **fields), name)

    for column, concept in COLUMNS.items():
        if raw[column] is not None:
            specimen = "arterial" if column == "pao2" else None
            keep(
                Measurement,
                column,
                concept=concept,
                value=raw[column],
                specimen=specimen,
            )
    if raw["fio2"] is not None:
        keep(Measurement, "fio2", concept="fio2", value=raw["fio2"] * 100)
    if raw["vent"]:
        keep(RespiratorySupport, "vent", category="invasive")
    if raw["gcs_total"] is not None:
        keep(Assessment, "gcs", concept="gcs_total", value=raw["gcs_total"])
    if raw["pupil"] is not None:
        fixed = float(raw["pupil"] == "both-fixed")
        keep(Assessment, "pupils", concept="pupils_fixed", value=fixed)
    for drug in VASOACTIVES:
        if raw[drug]:
            keep(Infusion, drug, phase="started", infusion_id=drug, drug=drug)
    return timeline
