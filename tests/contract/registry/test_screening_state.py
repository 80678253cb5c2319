"""Where screenings stand is what their revisions come to, whatever order they came in.

The reference reads every revision and counts in Python.
"""

from collections import Counter, defaultdict
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from registry.domain.consent import Standing
from registry.domain.consent_terms import NOT_ASKED, Recorded
from registry.domain.flow import Course, boxes, exit_of
from registry.store.engine import database_url, make_engine
from registry.store.migrate import HEAD, migrate
from registry.store.open_windows import ruled_out_by_answer
from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
from registry.store.unit_of_work import UnitOfWork
from registry.store.worklists import opted_out, stands
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.clock import HOUR
from streams.vocabulary.messages import ScreeningStatus


STATUSES = ScreeningStatus.__args__
EVER = ("needs_data", "needs_human", "eligible")
trials = count()


@pytest.fixture
def engine(registry_url):
    made = make_engine(database_url(registry_url))
    yield made
    made.dispose()


@st.composite
def revisions(draw):
    """Patient, revision, hour it was recorded at, verdict, window: in any order."""
    told = [
        (
            patient,
            revision,
            draw(st.integers(0, 5)),
            draw(st.sampled_from(STATUSES)),
            draw(st.booleans()),
        )
        for patient in ("p1", "p2", "p3")
        for revision in range(draw(st.integers(0, 3)))
    ]
    return draw(st.permutations(told))


def hear(bedside, trial, told):
    """Each in a transaction of its own, or all of one hour in one."""
    by_hour = defaultdict(list)
    for patient, revision, hour, status, window_open in told:
        verdict = bedside.verdict(
            patient,
            revision,
            trial=trial,
            status=status,
            window_open=window_open,
            deadline=bedside.noon + (revision + 2) * HOUR,
        )
        by_hour[hour].append(verdict)
    for hour, messages in by_hour.items():
        at = bedside.noon + hour * HOUR
        with bedside.registry.transaction() as uow:
            record_batch(RecordBatch(messages=messages, recorded_at=at), uow)


def histories(engine, trial, at):
    """All revisions of each screening that were recorded by then, in order."""
    row = ScreeningRow
    query = select(row.__table__).where(row.trial == trial).order_by(row.revision)
    found = defaultdict(list)
    with engine.connect() as connection:
        for revision in connection.execute(query):
            if revision.recorded_at <= at:
                found[revision.screening_id].append(revision)
    return found.values()


def expected_flow(engine, trial, at):
    """What the latest revisions say, and what any ever said while open."""
    last, ever = Counter(), Counter()
    for history in histories(engine, trial, at):
        last[history[-1].status] += 1
        ever.update({one.status for one in history if one.window_open})
    return last, ever


def expected_boxes(engine, trial, at):
    """Each screening's course, one by one."""
    with engine.connect() as connection:
        stood = {
            one.patient: (told, now)
            for one, told, now in stands(connection, at=at, trial=trial)
        }
        out = opted_out(connection, at)
        against = ruled_out_by_answer(connection, at)
    ends = Counter()
    for history in histories(engine, trial, at):
        last, while_open = history[-1], [one for one in history if one.window_open]
        told, now = stood.get(last.patient, (Recorded(), NOT_ASKED))
        course = Course(
            status=while_open[-1].status if while_open else None,
            window_open=last.window_open and last.deadline >= at,
            was_candidate=any(o.status in EVER[1:] for o in while_open),
            answered_against=last.screening_id in against,
            approached=told.standing is not Standing.NOT_ASKED,
            standing=now.standing,
            may_randomise=now.permits.randomise,
            opted_out=not out.get((last.site, last.patient), set()).isdisjoint(
                {"", trial}
            ),
        )
        ends[exit_of(course)] += 1
    return boxes(ends) if ends else None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@given(told=revisions(), consents=st.sets(st.sampled_from(("p1", "p2"))))
def test_every_count_is_that_of_all_revisions(bedside, engine, told, consents):
    trial = f"T{next(trials)}"
    hear(bedside, trial, told)
    for patient in sorted(consents):
        bedside.consent(patient, trial=trial, at=bedside.noon + HOUR)
    bedside.opt_out("p3", trial=trial, at=bedside.noon + 2 * HOUR)

    last, ever = expected_flow(engine, trial, bedside.noon + 9 * HOUR)
    with bedside.registry.reading() as views:
        for view in views.flow(trial):
            assert {s: getattr(view, s) for s in STATUSES} == {
                s: last[s] for s in STATUSES
            }
            assert {s: getattr(view, f"ever_{s}") for s in EVER} == {
                s: ever[s] for s in EVER
            }
        for hours in (0, 1, 3, 6):
            at = bedside.noon + hours * HOUR
            found = [dict(v.boxes) for v in views.flow_at(at, trial=trial)]
            plain = expected_boxes(engine, trial, at)
            assert found == ([] if plain is None else [plain])
    assert not bedside.broken_chains()


def test_a_state_that_is_not_what_the_revisions_say_is_found(bedside, engine):
    hear(
        bedside,
        "TIDE",
        [("p1", 0, 0, "eligible", True), ("p1", 1, 1, "ineligible", False)],
    )
    table = ScreeningStateRow.__table__
    others = {
        "screening_id": "other",
        "status": "needs_data",
        "open_status": "needs_data",
    }
    unseen = []
    with engine.connect() as connection:
        kept = connection.execute(select(table)).mappings().one()
        for column in table.columns:
            match value := kept[column.name]:
                case bool():
                    changed = not value
                case int():
                    changed = value + 1
                case str():
                    changed = others.get(column.name, "other")
                case _:
                    changed = value + HOUR
            connection.execute(update(table).values({column: changed}))
            if not any(r.break_ for r in verify_audit(UnitOfWork(connection))):
                unseen.append(column.name)
            connection.rollback()
        connection.execute(delete(table))
        (found,) = [r.break_ for r in verify_audit(UnitOfWork(connection)) if r.break_]
        connection.rollback()

    assert unseen == []
    assert "1 screenings" in found.reason
    assert not bedside.broken_chains()


def test_an_upgrade_fills_in_what_was_recorded_before(bedside, engine, registry_url):
    hear(
        bedside,
        "TIDE",
        [
            ("p1", 0, 1, "eligible", True),
            ("p1", 1, 2, "ineligible", False),
            ("p2", 0, 0, "ineligible", False),
        ],
    )
    table = ScreeningStateRow.__table__

    def kept():
        with engine.connect() as connection:
            order = table.c.patient
            return connection.execute(select(table).order_by(order)).all()

    before = kept()
    migrate(registry_url, "0011")
    migrate(registry_url, HEAD)

    assert len(before) == 2
    assert kept() == before
