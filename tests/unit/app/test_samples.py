"""Files of messages, however they are framed: every message once, and in order."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.app.intake.samples import samples
from streams.vocabulary.errors import InputError, SettingsError


ONE = b"MSH|^~\\&|A|||||||1\rPID|1\r"
TWO = b"MSH|^~\\&|A|||||||2\rOBX|1|TX|||MSH is a segment\r"


def payloads(path, form="hl7v2"):
    return [sample.payload for sample in samples(form, path, [])]


@pytest.mark.parametrize("ends", [b"\r", b"\n", b"\r\n"])
def test_plain_files_are_split_where_a_line_begins_with_msh(tmp_path, ends):
    file = tmp_path / "a.hl7"
    file.write_bytes((ONE + TWO).replace(b"\r", ends))

    assert payloads(file) == [m.replace(b"\r", ends) for m in (ONE, TWO)]


def test_blank_lines_between_messages_are_nobodys(tmp_path):
    file = tmp_path / "a.hl7"
    file.write_bytes(b"\n\n" + ONE + b"\n\n" + TWO)

    assert [payload.strip() for payload in payloads(file)] == [
        ONE.strip(),
        TWO.strip(),
    ]


def test_frames_are_split_by_their_marks(tmp_path):
    file = tmp_path / "a.mllp"
    file.write_bytes(b"noise\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r\n")

    assert payloads(file) == [ONE, TWO]


def test_a_frame_that_never_ends_is_a_message_all_the_same(tmp_path):
    file = tmp_path / "a.mllp"
    file.write_bytes(b"\x0b" + ONE + b"\x1c\r\x0b" + TWO)

    assert payloads(file) == [ONE, TWO]


@pytest.mark.parametrize("end", [b"\x1c\r", b"\x1c\n", b"\x1c", b"\x1c\r\n"])
def test_the_end_of_a_frame_may_be_cut_short(tmp_path, end):
    file = tmp_path / "a.mllp"
    file.write_bytes(b"\x0b" + ONE + end + b"\x0b" + TWO + end)

    assert payloads(file) == [ONE, TWO]


def test_nothing_is_lost_beside_or_within_frames(tmp_path):
    file = tmp_path / "a.mllp"
    vertical = ONE.replace(b"\r", b"\x0b")
    file.write_bytes(TWO + b"\x0b" + vertical + b"\x1c\r\x0bno message\x1c\r" + TWO)

    assert payloads(file) == [TWO, vertical, b"no message", b"\r" + TWO]


def test_vertical_tabs_that_end_lines_lose_nothing(tmp_path):
    file = tmp_path / "a.hl7"
    vertical = ONE.replace(b"\r", b"\x0b")
    file.write_bytes(vertical + b"\n" + TWO)

    assert [p.strip() for p in payloads(file)] == [vertical.strip(), TWO.strip()]


@pytest.mark.parametrize("before", [b"  ", b"\t", b"\xef\xbb\xbf", b"12:00 INFO "])
def test_a_message_begins_behind_indents_and_a_logs_words(tmp_path, before):
    file = tmp_path / "a.hl7"
    file.write_bytes(before + ONE + before + TWO)

    assert [b"MSH|^~\\&|A|||||||2" in p for p in payloads(file)][-2:] == [False, True]


def test_the_lines_of_a_batch_are_no_messages(tmp_path):
    file = tmp_path / "a.hl7"
    file.write_bytes(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + TWO + b"BTS|2\rFTS|1\r")

    assert payloads(file) == [ONE, TWO + b"BTS|2\rFTS|1\r"]


def test_json_lines_are_known_by_what_they_hold(tmp_path):
    (tmp_path / "a.txt").write_text(json.dumps({"message": ONE.decode()}) + "\n")
    (tmp_path / "b.json").write_text('{"name": "no message"}\n')
    (tmp_path / "c.json").write_text('{\n "message": "of a page"\n}\n')

    assert payloads(tmp_path) == [ONE]


def test_json_lines_hold_a_message_each_and_a_bad_line_is_told(tmp_path):
    file = tmp_path / "a.jsonl.gz"
    lines = [json.dumps({"message": ONE.decode()}), "{", "[1]", '{"message": 1}', ""]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))

    first, *bad = samples("hl7v2", file, [])

    assert first.payload == ONE
    assert first.fault is None
    assert [s.fault.problem.split()[1] for s in bad] == ["2", "3", "4"]


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.hl7").write_bytes(TWO)
    (tmp_path / "a.hl7").write_bytes(ONE)
    (tmp_path / ".hidden").write_bytes(ONE)
    (tmp_path / "LICENCE.txt").write_text("May be used. MSH is a segment.")
    others = []

    found = list(samples("hl7v2", tmp_path, others))

    assert [(s.file, s.payload) for s in found] == [
        ("a.hl7", ONE),
        ("b/two.hl7", TWO),
    ]
    assert others == ["LICENCE.txt"]


def test_resources_are_lines_or_whole_json_files(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(b'{"id": "1"}\n\n{"id": "2"}')
    (tmp_path / "b.json").write_bytes(b'{\n "id": "3"\n}\n')

    assert [json.loads(p)["id"] for p in payloads(tmp_path, "fhir")] == ["1", "2", "3"]


MARK = b"\xef\xbb\xbf"


def test_a_byte_order_mark_costs_no_first_line(tmp_path):
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(MARK + json.dumps({"message": ONE.decode()}).encode())
    resources = tmp_path / "a.ndjson"
    resources.write_bytes(MARK + b'{"a":1}\r\n{"b":2}\r\n')
    whole = tmp_path / "a.json"
    whole.write_bytes(MARK + b'{\n"a": 1}')

    assert payloads(lines) == [ONE]
    assert [json.loads(one) for one in payloads(resources, "fhir")] == [
        {"a": 1},
        {"b": 2},
    ]
    assert payloads(whole, "fhir") == [b'{\n"a": 1}']


def test_a_json_file_of_lines_is_its_lines(tmp_path):
    file = tmp_path / "Patient.json"
    file.write_bytes(b'{"a":1}\n{broken\n{"b":2}\n')

    assert payloads(file, "fhir") == [b'{"a":1}\n', b"{broken\n", b'{"b":2}\n']


def test_an_archive_is_known_by_its_bytes(tmp_path):
    file = tmp_path / "a.hl7"
    file.write_bytes(gzip.compress(ONE))

    assert payloads(file) == [ONE]


@pytest.mark.parametrize("name", ["b.hl7", "b.HL7", "b.mllp"])
def test_a_file_named_as_messages_is_read_whatever_it_holds(tmp_path, name):
    (tmp_path / "a.hl7").write_bytes(ONE)
    (tmp_path / name).write_bytes(b"PID|1||4711\r")
    (tmp_path / "licence.txt").write_bytes(b"as is")

    others = []
    read = [one.payload for one in samples("hl7v2", tmp_path, others)]
    assert read == [ONE, b"PID|1||4711\r"]
    assert others == ["licence.txt"]


def test_nothing_to_read_is_told(tmp_path):
    with pytest.raises(SettingsError, match="nothing to read"):
        payloads(tmp_path)
    with pytest.raises(SettingsError, match="nothing to read"):
        payloads(tmp_path / "nowhere")


def test_a_broken_archive_is_told(tmp_path):
    file = tmp_path / "a.hl7.gz"
    file.write_bytes(gzip.compress(ONE * 1000)[:40])

    with pytest.raises(InputError, match="cannot be read to its end"):
        payloads(file)


def test_an_archive_that_is_damaged_inside_is_told(tmp_path):
    packed = bytearray(gzip.compress(bytes(range(256)) * 200))
    packed[10] ^= 0xFF
    file = tmp_path / "a.hl7.gz"
    file.write_bytes(packed)

    with pytest.raises(InputError, match="cannot be read to its end"):
        payloads(file)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies=st.lists(st.integers(1, 3000), min_size=1, max_size=8),
    chunk=st.integers(1, 700),
    framed=st.booleans(),
)
def test_where_a_piece_ends_does_not_matter(
    tmp_path, monkeypatch, bodies, chunk, framed
):
    monkeypatch.setattr("streams.app.intake.samples._CHUNK", max(chunk, 40))
    written = [b"MSH|^~\\&|" + b"x" * size + b"\r" for size in bodies]
    file = tmp_path / "a"
    whole = b"".join(b"\x0b" + m + b"\x1c\r" if framed else m for m in written)
    file.write_bytes(whole)

    assert payloads(file) == written


@pytest.mark.parametrize("garbage", [b"\x0b ", b"FHS|", b"FHS|x\r", b" ", b"\r "])
def test_garbage_costs_no_more_than_its_length(tmp_path, garbage):
    file = tmp_path / "a.hl7"
    file.write_bytes(ONE + b"\x0b" + garbage * 100_000 + b"x")

    assert payloads(file)[0].startswith(ONE)
