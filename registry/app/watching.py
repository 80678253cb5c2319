"""What the registry's processes tell of themselves: metrics, log lines, heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from registry.app.feeds import FeedView
from registry.inbox.relay import Relayed, Waiting
from registry.inbox.watch import BatchAccount, Skipped, Trouble
from registry.signing.desk import Outcome
from streams.app.observe.http import Heartbeat
from streams.app.observe.logs import Log
from streams.app.observe.metrics import (
    FeedMetrics,
    InboxMetrics,
    RelayMetrics,
    SignerMetrics,
)
from streams.app.observe.process import Process
from streams.vocabulary.clock import Clock
from streams.vocabulary.messages import DeadLetter


_FEEDS_EVERY = 15.0


class InboxGauges:
    """The metrics of all consumers of one process."""

    def __init__(self, process: Process) -> None:
        self.inbox = InboxMetrics(process.metrics)
        self.feeds = FeedMetrics(process.metrics)
        self.nothing_skipped = True
        """Until the next start: somebody is to see it."""
        process.checks.add("nothing skipped", lambda: self.nothing_skipped)


class ConsumerWatch:
    """Follows one consumer."""

    def __init__(
        self,
        process: Process,
        gauges: InboxGauges,
        name: str,
        feeds: Callable[[], tuple[FeedView, ...]] | None = None,
    ) -> None:
        """`feeds`, where given, is asked every quarter of a minute."""
        self._log = process.log
        self._gauges = gauges
        self._feeds = feeds
        self._feeds_at = 0.0
        self.heartbeat = Heartbeat()
        process.checks.fresh(name, self.heartbeat, 60.0)

    def on_batch(self, account: BatchAccount) -> None:
        """Count it."""
        for (topic, outcome), number in account.records.items():
            self._gauges.inbox.records.add(number, topic=topic, outcome=outcome)
        self._gauges.inbox.batch_seconds.observe(account.seconds)
        for delay in account.delays:
            self._gauges.inbox.delay.observe(delay)

    def on_round(self) -> None:
        """It is alive, and so is the broker."""
        self.heartbeat.beat()

    def on_lag(self, records: Mapping[str, int]) -> None:
        """Show it; now and then ask how the feeds stand."""
        for topic, number in records.items():
            self._gauges.inbox.lag.set(number, topic=topic)
        if self._feeds is None or time.monotonic() - self._feeds_at < _FEEDS_EVERY:
            return
        self._feeds_at = time.monotonic()
        try:
            told = self._feeds()
        except Exception as fault:  # noqa: BLE001  a gauge is no reason to stop
            self._log.warning("feeds not read", error=fault)
            return
        for feed in reversed(told):  # the longest silence last, should names run out
            self._gauges.feeds.silence.set(
                feed.quiet_seconds, kind=feed.kind.value, site=feed.site, name=feed.name
            )

    def on_letter(self, letter: DeadLetter) -> None:
        """Say where it lies, and nothing of what it says."""
        self._log.warning(
            "record put aside",
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            code=letter.code,
        )

    def on_skipped(self, skipped: Skipped) -> None:
        """Tell a person: what retention took does not come back by itself."""
        self._gauges.inbox.skipped.add(skipped.records, topic=skipped.topic)
        self._gauges.nothing_skipped = False
        self._log.error(
            "records gone unread",
            topic=skipped.topic,
            partition=skipped.partition,
            offset=skipped.first,
            next_offset=skipped.next,
        )

    def on_trouble(self, trouble: Trouble) -> None:
        """Say what is being waited for."""
        _tell(self._log, trouble)


class RelayGauges:
    """Follows the relay."""

    def __init__(self, process: Process, clock: Clock) -> None:
        self._process = process
        self._clock = clock
        self._metrics = RelayMetrics(process.metrics)

    def on_relayed(self, relayed: Relayed, waiting: Waiting) -> None:
        """Count what was sent; say what the broker will never take."""
        for item in relayed.sent:
            self._metrics.sent.add(topic=item.topic)
        for item in relayed.given_up:
            self._process.log.error(
                "message given up", topic=item.topic, message_id=item.outbox_id
            )
        self._metrics.waiting.set(waiting.items)
        self._metrics.oldest.set(_age(waiting.oldest, self._clock))
        if relayed.fault is None:
            self._process.heartbeat.beat()

    def on_alerts(self, sent: int) -> None:
        """So many alerts were told."""
        self._metrics.sent.add(sent, topic="trial.alerts")

    def on_trouble(self, trouble: Trouble) -> None:
        """Say what is being waited for."""
        _tell(self._process.log, trouble)


class SignerGauges:
    """Follows the signer's desk."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._metrics = SignerMetrics(process.metrics)

    def on_answer(self, outcome: Outcome, seconds: float) -> None:
        """Count it, and how long it took."""
        self._metrics.requests.add(outcome=outcome)
        self._metrics.seconds.observe(seconds)

    def on_fault(self, fault: BaseException) -> None:
        """Say that a transaction failed; the log repeats no words of a fault."""
        self._process.log.error("allocation failed", error=fault)


def _age(oldest: datetime | None, clock: Clock) -> float:
    if oldest is None:
        return 0.0
    return max(0.0, (clock.now() - oldest).total_seconds())


def _tell(log: Log, trouble: Trouble) -> None:
    if trouble.around == "broker":
        log.warning("waiting for broker", error=trouble.fault, attempt=trouble.attempt)
    else:
        log.warning(
            "waiting for registry", error=trouble.fault, attempt=trouble.attempt
        )
