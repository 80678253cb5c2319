"""Through Kafka, Faust and PostgreSQL the registry ends up as in the embedded runner.

The same source, other ways: one worker or several, small batches or large.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from integration.live.house import RULES, feed, house, settled, wait_until
from sqlalchemy import create_engine, select

from registry.app.embedded import EmbeddedRunner
from registry.store.engine import database_url
from registry.store.migrate import migrate
from registry.store.schema import schema
from registry.store.unit_of_work import open_registry
from streams.adapters.intake import IntakeReport
from streams.app.flagging import flagged_beside
from streams.app.history.sources import open_history
from streams.pipeline.flaggable import FLAGGABLE
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
]

TABLES = (
    "onset_revision",
    "screening_revision",
    "outcome_revision",
    "alert",
    "alert_event",
    "clinical_event",
    "inbox",
)
OF_THE_RUN = {"act", "received_at", "recorded_at", "batch_id", "seen_at"}
SETTLED_IN = 900.0
"""Seconds: with batches of one record each waits for the broker by itself."""


# -- the embedded runner's answer ------------------------------------------------------


def embedded(folder, messages, rules=RULES):
    url = f"sqlite:///{folder}/embedded.sqlite"
    migrate(url)
    registry = open_registry(url)
    runner = EmbeddedRunner(registry, rules, source="test", fingerprint="f")
    runner.run(messages)
    registry.close()
    return content(url)


def content(url):
    """Each table by content, without what tells when and in which batch it came."""
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        found = {
            name: sorted(
                (tuple(row) for row in connection.execute(select(*_columns(name)))),
                key=repr,
            )
            for name in TABLES
        }
    engine.dispose()
    found["inbox"] = [row for row in found["inbox"] if "ehr.events" not in row]
    return found


def _columns(name):
    return [
        c for c in schema("sqlite").tables[name].columns if c.name not in OF_THE_RUN
    ]


# -- the live chain --------------------------------------------------------------------


def live(broker, postgres, folder, *source, workers, batch, **settings):
    with (
        postgres.database() as url,
        house(broker, url, folder, workers=workers, batch=batch, **settings) as environ,
    ):
        feed(environ, *source)
        wait_until(lambda: settled(broker), SETTLED_IN)
        return content(url)


def assert_same(found, wanted):
    for table in TABLES:
        assert wanted[table], f"{table} is empty, so nothing is shown"
        live_rows, embedded_rows = (
            Counter(map(repr, rows[table])) for rows in (found, wanted)
        )
        only_live = list((live_rows - embedded_rows).elements())[:3]
        missing = list((embedded_rows - live_rows).elements())[:3]
        assert (table, only_live, missing) == (table, [], [])


# -- the same --------------------------------------------------------------------------


def simulated(folder, days):
    config = HospitalConfig(seed=4, duration=timedelta(days=days))
    return embedded(folder, Simulation(config).messages())


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("embedded"), 2)


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("embedded"), 30)


@pytest.mark.parametrize(
    ("workers", "batch"), [(1, 1_000), (2, 1), (2, 1_000), (4, 100)]
)
def test_a_simulated_hospital_gives_the_same_registry(
    two_days, broker, postgres, tmp_path, workers, batch
):
    source = ("--simulate", "2", "--seed", "4")
    found = live(
        broker, postgres, tmp_path / "house", *source, workers=workers, batch=batch
    )
    assert_same(found, two_days)


EVERYTHING = {
    "EMBER_DEFINITIONS": ",".join(FLAGGABLE),
    "EMBER_ZONE": "America/New_York",
}


def test_flags_of_every_definition_are_the_same_in_the_registry(
    broker, postgres, tmp_path
):
    beside = flagged_beside(EVERYTHING)
    rules = replace(RULES, definitions=beside.definitions, zone=beside.zone)
    config = HospitalConfig(seed=4, duration=timedelta(days=2))
    wanted = embedded(tmp_path, Simulation(config).messages(), rules)
    named = {row for rows in wanted["onset_revision"] for row in rows}
    assert len(named & set(FLAGGABLE)) > 2
    found = live(
        *(broker, postgres, tmp_path / "house", "--simulate", "2", "--seed", "4"),
        workers=2,
        batch=100,
        **EVERYTHING,
    )
    assert_same(found, wanted)


@pytest.mark.long
@pytest.mark.parametrize("batch", [1_000, 100, 1])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_simulated_month_gives_the_same_registry(
    month, broker, postgres, tmp_path, workers, batch
):
    source = ("--simulate", "30", "--seed", "4")
    found = live(
        broker, postgres, tmp_path / "house", *source, workers=workers, batch=batch
    )
    assert_same(found, month)


@pytest.fixture(scope="module")
def mimic(mimic_demo, tmp_path_factory):
    history = open_history("mimic-iv", mimic_demo, None)
    folder = tmp_path_factory.mktemp("embedded")
    return embedded(folder, history.messages(IntakeReport()))


@pytest.mark.shared
@pytest.mark.xdist_group("mimic_live")
@pytest.mark.parametrize(
    ("workers", "batch"),
    list(product([1, 2, 4], [1_000, 100, 1])),
)
@pytest.mark.long
def test_the_mimic_demo_gives_the_same_registry(
    mimic, mimic_demo, broker, postgres, tmp_path, workers, batch
):
    source = ("--source", "mimic-iv", "--path", str(mimic_demo))
    found = live(
        broker, postgres, tmp_path / "house", *source, workers=workers, batch=batch
    )
    assert_same(found, mimic)
