"""`ember kafka`: a broker for development, and the topics of every broker."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from pydantic import TypeAdapter

from streams.app.kafka.acls import Acl
from streams.app.kafka.acls import acls as permissions
from streams.app.kafka.broker import BrokerPlan, start, stop
from streams.app.kafka.jars import CACHE
from streams.app.kafka.topics import APP_ID, TopicReport, ensure_topics
from streams.app.settings import kafka_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="Kafka: a broker for development, topics, permissions.",
    no_args_is_help=True,
    add_completion=False,
)

TOPIC_REPORT = TypeAdapter(TopicReport)
"""What `ember kafka topics --json` prints."""
ACL_ROWS: TypeAdapter[tuple[Acl, ...]] = TypeAdapter(tuple[Acl, ...])
"""What `ember kafka acls --json` prints."""

DirOption = Annotated[
    Path | None,
    typer.Option("--dir", help="Where the broker keeps its data.", show_default=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]


class _Stopped(Exception):  # noqa: N818 - somebody wants the end, nothing failed
    """SIGTERM came."""


@app.command()
def up(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 9092,
    folder: DirOption = None,
    heap: Annotated[str, typer.Option(help="Memory of its Java.")] = "512m",
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay, and stop it on SIGTERM.")
    ] = False,
) -> None:
    """Start a real Kafka on this machine, for development; its data stays."""
    plan = BrokerPlan(folder=_folder(folder), port=port, heap=heap)
    process = start(plan)
    print(f"Kafka answers at {plan.servers} (process {process.pid}, {plan.folder})")
    if not foreground:
        return
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, _stopped)
    try:
        process.wait()
    except (KeyboardInterrupt, _Stopped):
        stop(plan.folder)
        return
    raise SettingsError(
        ErrorCode.KAFKA_UNREACHABLE, f"The broker ended; see {plan.log}.", ""
    )


@app.command()
def down(folder: DirOption = None) -> None:
    """Stop the broker that `ember kafka up` started, and no other."""
    if not stop(_folder(folder)):
        print(f"No broker of ours runs in {_folder(folder)}", file=sys.stderr)


@app.command()
def topics(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Make nothing; exit 1 on a difference.")
    ] = False,
    as_json: JsonOption = False,
    app_id: Annotated[str, typer.Option(help="Whose changelogs.")] = APP_ID,
    shadow: Annotated[
        str | None, typer.Option(help="Also what the shadow worker NAME needs.")
    ] = None,
) -> None:
    """Make the topics that are missing, and tell where the others differ."""
    report = ensure_topics(
        kafka_settings(os.environ), app_id=app_id, shadow=shadow, check_only=check
    )
    if as_json:
        print(TOPIC_REPORT.dump_json(report).decode())
    else:
        _tell(report)
    if report.differences:
        raise typer.Exit(1)


@app.command()
def acls(
    *,
    as_json: JsonOption = False,
    shadow: Annotated[
        str | None, typer.Option(help="Also of the shadow worker NAME.")
    ] = None,
) -> None:
    """List what each component may do, and on what."""
    rows = permissions(shadow)
    if as_json:
        print(ACL_ROWS.dump_json(rows).decode())
        return
    for row in rows:
        print("\t".join(row.cells()))


def _tell(report: TopicReport) -> None:
    for name in report.created:
        print(f"made {name}")
    print(f"{len(report.created)} made, {len(report.present)} were there")
    for difference in report.differences:
        print(difference, file=sys.stderr)


def _folder(given: Path | None) -> Path:
    return (given or CACHE / "broker").resolve()


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped
