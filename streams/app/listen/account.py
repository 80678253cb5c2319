"""What a listener counts and tells; never a byte of a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from streams.adapters.hl7v2.mllp import Broken
from streams.app.listen.hearing import CaughtUp, Hearing
from streams.app.listen.ruling import Ruling
from streams.app.observe.http import Heartbeat
from streams.app.observe.logs import Log
from streams.app.observe.metrics import ListenerMetrics, Metrics


_KINDS = {"cut short": "cut_short", "too large": "too_large"}


class ListenerAccount:
    """Counts for the metrics, and lines for the log."""

    def __init__(
        self,
        metrics: Metrics,
        log: Log,
        *,
        hearing: Hearing | None = None,
        in_flight: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.metrics = ListenerMetrics(metrics)
        self.metrics.in_flight.follow(in_flight)
        self.log = log
        self.hearing = hearing or Hearing()
        self._last = Heartbeat()
        self.metrics.silence.follow(self._last.age)
        self._names_used = 0
        self._garbage = 0

    def connected(self, connections: int) -> None:
        """So many connections are open now."""
        self.metrics.connections.set(connections)

    def turned_away(self) -> None:
        """A connection was one too many."""
        self.metrics.turned_away.add()

    def ruled(self, ruling: Ruling) -> None:
        """A message will not be stored."""
        if not ruling.stored:
            outcome = "ignored" if ruling.outcome == "ignore" else "rejected"
            self.metrics.messages.add(outcome=outcome)

    def repeated(self) -> None:
        """A message came again."""
        self.metrics.messages.add(outcome="repeated")

    def stored(self, seconds: float) -> None:
        """A message is durable, so long after it was received."""
        self.metrics.messages.add(outcome="applied")
        self.metrics.durable_seconds.observe(seconds)

    def given_up(self, count: int) -> None:
        """A connection was closed on so many messages that did not become durable."""
        self.metrics.messages.add(count, outcome="failed")
        self.log.warning("closed without an answer", count=count)

    def answered(self, code: str) -> None:
        """An acknowledgement was sent."""
        self.metrics.answers.add(answer=code)

    def broken(self, found: Broken) -> None:
        """A message did not come whole, or is too large."""
        self.metrics.broken.add(kind=_KINDS[found.why])
        self.log.warning("a broken message", kind=_KINDS[found.why], bytes=found.size)

    def slow(self) -> None:
        """A message took too long to come, or an answer to be taken."""
        self.metrics.broken.add(kind="slow")

    def skipped(self, count: int) -> None:
        """Bytes stood outside any message."""
        if count:
            self._garbage += count
            self.metrics.garbage.add(count)

    def name_used(self) -> None:
        """A sender gave the control id of its message to another one."""
        self._names_used += 1
        self.metrics.names_used.add()

    def heard(self, sender: str, issued: datetime | None, at: datetime) -> None:
        """A message was taken that was not known before."""
        self._last.beat()
        if issued is not None:
            late = (at - issued).total_seconds()
            self.metrics.late_seconds.observe(max(0.0, late))
        if (over := self.hearing.hear(sender, issued, at)) is not None:
            self._caught_up(over)

    def tell(self) -> None:
        """Once in a while: what would flood the log if each were told."""
        if self._names_used:
            self.log.warning("control ids used again", count=self._names_used)
        if self._garbage:
            self.log.warning("bytes outside messages", bytes=self._garbage)
        self._names_used = self._garbage = 0

    def _caught_up(self, over: CaughtUp) -> None:
        self.metrics.caught_up.add()
        self.log.warning(
            "a sender caught up",
            records=over.messages,
            **_seconds("silent_seconds", over.silent_for),
            **_seconds("late_seconds", over.latest),
            issued_from=over.first_issued.isoformat(timespec="seconds"),
            issued_to=over.last_issued.isoformat(timespec="seconds"),
        )


def _seconds(name: str, span: timedelta | None) -> dict[str, float]:
    return {} if span is None else {name: round(span.total_seconds(), 1)}
