"""A FHIR reader that is killed at any moment, and goes on from what was kept.

The worker's order of effects: what a batch tells is durable, then the rows that
changed, then the offset; so a batch may come again before its rows were kept, or after.
"""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up.fhir import NOW, SITE, observation
from made_up.fhir_story import story

from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.identity.sealing import Sealer
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.remembering import FhirReader, FhirSite
from streams.clinical.timeline import Timeline
from streams.pipeline.ingest import Received
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.topics import BACKFILL, RAW


KEYS = {1: b"k" * 32}
SEALER = Sealer({1: b"s" * 32})


def site(*, authorities=("1.2.3", "NORTH"), keys=KEYS, sealer=SEALER):
    said = {**SITE, "authorities": list(authorities)}
    return FhirSite(
        site=SiteConfiguration.model_validate(said),
        identities=Pseudonyms("north", keys, known={"p1-x"} if len(keys) > 1 else ()),
        patience=timedelta(minutes=15),
        sealer=sealer,
    )


def received(resource, number=0, topic=RAW, **more):
    at = NOW + timedelta(seconds=number)
    return Received(
        topic=topic,
        value=orjson.dumps(resource),
        form="fhir",
        received_at=at,
        stamped_at=at,
        record=f"{topic}/0/{number}",
        **more,
    )


class Log:
    """What the broker has of a reader: what it told, and its rows."""

    def __init__(self, one):
        self.site = one
        self.told = []
        self.rows = {}

    def reader(self):
        """Another process's, with what was kept."""
        reader = FhirReader(self.site)
        reader.recall(self.rows.values())
        return reader

    def keep(self, reader):
        for row in reader.changed():
            if row.value is None:
                self.rows.pop(row.key, None)
            else:
                self.rows[row.key] = row.value

    def facts(self):
        """What stands of each patient; when it was known is the broker's affair."""
        lines = {}
        for message in self.told:
            line = lines.setdefault(message.patient, Timeline())
            for event in message.events:
                line.apply(event, message.message_id)
        return {
            patient: facts
            for patient, line in lines.items()
            if (facts := sorted(map(timeless, line.facts()), key=repr))
        }


def timeless(fact):
    """The fact, but for when it became known."""
    return replace(fact, known_at=NOW)


def undisturbed(records, one):
    log = Log(one)
    reader = log.reader()
    for record in records:
        log.told += reader(record).messages
        log.keep(reader)
    return log


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("keys", [{1: b"k" * 32}, {1: b"k" * 32, 2: b"n" * 32}])
def test_a_reader_that_is_killed_tells_all_and_once(data, keys):
    one = site(keys=keys)
    records = [
        received(r, n) for n, r in enumerate(data.draw(st.permutations(story())))
    ]
    log = Log(one)
    at = 0
    reader = log.reader()
    while at < len(records):
        end = min(len(records), at + data.draw(st.integers(1, 6)))
        for record in records[at:end]:
            log.told += reader(record).messages
        killed = data.draw(
            st.sampled_from(["no", "no", "no", "before its rows", "before its offset"])
        )
        if killed != "before its rows":
            log.keep(reader)
        if killed != "no":
            reader = log.reader()
        at = at if killed != "no" else end
    whole = undisturbed(records, one)
    assert log.facts() == whole.facts()
    assert len(set(log.rows)) == len(set(whole.rows))
    assert reader.holds == 0


def test_history_that_waited_is_history_though_a_live_message_brings_it():
    one = site()
    reader = FhirReader(one)
    old = observation("o9", meta={"lastUpdated": "2026-11-20T10:00:00Z"})
    waits = reader(received(old, 0, BACKFILL, dates_itself=True))
    assert (waits.outcome, waits.messages) == ("mapped", ())
    fresh = reader(received(observation("o8"), 1))
    assert fresh.messages == ()
    (who,) = [r for r in story() if r["resourceType"] == "Patient"]
    stay = [r for r in story() if r["resourceType"] == "Encounter"]
    told = [
        m
        for n, r in enumerate([who, *stay], 2)
        for m in reader(received(r, n)).messages
    ]
    by_provenance = {
        event.event_id: message.provenance
        for message in told
        for event in message.events
        if event.kind == "measurement"
    }
    assert sorted(by_provenance.values()) == ["history", "live"]
    (history,) = [m for m in told if m.provenance == "history"]
    assert history.known_at.isoformat() == "2026-11-20T10:00:00+00:00"


def test_what_is_held_too_long_is_told_kept_and_can_be_sent_again():
    one = site()
    log = Log(one)
    reader = log.reader()
    reader(received(observation("o9"), 7))
    log.keep(reader)
    reader = log.reader()
    assert list(reader.overdue(NOW + timedelta(minutes=10))) == []
    (late,) = reader.overdue(NOW + timedelta(minutes=20))
    assert late.record == f"{RAW}/0/7"
    assert late.read.outcome == "rejected"
    assert [fault.code for fault in late.read.faults] == [ErrorCode.REFERENCE_MISSING]
    assert late.form == "fhir+aes"
    assert orjson.loads(SEALER.open(late.value, f"north/{RAW}"))["id"] == "o9"
    log.keep(reader)
    assert log.reader().holds == 0


def test_what_waited_before_a_newer_naming_key_came_is_told_all_the_same():
    log = undisturbed([received(observation("o9"), 7)], site())
    reader = FhirReader(site(keys={1: b"k" * 32, 2: b"n" * 32}))
    reader.recall(log.rows.values())
    reader(received(observation("o8"), 8))
    late = list(reader.overdue(NOW + timedelta(minutes=20)))
    assert [one.record for one in late] == [f"{RAW}/0/7", f"{RAW}/0/8"]
    assert reader.holds == 0


def test_rows_show_nothing_without_the_key():
    one = site()
    log = undisturbed([received(observation("planted-7"), 0)], one)
    shown = b"".join(log.rows) + b"".join(log.rows.values())
    assert log.rows
    assert b"planted" not in shown
    with pytest.raises(InputError, match="EMB-15"):
        FhirReader(site(sealer=Sealer({2: b"o" * 32}))).recall(log.rows.values())


def test_what_one_message_writes_does_not_grow_with_what_is_remembered():
    one = site(authorities=())
    reader = FhirReader(one)
    sizes = []
    for number in range(300):
        reader(received(observation(f"o{number}", encounter=None), number))
        sizes.append(sum(len(row.key + (row.value or b"")) for row in reader.changed()))
    assert max(sizes[-10:]) < 1.5 * max(sizes[:10])
