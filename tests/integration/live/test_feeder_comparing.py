"""A shadow's outputs beside those in use: what was planted is found."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner

from registry.app.cli import app
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import ensure_topics, shadow_topic
from streams.vocabulary.ids import revision_identity
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    encode,
)
from streams.vocabulary.topics import ONSETS, OUTCOMES, SCREENINGS, patient_key


pytestmark = pytest.mark.kafka

NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
COMMON = {
    "site": "s",
    "happened_at": NOON,
    "known_at": NOON,
    "source": "made-up",
    "provenance": "simulated",
    "episode": "e",
}


def onset(name, revision=1, **other):
    said = {
        **COMMON,
        "message_id": revision_identity(name, revision),
        "patient": f"p-{name}",
        "flag_id": name,
        "revision": revision,
        "status": "confirmed",
        "definition": "sepsis3",
        "definition_version": "1",
        "policy": "ember",
        "score": 4,
        **other,
    }
    return ONSETS, SEPSIS_ONSET, SepsisOnset(**said)


def screening(name, **other):
    said = {
        **COMMON,
        "message_id": revision_identity(name, 1),
        "patient": f"p-{name}",
        "screening_id": name,
        "revision": 1,
        "status": "eligible",
        "trial": "t",
        "domain": "d",
        "protocol_version": "1",
        "protocol_hash": "h",
        "software_version": "old",
        "definition_version": "1",
        "anchor": "onset.known_at",
        "anchor_at": NOON,
        "deadline": NOON,
        "window_open": True,
        **other,
    }
    return SCREENINGS, TRIAL_SCREENING, TrialScreening(**said)


def outcome(name, **other):
    said = {
        **COMMON,
        "message_id": revision_identity(name, 1),
        "patient": f"p-{name}",
        "outcome_id": name,
        "revision": 1,
        "trial": "t",
        "outcome": "mortality_28",
        "definition_version": "1",
        "status": "final",
        "value": 0.0,
        **other,
    }
    return OUTCOMES, TRIAL_OUTCOME, TrialOutcome(**said)


@pytest.fixture(scope="module")
def house(broker):
    broker.clear()
    settings = replace(broker.settings, partitions=3)
    ensure_topics(settings)
    for name in ("same", "other", "void"):
        ensure_topics(settings, shadow=name)
    old = [onset("a", 1, score=2), onset("a", 2), onset("b"), onset("c")]
    old += [screening("x"), screening("y"), outcome("m")]
    publish(broker, old)
    later = NOON + timedelta(hours=1)
    publish(
        broker,
        [
            *old[1:4],
            onset("a", 1, score=9),
            screening("x", software_version="new", known_at=later),
            *old[5:],
        ],
        shadow="same",
    )
    publish(
        broker,
        [
            onset("a", 3, score=5, status="amended"),
            onset("b"),
            onset("z"),
            screening("x", window_open=False),
            screening("y", status="ineligible"),
            outcome("m", value=1.0),
        ],
        shadow="other",
    )
    return broker


def publish(broker, sayings, shadow=None):
    producer = KafkaProducer(**kafka_python_options(broker.settings), acks="all")
    for topic, adapter, said in sayings:
        to = topic if shadow is None else shadow_topic(shadow, topic)
        key = patient_key(said.site, said.patient)
        producer.send(to, key=key, value=encode(adapter, said))
    producer.flush(30)
    producer.close()


def compare(house, *arguments):
    done = CliRunner().invoke(
        app, ["compare", *arguments], env={"EMBER_KAFKA": house.servers}
    )
    return done.exit_code, done.stdout, done.stderr


def test_equal_sayings_are_equal_however_often_and_by_which_software_they_were_said(
    house,
):
    status, told, _ = compare(house, "same", "--json")
    found = json.loads(told)
    assert status == 0
    assert found["agrees"]
    assert found["equal"] == 6
    assert compare(house, "same", "--known-at")[0] == 1
    assert compare(house, "same", "--versions")[0] == 1


def test_planted_differences_are_found_and_named(house):
    status, told, _ = compare(house, "other", "--json")
    found = json.loads(told)
    assert status == 1
    assert (found["equal"], found["different"]) == (1, 4)
    assert (found["only_old"], found["only_new"]) == (1, 1)
    assert found["fields"] == {
        "flag.score": 1,
        "flag.status": 1,
        "outcome.value": 1,
        "screening.status": 1,
        "screening.window_open": 1,
    }
    differing = {e["subject"]: e["fields"] for e in found["examples"]}
    assert differing == {
        "a": ["status", "score"],
        "c": [],
        "z": [],
        "x": ["window_open"],
        "y": ["status"],
        "m": ["value"],
    }
    assert {
        "kind": "screening",
        "of": "t d",
        "old": "eligible",
        "new": "ineligible",
        "equal": 0,
        "different": 1,
    } in found["rows"]


def test_the_table_can_be_read_by_people(house):
    status, told, _ = compare(house, "other")
    assert status == 1
    assert "flag\tsepsis3 ember\tconfirmed\tabsent\t0\t1" in told
    assert "1 equal, 4 different, 1 only old, 1 only new." in told
    assert "p-a" not in told


def test_a_shadow_that_says_nothing_is_no_agreement_and_one_that_is_not_there_no_call(
    house,
):
    assert compare(house, "void")[0] == 1
    status, told, fault = compare(house, "nobody")
    assert status == 2
    assert not told
    assert "EMB-405" in fault
