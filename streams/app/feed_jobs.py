"""What `ember feed` may be asked to send: each source as a job."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from streams.adapters.intake import IntakeReport
from streams.app.history.account import account, tell_never_met
from streams.app.history.sources import open_history
from streams.app.kafka.feeder import Outgoing
from streams.app.kafka.feeding import (
    Source,
    checked_lines,
    fingerprint_of,
    opened,
    raw_lines,
)
from streams.app.kafka.progress import Progress
from streams.app.kafka.reading import consumer_for, place_of
from streams.app.kafka.replaying import TopicReplay
from streams.app.observe.process import Process
from streams.app.settings import KafkaSettings
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import BACKFILL


Records = Callable[[KafkaSettings, Progress, Process], Iterator[Outgoing]]
_STDIN = "-"
_IDLE = 0.2
"""Seconds after which a waiting reader looks whether it was asked to stop."""


def _nothing_to_tell(_: TextIO) -> None:
    return


@dataclass(frozen=True, slots=True)
class Job:
    """What is sent, and what singles it out so that a restart may go on."""

    what: str
    records: Records
    fingerprint: Callable[[], str] = str
    account: Callable[[TextIO], None] = _nothing_to_tell


def file_job(
    name: str, *, raw: bool, to: str, end: bool | None, remembered: bool
) -> Job:
    """A file of canonical messages, or the standard input.

    Unless raw, a file is checked as a whole before anything of it is sent; raises
    what `checked_lines` does, and `SettingsError` EMB-402/403.
    """
    if raw and end:
        raise _contradiction(
            "--end with --raw", "Send the lines first, then a history."
        )
    if name == _STDIN:
        if remembered:
            raise _contradiction(
                "--progress with the standard input", "It cannot be read again."
            )
        return Job("standard input", _lines_sent(None, raw=raw, to=to, end=end))
    path = Path(name)
    if not raw:
        with opened(path) as lines:
            for _ in checked_lines(lines, backfill=to == BACKFILL):
                pass

    def fingerprint() -> str:
        kind = "raw" if raw else "checked"
        return f"file {kind} {end is not False} {fingerprint_of(path)}"

    return Job(path.name, _lines_sent(path, raw=raw, to=to, end=end), fingerprint)


def _lines_sent(path: Path | None, *, raw: bool, to: str, end: bool | None) -> Records:
    def of(lines: Iterable[bytes]) -> Iterator[Outgoing]:
        if raw:
            return raw_lines(lines)
        messages = checked_lines(lines, backfill=to == BACKFILL)
        return Source(messages, ends=end is not False).records()

    def records(_: KafkaSettings, __: Progress, process: Process) -> Iterator[Outgoing]:
        if path is None:
            yield from of(_standard_input(process))
            return
        with opened(path) as lines:
            yield from of(lines)

    return records


def _standard_input(process: Process) -> Iterator[bytes]:
    """Lines as they come; the end of the input, or of the patience of who runs it."""
    handle, rest = sys.stdin.fileno(), b""
    while not process.stopping.is_set():
        process.heartbeat.beat()
        if not select.select([handle], [], [], _IDLE)[0]:
            continue
        block = os.read(handle, 1 << 16)
        if not block:
            if rest:
                yield rest
            return
        *lines, rest = (rest + block).split(b"\n")
        yield from lines


def history_job(
    name: str,
    path: Path,
    subjects: Path | None,
    *,
    mapping: Path | None = None,
    site: Path | None = None,
    end: bool | None,
) -> Job:
    """Tables of history; raises `SettingsError` EMB-402/403, `InputError`."""
    history = open_history(
        name, path, subjects, mapping=mapping, site=site, environ=os.environ
    )
    report = IntakeReport()
    ends = end is not False

    def records(_: KafkaSettings, __: Progress, ___: Process) -> Iterator[Outgoing]:
        return Source(history.messages(report), ends=ends).records()

    def tell(out: TextIO) -> None:
        account(report, out)
        tell_never_met(history, out)

    def fingerprint() -> str:
        return f"{version('ember-registry')} {name} {ends} {history.fingerprint()}"

    return Job(name, records, fingerprint, tell)


def simulation_job(days: int, seed: int, *, end: bool | None) -> Job:
    """The hospital that `ember demo` simulates with this seed."""
    config = HospitalConfig(seed=seed, duration=timedelta(days=days))
    ends = end is not False

    def records(_: KafkaSettings, __: Progress, ___: Process) -> Iterator[Outgoing]:
        return Source(Simulation(config).messages(), ends=ends).records()

    def fingerprint() -> str:
        return f"{version('ember-registry')} simulation {ends} {days} {seed}"

    return Job(f"{config.site}, {days} days", records, fingerprint)


def topic_job(
    topic: str, since: str | None, until: str | None, *, to: str, end: bool | None
) -> Job:
    """What lies in a topic, as history into the backfill; raises EMB-402."""
    if to != BACKFILL:
        raise _contradiction(
            "--from-topic with --topic raw", "What was there before is a backfill."
        )
    if end:
        raise _contradiction(
            "--end with --from-topic",
            "It would put living patients' clocks ahead; their time passes by itself.",
        )
    replay = TopicReplay(
        topic,
        since=None if since is None else place_of(since, "--from"),
        until=None if until is None else place_of(until, "--to"),
    )

    def records(
        settings: KafkaSettings, progress: Progress, process: Process
    ) -> Iterator[Outgoing]:
        with consumer_for(settings) as consumer:
            yield from replay.records(consumer, progress, process.stopping)

    def tell(out: TextIO) -> None:
        print(
            f"{topic}: {replay.sent} messages; {replay.passed_over} records of roster, "
            f"time and protocols passed over, {replay.unreadable} unreadable",
            file=out,
        )

    return Job(topic, records, lambda: f"topic {topic} {since} {until}", tell)


def _contradiction(what: str, cure: str) -> SettingsError:
    return SettingsError(ErrorCode.BAD_SETTING, f"There is no {what}.", cure)
