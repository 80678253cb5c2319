"""Wherever a worker dies, the next one says the same things under the same names."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.app.protocols import shipped_protocols
from streams.pipeline.flaggable import FLAGGABLE, further
from streams.pipeline.instants import by_instant
from streams.pipeline.log import (
    Delivery,
    Resident,
    chunk_name,
    chunk_prefix,
    encode_checkpoint,
    encode_chunk,
    merged,
    read_checkpoint,
    rebuilt,
    split_name,
)
from streams.pipeline.patient import Rules
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import LOGGED, ClockTick, decode, encode


pytestmark = pytest.mark.unmeasured


RULES = Rules(
    protocols=shipped_protocols(), software_version="test", outcomes_of_flags=True
)

ZONE = "America/New_York"
EVERYTHING = replace(RULES, definitions=further(FLAGGABLE, zone=ZONE), zone=ZONE)
"""All that can be flagged, beside Sepsis-3."""


@cache
def logs() -> tuple[tuple[Delivery, ...], ...]:
    """The logs of made-up patients whose record leads to something."""
    by_patient = defaultdict(list)
    config = HospitalConfig(seed=4, duration=timedelta(days=3))
    for told in by_instant(Simulation(config).messages()):
        by_patient[told[0].patient].extend(told)
    found = []
    for messages in by_patient.values():
        end = messages[-1].known_at + timedelta(days=400)
        tick = ClockTick(
            message_id=identity("tick", messages[0].patient),
            site=messages[0].site,
            patient=messages[0].patient,
            happened_at=end,
            known_at=end,
            source="clock",
            provenance=messages[0].provenance,
        )
        payloads = [encode(LOGGED, message) for message in [*messages, tick]]
        log = tuple(Delivery(3 * n, p) for n, p in enumerate(payloads))
        if len(said_by(log)) > 3:
            found.append(log)
    return tuple(found[:6])


def new_state(log):
    first = decode(LOGGED, log[0].payload)
    return PatientState(site=first.site, patient=first.patient)


def take(resident, deliveries, rules=RULES):
    return [
        said
        for d in deliveries
        for said in resident.take(d.offset, decode(LOGGED, d.payload), rules)
    ]


def said_by(log, rules=RULES):
    return take(Resident(new_state(log)), log, rules)


@cache
def whole(number):
    return said_by(logs()[number])


@cache
def all_of_it(number):
    return said_by(logs()[number], EVERYTHING)


def chunks_of(log, cuts):
    """The deliveries as chunks cut at these places, each cut twice over."""
    places = sorted({0, len(log), *(cut % len(log) for cut in cuts)})
    cut = [log[a:b] for a, b in pairwise(places)]
    overlapping = [log[max(0, a - 2) : b] for a, b in pairwise(places)]
    return [
        encode_chunk(part, packed=n % 2 == 0)
        for n, part in enumerate([*overlapping, *cut])
        if part
    ]


@settings(deadline=None, max_examples=60)
@given(
    number=st.integers(0, 5),
    head=st.floats(0, 1),
    stored=st.floats(0, 1),
    committed=st.floats(0, 1),
    cuts=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_a_worker_that_died_anywhere_is_continued_exactly(
    number, head, stored, committed, cuts
):
    log = logs()[number % len(logs())]
    stored_to = int(stored * len(log))
    head_at = int(head * stored_to)
    committed_to = int(committed * stored_to)

    # The head rests on what was acknowledged; deliveries may be ahead of it.
    dead = Resident(new_state(log))
    before = take(dead, log[:head_at])
    checkpoint = read_checkpoint(encode_checkpoint(dead)) if head_at else None
    deliveries = merged(chunks_of(log[:stored_to], cuts)) if stored_to else []

    alive, again = rebuilt(new_state(log), checkpoint, deliveries, lambda _: RULES)
    after = take(alive, log[committed_to:])

    assert before + again + after == whole(logs().index(log))


@settings(deadline=None, max_examples=12)
@given(number=st.integers(0, 1), head=st.floats(0, 1), stored=st.floats(0, 1))
def test_a_worker_that_flags_all_there_is_is_continued_exactly_too(
    number, head, stored
):
    log = logs()[number]
    stored_to = int(stored * len(log))
    head_at = int(head * stored_to)
    dead = Resident(new_state(log))
    before = take(dead, log[:head_at], EVERYTHING)
    checkpoint = read_checkpoint(encode_checkpoint(dead)) if head_at else None

    alive, again = rebuilt(
        new_state(log), checkpoint, log[:stored_to], lambda _: EVERYTHING
    )
    after = take(alive, log[stored_to:], EVERYTHING)

    assert before + again + after == all_of_it(number)


def test_further_flags_leave_all_else_of_a_log_as_it_is():
    log = logs()[0]
    beside = {entry.rule.name for entry in EVERYTHING.definitions}
    told = [m for m in all_of_it(0) if getattr(m, "definition", None) not in beside]
    assert told == said_by(log)
    assert len(told) < len(all_of_it(0))


@settings(deadline=None, max_examples=30)
@given(number=st.integers(0, 5), at=st.floats(0, 1), back=st.integers(0, 40))
def test_a_redelivery_says_nothing_new(number, at, back):
    log = logs()[number % len(logs())]
    here = int(at * len(log))
    resident = Resident(new_state(log))
    take(resident, log[:here])
    assert take(resident, log[max(0, here - back) : here]) == []


def test_a_head_knows_when_to_look_again_without_being_read():
    log = logs()[0]
    resident = Resident(new_state(log))
    for delivery in log:
        take(resident, [delivery])
        stored = read_checkpoint(encode_checkpoint(resident))
        assert stored.position == delivery.offset
        assert stored.due == resident.state.due
        assert stored.live == resident.state.live


def test_names_of_chunks_tell_patient_and_last_offset():
    deliveries = [Delivery(7, b"a"), Delivery(9, b"b")]
    name = chunk_name(b"site/p\x001", deliveries)
    assert split_name(name) == (b"site/p\x001", 9)
    assert name.startswith(chunk_prefix(b"site/p\x001"))
    assert not name.startswith(chunk_prefix(b"site/p"))


def test_closing_time_of_another_clock_does_not_move_a_patient_who_lives_now():
    log = logs()[0]
    live = [
        encode(LOGGED, replace(decode(LOGGED, d.payload), provenance="live"))
        for d in log[:-1]
    ]
    resident = Resident(new_state(log))
    for n, payload in enumerate(live):
        resident.take(n, decode(LOGGED, payload), RULES)
    clock = resident.state.clock
    assert resident.take(len(live), decode(LOGGED, log[-1].payload), RULES) == []
    assert resident.state.clock == clock


def test_history_does_not_colour_a_live_instant_that_is_not_whole_yet():
    log = logs()[0]
    messages = [decode(LOGGED, d.payload) for d in log[:-1]]
    end = next(
        n
        for n in range(len(messages))
        if said_by(log[: n + 1]) and n + 1 < len(messages)
    )
    live = [replace(m, provenance="live") for m in messages]
    live[end] = replace(live[end], continues=True)
    past = replace(messages[0], message_id="again", continues=None)
    resident = Resident(new_state(log))
    said = []
    for n, message in enumerate([*live[: end + 1], past, *live[end + 1 :]]):
        said += resident.take(n, message, RULES)
    assert said
    assert {told.provenance for told in said} == {"live"}


def test_what_is_judged_again_is_judged_by_the_rules_of_its_own_place():
    log = logs()[0]
    bare = replace(RULES, protocols=())

    def rules_at(offset):
        return RULES if offset > log[len(log) // 2].offset else bare

    whole_run = Resident(new_state(log))
    wanted = [
        said
        for d in log
        for said in whole_run.take(
            d.offset, decode(LOGGED, d.payload), rules_at(d.offset)
        )
    ]
    _, again = rebuilt(new_state(log), None, log, rules_at)
    assert again == wanted
    assert wanted != said_by(log)


def test_what_falls_due_for_a_living_patient_is_live_whatever_was_told_last():
    log = logs()[0]
    live = [replace(decode(LOGGED, d.payload), provenance="live") for d in log[:-1]]
    resident = Resident(new_state(log))
    offset = 0
    for message in live:
        resident.take(offset, message, RULES)
        offset += 1
        if resident.state.due is not None and resident.state.flags:
            break
    past = replace(live[0], message_id="past", provenance="history", events=())
    resident.take(offset, past, RULES)
    later = replace(
        live[0],
        message_id="later",
        known_at=resident.state.due + timedelta(days=1),
        events=(),
    )
    said = resident.take(offset + 1, later, RULES)
    assert said
    assert {told.provenance for told in said} == {"live"}
