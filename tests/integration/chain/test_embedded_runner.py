"""Interrupted, repeated, cut into other batches: the registry ends up the same."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest
from sqlalchemy import create_engine, inspect, text

from registry.app.embedded import EmbeddedRunner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from streams.app.protocols import shipped_protocols
from streams.pipeline.patient import Rules
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.messages import EhrMessage


CONFIG = HospitalConfig(seed=4, duration=timedelta(days=3))
RULES = Rules(
    protocols=shipped_protocols(), software_version="test", outcomes_of_flags=True
)
OF_THE_RUN = {
    "act",
    "received_at",
    "seen_at",
    "recorded_at",
    "first_recorded_at",
    "last_recorded_at",
    "batch_id",
    "position",
    "hash",
    "prev_hash",
    "cursor",
}


class PowerCut(BaseException):
    """What no handler expects."""


@cache
def messages() -> tuple[EhrMessage, ...]:
    return tuple(Simulation(CONFIG).messages())


def cut_after(count: int) -> Iterator[EhrMessage]:
    yield from messages()[:count]
    raise PowerCut


def run(url, source=None, *, batch_size=500, fingerprint="f"):
    migrate(url)
    with_registry = open_registry(url)
    try:
        runner = EmbeddedRunner(
            with_registry,
            RULES,
            source="test",
            fingerprint=fingerprint,
            batch_size=batch_size,
        )
        return runner.run(messages() if source is None else source)
    finally:
        with_registry.close()


def content(url) -> dict[str, set[tuple[object, ...]]]:
    """Every table, without what tells when and in which batch it was written."""
    engine = create_engine(url)
    tables = {}
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            if table in ("audit_event", "alembic_version") or table.startswith("audit"):
                continue
            columns = [
                c["name"]
                for c in inspect(engine).get_columns(table)
                if c["name"] not in OF_THE_RUN
            ]
            rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM {table}"))
            tables[table] = {tuple(row) for row in rows}
    engine.dispose()
    return tables


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('whole')}/ember.sqlite"
    tally = run(url)
    assert tally.onsets > 0
    assert tally.screenings > 0
    assert tally.outcomes > 0
    return content(url)


@pytest.mark.parametrize("batch_size", [1, 37, 100_000])
def test_no_result_depends_on_where_a_batch_ends(whole, tmp_path, batch_size):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    run(url, batch_size=batch_size)
    assert content(url) == whole


@pytest.mark.parametrize("share", [0.05, 0.4, 0.95])
def test_an_interrupted_run_continues_where_it_stopped(whole, tmp_path, share):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    with pytest.raises(PowerCut):
        run(url, cut_after(int(len(messages()) * share)), batch_size=41)
    again = run(url, batch_size=41)
    assert content(url) == whole
    assert again.messages < len(messages())


def test_a_run_interrupted_again_and_again_ends_the_same(whole, tmp_path):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    for count in range(400, len(messages()), 700):
        with pytest.raises(PowerCut):
            run(url, cut_after(count), batch_size=60)
    run(url)
    assert content(url) == whole


def test_a_finished_run_changes_nothing_when_repeated(tmp_path):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    run(url)
    before = (tmp_path / "ember.sqlite").read_bytes()
    assert run(url).messages == 0
    assert (tmp_path / "ember.sqlite").read_bytes() == before


def test_a_run_over_other_data_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    run(url, messages()[:50])
    with pytest.raises(SettingsError) as refused:
        run(url, messages()[:50], fingerprint="other")
    assert refused.value.code is ErrorCode.CURSOR_MISMATCH


def test_a_silent_registry_alerts_nobody_and_says_why(whole, tmp_path):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    run(url)
    with open_registry(url).reading() as views:
        alerts = views.alerts()
    assert alerts
    assert {alert.suppressed for alert in alerts} == {"mode_silent"}
    assert not whole["outbox"]
