"""`ember audit`: walk the hash chains, and keep their heads outside the database."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Annotated

import orjson
import typer

from registry.alerts.webhook import WebhookSender
from registry.app.anchoring import Kept, anchor_once
from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import JsonOption, RegistryOption, opened
from registry.app.settings import anchor_settings
from registry.domain.audit import GENESIS, Break, Head
from registry.domain.role_matrix import may
from registry.domain.roles import Surface
from registry.store.anchor_file import read_anchors
from registry.store.unit_of_work import Registry
from registry.usecases.anchor_audit import NotAnchored
from registry.usecases.verify_audit import ChainReport, verify_audit
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


app = typer.Typer(
    help="Verify the audit trail, and anchor it elsewhere.",
    no_args_is_help=True,
    add_completion=False,
)


_NOTHING = "The audit is empty."
_NOTHING_THEIRS = "No chain of the audit is yours to see, or none was begun there."


@app.callback()
def trail() -> None:
    """Verify the audit trail, and anchor it elsewhere."""


@app.command()
def verify(
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option(help="Print nothing; only exit.")] = False,
    anchors: Annotated[
        list[Path] | None,
        typer.Option(help="A file of anchors to hold the chains against; repeatable."),
    ] = None,
    who: AsOption = None,
) -> None:
    """Walk every chain; exit 1 at the first row that was changed, removed or added."""
    remembered = _heads(anchors or [])
    with closing(opened_as(registry, who, Surface.AUDIT)) as asked:
        reports = _whole(asked, registry, remembered)
    if as_json:
        print(orjson.dumps([_row(report) for report in reports]).decode())
    elif not quiet:
        for report in reports:
            print(_told(report))
        if not reports:
            print(_NOTHING if who is None else _NOTHING_THEIRS)
    if any(report.break_ is not None for report in reports):
        raise typer.Exit(1)


@app.command()
def anchor(
    registry: RegistryOption = None,
    file: Annotated[
        Path | None, typer.Option(help="Add a line to this file, on another's disk.")
    ] = None,
    webhook: Annotated[
        bool, typer.Option("--webhook", help="Post to EMBER_ANCHOR_URL, signed.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES", min=0.1, help="Again and again, until stopped."
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(
            envvar="EMBER_ACTOR",
            help="Who does it, as the anchor is to name them. Default: nobody.",
        ),
    ] = None,
) -> None:
    """Keep the heads of all chains where the database is not.

    Exit 1 where a chain holds no more, and, without --every, where the target has not
    taken them.
    """
    if file is None and not webhook:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "Nothing is named to keep the anchor in.",
            "Give --file or --webhook, or both.",
        )
    sender = WebhookSender(anchor_settings(os.environ)) if webhook else None
    with closing(opened(registry)) as book:
        while True:
            kept = anchor_once(
                book, SystemClock(), file=file, sender=sender, actor=actor or None
            )
            print(_anchored(kept), flush=True)
            if isinstance(kept, NotAnchored) or (every is None and kept.missed):
                raise typer.Exit(1)
            if every is None:
                return
            Event().wait(every * 60)


def _whole(
    asked: Registry, registry: str | None, anchors: list[Head]
) -> list[ChainReport]:
    """Every record is read to verify a chain; told is of the chains that are theirs."""
    with closing(opened(registry)) as found, found.inspection() as uow:
        reports = verify_audit(uow, anchors=anchors)
    person = asked.person
    return [
        one
        for one in reports
        if _begun(one)
        if person is None or may(person, Surface.AUDIT, site=one.site, trial=one.trial)
    ]


def _begun(report: ChainReport) -> bool:
    """Whether the chain holds anything, or ought to; one merely held open holds nothing."""
    return report.break_ is not None or report.head_hash != GENESIS


def _heads(files: list[Path]) -> list[Head]:
    """Raises `InputError` EMB-113 for a file without an anchor: it would hold nothing."""
    heads = []
    for file in files:
        kept = read_anchors(file)
        if not kept:
            raise InputError(
                ErrorCode.UNREADABLE_FILE,
                f"{file} holds no anchor, so no chain would be held against it.",
            )
        heads += [head for anchor in kept for head in anchor.heads]
    return heads


def _anchored(kept: Kept | NotAnchored) -> str:
    if isinstance(kept, NotAnchored):
        return _broken(kept.site, kept.trial, kept.break_)
    at, heads = iso(kept.anchor.anchored_at), kept.anchor.heads
    rows = sum(head.sequence for head in heads)
    told = f"{at}: {len(heads)} chains anchored, {rows} rows in all"
    return "; not posted: ".join((told, *kept.missed))


def _row(report: ChainReport) -> dict[str, object]:
    """One object of the JSON array; `break` is null where the chain holds."""
    found = report.break_
    return {
        "site": report.site,
        "trial": report.trial,
        "rows": report.rows,
        "head_hash": report.head_hash,
        "arms_read": report.arms_read,
        "break": None
        if found is None
        else {"sequence": found.sequence, "reason": found.reason},
    }


def _told(report: ChainReport) -> str:
    if report.break_ is not None:
        return _broken(report.site, report.trial, report.break_)
    chain = _named(report.site, report.trial)
    told = f"ok      {chain}: {report.rows} rows, head {report.head_hash[:16]}"
    return told if report.arms_read else f"{told}; arms not read, as the role may not"


def _broken(site: str, trial: str, found: Break) -> str:
    return (
        f"BROKEN  {_named(site, trial)} breaks at row {found.sequence}: {found.reason}."
    )


def _named(site: str, trial: str) -> str:
    return f"{site or '-'} / {trial or '-'}"
