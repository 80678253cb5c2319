import copy
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.vocabulary import events, messages
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    CultureResult,
    Measurement,
    Susceptibility,
)
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, decode, encode


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def lactate(event_id="lab:1", value=2.4):
    return Measurement(
        event_id=event_id,
        happened_at=NOON,
        known_at=NOON,
        concept="lactate",
        value=value,
        comparator=">",
    )


def message(*carried):
    return EhrMessage(
        message_id="m1",
        site="s",
        patient="p",
        happened_at=NOON,
        known_at=NOON,
        source="made-up",
        provenance="simulated",
        events=carried,
    )


def test_a_message_is_read_back_as_it_was_written():
    grew = CultureResult(
        event_id="micro:1",
        happened_at=NOON,
        known_at=NOON,
        culture_id="c1",
        status="final",
        positive=True,
        organism="ESCHERICHIA COLI",
        susceptibilities=(Susceptibility(antimicrobial="MEROPENEM", mic=0.25),),
    )
    mended = Correction(
        event_id="lab:1#2",
        happened_at=NOON,
        known_at=NOON,
        version=2,
        corrects="lab:1",
        event=lactate(value=4.2),
    )
    gone = Cancellation(
        event_id="lab:9#x", happened_at=NOON, known_at=NOON, version=1, cancels="lab:9"
    )
    sent = message(lactate(), grew, mended, gone)
    assert decode(EHR_MESSAGE, encode(EHR_MESSAGE, sent)) == sent


def test_a_reader_ignores_fields_it_does_not_know():
    payload = encode(EHR_MESSAGE, message(lactate()))
    newer = payload.replace(b'"message_id"', b'"colour":"blue","message_id"')
    assert decode(EHR_MESSAGE, newer) == message(lactate())


def test_a_reader_stops_at_a_major_version_it_does_not_know():
    payload = encode(EHR_MESSAGE, message()).replace(b'"1.0"', b'"2.0"')
    with pytest.raises(InputError) as refused:
        decode(EHR_MESSAGE, payload)
    assert refused.value.code is ErrorCode.UNKNOWN_SCHEMA


def test_a_malformed_message_names_the_place():
    payload = encode(EHR_MESSAGE, message(lactate()))
    with pytest.raises(InputError, match=r"events\.0\.measurement\.value") as refused:
        decode(EHR_MESSAGE, payload.replace(b"2.4", b'"high"'))
    assert refused.value.code is ErrorCode.MALFORMED_MESSAGE


def test_a_time_without_a_zone_is_refused():
    payload = encode(EHR_MESSAGE, message())
    with pytest.raises(InputError, match="timezone"):
        decode(EHR_MESSAGE, payload.replace(b"12:00:00Z", b"12:00:00"))


def test_a_time_of_another_zone_is_kept_as_the_same_instant_in_utc():
    payload = encode(EHR_MESSAGE, message())
    read = decode(EHR_MESSAGE, payload.replace(b"12:00:00Z", b"14:00:00+02:00"))
    assert read.known_at == NOON
    assert read.known_at.tzinfo is UTC


def wire_types():
    for module in (events, messages):
        for kind in vars(module).values():
            if dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__:
                yield from ((kind, field) for field in dataclasses.fields(kind))


def test_what_may_be_unknown_may_be_left_out():
    """What is None is not written, so a reader must do without it."""
    needed = {
        f"{kind.__name__}.{field.name}"
        for kind, field in wire_types()
        if "None" in str(field.type)
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    }
    assert not needed


FULL = Path(__file__).parents[2] / "contract/schemas/1.0"
MARKER = "SMITH^JOHN"


def places(document, at=()):
    """Where something stands in a document, branches and leaves."""
    yield at
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for step, value in inner:
        if isinstance(value, dict | list):
            yield from places(value, (*at, step))
        else:
            yield (*at, step)


def planted(document, at):
    copied = copy.deepcopy(document)
    target = copied
    for step in at[:-1]:
        target = target[step]
    target[at[-1]] = MARKER
    return json.dumps(copied).encode()


def said(adapter, payload):
    try:
        decode(adapter, payload)
    except InputError as fault:
        return f"{fault} {fault.__cause__}"
    return ""


@pytest.mark.parametrize(
    ("name", "adapter"),
    [
        ("ehr.events.EhrMessage.full", messages.LOGGED),
        ("ehr.events.RosterEntry.full", messages.LOGGED),
        ("ehr.events.ProtocolInForce.full", messages.LOGGED),
        ("sepsis.onsets.SepsisOnset.full", messages.SEPSIS_ONSET),
        ("trial.screenings.TrialScreening.full", messages.TRIAL_SCREENING),
        ("trial.outcomes.TrialOutcome.full", messages.TRIAL_OUTCOME),
    ],
)
def test_no_fault_of_a_message_repeats_what_stood_in_it(name, adapter):
    document = json.loads((FULL / f"{name}.json").read_text("utf-8"))
    told = [said(adapter, planted(document, at)) for at in places(document) if at]
    refused = [words for words in told if words]
    assert refused
    assert not [words for words in refused if MARKER in words]
