"""Source messages out of files: MLLP frames, plain HL7 v2, JSON Lines, FHIR NDJSON.

Every file is read in pieces, so that memory depends on the largest message alone.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import orjson

from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


Form = Literal["hl7v2", "fhir"]

_CHUNK = 1 << 20
_LARGEST = 64 << 20
"""Bytes of one message; what is longer is no message."""
_FRAME = b"\x0b"
_FRAME_END = b"\x1c"
"""The carriage return that belongs to it is left away by some, and stands outside."""
_FRAMED = re.compile(rb"\x0b(?=[\s\x00\xef\xbb\xbf\xff\xfe]{0,16}[MFBmfb]\x00?[SHsh])")
"""A frame begins; in a text the same letter is a line end."""
_BEGIN = re.compile(
    rb"(?:^|(?<=[\r\n]))(?=[ \t]*(?:MSH|msh)[^\w\s])|(?<=.)(?=MSH\|\^~\\&)", re.DOTALL
)
"""As `streams.adapters.hl7v2.splitter` finds the beginning of a message."""
_AROUND = re.compile(
    rb"(?:(?:[FB]HS|[FB]TS)[^\w\s][^\r\n]*+|[\s\x1a\xef\xbb\xbf\"'`])*"
)
"""What begins or ends a file or a batch, and is no message."""
_JSON_LINES = {".jsonl", ".ndjson"}
_HL7V2 = {".hl7", ".hl7v2", ".er7", ".mllp"}
"""A file named so claims to hold messages: where it holds none, that is a rejection."""
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Sample:
    """One message of a file, or why there is none in its place."""

    file: str
    payload: bytes
    fault: InputError | None = None


def samples(
    form: Form,
    path: Path,
    others: list[str],
    *,
    rank: Callable[[bytes], int] | None = None,
) -> Iterator[Sample]:
    """The messages of a file, or of all files of a folder by name.

    With `rank` a folder's files come by the rank of their first line, then by name.

    A file of a folder that holds no message (a licence, a picture) is not read, and
    named in `others`; a file that was asked for is read whatever it is.

    Raises `SettingsError` EMB-403 where there is nothing to read, `InputError`
    EMB-113 where a file cannot be read to its end.
    """
    read, holds = (_fhir, _resources) if form == "fhir" else (_hl7v2, _messages)
    files = _files(path)
    if rank is not None and len(files) > 1:
        files.sort(key=lambda file: rank(_first_line(file)))
    for file in files:
        name = file.name if path.is_file() else str(file.relative_to(path))
        try:
            if file != path and not holds(file):
                others.append(name)
                continue
            with _opened(file) as content:
                yield from read(name, file, content)
        except (OSError, EOFError, zlib.error) as fault:
            raise InputError(
                ErrorCode.UNREADABLE_FILE,
                f"{file} cannot be read to its end ({fault}).",
                "Copy the file again.",
            ) from None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(
        file
        for file in (path.rglob("*") if path.is_dir() else ())
        if file.is_file() and not file.name.startswith(".")
    )
    if not found:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"There is nothing to read at {path}.",
            "Give --path a file of messages, or a folder of such files.",
        )
    return found


def _opened(file: Path) -> BinaryIO:
    """Unpacked where it is packed, whatever its name, or where its name says so."""
    with file.open("rb") as content:
        packed = content.read(len(_GZIP)) == _GZIP
    if packed or file.suffix == ".gz":
        return gzip.open(file, "rb")  # type: ignore[return-value]  # it reads bytes
    return file.open("rb")


def _first_line(file: Path) -> bytes:
    """Of a file that cannot be read, none: its reading tells why."""
    try:
        with _opened(file) as content:
            return content.readline(_CHUNK)
    except (OSError, EOFError, zlib.error):
        return b""


def _suffix(file: Path) -> str:
    """The suffix that tells the format, without `.gz`."""
    return Path(file.stem).suffix if file.suffix == ".gz" else file.suffix


def _messages(file: Path) -> bool:
    """Whether the file's name says that it holds messages, or its beginning has one."""
    if _suffix(file).lower() in _JSON_LINES | _HL7V2:
        return True
    with _opened(file) as content:
        first = content.read(_CHUNK)
    return _is_framed(first) or _is_lines(first) or _BEGIN.search(first) is not None


def _resources(file: Path) -> bool:
    return _suffix(file).lower() in {*_JSON_LINES, ".json"}


# -- HL7 v2 --------------------------------------------------------------------------


def _hl7v2(name: str, file: Path, content: BinaryIO) -> Iterator[Sample]:
    first = content.read(_CHUNK)
    if _suffix(file).lower() in _JSON_LINES or _is_lines(first):
        yield from _message_fields(name, _lines(first, content))
        return
    pieces = _pieces(first, content)
    for payload in _frames(pieces) if _is_framed(first) else _plain(pieces):
        yield Sample(name, payload)


def _is_framed(first: bytes) -> bool:
    return first.startswith(_FRAME) or _FRAMED.search(first) is not None


def _is_lines(first: bytes) -> bool:
    """Whether the file begins with a JSON object that holds a message."""
    text = first.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if not text.startswith(b"{"):
        return False
    try:
        return "message" in orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        return False


def _lines(first: bytes, content: BinaryIO) -> Iterator[bytes]:
    """The lines of a file of which a piece was read already."""
    text = first.removeprefix(_BYTE_ORDER_MARK)
    *whole, last = text.splitlines(keepends=True) or [b""]
    yield from whole
    yield last if last.endswith(b"\n") else last + content.readline()
    yield from content


def framed(content: BinaryIO) -> Iterator[bytes]:
    """The payloads of MLLP frames."""
    yield from _frames(_pieces(content.read(_CHUNK), content))


def _pieces(first: bytes, content: BinaryIO) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = content.read(_CHUNK)


def _frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What stands in frames, and messages beside them; the rest is a sender's noise."""
    held = b""
    for piece in pieces:
        held += piece
        *whole, held = held.split(_FRAME_END)
        for frame in whole:
            yield from _of_frame(frame)
        if len(held) > _LARGEST:
            yield held
            held = b""
    yield from _of_frame(held)


def _of_frame(told: bytes) -> Iterator[bytes]:
    """The payloads before the end of a frame: several, where an end was lost."""
    before, *framed = _FRAMED.split(told)
    if not framed and _FRAME in before:  # a frame all the same, though of no message
        before, _, payload = before.partition(_FRAME)
        framed = [payload]
    if _BEGIN.search(before):
        yield before
    yield from framed


def _plain(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """From one line that begins with MSH to the next."""
    held = b""
    for piece in pieces:
        held += piece
        *whole, held = _BEGIN.split(held)
        yield from (payload for payload in whole if not _AROUND.fullmatch(payload))
        if len(held) > _LARGEST:
            yield held
            held = b""
    if not _AROUND.fullmatch(held):
        yield held


def _message_fields(name: str, lines: Iterable[bytes]) -> Iterator[Sample]:
    """The `message` of each line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = orjson.loads(line)["message"]
            yield Sample(name, message.encode("utf-8"))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            yield Sample(name, line, _no_line(name, number, "a `message` field"))


# -- FHIR ----------------------------------------------------------------------------


def _fhir(name: str, file: Path, content: BinaryIO) -> Iterator[Sample]:
    first = content.read(_CHUNK)
    if _suffix(file).lower() == ".json" and not _is_object(first):
        whole = first + content.read()
        yield Sample(name, whole.removeprefix(_BYTE_ORDER_MARK))
        return
    for line in _lines(first, content):
        if line.strip():
            yield Sample(name, line)


def _is_object(first: bytes) -> bool:
    """Whether the first line is a JSON object by itself, as in NDJSON."""
    try:
        line = first.removeprefix(_BYTE_ORDER_MARK).lstrip().partition(b"\n")[0]
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _no_line(name: str, number: int, what: str) -> InputError:
    return InputError(
        ErrorCode.MALFORMED_MESSAGE,
        f"Line {number} of {name} is no JSON object with {what}.",
        "Write one object a line.",
    )
