"""The synthetic hospital writes, intake reads: the same timeline, but for what is listed.

Each patient's canonical messages are folded, and what was read of the written ones:
what stands in the one must stand in the other.
What a format or its reader does not carry is named here, field by field and kind by
kind, and a difference that is in no list fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest

from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms, PublicIdentifiers
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.clinical.timeline import Timeline
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter
from streams.simulate.writers.hl7v2 import Hl7Writer
from streams.simulate.writers.people import identity_of
from streams.simulate.writers.written import Spoken
from streams.vocabulary.events import (
    Clinical,
    CultureCollected,
    Encounter,
    Infusion,
    Medication,
    Procedure,
)
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
PATIENTS = 12

READERS = {"hl7v2": Hl7Translator, "fhir": FhirTranslator}
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
    "fhir": {
        "allergy": {"substance", "severity"},  # none known; no severity that is unknown
        "assessment": {"text"},
        "measurement": {"text"},
        "condition": {"rank"},  # ranks stand in the Encounter, which is not asked
        "culture_collected": {"test"},
        "death": {"place", "encounter"},
        "demographics": {"happened_at", "encounter"},  # a Patient is of no day
        "infusion": {"weight_kg", "infusion_id"},  # each rate by itself
        "procedure": {"procedure_id"},
        "respiratory_support": {"mode", "device"},
    },
}
LEFT_OUT = {
    "hl7v2": {"code_status", "vital_status", "medication", "procedure"}
    | {"respiratory_support"},
    "fhir": {"code_status", "vital_status"},
}
"""By format, the kinds of which the writer leaves something out, and says so."""
NOT_READ: dict[str, set[str]] = {"hl7v2": set(), "fhir": {"pregnancy"}}
"""By format, the kinds that are written and that no reader knows."""
TOLD_BESIDE = {"hl7v2": {"vital_status"}, "fhir": {"vital_status"}}
"""By format, the kinds that the reader concludes from others."""

Content = tuple[Any, ...]


@cache
def records() -> list[list[EhrMessage]]:
    """The first patients, and after them the first who was dialysed."""
    found = []
    for admitted in patients(CONFIG):
        messages = list(record(CONFIG, admitted))
        dialysed = any(
            isinstance(event, Procedure) and event.name == "rrt"
            for message in messages
            for event in message.events
        )
        if len(found) < PATIENTS or dialysed:
            found.append(messages)
        if len(found) > PATIENTS:
            break
    return found


def canonical(messages: Iterable[EhrMessage], lost: set[str]) -> Iterator[Clinical]:
    timeline = Timeline()
    for message in messages:
        for event in message.events:
            timeline.apply(event, message.message_id)
    return (fact for fact in timeline.facts() if fact.event_id not in lost)


def alike(form: str, facts: Iterable[Clinical]) -> list[Clinical]:
    """The facts, with what the format itself says in another way said in one."""
    return {"hl7v2": _as_hl7v2, "fhir": _as_fhir}[form](list(facts))


def _as_hl7v2(facts: list[Clinical]) -> list[Clinical]:
    """A diagnosis of a stay is one, on the problem list or coded at discharge.

    A ventilator's mode is a result of its own.
    """
    ranked = {f.code for f in facts if f.kind == "condition" and f.rank is not None}
    return [
        f
        for f in facts
        if not (f.kind == "condition" and f.rank is None and f.code in ranked)
        and not (f.kind == "respiratory_support" and f.mode and not f.device)
    ]


def _as_fhir(facts: list[Clinical]) -> list[Clinical]:
    """Each rate of an infusion is an administration, from its start to the next's.

    Each test of a specimen says that the specimen was taken.
    An admission takes the place of the registration before it in the one Encounter
    of a planned stay.
    """
    begun = {(f.happened_at, f.drug) for f in facts if _begins(f)}
    kept: dict[object, Clinical] = {}
    for fact in facts:
        at = (fact.happened_at, getattr(fact, "drug", None))
        match fact:
            case Infusion(phase="stopped") if at in begun:
                continue
            case Infusion(phase="stopped"):
                kept[fact.event_id] = replace(fact, rate=None)
            case Infusion(phase="changed"):
                kept[fact.event_id] = replace(fact, phase="started")
            case Encounter(phase="registered", encounter_class="inpatient"):
                continue
            case Medication(stage="stopped"):  # the request says its dose again
                kept[fact.event_id] = replace(fact, dose=None, unit=None)
            case CultureCollected():
                kept[fact.culture_id] = fact
            case _:
                kept[fact.event_id] = fact
    return list(kept.values())


def _begins(fact: Clinical) -> bool:
    return isinstance(fact, Infusion) and fact.phase != "stopped"


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
        case "order_id", str():
            return name, value.removeprefix("MedicationRequest:")
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
        one = counted(form, alike(form, told))
        other = counted(form, alike(form, known))
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


@pytest.mark.parametrize("form", READERS)
def test_nothing_that_names_somebody_passes(form):
    """Names, addresses, numbers: neither in an event nor in what is told beside it."""
    document = site_document(CONFIG.site) | {"identity": "pseudonymous"}
    site = SiteConfiguration.model_validate(document)
    names = Pseudonyms(CONFIG.site, {1: bytes(range(32))})
    reader = READERS[form](site, CodeMap(site), names)
    messages = records()[0]
    stay = next(e.encounter for m in messages for e in m.events if e.encounter)
    planted = {
        *identity_of(messages[0].patient).planted,
        *identity_of(stay).planted,
        messages[0].patient,
    }
    writer = WRITERS[form](Spoken(messages))
    written, told = b"", ""
    for message in messages:
        for payload in writer.write(message).payloads:
            written += payload
            read = reader.translate(payload, received_at=message.known_at)
            told += str(replace(read, sightings=()))
    assert all(
        one.encode() in written for one in identity_of(messages[0].patient).planted[:5]
    )
    assert not [one for one in planted if one in told]
