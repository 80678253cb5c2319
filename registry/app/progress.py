"""A progress line for a run: what was taken in, and where it is in its own time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from registry.app.embedded import Tally
from streams.adapters.intake import IntakeReport
from streams.app.history.watching import Watch, how_far


class Progress:
    """A spinner with counts on a terminal; silence where nobody is watching."""

    def __init__(self, console: Console, what: str) -> None:
        self._what = what
        self._status: Status | None = None
        if console.is_terminal:
            self._status = console.status(what)

    def __enter__(self) -> Self:
        """Start the spinner."""
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, whatever happened."""
        if self._status is not None:
            self._status.stop()

    @property
    def watch(self) -> Watch | None:
        """Whom a reading tells how far it is."""
        return None if self._status is None else self._reading

    def _reading(self, report: IntakeReport) -> None:
        if self._status is not None:
            self._status.update(f"reading {how_far(report)}")

    def show(self, tally: Tally) -> None:
        """Tell how far the run is."""
        if self._status is not None:
            at = "" if tally.now is None else f" at {tally.now:%Y-%m-%d %H:%M}"
            self._status.update(
                f"{self._what}{at}: {tally.events:,} events, {tally.onsets} onsets, "
                f"{tally.screenings} verdicts, {tally.outcomes} outcomes"
            )
