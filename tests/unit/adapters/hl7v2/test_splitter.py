"""From bytes to segments, fields and their parts."""

import pytest

from streams.adapters.hl7v2.delimiters import Delimiters, delimiters
from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.splitter import messages, parse
from streams.vocabulary.errors import ErrorCode, InputError


MSH = "MSH|^~\\&|A|B|C|D|20261128||ORU^R01|1|P|2.5.1"
LINES = (MSH, "PID|1||4711", "OBX|1|NM|K", "ZZZ|own")


def named(payload: bytes) -> list[str]:
    return [segment.name for segment in parse(payload).segments]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n", "\r\n\r\n"])
def test_every_line_end_divides_segments(end):
    assert named(end.join(LINES).encode()) == ["MSH", "PID", "OBX", "ZZZ"]


def test_framing_and_what_stands_before_the_message_is_left_out():
    framed = b"\x0b" + "\r".join(LINES).encode() + b"\r\x1c\r"
    assert named(framed) == ["MSH", "PID", "OBX", "ZZZ"]
    assert named(b"noise\r\n" + framed) == ["MSH", "PID", "OBX", "ZZZ"]


def test_msh_counts_its_separator_as_a_field():
    msh = parse(MSH.encode()).msh
    assert (msh.raw(1), msh.raw(2), msh.raw(3)) == ("|", "^~\\&", "A")
    assert msh.text(9, 2) == "R01"


def test_delimiters_are_those_that_the_message_names():
    told = parse(b"MSH#*~!%#A#B#C#D##E#ORU*R01#7#P#2.3\rPID#1##4711*9**X%Y!S!Z*MR")
    pid = told.segments[1]
    assert (pid.text(3), pid.text(3, 2), pid.text(3, 4)) == ("4711", "9", "X")
    assert pid.text(3, 4, 2) == "Y*Z"


def test_a_truncation_character_is_taken_from_version_2_7_on():
    told = parse(b"MSH|^~\\&#|A|B|C|D||E|ORU^R01|7|P|2.8\rOBX|1|ST|K||a\\P\\b")
    assert told.msh.delimiters.truncation == "#"
    assert told.segments[1].text(5) == "a#b"


def test_fewer_encoding_characters_leave_their_delimiters_out():
    told = parse(b"MSH|^|A|B|C|D||E|ORU^R01|7|P|2.1\rOBX|1|ST|K^L||a~b&c\\F\\")
    assert told.segments[1].text(3, 2) == "L"
    assert told.segments[1].text(5) == "a~b&c\\F\\"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a\\F\\b", "a|b"),
        ("a\\S\\b", "a^b"),
        ("a\\T\\b", "a&b"),
        ("a\\R\\b", "a~b"),
        ("a\\E\\b", "a\\b"),
        ("a\\X0D0A\\b", "a\r\nb"),
        ("\\XC3BC\\ber", "über"),
        ("\\XFC\\ber", "über"),
        ("a\\.br\\b", "a\nb"),
        ("a\\.in+4\\b", "ab"),
        ("\\H\\high\\N\\", "high"),
        ("a\\C2842\\b", "ab"),
        ("a\\XZZ\\b", "a\\XZZ\\b"),
        ("\\server\\share", "\\server\\share"),
        ("a\\b", "a\\b"),
    ],
)
def test_escapes_mean_what_they_stand_for(written, meant):
    told = parse(f"{MSH}\rOBX|1|ST|K||{written}".encode())
    assert told.segments[1].text(5) == meant.strip()


def test_escaping_is_undone_by_unescaping():
    these = Delimiters()
    text = "a|b^c~d&e\\f\r\ng"
    assert these.unescaped(these.escaped(text)) == text


def test_repetitions_components_and_subcomponents_are_told_apart():
    pid = parse(f"{MSH}\rPID|1||1^^^A&1.2&ISO^MR~2^^^B^PI".encode()).segments[1]
    first, second = pid.repetitions(3)
    assert (first.text(1), first.text(4), first.text(4, 2)) == ("1", "A", "1.2")
    assert (second.text(1), second.text(4), second.text(5)) == ("2", "B", "PI")
    assert pid.text(3, 4, 3) == "ISO"
    assert pid.text(3, 9) == ""
    assert pid.text(99) == ""


def test_two_double_quotes_delete_and_read_as_empty():
    obx = parse(f'{MSH}\rOBX|1|NM|K||""|""'.encode()).segments[1]
    assert obx.deleted(5)
    assert obx.text(5) == ""
    assert not obx.deleted(4)
    assert obx.repetitions(5) == []


def test_a_line_that_is_no_segment_belongs_to_the_field_before_it():
    told = parse(f"{MSH}\rOBX|1|TX|K||first\nsecond|mg||||F\rNTE|1".encode())
    obx = told.segments[1]
    assert obx.text(5) == "first\nsecond"
    assert (obx.text(6), obx.text(10)) == ("mg", "F")
    assert told.faults[0].code == ErrorCode.LOOSE_LINE
    assert [segment.name for segment in told.segments] == ["MSH", "OBX", "NTE"]


def test_names_of_segments_are_taken_in_either_case():
    assert named(f"{MSH}\rpid|1||4711".encode()) == ["MSH", "PID"]


def test_segments_are_numbered_among_their_name():
    told = parse(f"{MSH}\rOBX|1\rNTE|1\rOBX|2".encode())
    assert [s.place(5) for s in told.all("OBX")] == ["OBX[1]-5", "OBX[2]-5"]


def test_a_batch_is_its_messages():
    text = f"FHS|^~\\&|A\rBHS|^~\\&|A\r{MSH}\rPID|1\r{MSH}\rPID|2\rBTS|2\rFTS|1"
    first, second = messages(text)
    assert first == f"{MSH}\rPID|1"
    assert second.startswith(f"{MSH}\rPID|2")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x0b\x1c\r",
        b"PID|1||4711",
        b"{}",
        b"MSH",
        b"MSH|",
        b"MSH|^^^^|A",
        b"MSHxyz",
        b"\x00\xff\xfe",
        b"MSH|^~\\&".replace(b"|", b" "),
    ],
)
def test_what_is_no_message_is_refused(payload):
    with pytest.raises(InputError) as refused:
        parse(payload)
    assert refused.value.code == ErrorCode.NOT_HL7


@pytest.mark.parametrize("opening", ["MSH|^~^&|", "MSHA^~\\&A", "MSH|^~ &|", "MSH"])
def test_delimiters_that_divide_nothing_are_refused(opening):
    with pytest.raises(InputError):
        delimiters(opening)


@pytest.mark.parametrize(
    "end",
    [
        *("\x0b", "\x0c", "\x1e", "\x85", "\u2028"),
        *("\\r", "\\n", "\\r\\n", "\\X0D\\", "<CR>", "<cr><lf>", "\r  ", "\n\t"),
    ],
)
def test_what_takes_the_place_of_line_ends_in_copies_divides_segments(end):
    assert named(end.join(LINES).encode()) == ["MSH", "PID", "OBX", "ZZZ"]


def test_no_text_is_divided_where_lines_end_as_they_should():
    told = parse(f"{MSH}\rOBX|1|TX|K||see <CR>OBX|2\x0c\rNTE|1\\rOBX|3\r".encode())
    assert [segment.name for segment in told.segments] == ["MSH", "OBX", "NTE"]


@pytest.mark.parametrize("written", ["", "^~&", "^~\\\\&", "^\\~\\&", "^~\\&amp;"])
def test_a_slip_in_msh_2_is_read_as_what_was_meant_and_told(written):
    told = parse(f"MSH|{written}|A|B|C|D||E|ORU^R01|7\rPID|1||4711^^^H^MR~5".encode())
    assert told.msh.text(9, 2) == "R01"
    assert [one.text(1) for one in told.segments[1].repetitions(3)] == ["4711", "5"]
    assert [fault.code for fault in told.faults] == [ErrorCode.SLIPPED_DELIMITERS]


def test_what_was_escaped_once_too_often_is_undone():
    xml = parse(b"MSH|^~\\&amp;|A\rPID|1||4711^^^H&amp;1.2&amp;ISO\rOBX|1|ST|K||&lt;5")
    assert (xml.segments[1].text(3, 4, 2), xml.segments[2].text(5)) == ("1.2", "<5")
    doubled = parse(b"MSH|^~\\\\&|A\rOBX|1|ST|K||10\\\\S\\\\9/L")
    assert doubled.segments[1].text(5) == "10^9/L"


@pytest.mark.parametrize(
    "before", ["2026-11-28 INFO got: ", "  ", "\t", '"', "NTE|1||end of the one before"]
)
def test_a_message_begins_where_the_standards_delimiters_stand(before):
    assert named((before + "\r".join(LINES)).encode()) == ["MSH", "PID", "OBX", "ZZZ"]


def test_quotes_around_a_message_are_none_of_it():
    told = parse(f'"{MSH}\rOBX|1|NM|K||5|||||F"\r\n'.encode())
    assert told.segments[1].text(10) == "F"


def test_a_frame_that_was_written_in_words_is_taken_off():
    told = parse(f"<SB>{MSH}<CR>OBX|1|NM|K||5|||||F<CR><EB><CR>".encode())
    assert told.segments[1].text(10) == "F"


def test_msh_may_be_small_as_other_names_may():
    assert named("\r".join(LINES).replace("MSH", "msh").encode())[0] == "MSH"


@pytest.mark.parametrize(
    "again", ["\\r", "<CR>", "\x0b", " ", "MSH|^~\\&|", "2", "FHS|", "\r "]
)
def test_garbage_costs_no_more_than_its_length(again):
    """Each took minutes while patterns could be tried from every place to the end."""
    garbage = again * 50_000 + "x"
    messages(f"noise {MSH}{garbage}")
    parse(f"MSH|^~\\&|{garbage}".encode())
    header(f"MSH|^~\\&|A|B|C|D|{garbage}".encode())
