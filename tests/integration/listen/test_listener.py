"""A listener on a real socket, before a store that the test holds in its hand."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from integration.listen.house import (
    IDENTITIES,
    HeldStore,
    code_of,
    eventually,
    house,
    message,
)

from streams.adapters.hl7v2.mllp import framed
from streams.adapters.identity.pseudonyms import Identifier
from streams.app.listen.hearing import Heard, Hearing


def run(test):
    """Each test is a coroutine of its own loop."""

    def runs():
        asyncio.run(test())

    runs.__name__ = test.__name__
    return runs


@run
async def test_a_message_is_stored_byte_for_byte_and_accepted():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        assert await sender.told(message(1)) == ("AA", "C1")
        (kept,) = store.kept
        assert kept.payload == message(1)
        patient = IDENTITIES.name("patient", Identifier("GENERAL", "555-7"))
        assert kept.key == f"ward/{patient}".encode()
        assert (kept.sender, kept.control_id) == ("LAB|GENERAL", "C1")
        assert up.metric("ember_listener_messages_total", outcome="applied") == 1
        assert up.metric("ember_listener_answers_total", answer="AA") == 1


@run
async def test_nothing_is_accepted_before_it_is_durable():
    store = HeldStore(slow=True)
    async with house(store) as up, up.sender() as sender:
        sender.send(message(1), message(2))
        await eventually(lambda: len(store.kept) == 2)
        with pytest.raises(TimeoutError):
            await sender.answer(0.2)
        store.release()
        assert code_of(await sender.answer()) == ("AA", "C1")
        assert code_of(await sender.answer()) == ("AA", "C2")


@run
async def test_what_does_not_become_durable_is_not_answered_and_the_line_is_closed():
    store = HeldStore(slow=True)
    async with house(store, patience=1) as up, up.sender() as sender:
        sender.send(message(1))
        assert await sender.answer() is None
        assert up.metric("ember_listener_messages_total", outcome="failed") == 1
        async with up.sender() as again:
            again.send(message(1))
            await eventually(
                lambda: up.metric("ember_listener_messages_total", outcome="repeated")
            )
            store.release()
            assert code_of(await again.answer()) == ("AA", "C1")
        assert len(store.kept) == 1


@run
async def test_a_store_that_cannot_go_on_ends_the_listener_and_nothing_is_accepted():
    store = HeldStore(fault=RuntimeError("the disk is full"))
    async with house(store) as up, up.sender() as sender:
        sender.send(message(1))
        assert await sender.answer() is None
        await eventually(lambda: up.failed)
        store.fault = None
        async with up.sender() as again:  # it was not taken for a duplicate
            assert await again.told(message(1)) == ("AA", "C1")


@run
async def test_a_message_that_comes_again_is_answered_again_and_stored_once():
    store = HeldStore()
    async with house(store) as up, up.sender() as first, up.sender() as second:
        for sender in (first, second, first):
            assert await sender.told(message(1)) == ("AA", "C1")
        assert len(store.kept) == 1
        assert up.metric("ember_listener_messages_total", outcome="repeated") == 2
        assert up.metric("ember_listener_names_used_total") == 0


@run
async def test_a_control_id_with_other_bytes_is_stored_and_reported():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        assert await sender.told(message(1)) == ("AA", "C1")
        assert await sender.told(message(1, text="|x")) == ("AA", "C1")
        assert await sender.told(message(1)) == ("AA", "C1")  # known, and not stored
        assert len(store.kept) == 2
        assert up.metric("ember_listener_names_used_total") == 1
    (told,) = (x for x in up.lines() if x["event"] == "control ids used again")
    assert told["count"] == 1


@pytest.mark.parametrize(
    ("msh", "text", "told", "stored"),
    [
        ({11: "T"}, "", ("AR", "C1"), False),
        ({11: "D"}, "", ("AR", "C1"), False),
        ({11: ""}, "", ("AA", "C1"), True),
        ({12: "3.0"}, "", ("AR", "C1"), False),
        ({12: ""}, "", ("AA", "C1"), True),
        ({9: "QRY^A19"}, "", ("AR", "C1"), False),
        ({9: "MDM^T02"}, "", ("AA", "C1"), True),
        ({9: ""}, "", ("AE", "C1"), True),
        ({10: ""}, "", ("AE", ""), True),
        ({15: "AL"}, "", ("CA", "C1"), True),
        ({15: "SU"}, "", ("CA", "C1"), True),
        ({15: "ER", 11: "T"}, "", ("CR", "C1"), False),
        ({15: "AL", 10: ""}, "", ("CE", ""), True),
        ({15: "NE", 16: "AL"}, "", ("AA", "C1"), True),
        ({16: "AL"}, "", ("AA", "C1"), True),
        ({16: "ER", 12: "3.0"}, "", ("AR", "C1"), False),
    ],
)
def test_a_message_is_answered_as_the_standard_says(msh, text, told, stored):
    async def asked():
        store = HeldStore()
        async with house(store) as up, up.sender() as sender:
            assert await sender.told(message(1, msh=msh, text=text)) == told
            assert bool(store.kept) is stored

    asyncio.run(asked())


@pytest.mark.parametrize(
    "msh",
    [{15: "NE"}, {15: "ER"}, {15: "NE", 16: "NE"}, {16: "ER"}, {15: "SU", 12: "3.0"}],
)
def test_a_sender_that_wants_no_answer_gets_none(msh):
    async def asked():
        store = HeldStore()
        async with house(store) as up, up.sender() as sender:
            sender.send(message(1, msh=msh), message(2))
            assert code_of(await sender.answer()) == ("AA", "C2")
            assert len(store.kept) == 1 + (12 not in msh)

    asyncio.run(asked())


@run
async def test_an_acknowledgement_is_not_acknowledged():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        sender.send(message(1, msh={9: "ACK^R01"}), message(2))
        assert code_of(await sender.answer()) == ("AA", "C2")
        assert [kept.control_id for kept in store.kept] == ["C2"]
        assert up.metric("ember_listener_messages_total", outcome="ignored") == 1


@run
async def test_what_cannot_be_read_is_kept_and_rejected():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        assert await sender.told(b"this is no message at all") == ("AR", "")
        assert [kept.payload for kept in store.kept] == [b"this is no message at all"]


@run
async def test_bytes_between_messages_are_skipped_and_told():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        sender.send_bytes(b"GET / HTTP/1.1\r\n" + framed(message(1)) + b"\x00\r\n")
        assert code_of(await sender.answer()) == ("AA", "C1")
        sender.send(message(2))
        assert code_of(await sender.answer()) == ("AA", "C2")
        assert up.metric("ember_listener_garbage_bytes_total") == 15


@run
async def test_a_message_that_is_too_large_is_rejected_and_the_next_one_heard():
    store = HeldStore()
    async with house(store, message_bytes=5_000) as up, up.sender() as sender:
        sender.send(message(1, text="|" + "x" * 200_000), message(2))
        assert code_of(await sender.answer()) == ("AR", "C1")
        assert code_of(await sender.answer()) == ("AA", "C2")
        assert [kept.control_id for kept in store.kept] == ["C2"]
        assert up.metric("ember_listener_broken_total", kind="too_large") == 1


@run
async def test_a_message_cut_short_is_neither_stored_nor_answered():
    store = HeldStore()
    async with house(store) as up:
        async with up.sender() as sender:
            sender.send_bytes(framed(message(1))[:60])
        await eventually(
            lambda: up.metric("ember_listener_broken_total", kind="cut_short")
        )
        assert store.kept == []
        assert "failed" not in up.said.getvalue()


@run
async def test_a_sender_that_goes_at_once_is_stored_all_the_same():
    store = HeldStore()
    async with house(store) as up:
        async with up.sender() as sender:
            sender.send(message(1))
            sender.writer.write_eof()
            assert code_of(await sender.answer()) == ("AA", "C1")
            assert await sender.answer() is None
        assert len(store.kept) == 1


@run
async def test_a_silent_or_dribbling_connection_is_ended():
    store = HeldStore()
    async with (
        house(store, idle=1) as up,
        up.sender() as silent,
        up.sender() as dribbling,
    ):
        dribbling.send_bytes(b"\x0bMSH|")
        for _ in range(6):
            dribbling.send_bytes(b"x")
            await asyncio.sleep(0.25)
        assert await silent.answer(3) is None
        assert await dribbling.answer(3) is None
        assert up.metric("ember_listener_broken_total", kind="slow") == 1


@run
async def test_one_connection_too_many_is_turned_away_and_a_place_becomes_free():
    store = HeldStore()
    async with house(store, connections=2) as up:
        async with AsyncExitStack() as open_ones:
            for _ in range(2):
                sender = await open_ones.enter_async_context(up.sender())
                assert await sender.told(message(1)) == ("AA", "C1")
            async with up.sender() as third:
                assert await third.answer() is None
        await eventually(lambda: not up.metric("ember_listener_connections"))
        async with up.sender() as fourth:
            assert await fourth.told(message(2)) == ("AA", "C2")
        assert up.metric("ember_listener_turned_away_total") == 1


@run
async def test_a_slow_store_holds_the_senders_back_and_not_the_memory():
    store, size, limit, many = HeldStore(slow=True), 100_000, 800_000, 100
    async with house(store, in_flight_bytes=limit, patience=30) as up:
        async with AsyncExitStack() as open_ones:
            senders = [
                await open_ones.enter_async_context(up.sender()) for _ in range(2)
            ]
            writing = []
            for at, sender in enumerate(senders):
                sender.send(
                    *(
                        message(many * at + n, text="|" + "x" * size)
                        for n in range(many)
                    )
                )
                writing.append(asyncio.create_task(sender.writer.drain()))
            await asyncio.sleep(0.5)
            assert up.metric("ember_listener_in_flight_bytes") <= limit
            assert len(store.kept) <= limit // size
            assert not all(task.done() for task in writing)
            store.slow = False
            store.release()
            for at, sender in enumerate(senders):
                for n in range(many):
                    told = code_of(await sender.answer())
                    assert told == ("AA", f"C{many * at + n}")
            await asyncio.gather(*writing)
        assert len(store.kept) == 2 * many
        assert up.metric("ember_listener_in_flight_bytes") == 0


@run
async def test_a_sender_that_never_takes_its_answers_does_not_fill_the_memory():
    store = HeldStore()
    async with house(store, patience=1) as up, up.sender() as deaf:
        line = deaf.writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 10)
        deaf.writer.transport.pause_reading()

        async def send_on():
            for number in range(0, 1 << 30, 500):
                deaf.send(*(message(number + n) for n in range(500)))
                await deaf.writer.drain()

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(send_on(), 30)
        await eventually(lambda: not up.metric("ember_listener_connections"))


@run
async def test_messages_of_one_connection_are_stored_in_their_order():
    store = HeldStore()
    async with house(store) as up, up.sender() as sender:
        sender.send(*(message(n) for n in range(500)))
        for n in range(500):
            assert code_of(await sender.answer()) == ("AA", f"C{n}")
        assert [kept.control_id for kept in store.kept] == [f"C{n}" for n in range(500)]


@run
async def test_a_listener_that_stops_answers_what_it_has_stored():
    store = HeldStore(slow=True)
    async with AsyncExitStack() as later:
        async with house(store) as up:
            sender = await later.enter_async_context(up.sender())
            sender.send(message(1))
            await eventually(lambda: store.kept)
            asyncio.get_running_loop().call_later(0.2, store.release)
        assert code_of(await sender.answer()) == ("AA", "C1")


@run
async def test_a_sender_that_catches_up_is_told_of():
    now = datetime.now(UTC)
    before = Hearing({"LAB|GENERAL": Heard(last_received=now - timedelta(hours=3))})
    store = HeldStore()
    issued = [now - timedelta(hours=3), now - timedelta(hours=1), now]
    async with house(store, hearing=before) as up, up.sender() as sender:
        for n, at in enumerate(issued):
            msh = {7: at.strftime("%Y%m%d%H%M%S+0000")}
            assert await sender.told(message(n, msh=msh)) == ("AA", f"C{n}")
        assert up.metric("ember_listener_caught_up_total") == 1
    (told,) = (x for x in up.lines() if x["event"] == "a sender caught up")
    assert told["records"] == 2
    assert told["silent_seconds"] == pytest.approx(3 * 3600, abs=30)
    assert told["late_seconds"] == pytest.approx(3 * 3600, abs=30)
    assert told["issued_from"] == issued[0].isoformat(timespec="seconds")
    assert told["issued_to"] == issued[1].isoformat(timespec="seconds")


PLANTED = ("ROSSI", "AMALIA", "555-7", "19540302", "C1", "GENERAL")


@run
async def test_nothing_of_a_message_gets_into_logs_or_metrics():
    store = HeldStore(slow=True)
    async with house(store, patience=1, message_bytes=3_000) as up:
        for payload in (
            message(1),
            message(1, text="|ROSSI"),
            message(1, msh={3: "ROSSI^AMALIA", 7: "19540302"}),
            message(1, text="|" + "ROSSI" * 1_000),
            b"ROSSI AMALIA 555-7",
            b"MSH|^~\\&|ROSSI\r",
        ):
            async with up.sender() as sender:
                sender.send_bytes(b"AMALIA" + framed(payload) + b"ROSSI\x0bMSH|555-7")
                await asyncio.sleep(0.02)
        store.fault = RuntimeError("ROSSI AMALIA 555-7")
        async with up.sender() as sender:
            sender.send(message(2))
            await sender.answer()
        await eventually(lambda: up.failed)
        told = up.said.getvalue() + up.process.metrics.text().decode()
    told += up.said.getvalue()
    assert "broken message" in told
    assert [word for word in PLANTED if word in told] == []
