"""`ember feeds`: which sources, concepts and wards are heard of, and which are silent."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import JsonOption, RegistryOption
from registry.app.commands.tables import Columns, print_table, told
from registry.app.feeds import FEEDS
from registry.app.feeds import feeds as read
from registry.app.wording import span
from registry.domain.feed import FeedStatus
from registry.domain.roles import Surface


def feeds(
    registry: RegistryOption = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Only those that are silent.")
    ] = False,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the feeds, the longest quiet first; history never counts as being heard."""
    with closing(opened_as(registry, who, Surface.PROTOCOLS)) as book:
        rows = read(book, SystemClock().now())
    if silent:
        rows = tuple(row for row in rows if row.status is FeedStatus.SILENT)
    if as_json:
        print(FEEDS.dump_json(rows).decode())
        return
    columns: Columns = {
        "site": lambda r: r.site,
        "kind": lambda r: r.kind,
        "name": lambda r: r.name,
        "status": lambda r: r.status,
        "heard": lambda r: told(r.heard_at),
        "quiet for": lambda r: span(timedelta(seconds=r.quiet_seconds)),
        "may be quiet": lambda r: span(timedelta(seconds=r.patience_seconds)),
        "events": lambda r: r.events,
    }
    print_table("feeds", rows, columns)
