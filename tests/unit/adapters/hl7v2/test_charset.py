"""Bytes of every charset a sender may mean, and of those it does not."""

import pytest

from streams.adapters.hl7v2.charset import decoded
from streams.adapters.hl7v2.splitter import parse
from streams.vocabulary.errors import ErrorCode


def written(charset: str, text: str = "µmol/L für") -> str:
    return f"MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5||||||{charset}\rOBX|1|ST|K||{text}"


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859-15"),
        ("UNICODE UTF-8", "utf-8"),
        ("unicode utf-8", "utf-8"),
        ("UNICODE UTF-8~ISO IR87", "utf-8"),
        ("UNICODE UTF-16", "utf-16"),
        ("UNICODE UTF-16", "utf-16-le"),
        ("UNICODE UTF-16", "utf-16-be"),
        ("UTF-8", "utf-8-sig"),
        ("", "utf-8"),
        ("WINDOWS-1252", "cp1252"),
        ("GB 18030-2000", "gb18030"),
    ],
)
def test_bytes_are_read_in_the_charset_that_the_message_names(charset, codec):
    payload = b"\x0b" + written(charset).encode(codec) + b"\x1c\r"
    told = parse(payload)
    assert told.segments[1].text(5) == "µmol/L für"
    assert told.faults == ()


@pytest.mark.parametrize("charset", ["ISO IR87", "~ISO IR87", "ASCII~ISO IR87"])
def test_japanese_of_iso_2022_is_read(charset):
    told = parse(written(charset, "検査|血液").encode("iso2022_jp"))
    assert told.segments[1].text(5) == "検査"
    assert told.segments[1].text(6) == "血液"
    assert told.faults == ()


@pytest.mark.parametrize(
    ("charset", "codec", "read_as"),
    [
        ("ASCII", "latin-1", "latin-1"),
        ("ASCII", "utf-8", "utf-8"),
        ("8859/1", "utf-8", "utf-8"),
        ("UNICODE UTF-8", "latin-1", "latin-1"),
        ("", "latin-1", "latin-1"),
        ("KLINGON", "utf-8", "utf-8"),
        ("UNICODE UTF-16", "utf-8", "utf-8"),
    ],
)
def test_a_charset_that_is_not_what_was_sent_is_told(charset, codec, read_as):
    told = parse(written(charset).encode(codec))
    assert told.segments[1].text(5) == "µmol/L für"
    assert [fault.code for fault in told.faults] == [ErrorCode.CHARSET]
    assert read_as in told.faults[0].cure


def test_a_charset_nobody_knows_does_no_harm_to_plain_letters():
    assert decoded(written("KLINGON", "plain").encode()).fault is None


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"\xef\xbb\xbf", b"M\x00S", b"\x1b"]
)
def test_no_bytes_raise(payload):
    decoded(payload)
