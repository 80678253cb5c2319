"""Bytes as their source wrote them become entries of the patients' logs."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.adapters.identity.sealing import Sealer, place_of
from streams.app.readers import readers_of
from streams.clinical.timeline import Timeline
from streams.pipeline.ingest import LARGEST, Received, ingest_as_written
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Measurement
from streams.vocabulary.topics import BACKFILL, HL7V2, PROTOCOLS, RAW, SEALED


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=9)
KEY = b"p" * 32
PLANTED = ("ROSSI", "AMALIA", "555-7", "777-1", "MILANO")


def result(*lines, number=1, patient="555-7"):
    told = [
        f"MSH|^~\\&|LAB|GENERAL|||20260301120000||ORU^R01|C{number}|P|2.5.1",
        f"PID|1||{patient}^^^GENERAL^MR||ROSSI^AMALIA||19540302|F|||VIA 1^^MILANO",
        "OBR|1||F1|2524-7^Lactate^LN|||20260301115500",
        *(lines or ("OBX|1|NM|2524-7^Lactate^LN||4.1|mmol/L|||||F",)),
    ]
    return "".join(f"{line}\r" for line in told).encode()


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.yaml").write_text("{site: ward, zone: UTC}")
    named = {}
    for name, key in (("identity", b"i" * 32), ("payload", KEY)):
        (folder / name).write_bytes(b64encode(key))
        (folder / name).chmod(0o600)
        named[f"EMBER_{name.upper()}_KEYS"] = f"1:{folder / name}"
    return readers_of({"EMBER_SITE": str(folder / "site.yaml"), **named})


def read(readers, value, form=HL7V2, topic=RAW, at=NOON):
    received = Received(topic=topic, value=value, form=form, received_at=at)
    return ingest_as_written(received, readers)


def test_an_identifier_goes_sealed_to_the_vault_once(tmp_path):
    (tmp_path / "site.yaml").write_text("{site: ward, zone: UTC}")
    environ = {"EMBER_SITE": str(tmp_path / "site.yaml")}
    for name in ("IDENTITY", "VAULT"):
        (tmp_path / name).write_bytes(b64encode(KEY))
        (tmp_path / name).chmod(0o600)
        environ[f"EMBER_{name}_KEYS"] = f"1:{tmp_path / name}"
    mine = readers_of(environ)

    first, again = (read(mine, result()) for _ in "12")

    assert first.read.sightings
    patient = first.entries[0].message.patient
    assert {one.patient for one in first.read.sightings} == {patient}
    opened = Sealer({1: KEY}).open(
        first.read.sightings[0].sealed, "ward/identity.sightings"
    )
    assert opened.startswith(b"[")
    assert again.read.sightings == ()


def measured(message):
    return [event for event in message.events if isinstance(event, Measurement)]


def test_a_result_was_known_when_the_broker_had_it(readers):
    (entry,) = read(readers, result()).entries
    message = entry.message
    assert entry.key == f"ward/{message.patient}".encode()
    assert message.known_at == NOON
    assert (message.provenance, message.source) == ("live", "hl7v2/ORU")
    assert [(e.concept, e.value) for e in measured(message)] == [("lactate", 4.1)]
    assert {event.known_at for event in message.events} == {NOON}


def test_the_same_bytes_have_the_same_ids_whenever_they_come(readers):
    (first,), (again,) = (
        read(readers, result(), at=at).entries for at in (NOON, LATER)
    )
    assert first.message.message_id == again.message.message_id
    assert again.message.known_at == LATER
    (other,) = read(readers, result(number=2)).entries
    assert other.message.message_id != first.message.message_id


def test_what_is_bad_goes_to_the_letters_and_the_rest_goes_on(readers):
    done = read(
        readers,
        result(
            "OBX|1|NM|2524-7^Lactate^LN||4.1|mmol/L|||||F",
            "OBX|2|NM|2160-0^Creatinine^LN||1.1|spoons|||||F",
            "OBX|3|NM|2744-1^pH^LN||70|[pH]|||||F",
        ),
    )
    (entry,) = done.entries
    assert "lactate" in [event.concept for event in measured(entry.message)]
    assert done.letter is not None
    assert done.letter.code in {ErrorCode.UNKNOWN_UNIT, ErrorCode.IMPOSSIBLE_VALUE}
    told = str(done.letter)
    assert "OBX[2]" in told
    assert "OBX[3]" in told
    assert done.read.outcome == "mapped"


def test_an_unmapped_code_is_kept_and_counted(readers):
    done = read(readers, result("OBX|1|NM|XYZ^Odd^L||4.1|mmol/L|||||F"))
    assert done.read.unmapped == 1
    (entry,) = done.entries
    assert [event.concept for event in measured(entry.message)] == ["unmapped"]


def test_what_a_mended_map_reads_anew_is_another_message_about_the_same_fact(
    readers, tmp_path
):
    """So that neither inbox nor archive takes it for what came before."""
    odd = result("OBX|1|NM|XYZ^Odd^L||4.1|mmol/L|||||F")
    (tmp_path / "site.yaml").write_text(
        "{site: ward, zone: UTC, codes: [{code: XYZ, concept: lactate}]}"
    )
    (tmp_path / "key").write_bytes(b64encode(b"i" * 32))
    (tmp_path / "key").chmod(0o600)
    mended = readers_of(
        {
            "EMBER_SITE": str(tmp_path / "site.yaml"),
            "EMBER_IDENTITY_KEYS": f"1:{tmp_path / 'key'}",
        }
    )
    (before,), (after,) = read(readers, odd).entries, read(mended, odd).entries
    assert before.message.message_id != after.message.message_id
    for told in ([before, after], [after, before]):
        timeline = Timeline()
        for entry in told:
            for event in entry.message.events:
                timeline.apply(event, entry.message.message_id)
        (fact,) = (f for f in timeline.facts() if isinstance(f, Measurement))
        assert fact.concept == "lactate"


@pytest.mark.parametrize(
    "value",
    [
        b"no message",
        b"",
        result().replace(b"555-7", b""),
        b"MSH|^~\\&|LAB|ROSSI^AMALIA||||\r",
        b"\xff\xfeM\x00S\x00H\x00",
    ],
)
def test_what_cannot_be_used_at_all_is_a_letter_that_names_nobody(readers, value):
    done = read(readers, value)
    assert done.entries == ()
    told = f"{done.letter} {done.letter.cure} {done.letter.problem}"
    assert not any(word in told for word in PLANTED)


def test_a_type_that_is_not_read_is_filed(readers):
    done = read(readers, result().replace(b"ORU^R01", b"DFT^P03"))
    assert (done.entries, done.letter) == ((), None)
    assert done.read.outcome == "filed"


def test_no_name_and_no_number_of_a_patient_gets_into_an_entry(readers):
    (entry,) = read(
        readers,
        result(
            "OBX|1|TX|2524-7^Lactate^LN||ROSSI AMALIA of MILANO||||||F",
            "NTE|1||call AMALIA",
            "OBX|2|NM|777^Odd^L||4.1|mmol/L|||||F",
        ),
    ).entries
    assert not any(word.encode() in entry.payload for word in PLANTED)


def test_a_merge_tells_of_its_patients(readers):
    merge = (
        b"MSH|^~\\&|ADT|GENERAL|||20260301120000||ADT^A40|C9|P|2.5.1\r"
        b"EVN|A40|20260301120000\r"
        b"PID|1||555-7^^^GENERAL^MR\r"
        b"MRG|777-1^^^GENERAL^MR\r"
    )
    entries = read(readers, merge).entries
    kinds = [event.kind for entry in entries for event in entry.message.events]
    assert "patient_merge" in kinds


def test_what_was_sealed_for_this_topic_is_opened_and_nothing_else(readers):
    sealer = Sealer({1: KEY})
    sealed = sealer.seal(result(), place_of("ward", RAW))
    (opened,) = read(readers, sealed, HL7V2 + SEALED).entries
    (plain,) = read(readers, result()).entries
    assert opened == plain
    for value in (sealed[:-1], sealer.seal(result(), place_of("other", RAW))):
        with pytest.raises(InputError) as fault:
            read(readers, value, HL7V2 + SEALED)
        assert fault.value.code is ErrorCode.SEAL_BROKEN


def test_a_long_message_becomes_parts_that_go_on(readers):
    lines = [
        f"OBX|{n}|NM|2524-7^Lactate^LN|{n}|4.1|mmol/L|||||F" for n in range(1, 1_201)
    ]
    entries = read(readers, result(*lines)).entries
    assert len(entries) > 1
    assert all(len(entry.payload) <= LARGEST for entry in entries)
    assert [bool(e.message.continues) for e in entries] == [
        *[True] * (len(entries) - 1),
        False,
    ]


def test_what_is_fed_again_is_history_with_the_ids_it_had(readers):
    (live,), (again,) = (
        read(readers, result(), topic=topic).entries for topic in (RAW, BACKFILL)
    )
    assert again.message.provenance == "history"
    assert again.message == replace(live.message, provenance="history")


def test_no_other_topic_holds_what_a_source_wrote(readers):
    with pytest.raises(InputError) as fault:
        read(readers, result(), topic=PROTOCOLS)
    assert fault.value.code is ErrorCode.MALFORMED_MESSAGE


def test_without_a_site_nobody_reads():
    assert readers_of({}) == {}
