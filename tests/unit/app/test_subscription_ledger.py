"""However notifications come, each event is in the log or owed, and never forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.adapters.fhir.notification import (
    Happened,
    Notification,
    read_notification,
    referred,
)
from streams.app.fhir.ledger import Debt, Ledger
from streams.app.fhir.reception import Reception
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.topics import FHIR, server_key


class Store:
    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def put(self, payload, *, form, key, headers):
        assert (form, key, headers) == (FHIR, server_key("s"), {})
        self.kept.append(payload)


def told(numbers, so_far=None, kind="event-notification") -> Notification:
    entries = {
        f"Observation/{n}": {"resource": {"resourceType": "Observation", "id": str(n)}}
        for n in numbers
    }
    return Notification(
        kind=kind,
        subscription="icu",
        status="active",
        events_so_far=so_far,
        events=tuple(Happened(n, f"Observation/{n}") for n in numbers),
        entries=entries,
    )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 25), max_size=4, unique=True),
            st.none() | st.integers(0, 25),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_up_to_the_highest_number_each_is_here_once_or_owed(notifications):
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Ledger(Path(folder) / "ledger")) as ledger,
    ):
        here = asyncio.run(taken(ledger, notifications))
        standing = ledger.find("icu")
        owed = [
            number
            for debt in ledger.due(1e12)
            for number in range(debt.first, debt.last + 1)
        ]
        assert sorted(here + owed) == list(range(1, standing.top + 1))
        assert ledger.events_owed() == len(owed)


async def taken(ledger, notifications) -> list[int]:
    """The numbers that were new when they came."""
    reception = Reception(ledger, Store(), "s", float)
    here = []
    for numbers, so_far in notifications:
        top = getattr(ledger.find("icu"), "top", -1)
        fresh = [n for n in numbers if n > top or ledger.span_with("icu", n)]
        assert await reception.take(told(numbers, so_far), b"{}") == len(fresh)
        here += fresh
    return here


def given_up(ledger) -> None:
    with ledger.written():
        ledger.owe(Debt("icu", 1, 2, ""), 0.0)
        raise ZeroDivisionError


def test_what_is_not_committed_never_was(tmp_path):
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        with pytest.raises(ZeroDivisionError):
            given_up(ledger)
        assert ledger.events_owed() == 0
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0


def test_a_ledger_that_is_none_is_told(tmp_path):
    (tmp_path / "ledger").write_bytes(b"no database at all, but text" * 100)
    with pytest.raises(SettingsError) as refused:
        Ledger(tmp_path / "ledger")
    assert refused.value.code is ErrorCode.PATH_NOT_FOUND


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("Patient/1", "Patient/1"),
        ("https://ehr.test/fhir/Patient/1/_history/2", "Patient/1"),
        ("Patient/..", None),
        ("../../admin", None),
        ("Patient/1?x=y", None),
        ("Patient/1/$everything", None),
        ("urn:uuid:1", None),
        (None, None),
        (7, None),
    ],
)
def test_only_what_can_be_asked_for_safely_is_a_name(reference, named):
    assert referred(reference) == named


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["entry", "resource", "resourceType", "type", "parameter"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_what_is_no_notification_is_refused_and_never_crashes(said):
    try:
        payload = orjson.dumps(said)
    except (TypeError, ValueError):
        return
    with pytest.raises(InputError) as refused:
        read_notification(payload)
    assert refused.value.code is ErrorCode.NO_NOTIFICATION


@given(st.binary(max_size=50))
def test_bytes_are_refused_and_never_crash(payload):
    with pytest.raises(InputError):
        read_notification(payload)
