"""What an alert says outside keeps to its published schema."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

import jsonschema
import pytest

from registry.app.published import AlertNotice, published_schemas
from registry.domain.alert import AlertStep
from registry.domain.mode import Mode
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.record_screening import RecordScreening, record_screening
from registry.usecases.records import ModeRevision
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from streams.vocabulary.messages import TrialScreening


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
ELIGIBLE = TrialScreening(
    message_id="m1",
    site="north",
    patient="p1",
    happened_at=NOON - timedelta(hours=1),
    known_at=NOON,
    source="test",
    provenance="live",
    screening_id="s1",
    revision=1,
    status="eligible",
    trial="chase",
    domain="fluids",
    episode="e1",
    protocol_version="1",
    protocol_hash="0" * 64,
    software_version="0",
    definition_version="1",
    anchor="onset.known_at",
    anchor_at=NOON - timedelta(hours=1),
    deadline=NOON + timedelta(hours=5),
    window_open=True,
)
NO_LONGER = replace(ELIGIBLE, message_id="m2", revision=2, status="ineligible")


@pytest.fixture
def told(tmp_path):
    """The outbox after an alert was raised, and retracted."""
    file = tmp_path / "ember.sqlite"
    migrate(f"sqlite:///{file}")
    with closing(open_registry(f"sqlite:///{file}")) as registry:
        live = ModeRevision(mode=Mode.LIVE, reason="test", actor="t", at=NOON)
        light = SetGreenLight(
            trial=ELIGIBLE.trial,
            site=ELIGIBLE.site,
            given=True,
            reason="test",
            actor="t",
            at=NOON,
        )
        with registry.transaction() as uow:
            uow.modes.append(live)
            set_green_light(light, uow)
        for message in (ELIGIBLE, NO_LONGER):
            with registry.transaction() as uow:
                record_screening(
                    RecordScreening(message=message, recorded_at=NOON), uow
                )
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT payload FROM outbox WHERE topic = 'trial.alerts'"
        )
        return [json.loads(payload) for (payload,) in rows]


def test_a_notice_keeps_to_its_schema_and_says_nothing_else(told):
    schema = published_schemas()["trial.alerts"]
    assert {notice["type"] for notice in told} == {"alert.raised", "alert.retracted"}
    for notice in told:
        jsonschema.validate(notice, schema)
        assert set(notice) == set(schema["properties"])
        assert set(notice["data"]) == set(schema["$defs"]["AlertTold"]["properties"])


def test_every_step_that_is_told_is_in_the_schema():
    steps = set(AlertStep) - {AlertStep.FOLLOWED}
    assert set(get_args(get_type_hints(AlertNotice)["type"])) == {
        f"alert.{step.value}" for step in steps
    }
