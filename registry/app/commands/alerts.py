"""`ember alerts`: who should be told, and the sending of it."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from threading import Event
from typing import Annotated

import typer

from registry.alerts.relay import Fate, RelayReport, relay_once
from registry.alerts.webhook import WebhookSender
from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import JsonOption, RegistryOption, opened
from registry.app.commands.query import show
from registry.app.commands.tables import Columns, told
from registry.app.settings import webhook_settings
from registry.domain.roles import Surface


app = typer.Typer(
    help="Who was called about whom, and what waits to be sent.",
    no_args_is_help=True,
    add_completion=False,
)

_PAUSE_SECONDS = 5.0


@app.command("list")
def list_(
    registry: RegistryOption = None, who: AsOption = None, as_json: JsonOption = False
) -> None:
    """The alerts as they stand; suppressed or held back ones with the reason."""
    book = opened_as(registry, who, Surface.ALERTS)
    with closing(book), book.reading() as views:
        rows = views.alerts()
    columns: Columns = {
        "patient": lambda r: r.patient,
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "status": lambda r: r.status,
        "suppressed": lambda r: r.suppressed or "",
        "held back": lambda r: r.held_back or "",
        "verdict": lambda r: r.verdict,
        "raised": lambda r: told(r.raised_at),
        "deadline": lambda r: told(r.deadline),
    }
    show("alerts", rows, columns, as_json=as_json)


@app.command()
def send(
    registry: RegistryOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until stopped.")
    ] = False,
) -> None:
    """Post what waits in the outbox to the webhook of EMBER_WEBHOOK_URL.

    Each message is signed (Standard Webhooks 1.0.0) and keeps its webhook-id over
    retries. Exit 1 where the target wants nothing any more.
    """
    book = opened(registry)
    sender = WebhookSender(webhook_settings(os.environ))
    clock = SystemClock()
    while True:
        report = relay_once(book, sender, clock, limit=100)
        print(_told(report))
        if report.standing.disabled:
            raise typer.Exit(1)
        if not follow and not _more(report, clock.now()):
            return
        if follow:
            Event().wait(_PAUSE_SECONDS)


def _more(report: RelayReport, now: datetime) -> bool:
    """Whether another round right now would find work."""
    return report.next_due is not None and report.next_due <= now


def _told(report: RelayReport) -> str:
    counts = ", ".join(f"{report.count(fate)} {fate}" for fate in Fate)
    due = "" if report.next_due is None else f"; next due {told(report.next_due)}"
    state = "; the target is disabled" if report.standing.disabled else ""
    return f"{counts}{due}{state}"
