"""A line that is written over: how far a reading has come, for who watches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from streams.adapters.intake import IntakeReport, SourcedEvent


EVERY = 4_096
"""Events between two looks at the clock."""
_SECONDS = 0.5

Watch = Callable[[IntakeReport], None]


def watched(
    events: Iterable[SourcedEvent], report: IntakeReport, watch: Watch | None
) -> Iterator[SourcedEvent]:
    """The same events, while somebody is told now and then how far they are."""
    if watch is None:
        yield from events
        return
    for number, event in enumerate(events):
        if number % EVERY == 0:
            watch(report)
        yield event


def how_far(report: IntakeReport) -> str:
    """Files, rows and events so far."""
    rows = sum(counts.read for counts in report.tables.values())
    events = sum(counts.events for counts in report.tables.values())
    told = f"{rows:,} rows, {events:,} events"
    if report.place is None:
        return told
    table, number, files = report.place
    which = f"{table}, file {number:,} of {files:,}" if files > 1 else table
    return f"{which}: {told}"


class Line:
    """The line, on a terminal; silence where nobody is watching."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = 0.0
        self._width = 0

    @property
    def watch(self) -> Watch | None:
        """Whom to tell."""
        return self.show if self._out.isatty() else None

    def show(self, report: IntakeReport) -> None:
        """Write it, at most twice a second."""
        now = time.monotonic()
        if now - self._shown >= _SECONDS:
            self._shown = now
            self._write(how_far(report))

    def clear(self) -> None:
        """Leave nothing of it."""
        if self._width:
            self._write("")
            self._out.write("\r")

    def _write(self, text: str) -> None:
        self._out.write(f"\r{text:<{self._width}}")
        self._out.flush()
        self._width = len(text)
