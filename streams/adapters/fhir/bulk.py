"""The Bulk Data client: kick off, wait, take the files line by line, clear up.

No file is ever held as a whole, and no line longer than `LONGEST_LINE`.
A connection that breaks within a file is taken up where it broke, within a run and by
the next one; what was taken before is compared with what the server says now.
Source: HL7 FHIR Bulk Data Access 2.0.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import httpx2
import orjson
from pydantic import ValidationError

from streams.adapters.fhir.export import (
    Begun,
    BegunFile,
    ExportFile,
    ExportRequest,
    Manifest,
)
from streams.adapters.fhir.server import (
    JSON,
    NDJSON,
    TRIES,
    FhirServer,
    retry_after,
)
from streams.vocabulary.errors import ErrorCode, InputError


LONGEST_LINE = 900_000
"""Bytes; what is longer goes into no record of Kafka, and is counted."""
_POLL_SECONDS = 5.0
_MANIFEST_BYTES = 64 << 20
_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One resource as the server wrote it, and where it stands."""

    stream: str
    """`0f3a…/output/3`: which export, the kind of file, its number in the manifest.

    Another export has other streams: what was taken of one says nothing of the next.
    """
    position: int
    payload: bytes


@dataclass(slots=True)
class ExportReport:
    """What came of an export."""

    transaction_time: datetime | None = None
    """What changed later is in the next export, asked for `since` this moment."""
    files: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    """By `output` and `deleted`, those of earlier runs included."""
    too_long: int = 0
    """Lines of more than `LONGEST_LINE` bytes, which were left."""
    errors: Counter[str] = field(default_factory=Counter)
    """What the server could not export, by severity and code; never in its words."""


@dataclass(slots=True)
class BulkExport:
    """One export of one server."""

    server: FhirServer
    request: ExportRequest
    begun: BegunFile
    report: ExportReport = field(default_factory=ExportReport)
    last: dict[str, int] = field(default_factory=dict)
    """By stream, the position of the last line that was given out."""
    ended: bool = False
    """Whether every line was."""

    def lines(self, after: Callable[[str], int]) -> Iterator[Line]:
        """All resources, then what was deleted, past what was taken before.

        `after` gives the last position that was taken of a stream, -1 of a new one.
        Raises `InputError` EMB-135, EMB-136, EMB-137; `AskedToStop`.
        """
        for kind, number, file, token in self._files():
            stream = f"{self._name()}/{kind}/{number}"
            if kind == "error":
                self._note_errors(file, token=token)
            else:
                yield from self._taken(stream, kind, file, after(stream), token=token)
        self.ended = True

    def clear_up(self, server: FhirServer) -> None:
        """All is durable elsewhere: the next run is a new export, the files may go.

        Raises `InputError` EMB-135, EMB-136 where the server cannot be told.
        """
        begun = self.begun.read(self.request.url(server.base))
        self.begun.remove()
        if begun is not None:
            with server.asked("DELETE", begun.status, "the end of an export"):
                pass

    def _name(self) -> str:
        begun = self.begun.read(self.request.url(self.server.base))
        return _digest(begun.status.encode()).hex()[:12] if begun else ""

    # -- kick-off, status, manifest --------------------------------------------

    def _files(self) -> Iterator[tuple[str, int, ExportFile, bool]]:
        counts: Counter[str] = Counter()
        for manifest in self._manifests():
            self.report.transaction_time = manifest.transaction_time
            for kind in ("output", "deleted", "error"):
                for file in getattr(manifest, kind):
                    self.report.files += 1
                    yield kind, counts[kind], file, manifest.requires_token
                    counts[kind] += 1

    def _manifests(self) -> Iterator[Manifest]:
        manifest = self._awaited()
        yield manifest
        for _ in range(_PAGES):
            following = manifest.following
            if following is None:
                return
            what = "a page of an export's manifest"
            with self.server.asked(
                "GET", following, what, headers={"Accept": "application/json"}
            ) as answer:
                manifest = self._manifest(answer)
            yield manifest
        raise _failed("its manifest has no end")

    def _awaited(self) -> Manifest:
        """The manifest, once the server has made all files."""
        asked = self.request.url(self.server.base)
        begun = self.begun.read(asked)
        if begun is None:
            begun = Begun(asked=asked, status=self._kicked_off(asked))
            self.begun.write(begun)
        while True:
            with self.server.asked(
                "GET",
                begun.status,
                "the status of an export",
                headers={"Accept": "application/json"},
            ) as answer:
                if answer.status_code == 200:
                    return self._manifest(answer)
                if answer.status_code != 202:
                    raise _failed(f"the server answered {answer.status_code}")
                wanted = retry_after(answer, datetime.now(UTC))
            self.server.pause(_POLL_SECONDS if wanted is None else wanted)

    def _kicked_off(self, asked: str) -> str:
        headers = {"Accept": JSON, "Prefer": "respond-async"}
        with self.server.asked("GET", asked, "an export", headers=headers) as answer:
            if answer.status_code != 202:
                raise self.server.refused("an export", answer.status_code)
            where = answer.headers.get("content-location", "")
        if not where:
            raise _failed("the server does not say where it can be watched")
        return str(httpx2.URL(asked).join(where))

    def _manifest(self, answer: httpx2.Response) -> Manifest:
        body = bytearray()
        for block in answer.iter_bytes():
            body += block
            if len(body) > _MANIFEST_BYTES:
                raise _failed("its manifest is too large")
        try:
            return Manifest.model_validate_json(bytes(body))
        except ValidationError:
            raise _failed("its manifest cannot be read") from None

    # -- files -------------------------------------------------------------------

    def _taken(
        self, stream: str, kind: str, file: ExportFile, last: int, *, token: bool
    ) -> Iterator[Line]:
        """The lines after `last`, through as many connections as it takes."""
        read = _Read()
        for tried in range(TRIES):
            try:
                for at, payload in read.on(self._lines_of(file, token=token)):
                    self.report.lines[kind] += 1
                    if at > last:
                        yield from self._given(stream, at, payload)
            except (httpx2.TransportError, httpx2.DecodingError) as fault:
                if tried == TRIES - 1:
                    told = type(fault).__name__
                    raise _failed(f"a file broke off {TRIES} times ({told})") from None
                self.server.pause(0.5 * 2.0**tried)
            else:
                break
        if file.count is not None and read.count != file.count:
            raise _failed(f"a file of {file.count} resources has {read.count}")

    def _given(self, stream: str, at: int, payload: bytes | None) -> Iterator[Line]:
        if payload is None:
            self.report.too_long += 1
            return
        self.last[stream] = at
        yield Line(stream, at, payload)

    def _lines_of(self, file: ExportFile, *, token: bool) -> Iterator[bytes | None]:
        what = "a file of an export"
        with self.server.asked(
            "GET", file.url, what, headers={"Accept": NDJSON}, token=token
        ) as answer:
            if answer.status_code in {403, 404, 410}:
                raise _failed(
                    f"a file cannot be had any more (status {answer.status_code})"
                )
            if not answer.is_success:
                raise self.server.refused(what, answer.status_code)
            yield from split(answer.iter_bytes())

    def _note_errors(self, file: ExportFile, *, token: bool) -> None:
        for payload in self._lines_of(file, token=token):
            self.report.errors.update(_issues(payload or b""))


class _Read:
    """How much of a file was read, so that another connection goes on with it."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = sha256()

    def on(self, lines: Iterator[bytes | None]) -> Iterator[tuple[int, bytes | None]]:
        """What was not read before; raises EMB-137 where that is another file."""
        again, met = sha256(), 0
        for at, payload in enumerate(lines):
            again.update(_digest(payload))
            met = at + 1
            if met > self.count:
                self.count = met
                self._digest = again.copy()
                yield at, payload
            elif met == self.count and again.digest() != self._digest.digest():
                raise _failed("a file changed while it was read")
        if met < self.count:
            raise _failed("a file became shorter while it was read")


def split(blocks: Iterator[bytes]) -> Iterator[bytes | None]:
    """The lines of a stream, blank ones left out; None for one too long."""
    rest = bytearray()
    overflowing = False
    for block in blocks:
        *lines, tail = block.split(b"\n")
        for line in lines:
            rest += line
            whole = bytes(rest).strip()
            rest.clear()
            if overflowing or len(whole) > LONGEST_LINE:
                overflowing = False
                yield None
            elif whole:
                yield whole
        rest += tail
        if len(rest) > LONGEST_LINE:
            overflowing = True
            rest.clear()
    if overflowing:
        yield None
    elif last := bytes(rest).strip():
        yield last


_SEVERITIES = {"fatal", "error", "warning", "information", "success"}


def _issues(payload: bytes) -> Iterator[str]:
    """Severity and code of each issue of an OperationOutcome: closed words alone."""
    try:
        issues = orjson.loads(payload)["issue"]
        told = [(str(one["severity"]), str(one["code"])) for one in issues]
    except (ValueError, KeyError, TypeError):
        yield "unreadable"
        return
    for severity, code in told:
        known = severity in _SEVERITIES and code.isascii() and len(code) <= 20
        word = known and code.replace("-", "").isalpha() and code.islower()
        yield f"{severity} {code}" if word else "unreadable"


def _digest(payload: bytes | None) -> bytes:
    return sha256(payload or b"").digest()


def _failed(why: str) -> InputError:
    return InputError(
        ErrorCode.EXPORT_FAILED,
        f"The export failed: {why}.",
        "Run it again; with a new --progress file it is begun anew.",
    )
