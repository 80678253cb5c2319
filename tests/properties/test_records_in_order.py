"""Whatever a consumer drops, repeats or fetches too far: each record once, in order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from faust.types import TP
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.app.live.in_order import InOrder
from streams.vocabulary.errors import ErrorCode, SettingsError


LOG = TP("ehr.raw", 0)
COMPACT = TP("trial.protocols", 0)


@dataclass
class Message:
    tp: TP
    offset: int


@dataclass
class Event:
    message: Message


@dataclass
class Careless:
    """A consumer that loses what it has fetched, as Faust's does in a rebalance."""

    offsets: dict[TP, list[int]]
    position: dict[TP, int] = field(default_factory=dict)
    committed: dict[TP, int] = field(default_factory=dict)
    through: dict[TP, int] = field(default_factory=dict)
    confirmed: dict[TP, int] = field(default_factory=dict)
    commits: int = 0
    interrupt: Callable[[], None] = lambda: None
    """What may happen while an answer of the broker is awaited."""

    def committed_at(self, tp):
        return self.committed.get(tp)

    def assignment(self):
        return set(self.offsets)

    def highwater(self, tp):
        return self.offsets[tp][-1] + 1

    async def earliest_offsets(self, *tps):
        self.interrupt()
        return {tp: self.offsets[tp][0] for tp in tps}

    async def highwaters(self, *tps):
        self.interrupt()
        return {tp: self.highwater(tp) for tp in tps}

    async def seek(self, tp, offset):
        self.position[tp] = offset
        self.interrupt()

    def fetch(self, tp, count, *, lost):
        """The next records, without those that get lost on the way."""
        at = self.position.get(tp, 0)
        found = [o for o in self.offsets[tp] if o >= at][:count]
        if found:
            self.position[tp] = found[-1] + 1
        return [Event(Message(tp, o)) for o in found if not lost()]


def in_order(consumer, clock, **more):
    return InOrder(
        lambda: consumer,
        rebalancing=lambda: False,
        compacted=frozenset({COMPACT.topic}),
        clock=lambda: clock[0],
        **more,
    )


async def run(consumer, tp, losses, rebalances, interrupted=(), lost_turns=()):
    """Take until the end, with losses and rebalances on the way.

    Rebalances come between batches, and while the broker is asked (`interrupted`, by
    question); a turn that is lost is given back.
    """
    clock = [0.0]
    order = in_order(consumer, clock)
    questions, turns = count(), count()
    taken = []

    def rebalance():
        consumer.committed.update(consumer.through)
        order.forget()
        consumer.position[tp] = consumer.committed.get(tp, 0)

    consumer.interrupt = lambda: next(questions) in interrupted and rebalance()
    for step in range(600):
        clock[0] += 0.4
        if step in rebalances:
            rebalance()
        generation = order.generation
        batch = consumer.fetch(tp, 7, lost=lambda: bool(losses) and losses.pop())
        accepted = await order.accept(batch)
        if generation == order.generation and next(turns) not in lost_turns:
            taken += [event.message.offset for event in accepted]
            order.carried_out(accepted, generation)
        else:
            order.give_back(accepted, generation)
        await order.look_after({tp.topic})
        if consumer.through.get(tp) == consumer.highwater(tp):
            break
    return taken


@settings(deadline=None, max_examples=200)
@given(
    first=st.integers(0, 5),
    size=st.integers(1, 60),
    losses=st.lists(st.booleans(), max_size=80),
    rebalances=st.sets(st.integers(0, 30), max_size=4),
    interrupted=st.sets(st.integers(0, 12), max_size=4),
    lost_turns=st.sets(st.integers(0, 12), max_size=4),
)
def test_every_record_is_accepted_in_order(
    first, size, losses, rebalances, interrupted, lost_turns
):
    offsets = list(range(first, first + size))
    consumer = Careless({LOG: offsets})
    taken = asyncio.run(
        run(consumer, LOG, list(losses), rebalances, interrupted, lost_turns)
    )
    assert consumer.through[LOG] == first + size
    # A rebalance before a commit repeats; nothing is ever left out.
    assert list(dict.fromkeys(taken)) == offsets


@settings(deadline=None, max_examples=50)
@given(offsets=st.sets(st.integers(0, 40), min_size=1))
def test_the_gaps_of_a_compacted_topic_are_passed(offsets):
    consumer = Careless({COMPACT: sorted(offsets)})
    taken = asyncio.run(run(consumer, COMPACT, [], set()))
    assert taken == sorted(offsets)


def test_a_gap_that_retention_left_is_passed_and_no_other():
    consumer = Careless({LOG: [5, 6, 7]}, committed={LOG: 2})
    order = in_order(consumer, [0.0])
    accepted = asyncio.run(order.accept([Event(Message(LOG, 5))]))
    assert [event.message.offset for event in accepted] == [5]
    assert order.skipped == 3
    assert consumer.through == {LOG: 5}, "what is gone is behind no more"
    assert asyncio.run(run(consumer, LOG, [], set())) == [5, 6, 7]
    holed = Careless({LOG: [0, 1, 3]})
    assert asyncio.run(run(holed, LOG, [], set())) == [0, 1]
    assert holed.through[LOG] == 2


def test_what_was_carried_out_before_a_rebalance_is_not_committed_after_it():
    consumer = Careless({LOG: [0, 1]})
    order = in_order(consumer, [0.0])
    accepted = asyncio.run(order.accept([Event(Message(LOG, 0))]))
    generation = order.generation
    order.forget()
    order.carried_out(accepted, generation)
    assert consumer.through == {}


def test_a_log_that_was_made_anew_is_not_taken_for_the_one_that_was_read():
    consumer = Careless({LOG: [0, 1]}, committed={LOG: 7})
    with pytest.raises(SettingsError) as refused:
        asyncio.run(in_order(consumer, [0.0]).accept([Event(Message(LOG, 0))]))
    assert refused.value.code is ErrorCode.LOG_REPLACED


def test_a_gap_is_told_with_its_place():
    told = []
    consumer = Careless({LOG: [5, 6]}, committed={LOG: 2})
    order = in_order(consumer, [0.0], gone=lambda *where: told.append(where))
    asyncio.run(order.look_after({LOG.topic}))
    assert told == [(LOG, 2, 5)]
