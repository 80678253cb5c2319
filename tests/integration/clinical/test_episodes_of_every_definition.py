"""The table of `ember detect` for every definition, on a dozen patients of the demo."""

import csv
import json
from datetime import datetime
from io import StringIO

import pytest

from streams.adapters.intake import IntakeReport
from streams.app.history.episodes import columns_of, write_episodes_csv
from streams.app.history.sources import History
from streams.clinical.catalogue.rules import rules
from streams.clinical.definitions.phoenix_infection import InfectionPolicy
from streams.clinical.definitions.suspicion import suspicions
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.applicability import CHILDREN


pytestmark = pytest.mark.shared

SUBJECTS = frozenset(
    [
        "10000032",
        "10001217",
        "10001725",
        "10002428",
        "10002495",
        "10002930",
        "10003046",
        "10003400",
        "10004235",
        "10004422",
        "10004457",
        "10004720",
    ]
)
DEFINITIONS = [
    (rule, "orders" if "orders" in rule.policies else rule.default)
    for rule in rules().values()
    if rule.sort == "definition" and rule.name not in CHILDREN
]
"""Each with the policy for a record that holds no administrations; all are grown."""


@pytest.fixture(scope="module")
def patients(mimic_demo):
    """Their whole timelines."""
    history = History("mimic-iv", mimic_demo, SUBJECTS)
    return list(history.timelines(IntakeReport()))


def table(patients, rule, policy, zone="UTC"):
    out = StringIO()
    counts = write_episodes_csv(patients, rule=rule, policy=policy, zone=zone, out=out)
    return counts, list(csv.DictReader(StringIO(out.getvalue())))


@pytest.mark.parametrize(
    ("rule", "policy"), DEFINITIONS, ids=lambda one: getattr(one, "name", one)
)
def test_each_row_is_an_episode_with_its_moment_its_state_and_its_evidence(
    patients, rule, policy
):
    counts, rows = table(patients, rule, policy)
    known = {
        subject: {fact.event_id for fact in timeline.facts()}
        for subject, timeline in patients
    }
    assert (counts.patients, counts.episodes) == (len(SUBJECTS), len(rows))
    assert rows
    for row in rows:
        assert tuple(row) == columns_of(rule)
        assert set(json.loads(row["evidence"])) <= known[row["subject_id"]]
        assert row["met"] in {"TRUE", "FALSE", "UNKNOWN"}
        assert row["status"] in {"provisional", "confirmed", "withdrawn"}
        assert row["hadm_id"].isdigit()
        assert row["onset"] or row["met"] != "TRUE"
        for moment in (row["onset"], row["final_at"]):
            assert not moment or datetime.fromisoformat(moment)
    assert counts.met == sum(row["met"] == "TRUE" for row in rows)


def test_a_definition_for_children_has_no_row_of_the_grown(patients):
    counts, rows = table(patients, rules()["phoenix_sepsis"], "ember")
    suspected = {
        one.encounter
        for _, timeline in patients
        for one in suspicions(timeline, policy=InfectionPolicy().pair)
    }
    assert suspected
    assert (rows, counts.episodes, counts.left_out) == ([], 0, len(suspected))


def test_a_record_of_orders_has_no_antimicrobial_day_by_the_letter(patients):
    assert table(patients, rules()["ase"], "toolkit")[1] == []


def test_a_patient_of_whom_nothing_is_on_record_has_no_row():
    counts, rows = table([("1", Timeline())], rules()["sepsis3"], "cummin")
    assert (counts.patients, counts.episodes, rows) == (1, 0, [])
