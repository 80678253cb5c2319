"""What a transaction failed of is told by the database's own words, on both."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from registry.domain.feed import FeedKey, FeedKind
from registry.store.engine import database_url, make_engine
from registry.store.unit_of_work import Registry
from registry.usecases.faults import Fault
from registry.usecases.outbox import ROSTER, OutboxItem
from registry.usecases.stream_state import Seen


def diagnosed(registry, act):
    """The diagnosis of what `act` fails of."""
    try:
        with registry.transaction() as uow:
            act(uow)
    except Exception as fault:  # noqa: BLE001  whatever it is, it is diagnosed
        return registry.diagnosis(fault)
    raise AssertionError


def test_somebody_who_was_faster_is_a_race(bedside, registry):
    noon = bedside.noon
    seen = Seen("m1", ROSTER, "d")
    with registry.transaction() as uow:
        uow.stream.mark_seen([seen], noon)

    found = diagnosed(registry, lambda uow: uow.stream.mark_seen([seen], noon))
    assert found.fault is Fault.RACE


def test_another_revision_under_a_number_that_is_taken_is_a_race_that_stays(
    bedside, registry
):
    bedside.hear(bedside.onset())
    other = replace(bedside.onset(), message_id="another")

    found = diagnosed(registry, lambda uow: bedside.record(uow, other))
    assert found.fault is Fault.RACE
    assert "another" not in found.told


def test_what_no_column_takes_is_the_datas_fault(bedside, registry):
    huge = replace(bedside.onset(), revision=2**70)

    found = diagnosed(registry, lambda uow: bedside.record(uow, huge))
    assert found.fault is Fault.DATA


def test_a_table_that_is_gone_is_nobodys_fault_we_foresaw(registry, tamper):
    tamper("DROP TABLE feed")
    key = FeedKey("A", FeedKind.SOURCE, "lab")

    with pytest.raises(DBAPIError) as fault, registry.transaction() as uow:
        uow.feeds.lock([key])
    assert registry.diagnosis(fault.value) is None
    assert registry.diagnosis(ValueError()) is None


@pytest.mark.parametrize(
    "url", ["postgresql://127.0.0.1:1/none", "sqlite:////no/such/folder/x.sqlite"]
)
def test_a_database_that_cannot_be_reached_is_away(url):
    registry = Registry(make_engine(database_url(url)))
    with pytest.raises(SQLAlchemyError) as fault, registry.transaction():
        pass

    assert registry.diagnosis(fault.value).fault is Fault.AWAY
    assert not registry.answers()
    registry.close()


def test_a_database_that_is_there_answers(registry):
    assert registry.answers()


def test_the_first_message_of_an_id_stands_within_a_batch_and_after_it(bedside):
    first = bedside.onset(score=4)
    other = bedside.onset(score=9)

    together = bedside.hear(first, other, first)
    again = bedside.hear(other, bedside.onset(score=4))

    assert (together.onsets, together.repeated, together.conflicts) == (1, (2,), (1,))
    assert (again.onsets, again.repeated, again.conflicts) == (0, (1,), (0,))


def test_the_outbox_is_read_in_the_order_of_writing_whatever_the_clocks_say(
    bedside, registry
):
    def item(number):
        at = bedside.noon.replace(hour=20 - number)
        return OutboxItem(
            outbox_id=f"o{number}",
            topic=ROSTER,
            key="A/p1",
            payload="{}",
            created_at=at,
            next_attempt_at=at,
        )

    for number in range(3):
        with registry.transaction() as uow:
            uow.outbox.add([item(2 * number), item(2 * number + 1)])
    with registry.transaction() as uow:
        waiting = uow.outbox.waiting([ROSTER], 10)
        assert uow.outbox.count_waiting([ROSTER]) == 6
        uow.outbox.delivered("o0", at=bedside.noon)
        uow.outbox.failed("o1", error="too large", next_attempt_at=None)
        rest = uow.outbox.waiting([ROSTER], 3)

    assert [i.outbox_id for i in waiting] == [f"o{n}" for n in range(6)]
    assert [i.outbox_id for i in rest] == ["o2", "o3", "o4"]
