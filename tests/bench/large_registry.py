"""A year of a large registry, made up by the database itself, and kept for another run.

One trial of four domains at 16 sites.  Screening `n` begins `n` steps into the year and
is revised each hour; its window closes after six.  Of 20 patients 14 are ineligible in
all domains, 3 lack data, 2 want a human, 1 is eligible.  Rows have the shape and the
keys of real ones; the documents are whole where anything reads them (screenings of the
last days, and those answered by hand), elsewhere empty.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from servers.postgres import Server, kept
from sqlalchemy import Connection, Engine, create_engine, func, insert, select, text

from registry.store.engine import database_url, make_engine
from registry.store.migrate import migrate
from registry.store.repositories.screening_state import by_revisions
from registry.store.rows.verdicts import ScreeningStateRow
from registry.store.unit_of_work import Registry
from streams.vocabulary.messages import TRIAL_SCREENING, TrialScreening, encode


CACHE = Path(__file__).resolve().parents[2] / ".cache" / "registry-bench"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(days=365)
_TABLE = "screening_revision"


@contextmanager
def large_registry(
    screenings: int, revisions: int, example: TrialScreening
) -> Iterator[tuple[str, dict[str, object]]]:
    """The URL of a registry of that size, and how long it took to make, and its size."""
    with kept(CACHE) as server:
        name = f"large_{screenings}_{revisions}"
        began = time.perf_counter()
        if not _is_there(server, name):
            _make(server, name, screenings, revisions, example)
        took = time.perf_counter() - began
        with create_engine(_url(server, name)).connect() as connection:
            size = connection.scalar(
                text("SELECT pg_database_size(current_database())")
            )
            rows = connection.scalar(text(f"SELECT count(*) FROM {_TABLE}"))
        told = {"revisions": rows, "gigabytes": round((size or 0) / 1e9, 1)}
        yield _url(server, name), told | {"seconds_to_make": round(took)}


def measured(url: str, rounds: int) -> dict[str, object]:
    """Milliseconds of each query, as `_times` tells, in a snapshot each.

    One connection. The walls are with the parallel workers that PostgreSQL gives by
    itself; the cores are counted in as many rounds more, in which its server works alone.
    What is loaded is no garbage, as with the command (`streams.app.command_line`): to
    look through all of it takes 60 ms, in one question of two or of ten.
    """
    gc.collect()
    gc.freeze()
    engine = make_engine(database_url(url), pool_size=1)
    with engine.connect() as connection:
        server = connection.scalar(select(func.pg_backend_pid())) or 0
    registry = Registry(engine)
    past = [NOW - timedelta(days=365 * n / (rounds + 1)) for n in range(1, rounds + 1)]
    asked: dict[str, Callable[[int], object]] = {
        "patient": lambda n: _reading(
            registry, lambda v: v.screenings(f"S{n % 16}", f"p{n}", at=NOW)
        ),
        "strata": lambda _: _reading(registry, lambda v: v.strata(at=NOW)),
        "consents": lambda _: _reading(registry, lambda v: v.consent_stands(at=NOW)),
        "alerts": lambda n: _reading(registry, lambda v: v.alerts(patient=f"p{n}")),
        "flow": lambda _: _reading(registry, lambda v: v.flow()),
        "flow_at_now": lambda _: _reading(registry, lambda v: v.flow_at(NOW)),
        "flow_at_past": lambda n: _reading(registry, lambda v: v.flow_at(past[n])),
    }
    try:
        return {
            f"{name}_ms": [*_walls(ask, rounds), _core(engine, server, ask, rounds)]
            for name, ask in asked.items()
        }
    finally:
        registry.close()


def _reading(registry: Registry, ask: Callable[..., object]) -> object:
    with registry.reading() as views:
        return ask(views)


def _walls(ask: Callable[[int], object], rounds: int) -> list[float]:
    """Of the wall at 50 % and 95 %."""
    ask(0)
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - began) * 1_000)
    cuts = quantiles(taken, n=20)
    return [round(cuts[9], 1), round(cuts[18], 1)]


def _core(
    engine: Engine, server: int, ask: Callable[[int], object], rounds: int
) -> float:
    """Of a core on the mean, Python and the database together."""
    with _alone(engine):
        ask(0)
        busy = time.process_time() + _cpu_seconds(server)
        for number in range(rounds):
            ask(number)
        spent = time.process_time() + _cpu_seconds(server) - busy
    return round(spent * 1_000 / rounds, 1)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """The one connection's server has no workers beside it."""
    try:
        _say(engine, "SET max_parallel_workers_per_gather = 0")
        yield
    finally:
        _say(engine, "RESET max_parallel_workers_per_gather")


def _say(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(statement))
        connection.commit()


def _cpu_seconds(server: int) -> float:
    """What that process used of a core (Linux)."""
    told = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK")


def _is_there(server: Server, name: str) -> bool:
    with create_engine(_url(server, "postgres")).connect() as connection:
        query = text("SELECT 1 FROM pg_database WHERE datname = :name")
        return connection.scalar(query, {"name": name}) is not None


def _url(server: Server, name: str) -> str:
    return server.url(name).replace("postgresql:", "postgresql+psycopg:")


def _make(
    server: Server, name: str, screenings: int, revisions: int, example: TrialScreening
) -> None:
    """Under another name until it is whole."""
    server.run("DROP DATABASE IF EXISTS half_made")
    server.run("CREATE DATABASE half_made")
    migrate(server.url("half_made"))
    engine = create_engine(_url(server, "half_made"))
    given = {
        "screenings": screenings,
        "revisions": revisions,
        "document": encode(TRIAL_SCREENING, example).decode(),
    }
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        _run_all(connection, _WITHOUT_INDICES)
        connection.execute(text(_REVISIONS), given)
        _run_all(connection, _WITH_INDICES)
        for statement in _PEOPLE:
            connection.execute(text(statement), given)
        connection.execute(text("ANALYZE"))
        columns = [column.key for column in ScreeningStateRow.__table__.columns]
        state = insert(ScreeningStateRow).from_select(columns, by_revisions())
        connection.execute(state)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    server.run(f"ALTER DATABASE half_made RENAME TO {name}")


def _run_all(connection: Connection, statements: str) -> None:
    """Several at once, which the driver takes only without parameters."""
    own = connection.connection.driver_connection
    assert own is not None
    own.execute(statements)


_WITHOUT_INDICES = f"""
CREATE TABLE kept_indices AS
SELECT i.indexdef AS made, NULL::text AS key FROM pg_indexes i
WHERE tablename = '{_TABLE}'
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
UNION ALL
SELECT NULL, format('ALTER TABLE {_TABLE} ADD CONSTRAINT %I %s', conname,
                    pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = '{_TABLE}'::regclass AND contype IN ('p', 'u');
CREATE TABLE kept_links AS
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
              pg_get_constraintdef(oid)) AS made,
       conrelid::regclass::text AS place, conname
FROM pg_constraint WHERE confrelid = '{_TABLE}'::regclass AND contype = 'f';
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT * FROM kept_links LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname);
  END LOOP;
  FOR one IN SELECT conname FROM pg_constraint
      WHERE conrelid = '{_TABLE}'::regclass AND contype IN ('p', 'u') LOOP
    EXECUTE format('ALTER TABLE {_TABLE} DROP CONSTRAINT %I', one.conname);
  END LOOP;
  FOR one IN SELECT indexname FROM pg_indexes WHERE tablename = '{_TABLE}' LOOP
    EXECUTE format('DROP INDEX %I', one.indexname);
  END LOOP;
END $$
"""
_WITH_INDICES = """
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT coalesce(made, key) FROM kept_indices LOOP EXECUTE one; END LOOP;
  FOR one IN SELECT made FROM kept_links LOOP EXECUTE one; END LOOP;
END $$;
DROP TABLE kept_indices, kept_links
"""
_REVISIONS = f"""
INSERT INTO {_TABLE} (
    message_id, revision, site, patient, episode, happened_at, known_at, provenance,
    source, recorded_at, batch_id, document, screening_id, status, trial, domain,
    protocol_version, protocol_hash, software_version, definition_version, flag_id,
    anchor, anchor_at, deadline, valid_until, window_open, stratum)
SELECT m.id, r, s.site, s.patient, 'e1', s.at, s.at + r * interval '1 hour', 'live',
    'screen', s.at + r * interval '1 hour', md5((n / 50)::text || 'b')::uuid::text,
    CASE WHEN s.whole THEN
        replace(replace(replace(replace(:document, '@m', m.id), '@s', s.id),
                '@p', s.patient), '@h', s.site)
    ELSE '{{}}' END,
    s.id, CASE WHEN r < 6 THEN s.status ELSE 'ineligible' END, 'TIDE',
    'd' || n % 4, '1.0', '{"0" * 64}', '0.1.0', '1', s.id,
    'onset.known_at', s.at, s.at + interval '6 hours', NULL, r < 6, 'site=' || s.site
FROM generate_series(0, :screenings - 1) n
CROSS JOIN LATERAL (
    SELECT md5(n::text)::uuid::text AS id, 'S' || (n / 4) % 16 AS site,
        'p' || n / 4 AS patient,
        timestamptz '2026-01-01 00:00+00'
            + n * (interval '365 days' / :screenings) AS at,
        CASE WHEN (n / 4) % 20 < 14 THEN 'ineligible'
             WHEN (n / 4) % 20 < 17 THEN 'needs_data'
             WHEN (n / 4) % 20 < 19 THEN 'needs_human' ELSE 'eligible' END AS status,
        n < 2000 OR n > :screenings * 0.995 AS whole
) s
CROSS JOIN generate_series(0, :revisions - 1) r
CROSS JOIN LATERAL (SELECT md5(n || '/' || r)::uuid::text AS id) m
WHERE s.at + r * interval '1 hour' <= timestamptz '2027-01-01 00:00+00'
"""
_SOME = "generate_series(0, least(:screenings / 4 - 1, 40000)) p"
_PEOPLE = (
    f"""
    INSERT INTO participant SELECT 'TIDE-' || p, 'TIDE', 'S' || p % 16, 'p' || p, p,
        timestamptz '2026-01-01 02:00+00' FROM {_SOME} WHERE p % 20 = 19
    """,
    """
    INSERT INTO consent_revision SELECT md5(participant)::uuid::text, participant, 1,
        'given', 'written', NULL, recorded_at, recorded_at, 'nurse' FROM participant
    """,
    f"""
    INSERT INTO human_answer SELECT md5('a' || p)::uuid::text, md5((p * 4)::text)::uuid::text, 0,
        '{"0" * 64}', 'c1', 1, 'TRUE', NULL, 'doctor',
        timestamptz '2026-01-01 03:00+00' FROM {_SOME} WHERE p < 500
    """,
    f"""
    INSERT INTO alert SELECT md5('l' || p)::uuid::text, md5((p * 4)::text)::uuid::text,
        'S' || p % 16, 'p' || p, 'TIDE', 'd0', 'e1', 'expired', NULL, 'eligible', 0,
        now(), now(), now() FROM {_SOME} WHERE p % 20 > 16
    """,
    """
    INSERT INTO alert_event SELECT alert_id, 1, 'raised', 0, NULL, true, raised_at, 'a'
    FROM alert
    """,
)
