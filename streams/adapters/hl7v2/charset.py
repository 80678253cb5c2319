"""From bytes to text: transmission framing, byte order marks, the charsets of MSH-18.

Bytes that are not of the charset the message names are read as Latin-1, in which
every byte is a letter, and that is told: an odd letter beats a lost message.
Source: HL7 v2.8.2 chapter 2, 2.14.9.18, and table 0211.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from streams.adapters.translation import Fault
from streams.vocabulary.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of one message, and how it was read."""

    text: str
    codec: str
    fault: Fault | None = None


_CODECS = {
    "": "utf-8",  # the standard says ASCII; senders that say nothing send this
    "ASCII": "ascii",
    "US-ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
    **{f"8859-{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
    **{f"ISO-8859-{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
    **{f"ISO8859-{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
    "LATIN1": "iso8859-1",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
    "CNS 11643-1992": "big5",
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
}
_ESCAPING = {"iso2022_jp", "iso2022_jp_1"}
_ONE_BYTE = ("iso8859", "cp125")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = re.compile(rb"^(?:\x00{0,3}[MFB]\x00{0,3}[SH])")
_FRAMING = b"\x0b\x1c \t\r\n"


def decoded(payload: bytes) -> Decoded:
    """The message as text, without framing; never raises."""
    body = payload.strip(_FRAMING)
    for mark, codec in _MARKS:
        if body.startswith(mark):
            rest = body[len(mark) :]
            return _read(_even(rest) if codec != "utf-8" else rest, codec, codec)
    if body[:2].isalpha() and b"\x1b" not in body and body.isascii():
        return Decoded(body.decode("ascii"), "ascii")
    if _WIDE.match(body) and b"\x00" in body[:4]:
        codec = "utf-16-le" if body[1:2] == b"\x00" else "utf-16-be"
        return _read(_even(body), codec, codec)
    told = _told(body)
    return _read(body, _CODECS.get(told.upper(), ""), told)


def _read(body: bytes, codec: str, told: str) -> Decoded:
    if codec.startswith(_ONE_BYTE) and _is_utf_8(body):
        return Decoded(body.decode("utf-8"), "utf-8", _mistold(told, "utf-8"))
    try:
        text = body.decode(codec).lstrip("\ufeff") if codec else ""
        if "MSH" in text or b"MSH" not in body:
            return Decoded(text, codec or "ascii")
    except (UnicodeDecodeError, UnicodeError):
        pass
    for other in ("utf-8", "latin-1"):
        try:
            return Decoded(body.decode(other), other, _mistold(told, other))
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 reads every byte")


def _is_utf_8(body: bytes) -> bool:
    """Whether bytes beyond ASCII are UTF-8, which no text of a Latin charset is."""
    try:
        return not body.isascii() and bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _even(wide: bytes) -> bytes:
    """Framing was cut off bytewise, and may have taken half a letter with it."""
    return wide[:-1] if len(wide) % 2 else wide


def _told(body: bytes) -> str:
    """The charset that MSH-18 names, cut out of bytes nobody can read yet.

    Of several the first; but the Japanese ones come behind another (`~ISO IR87`), to
    which their own escapes lead and from which they return.
    """
    at = max(body.find(b"MSH"), 0)
    opening = re.split(rb"[\r\n]", body[at : at + 4096], maxsplit=1)[0]
    separator = opening[3:4] or b"|"
    fields = opening.split(separator)
    named = fields[17] if len(fields) > 17 else b""
    repetition = opening[5:6] or b"~"
    told = [one.decode("ascii", "replace").strip() for one in named.split(repetition)]
    escaping = (one for one in told[1:] if _CODECS.get(one.upper(), "") in _ESCAPING)
    return next(escaping, told[0]) if b"\x1b$" in body else told[0]


def _mistold(told: str, read_as: str) -> Fault:
    known = told.upper() in _CODECS
    return Fault(
        place="MSH-18",
        code=ErrorCode.CHARSET,
        reason="The bytes are not of the charset the message names."
        if known
        else "The message names a charset nobody knows.",
        cure=f"It was read as {read_as}; name the charset that is sent.",
    )
