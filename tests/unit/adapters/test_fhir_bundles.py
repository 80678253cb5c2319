"""Bundles, references of every form, deletions, what is held, and what is not FHIR."""

import json
from datetime import timedelta

import pytest
from made_up.fhir import (
    MRN,
    NOW,
    code,
    encounter,
    events,
    observation,
    only,
    patient,
    quantity,
    sent,
    timelines,
    translator,
    version,
)

from streams.adapters.identity.pseudonyms import Identifier, Pseudonyms
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Cancellation, Measurement


NAMES = Pseudonyms("north", {1: b"k" * 32})
BY_MRN = NAMES.name("patient", Identifier("NORTH", "MRN-771"))
VALUE = {"valueQuantity": quantity(2, "mmol/L")}
UUIDS = [f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(4)]


def bundle(*entries, kind="collection", **more):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **more}


def entry(resource, **more):
    return {"resource": resource, **more}


def measured(translation):
    return [e for e in events(translation) if isinstance(e, Measurement)]


@pytest.mark.parametrize(
    "kind", ["transaction", "message", "searchset", "history", "collection", "batch"]
)
def test_a_bundle_is_one_message_whatever_its_type(kind):
    header = {"resourceType": "MessageHeader", "id": "h"}
    told = sent(
        translator(),
        bundle(
            entry(header),
            entry(observation(**VALUE)),
            entry(patient()),
            kind=kind,
            timestamp="2026-11-28T11:00:00Z",
        ),
    )

    assert (told.kind, told.outcome) == (f"Bundle/{kind}", "mapped")
    assert told.issued_at.hour == 11
    assert len(events(told)) == 2


def test_a_bundle_of_what_is_not_read_is_filed_and_one_of_nobodys_rejected():
    filed = sent(translator(), bundle(entry({"resourceType": "Claim", "id": "1"})))
    nobodys = sent(
        translator(), bundle(entry(observation() | {"subject": None}, fullUrl="x"))
    )

    assert (filed.outcome, filed.faults) == ("filed", ())
    assert nobodys.outcome == "rejected"
    assert nobodys.faults[0].place == "Bundle.entry[0].resource.subject"


def test_one_bad_entry_keeps_no_other_back():
    told = sent(
        translator(),
        bundle(
            entry({"resourceType": "Observation", "id": "bad", "code": "no concept"}),
            entry(observation(**VALUE)),
        ),
    )

    assert told.outcome == "mapped"
    assert len(events(told)) == 1
    assert told.faults[0].code == ErrorCode.NOT_FHIR
    assert told.faults[0].place.startswith("Bundle.entry[0].resource.code")


def test_a_transaction_refers_by_uuid_whatever_the_order():
    person = patient()
    del person["id"]
    result = observation(subject={"reference": UUIDS[0]}, **VALUE)
    del result["id"]
    post = {"request": {"method": "POST"}}
    one = entry(person, fullUrl=UUIDS[0], **post)
    two = entry(result, fullUrl=UUIDS[1], **post)
    for entries in ((one, two), (two, one)):
        told = sent(
            translator(authorities=["NORTH"]), bundle(*entries, kind="transaction")
        )
        assert {one.patient for one in told.told} == {BY_MRN}
        assert len(measured(told)) == 1


def test_numbers_that_a_sender_made_up_for_two_bundles_are_two_persons():
    reading = translator()
    names = []
    for uuid in UUIDS[:2]:
        person = entry(patient("1"), fullUrl=uuid, request={"method": "POST"})
        told = sent(reading, bundle(person, kind="transaction"))
        names += [one.patient for one in told.told]

    assert len(set(names)) == 2


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/1",
        "Patient/1/_history/3",
        "https://fhir.north.example/r4/Patient/1",
        f"Patient?identifier={MRN}|MRN-771",
    ],
)
def test_every_way_of_speaking_of_one_person_is_one_name(reference):
    reading = translator(
        authorities=["NORTH"], fhir_servers=["https://fhir.north.example/r4"]
    )
    told = [
        sent(reading, one)
        for one in (observation(subject={"reference": reference}, **VALUE), patient())
    ]

    assert reading.held == 0
    assert {one.patient for t in told for one in t.told} == {BY_MRN}


def test_another_servers_person_of_the_same_number_is_another():
    reading = translator()
    foreign = {"reference": "https://elsewhere.example/Patient/1"}
    sent(reading, patient())
    told = sent(reading, observation(subject=foreign, **VALUE))

    assert (told.outcome, told.told, reading.held) == ("mapped", (), 1)


def test_a_contained_person_goes_by_its_identifier():
    told = sent(
        translator(authorities=["NORTH"]),
        observation(subject={"reference": "#p"}, contained=[patient("p")], **VALUE),
    )

    assert {one.patient for one in told.told} == {BY_MRN}


def test_a_report_tells_what_it_contains():
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "subject": {"reference": "Patient/1"},
        "contained": [observation("x", **VALUE), observation("y", **VALUE)],
        "result": [{"reference": "#x"}, {"reference": "#y"}],
    }
    told = sent(translator(), report)

    assert len({event.event_id for event in measured(told)}) == 2


def test_a_deletion_takes_the_result_back_before_and_after_it_came():
    value = observation(meta=version("2026-11-28T10:00:00Z"), **VALUE)
    gone = bundle(
        {
            "request": {"method": "DELETE", "url": "Observation/o1"},
            "response": {"lastModified": "2026-11-28T10:30:00Z"},
        },
        kind="history",
    )
    first = translator()
    told = [sent(first, one) for one in (value, gone)]
    assert isinstance(only(told[1]), Cancellation)
    assert timelines(told) == {}

    second = translator()
    late = [sent(second, one) for one in (gone, value)]
    assert [fault.code for fault in late[0].faults] == [ErrorCode.DELETED_UNSEEN]
    assert timelines(late) == {}


def test_a_deleted_step_of_a_culture_is_taken_back():
    reading = translator()
    culture = observation("t1", code("600-7"), meta=version("2026-11-28T10:00:00Z"))
    gone = bundle(
        {
            "request": {"method": "DELETE", "url": "Observation/t1"},
            "response": {"lastModified": "2026-11-28T10:30:00Z"},
        },
        kind="history",
    )
    told = [sent(reading, one) for one in (culture, gone, culture)]

    assert len(timelines(told[:1])) == 1
    assert timelines(told) == {}


def test_what_is_held_too_long_is_told_with_what_has_come():
    reading = translator(patience=timedelta(minutes=10))
    waits = observation(encounter={"reference": "Encounter/e1"}, **VALUE)
    assert sent(reading, waits).told == ()
    other = observation("o2", **VALUE)
    assert len(events(sent(reading, other, NOW + timedelta(minutes=5)))) == 1
    told = sent(reading, other | {"id": "o3"}, NOW + timedelta(minutes=11))

    assert len(events(told)) == 2
    assert [fault.code for fault in told.faults] == [ErrorCode.REFERENCE_MISSING]
    assert "Encounter" in told.faults[0].reason
    assert "e1" not in told.faults[0].reason


def test_no_more_is_held_than_the_limit():
    reading = translator(limit=10)
    for number in range(50):
        waits = observation(
            f"o{number}", encounter={"reference": f"Encounter/{number}"}, **VALUE
        )
        sent(reading, waits)

    assert reading.held <= 11


def test_another_translator_goes_on_where_one_was_stopped():
    first = translator(authorities=["NORTH"])
    steps = [
        patient(meta=version("2026-11-28T09:00:00Z")),
        observation(
            encounter={"reference": "Encounter/e1"},
            meta=version("2026-11-28T10:00:00Z"),
            **VALUE,
        ),
        observation("t1", code("600-7"), meta=version("2026-11-28T10:00:00Z")),
        encounter(),
        bundle({"request": {"method": "DELETE", "url": "Observation/t1"}}),
    ]
    told = [sent(first, one) for one in steps]
    second = None
    again = []
    for step in steps:
        reading = translator(authorities=["NORTH"])
        if second is not None:
            reading.restore(second)
        again.append(sent(reading, step))
        second = reading.pending()

    assert timelines(again) == timelines(told)
    assert "MRN-771" not in second.decode()


def test_a_memory_that_is_none_is_refused():
    with pytest.raises(InputError) as refused:
        translator().restore(b'{"version": 9}')
    assert refused.value.code == ErrorCode.MALFORMED_MESSAGE


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"resourceType": 3}',
        b'{"resourceType": "../x"}',
        b'{"resourceType": "Observation"',
        b'{"resourceType": "Bundle", "entry": {}}',
        b'{"resourceType": "Observation", "code": {"coding": "Mrs Quill"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_resource_is_rejected_without_a_word_of_it(payload):
    told = translator().translate(payload, received_at=NOW)

    assert told.outcome == "rejected"
    assert {fault.code for fault in told.faults} == {ErrorCode.NOT_FHIR}
    assert "Quill" not in repr(told)


def test_a_resource_of_a_type_that_is_not_read_is_filed():
    told = sent(translator(), {"resourceType": "CarePlan", "id": "1"})

    assert (told.outcome, told.kind) == ("filed", "CarePlan")


def test_a_second_delivery_has_the_same_name_and_the_same_events():
    reading = translator()
    payload = json.dumps(observation(**VALUE)).encode()
    first, second = (reading.translate(payload, received_at=NOW) for _ in range(2))

    assert first == second
    assert first.name


def test_an_entry_that_is_nothing_is_told_and_keeps_no_other_back():
    told = sent(
        translator(),
        bundle(
            entry({"id": "no type"}),
            {"request": {"method": "DELETE", "url": "?"}},
            {"request": {"method": "GET", "url": "Patient/1"}},
            entry(observation(**VALUE)),
        ),
    )

    assert told.outcome == "mapped"
    assert [fault.place for fault in told.faults] == [
        "Bundle.entry[0].resource",
        "Bundle.entry[1].resource",
    ]
    assert len(events(told)) == 1


@pytest.mark.parametrize("kind", ["transaction", "batch", "message", "collection"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_an_entry_that_should_bring_a_resource_and_brings_none_is_told(kind, method):
    asks = {"method": method, "url": "Observation"}
    told = sent(translator(), bundle(entry(patient()), {"request": asks}, kind=kind))
    assert told.outcome == "mapped"
    (fault,) = told.faults
    assert (fault.place, fault.code) == ("Bundle.entry[1].resource", ErrorCode.NOT_FHIR)


@pytest.mark.parametrize("kind", ["history", "searchset", "transaction-response"])
def test_an_entry_that_points_or_answers_is_no_fault(kind):
    points = {"fullUrl": "http://x/Observation/o1", "request": {"method": "PUT"}}
    told = sent(translator(), bundle(entry(patient()), points, kind=kind))
    assert told.faults == ()


@pytest.mark.parametrize("form", ["Binary", "Parameters"])
def test_a_patch_is_told_and_not_filed_in_silence(form):
    patch = entry(
        {"resourceType": form, "id": "x"},
        request={"method": "PATCH", "url": "Observation/o1"},
    )
    told = sent(translator(), bundle(patch, kind="transaction"))
    assert told.outcome == "rejected"
    assert [fault.code for fault in told.faults] == [ErrorCode.NOT_FHIR]


def test_memory_does_not_grow_with_what_passes():
    reading = translator(limit=20)
    sizes = []
    for number in range(300):
        name = f"{number:04}"
        specimen = {"resourceType": "Specimen", "id": name}
        for one in (
            patient(name, f"MRN-{name}"),
            encounter(name),
            specimen,
            observation(
                f"t{name}", code("600-7"), specimen={"reference": f"Specimen/{name}"}
            ),
            observation(f"w{name}", encounter={"reference": f"Encounter/x{name}"}),
        ):
            sent(reading, one)
        if number % 20 == 19:
            sizes.append(len(reading.pending()))

    assert max(sizes[10:]) < 1.1 * max(sizes[2:5])


def test_what_a_message_leaves_held_has_the_name_it_is_told_by_at_the_end():
    reading = translator()
    waits = observation(encounter={"reference": "Encounter/e1"}, **VALUE)
    stay = encounter(location=[{"location": {"reference": "Location/l9"}}])
    held = []
    for message in (
        bundle(entry(waits), entry(observation("o2", **VALUE))),
        waits | {"id": "o3"},
        stay,
    ):
        sent(reading, message)
        held += reading.held_back

    assert len(held) == 3
    left = [one.name for one in reading.finish(received_at=NOW)]
    assert left == [held[2]]


def test_a_grouping_that_no_map_has_is_counted():
    members = [{"reference": "Observation/o9"}]
    told = sent(translator(), observation(what=code("X", "lab"), hasMember=members))

    assert [str(one) for one in told.unmapped] == ["lab|X"]
    assert events(told) == []
