"""Tables as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text


RowT = TypeVar("RowT")
Columns = dict[str, Callable[[Any], object]]
"""By header, what a row says there."""


def told(moment: datetime | None) -> str:
    """A moment as a person reads it, in UTC, to the minute."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def listed(names: Collection[str]) -> str:
    """Names in one line."""
    return ", ".join(sorted(names)) or "none"


def plain(words: str) -> Text:
    """Words as they were written: brackets in them are no markup."""
    return Text(words)


def print_table(name: str, rows: Sequence[RowT], columns: Columns) -> None:
    """Print the rows as a table with these columns."""
    if not rows:
        print(f"No {name}.")
        return
    table = Table(title=f"{len(rows)} {name} (times in UTC)", title_justify="left")
    for header in columns:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(plain(str(tell(row))) for tell in columns.values()))
    console = Console()
    console.width = console.width if console.is_terminal else 160
    console.print(table)
