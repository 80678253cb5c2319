"""The synthetic hospital writes, intake reads: the same timeline, but for what is listed.

Each patient's canonical messages are folded, and what was read of the written ones:
what stands in the one must stand in the other.
What a format or its reader does not carry is named here, field by field and kind by
kind, and a difference that is in no list fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import Any

import pytest

from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.clinical.timeline import Timeline
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter
from streams.simulate.writers.hl7v2 import Hl7Writer
from streams.simulate.writers.written import Spoken
from streams.vocabulary.events import Clinical
from streams.vocabulary.messages import EhrMessage


CONFIG = HospitalConfig(
    seed=11,
    sepsis_share=0.5,
    chronic_share=0.4,
    corrected_share=0.1,
    cancelled_share=0.1,
    implausible_share=0.05,
    duplicate_share=0.05,
)
PATIENTS = 25

READERS = {"hl7v2": Hl7Translator}
WRITERS = {"hl7v2": Hl7Writer, "fhir": FhirWriter}

OF_NO_FORMAT = {
    # Ours, and not the sender's: they are made anew by whoever reads.
    *("event_id", "known_at", "version", "origin", "flags", "code"),
    "stay",  # hospitals number their stays, not those in one unit
    "age_precision",  # of the simulation alone, which draws an age and no birthday
    "basis",  # how somebody came to know it
    *("sent_rate", "sent_unit", "sent_value"),  # the format's own way of writing it
    "organism_code",  # the simulation has none
}
NOT_CARRIED: dict[str, dict[str, set[str]]] = {
    "hl7v2": {
        "allergy": {"happened_at", "encounter", "substance"},  # AL1-6 is a day
        "assessment": {"text"},  # beside a number an OBX has no words
        "measurement": {"text"},
        "culture_collected": {"test"},
        "death": {"place", "encounter"},  # PID-30 says when, not where
        "fluid": {"started_at"},  # an OBX has one time
        "infusion": {"weight_kg"},  # the rate is by weight already
        "procedure": {"phase"},  # PR1 tells that it was done
        "respiratory_support": {"mode", "device"},  # two results, told apart below
    },
    "fhir": {},
}
LEFT_OUT = {
    "hl7v2": {"code_status", "vital_status", "medication", "procedure"}
    | {"respiratory_support"},
    "fhir": {"code_status", "vital_status"},
}
"""By format, the kinds of which the writer leaves something out, and says so."""
NOT_READ = {"hl7v2": {"pregnancy"}, "fhir": set()}
"""By format, the kinds that are written and that no reader knows."""
TOLD_BESIDE = {"hl7v2": {"vital_status"}, "fhir": {"vital_status"}}
"""By format, the kinds that the reader concludes from others."""

Content = tuple[Any, ...]


@cache
def records() -> list[list[EhrMessage]]:
    return [list(record(CONFIG, one)) for one in islice(patients(CONFIG), PATIENTS)]


def canonical(messages: Iterable[EhrMessage], lost: set[str]) -> Iterator[Clinical]:
    timeline = Timeline()
    for message in messages:
        for event in message.events:
            timeline.apply(event, message.message_id)
    return (fact for fact in timeline.facts() if fact.event_id not in lost)


def but_coded_again(form: str, facts: Iterable[Clinical]) -> list[Clinical]:
    """In HL7 v2 a diagnosis of a stay is one, on the problem list or at discharge."""
    kept = list(facts)
    ranked = {f.code for f in kept if f.kind == "condition" and f.rank is not None}
    if form != "hl7v2":
        return kept
    return [
        f
        for f in kept
        if f.kind != "condition" or f.rank is not None or f.code not in ranked
    ]


def content(form: str, fact: Clinical) -> Content:
    lost = OF_NO_FORMAT | NOT_CARRIED[form].get(fact.kind, set())
    told = [
        (field.name, getattr(fact, field.name))
        for field in fields(fact)
        if field.name not in lost
    ]
    return tuple(_plain(name, value, fact) for name, value in told)


def _plain(name: str, value: Any, fact: Clinical) -> tuple[str, Any]:
    """What is the same said otherwise: letters, and a specimen nobody named."""
    match name, value:
        case "test", str():
            return name, value.casefold()
        case "specimen_id", _ if fact.specimen is None:
            return name, None
        case "drug", _ if fact.kind == "medication":
            return name, value if value == "hydrocortisone" else None
        case "susceptibilities", _:
            return name, tuple(sorted(map(str, value)))
    return name, value


@pytest.fixture(scope="module", params=READERS)
def both(request):
    """By patient, what was told and what was read of what was written."""
    form = request.param
    site = SiteConfiguration.model_validate(site_document(CONFIG.site))
    reader = READERS[form](site, CodeMap(site), PublicIdentifiers())
    found = []
    for messages in records():
        writer = WRITERS[form](Spoken(messages))
        timeline, lost, faults = Timeline(), [], []
        for message in messages:
            one = writer.write(message)
            lost += [left.event for left in one.left_out]
            for at, payload in enumerate(one.payloads):
                read = reader.translate(payload, received_at=message.known_at)
                faults += read.faults
                assert read.outcome == "mapped", read
                for person in read.told:
                    assert person.patient == message.patient
                    for event in person.events:
                        timeline.apply(event, f"{message.message_id}/{at}")
        gone = {event.event_id for event in lost}
        left_out = {event.kind for event in lost}
        told = [f for f in canonical(messages, gone) if f.kind not in NOT_READ[form]]
        found.append((told, list(timeline.facts()), left_out, faults))
    return form, found


def counted(form: str, facts: Iterable[Clinical]) -> Counter[Content]:
    return Counter(content(form, fact) for fact in facts)


def test_what_was_told_is_read_and_nothing_else(both):
    form, found = both
    missing: Counter[Content] = Counter()
    beyond: Counter[Content] = Counter()
    beside = TOLD_BESIDE[form]
    for told, read, *_ in found:
        known = [
            f
            for f in read
            if f.kind not in beside and getattr(f, "concept", "") != "unmapped"
        ]
        modes = [f for f in known if f.kind == "respiratory_support" and f.mode]
        known = [f for f in known if f not in modes]
        one = counted(form, but_coded_again(form, told))
        other = counted(form, known)
        missing += one - other
        beyond += other - one
    assert not missing, missing.most_common(5)
    assert not beyond, beyond.most_common(5)


def test_only_what_is_listed_is_left_out(both):
    form, found = both
    assert {kind for _, _, left_out, _ in found for kind in left_out} == LEFT_OUT[form]


def test_nothing_that_was_written_was_at_fault(both):
    _, found = both
    assert not [str(fault) for *_, faults in found for fault in faults]


def test_what_is_doubtful_is_so_in_both(both):
    form, found = both
    for told, read, *_ in found:
        doubtful = [f for f in told if "implausible" in f.flags]
        flagged = [f for f in read if "implausible" in f.flags]
        assert counted(form, doubtful) == counted(form, flagged)
