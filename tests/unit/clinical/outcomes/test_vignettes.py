"""Made-up patients told in a line an event, and what became of them."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from streams.clinical.outcomes.deriving import derive
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Condition,
    Death,
    Encounter,
    Infusion,
    Location,
    Measurement,
    Procedure,
    RespiratorySupport,
    VitalStatusContact,
)
from streams.vocabulary.outcomes import NAMED


HERE = Path(__file__).parent
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOUR_HOURS = timedelta(hours=4)


def rows(name):
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


def by_case():
    told = defaultdict(list)
    for row in rows("vignettes_events.csv"):
        told[row["case"]].append(row)
    return told


EVENTS = by_case()
EXPECTED = rows("vignettes_expected.csv")


def day(number):
    return T0 + timedelta(days=float(number))


class Line:
    """One line of a vignette, and the facts it stands for."""

    def __init__(self, row, number):
        self.at, self.word = day(row["day"]), row["word"]
        self.case, self.number = row["case"], number

    def fact(self, kind, moment=None, **fields):
        moment = moment or self.at
        return kind(
            event_id=f"{self.case}-{next(self.number)}",
            happened_at=moment,
            known_at=moment,
            **{"encounter": "e1", **fields},
        )

    def stay(self, phase, encounter="e1"):
        leaves = {"disposition": self.word} if phase == "discharged" else {}
        fields = {"phase": phase, "encounter": encounter, **leaves}
        return [self.fact(Encounter, encounter_class="inpatient", **fields)]

    def pressor(self, phase, rate=None):
        drip = {"infusion_id": "ne", "drug": "norepinephrine", "rate": rate}
        return [self.fact(Infusion, phase=phase, **drip)]

    def unit(self, level):
        return [self.fact(Location, phase="entered", ward=level, level=level)]

    def charted(self, category):
        moment, found = self.at, []
        while moment <= self.at + timedelta(days=float(self.word)):
            found.append(self.fact(RespiratorySupport, moment, category=category))
            moment += FOUR_HOURS
        return found

    def high_flow(self, litres):
        support = self.charted("hfnc")
        settings = (("o2_flow", litres), ("fio2", 50))
        return support + [
            self.fact(Measurement, one.happened_at, concept=concept, value=value)
            for one in support
            for concept, value in settings
        ]

    def creatinine(self):
        value = float(self.word)
        return [self.fact(Measurement, concept="creatinine", value=value)]

    def death(self):
        place = "hospital" if self.word == "hospital" else None
        return [self.fact(Death, place=place)]


ESRD = "http://hl7.org/fhir/sid/icd-10-cm|N18.6"
MADE = {
    "admitted": lambda line: line.stay("admitted"),
    "admitted again": lambda line: line.stay("admitted", "e2"),
    "discharged": lambda line: line.stay("discharged"),
    "discharged again": lambda line: line.stay("discharged", "e2"),
    "icu": lambda line: line.unit("icu"),
    "ward": lambda line: line.unit("ward"),
    "pressor on": lambda line: line.pressor("started", 0.1),
    "pressor off": lambda line: line.pressor("stopped"),
    "ventilated for": lambda line: line.charted("invasive"),
    "tracheostomy mask for": lambda line: line.charted("tracheostomy"),
    "high flow for": lambda line: line.charted("hfnc"),
    "high flow at 20 L/min for": lambda line: line.high_flow(20),
    "high flow at 50 L/min for": lambda line: line.high_flow(50),
    "room air": lambda line: [line.fact(RespiratorySupport, category="none")],
    "died": Line.death,
    "seen alive": lambda line: [
        line.fact(VitalStatusContact, alive=True, basis="call")
    ],
    "creatinine": Line.creatinine,
    "dialysis": lambda line: [
        line.fact(Procedure, procedure_id="d", name="rrt", phase="done")
    ],
    "on chronic dialysis": lambda line: [line.fact(Condition, code=ESRD)],
}


def made(row, number):
    """The facts of one line."""
    return MADE[row["event"]](Line(row, number))


def timeline_of(case, until=None):
    timeline = Timeline()
    number = count()
    for row in EVENTS[case]:
        for fact in made(row, number):
            if until is None or fact.happened_at <= until:
                timeline.apply(fact, fact.event_id)
    return timeline


def number(text):
    return float(text) if text else None


@pytest.mark.parametrize(
    "row",
    EXPECTED,
    ids=[f"{r['case']}: {r['outcome']} on day {r['asked on day']}" for r in EXPECTED],
)
def test_what_became_of_them(row):
    now = day(row["asked on day"])
    timeline = timeline_of(row["case"])
    found = derive(NAMED[row["outcome"]], timeline, T0, now, episode="e1")
    assert (found.status, found.value, found.reason or "") == (
        row["status"],
        number(row["value"]),
        row["reason"],
    )
    if row["at least"]:
        assert (found.lower, found.upper) == (
            number(row["at least"]),
            number(row["at most"]),
        )


@pytest.mark.parametrize("case", list(EVENTS))
def test_what_is_said_rests_on_what_had_happened(case):
    """No look into the future: facts that come later change nothing said now."""
    whole = timeline_of(case)
    for asked in (0, 3.5, 21, 28, 30, 60, 92):
        now = day(asked)
        then = timeline_of(case, until=now)
        for rule in NAMED.values():
            told = derive(rule, whole, T0, now, episode="e1")
            assert told == derive(rule, then, T0, now, episode="e1")


@pytest.mark.parametrize("case", list(EVENTS))
def test_a_value_lies_between_its_bounds_and_in_its_scale(case):
    timeline = timeline_of(case)
    for name, rule in NAMED.items():
        found = derive(rule, timeline, T0, day(120), episode="e1")
        assert found.status != "pending"
        if found.value is not None:
            low = -1 if name == "organ_support_free_days" else 0
            assert low <= found.value <= getattr(rule, "horizon", 1)
            assert found.evidence or rule.kind == "secondary_infection"
        if found.lower is not None and found.upper is not None:
            assert found.lower <= found.upper
            assert found.value is None


def test_every_vignette_is_asked_something():
    assert {row["case"] for row in EXPECTED} == set(EVENTS)
