"""What a partition's FHIR reader remembers, and whose it is."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from made_up.fhir import SITE, observation, patient

from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.identity.sealing import Sealer
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.live.recollection import Recollection
from streams.app.remembering import FhirSite
from streams.pipeline.ingest import Received
from streams.vocabulary.errors import BrokenInvariant
from streams.vocabulary.topics import RAW


class Shelf:
    """Rows in memory, of the partitions that are ours."""

    def __init__(self, *partitions):
        self.mine = set(partitions)
        self.rows = {}

    def holds(self, partition):
        return partition in self.mine

    def all(self, table, partition):
        for (of, at, key), value in sorted(self.rows.items()):
            if (of, at) == (table, partition):
                yield key, value

    def store(self, writes):
        for one in writes:
            place = one.table, one.partition, one.key
            if one.value is None:
                del self.rows[place]
            else:
                self.rows[place] = one.value


def site(key=b"s"):
    return FhirSite(
        site=SiteConfiguration.model_validate({**SITE, "authorities": ["NORTH"]}),
        identities=Pseudonyms("north", {1: b"k" * 32}),
        patience=timedelta(minutes=15),
        sealer=Sealer({1: key * 32}),
    )


def read(recollection, partition, resource):
    reader = asyncio.run(recollection.reader(partition))
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    payload = orjson.dumps(resource)
    return reader(
        Received(topic=RAW, value=payload, form="fhir", received_at=at)
    ).messages


def test_what_waited_is_told_by_whoever_has_the_partition_next():
    shelf = Shelf(3)
    before = Recollection(shelf, site())
    assert read(before, 3, observation("o1")) == ()
    shelf.store(before.writes())
    assert list(before.held()) == [(3, 1)]
    after = Recollection(shelf, site())
    kinds = {e.kind for m in read(after, 3, patient()) for e in m.events}
    assert kinds == {"demographics", "measurement"}
    shelf.store(after.writes())
    assert list(after.held()) == [(3, 0)]


def test_what_was_not_kept_is_forgotten_with_the_partition():
    shelf = Shelf(3)
    one = Recollection(shelf, site())
    read(one, 3, observation("o1"))
    one.forget()
    assert one.writes() == []
    kinds = {e.kind for m in read(one, 3, patient()) for e in m.events}
    assert kinds == {"demographics"}


def test_each_partition_has_a_memory_of_its_own():
    shelf = Shelf(3, 4)
    one = Recollection(shelf, site())
    read(one, 3, observation("o1"))
    kinds = {e.kind for m in read(one, 4, patient()) for e in m.events}
    assert kinds == {"demographics"}
    assert {write.partition for write in one.writes()} == {3, 4}


def test_a_partition_that_is_not_ours_has_no_reader():
    assert asyncio.run(Recollection(Shelf(3), site()).reader(4)) is None


def test_a_memory_that_cannot_be_opened_is_no_fault_of_a_record():
    shelf = Shelf(3)
    one = Recollection(shelf, site())
    read(one, 3, patient())
    shelf.store(one.writes())
    other = Recollection(shelf, site(key=b"x"))
    with pytest.raises(BrokenInvariant, match="EMB-150"):
        asyncio.run(other.reader(3))
