"""`ember feed`, `ember rejudge`, `ember compare`: replay and re-processing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console

from streams.app.feed_jobs import (
    Job,
    file_job,
    history_job,
    simulation_job,
    topic_job,
)
from streams.app.fhir.bulk_job import bulk_job, request_of
from streams.app.history.detection import MappingOption, SiteOption
from streams.app.kafka.comparing import COUNTED, KNOWN_AT, VERSION, Comparison, compare
from streams.app.kafka.feeder import (
    Fed,
    Feeder,
    Outgoing,
    Pace,
    cluster_id,
    producer_for,
)
from streams.app.kafka.progress import Progress
from streams.app.kafka.reach import require_kafka
from streams.app.kafka.reading import behind, consumer_for
from streams.app.kafka.replaying import listed_patients, live_patients, ticks_now
from streams.app.kafka.topics import shadow_topic
from streams.app.moments import AS_WRITTEN
from streams.app.observe.process import Process
from streams.app.settings import (
    KafkaSettings,
    ProcessSettings,
    kafka_settings,
    process_settings,
)
from streams.vocabulary.errors import ErrorCode, SettingsError, UserError
from streams.vocabulary.topics import BACKFILL, EVENTS, RAW


_INTERRUPTED = 130
_TOPICS = {"raw": RAW, "backfill": BACKFILL}


def feed(
    file: Annotated[
        str | None,
        typer.Option(help="One message as JSON a line; - is the standard input."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Send each line of --file as it is.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            help="A source of history: mimic-iv, mimic-iv-fhir, clif, omop or table."
        ),
    ] = None,
    path: Annotated[Path | None, typer.Option(help="The folder of --source.")] = None,
    subjects: Annotated[
        Path | None, typer.Option(help="Only these: a file, one subject_id a line.")
    ] = None,
    mapping: MappingOption = None,
    site: SiteOption = None,
    simulate: Annotated[
        int | None,
        typer.Option(help="So many days of the simulated hospital.", min=1),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Another seed, another hospital.", min=0)
    ] = 1,
    from_topic: Annotated[
        str | None, typer.Option(help="What lies in this topic, as history.")
    ] = None,
    bulk: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A bulk export of the FHIR server at this address."
        ),
    ] = None,
    export: Annotated[
        str,
        typer.Option(help="Of --bulk: Patient, Group/ID, or nothing for all it has."),
    ] = "Patient",
    types: Annotated[
        str, typer.Option(help="Of --bulk: only these, as Patient,Observation.")
    ] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Of --bulk: Observation?category=laboratory."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help=f"Of --from-topic: from when on, {AS_WRITTEN}, or offsets 0:12,1:7. "
            "Of --bulk: what changed since then.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TIME",
            help=f"Of --from-topic: up to there, and without it, {AS_WRITTEN}, or "
            "offsets.",
        ),
    ] = None,
    topic: Annotated[
        Literal["raw", "backfill"] | None,
        typer.Option(help="Where to; backfill gives way to fresh events."),
    ] = None,
    speed: Annotated[
        str, typer.Option(help="max, or so many times as fast as it happened.")
    ] = "max",
    progress: Annotated[
        Path | None,
        typer.Option(help="Remember here what was acknowledged, and go on from it."),
    ] = None,
    end: Annotated[
        bool | None,
        typer.Option(help="Let all time pass after a history's last message."),
    ] = None,
) -> None:
    """Send messages into the live chain, each counted once the broker has it.

    Interrupted, killed or run again with the same --progress, it goes on where the
    broker's acknowledgements ended: nothing is lost.
    """
    given = [file, source, simulate, from_topic, bulk]
    if sum(one is not None for one in given) != 1:
        raise typer.BadParameter(
            "give one of --file, --source, --simulate, --from-topic, --bulk"
        )
    history = from_topic is not None or bulk is not None
    to = _TOPICS[topic or ("backfill" if history else "raw")]
    pace = Pace(_speed(speed))
    if file is not None:
        job = file_job(file, raw=raw, to=to, end=end, remembered=progress is not None)
    elif source is not None:
        if path is None:
            raise typer.BadParameter("--source needs it", param_hint="--path")
        job = history_job(source, path, subjects, mapping=mapping, site=site, end=end)
    elif simulate is not None:
        job = simulation_job(simulate, seed, end=end)
    elif bulk is not None:
        request = request_of(export, types=types, since=since, filters=filters or [])
        job = bulk_job(bulk, request, topic=to, progress=progress, end=end)
    else:
        job = topic_job(str(from_topic), since, until, to=to, end=end)
    _run(job, to, pace=pace, progress=progress)


def rejudge(
    patients: Annotated[
        Path | None,
        typer.Option(help="Only these: a file, one site/patient a line."),
    ] = None,
    rate: Annotated[
        float, typer.Option(help="So many patients a second.", min=0.1)
    ] = 50.0,
) -> None:
    """Have every live patient judged now, by the rules that are now in force.

    Whoever was only ever known from history or a simulation is left alone.
    """
    lines = None if patients is None else _lines(patients)

    def records(
        settings: KafkaSettings, _: Progress, process: Process
    ) -> Iterator[Outgoing]:
        if lines is not None:
            found = listed_patients(lines)
        else:
            with consumer_for(settings) as consumer:
                found = live_patients(consumer, process.stopping)
        yield from ticks_now(found, datetime.now(UTC), per_second=rate)

    _run(Job("patients to be judged", records), EVENTS, pace=Pace(1.0))


def compare_versions(
    name: Annotated[str, typer.Argument(help="The shadow's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    known_at: Annotated[
        bool, typer.Option("--known-at", help="Also when each was said.")
    ] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Also the software's version.")
    ] = False,
    examples: Annotated[
        int, typer.Option(help="So many examples of each kind.", min=0)
    ] = 20,
) -> None:
    """Compare what a shadow worker says with what the system in use says.

    Exit status 0: the same; 1: differences; 2: it could not be compared.
    """
    ignored = COUNTED
    ignored |= frozenset() if known_at else {KNOWN_AT}
    ignored |= frozenset() if versions else {VERSION}
    try:
        settings = kafka_settings(os.environ)
        require_kafka(settings)
        with consumer_for(settings) as consumer:
            found = compare(
                consumer,
                lambda topic: shadow_topic(name, topic),
                ignored=ignored,
                examples=examples,
            )
            found.behind = behind(settings, consumer, f"ember-{name}", EVENTS)
    except UserError as fault:
        print(f"ember: {fault}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        print(orjson.dumps(asdict(found) | {"agrees": found.agrees}).decode())
    else:
        _tell(found)
    raise typer.Exit(0 if found.agrees else 1)


# -- running a feed ----------------------------------------------------------------


def _run(job: Job, topic: str, *, pace: Pace, progress: Path | None = None) -> None:
    settings = kafka_settings(os.environ)
    require_kafka(settings)
    fault: UserError | None = None
    with Process("feeder", _process_settings()) as process, _interrupts(process) as cut:
        process.ready()
        try:
            fed = _fed(job, topic, settings, process, pace=pace, progress=progress)
        except UserError as met:  # told to who called it, by the line, below
            fault = met
    job.account(sys.stderr)
    if fault is not None:
        raise fault
    _account(fed, job, topic, resumable=progress is not None)
    if cut:
        raise typer.Exit(_INTERRUPTED)


def _fed(
    job: Job,
    topic: str,
    settings: KafkaSettings,
    process: Process,
    *,
    pace: Pace,
    progress: Path | None,
) -> Fed:
    fingerprint = ""
    if progress is not None:
        told = [job.fingerprint(), topic, cluster_id(settings)]
        fingerprint = sha256("\n".join(told).encode()).hexdigest()
    kept = Progress(progress, fingerprint)
    with producer_for(settings, topic) as producer, _shown(job.what) as show:

        def on_progress(fed: Fed) -> None:
            process.heartbeat.beat()
            show(fed)

        feeder = Feeder(
            producer,
            topic,
            progress=kept,
            pace=pace,
            stopping=process.stopping,
            on_progress=on_progress,
        )
        return feeder.feed(job.records(settings, kept, process))


def _process_settings() -> ProcessSettings:
    """On a terminal the bar tells enough; elsewhere the log is read."""
    settings = process_settings(os.environ)
    return replace(settings, log_level="warning") if sys.stderr.isatty() else settings


@contextmanager
def _interrupts(process: Process) -> Iterator[list[int]]:
    """A first Ctrl-C stops gracefully and is remembered, a second one at once."""
    heard: list[int] = []

    def interrupted(number: int, _: FrameType | None) -> None:
        heard.append(number)
        process.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown(what: str) -> Iterator[Callable[[Fed], None]]:
    """A line with counts on a terminal; silence where nobody is watching."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(what) as status:
        yield lambda fed: status.update(
            f"{what}: {fed.sent:,} sent, {fed.acknowledged:,} acknowledged"
        )


def _account(fed: Fed, job: Job, topic: str, *, resumable: bool) -> None:
    rate = fed.acknowledged / fed.seconds if fed.seconds else 0.0
    told = (
        f"{job.what} -> {topic}: {fed.acknowledged} of {fed.sent} records "
        f"acknowledged in {fed.seconds:.1f} s ({rate:.0f}/s)"
    )
    if fed.skipped:
        told += f"; {fed.skipped} were by an earlier run"
    if fed.stopped:
        told += "; stopped before the end"
        told += ", run it again to go on" if resumable else ""
    print(f"{told}.", file=sys.stderr)


def _speed(text: str) -> float | None:
    """None: as fast as can be; raises EMB-402."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"The speed {text!r} is no positive number.",
            "Write max, 1 for real time, 3600 for an hour a second.",
        )
    return speed


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The file of patients {path} cannot be read ({fault}).",
            "Give a text file with one site/patient a line.",
        ) from None


def _tell(found: Comparison) -> None:
    if found.behind:
        print(
            f"The shadow has {found.behind} records still to judge; compare again then.",
            file=sys.stderr,
        )
    print("kind\tof\told\tnew\tequal\tdifferent")
    for row in found.rows:
        told = (row.kind, row.of, row.old, row.new, row.equal, row.different)
        print(*told, sep="\t")
    for field, count in found.fields.items():
        print(f"{field} differs in {count}")
    for one in found.examples:
        what = ", ".join(one.fields) or f"{one.old} -> {one.new}"
        print(f"{one.kind} {one.subject} ({one.of}): {what}")
    if found.unreadable:
        print(f"{found.unreadable} records could not be read.")
    print(
        f"{found.equal} equal, {found.different} different, {found.only_old} only old, "
        f"{found.only_new} only new."
    )
