"""A bulk export as a feed: each resource a record, acknowledged, and gone on from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from streams.adapters.fhir.bulk import BulkExport, ExportReport
from streams.adapters.fhir.export import BegunFile, ExportRequest
from streams.adapters.fhir.server import AskedToStop, FhirServer
from streams.adapters.identity import sealing
from streams.app.feed_jobs import Job
from streams.app.fhir.connection import connected, fhir_settings
from streams.app.identity import configured_site, payload_sealer
from streams.app.kafka.feeder import Outgoing
from streams.app.kafka.progress import Progress
from streams.app.moments import moment_of
from streams.app.observe import tracing
from streams.app.observe.process import Process
from streams.app.settings import KafkaSettings
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.topics import (
    FHIR,
    FORMAT_HEADER,
    SEALED,
    TRACE_HEADER,
    server_key,
)


def request_of(
    level: str, *, types: str, since: str | None, filters: Sequence[str]
) -> ExportRequest:
    """What is asked for, from the words of a command; raises `SettingsError` EMB-402."""
    return ExportRequest(
        level=level,
        types=tuple(types.split(",")) if types else (),
        since=None if since is None else moment_of(since, "--from"),
        filters=tuple(filters),
    )


def bulk_job(
    base: str,
    request: ExportRequest,
    *,
    topic: str,
    progress: Path | None,
    end: bool | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Job:
    """All that an export of the server brings, into `topic`.

    Raises `SettingsError` EMB-402, EMB-403, EMB-312 for settings that cannot be used.
    """
    if end:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "There is no --end with --bulk.",
            "It would put living patients' clocks ahead; their time passes by itself.",
        )
    settings = fhir_settings(environ, base)
    record = Recorder(topic, environ)
    begun = BegunFile(progress and progress.with_name(f"{progress.name}.export"))
    report = ExportReport()
    run: list[tuple[BulkExport, Progress, Process]] = []

    def records(
        _: KafkaSettings, kept: Progress, process: Process
    ) -> Iterator[Outgoing]:
        with connected(settings, _patient(process)) as server:
            export = BulkExport(server, request, begun, report)
            run.append((export, kept, process))
            try:
                for line in export.lines(kept.after):
                    yield record(line.payload, line.stream, line.position)
            except AskedToStop:
                return

    def tell(out: TextIO) -> None:
        _tell(report, out)
        for export, kept, process in run:
            if export.ended and _all_taken(export, kept):
                with connected(settings, _patient(process)) as server:
                    _clear_up(export, server, out)

    return Job(
        what=f"the export of {settings.base}",
        records=records,
        fingerprint=lambda: f"bulk {request.url(settings.base)}",
        account=tell,
    )


def _patient(process: Process) -> Callable[[float], bool]:
    """Waits, and shows that it lives."""

    def wait(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            process.heartbeat.beat()
            if process.wait(min(left, 5.0)):
                return True
        return process.stopping.is_set()

    return wait


def _all_taken(export: BulkExport, kept: Progress) -> bool:
    """Whether the broker has every line that was given out."""
    return all(kept.after(stream) >= last for stream, last in export.last.items())


def _clear_up(export: BulkExport, server: FhirServer, out: TextIO) -> None:
    try:
        export.clear_up(server)
    except (InputError, AskedToStop):
        print("The server could not be told that its files were taken.", file=out)


class Recorder:
    """Makes records of resources: sealed, and all of a site's in one order."""

    def __init__(self, topic: str, environ: Mapping[str, str]) -> None:
        site = configured_site(environ)
        self._key = server_key(site.site)
        self._sealer = payload_sealer(environ)
        self._place = sealing.place_of(site.site, topic)
        form = FHIR if self._sealer is None else f"{FHIR}{SEALED}"
        self._form = (FORMAT_HEADER, form.encode())

    def __call__(self, payload: bytes, stream: str, position: int) -> Outgoing:
        """The resource's record, with its place in its source."""
        digest = sha256(payload).hexdigest()
        sealer = self._sealer
        return Outgoing(
            key=self._key,
            value=payload if sealer is None else sealer.seal(payload, self._place),
            headers=(self._form, (TRACE_HEADER, tracing.start(digest))),
            stream=stream,
            position=position,
        )


def _tell(report: ExportReport, out: TextIO) -> None:
    moment: datetime | None = report.transaction_time
    if moment is None:
        print("The server made no export.", file=out)
        return
    print(
        f"Of {report.files} files: {report.lines['output']} resources and "
        f"{report.lines['deleted']} deletions, as of {iso(moment)}.",
        file=out,
    )
    for told, times in report.errors.most_common():
        print(f"The server could not export, {times} times: {told}.", file=out)
    if report.too_long:
        print(f"{report.too_long} lines were too long, and left.", file=out)
