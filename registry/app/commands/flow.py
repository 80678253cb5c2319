"""`ember query flow`: how many came how far, at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import (
    AtOption,
    JsonOption,
    RegistryOption,
    TrialOption,
    moment,
)
from registry.app.commands.tables import plain
from registry.domain.flow import EXITS, Box
from registry.domain.roles import Surface
from registry.store.listings import FlowAtView, OutcomeFlow


FLOW: TypeAdapter[Any] = TypeAdapter(tuple[FlowAtView, ...])
"""What `--json` prints."""


def flow(
    registry: RegistryOption = None,
    at: AtOption = None,
    trial: TrialOption = None,
    domain: Annotated[str | None, typer.Option(help="Only this domain.")] = None,
    reasons: Annotated[
        bool,
        typer.Option(
            "--reasons", help="Count what ruled out, too: every verdict is read."
        ),
    ] = False,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many were assessed, approached, randomised, by domain, as known at a moment."""
    book = opened_as(registry, who, Surface.FLOW, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.flow_at(moment(at), trial=trial, domain=domain, reasons=reasons)
    if as_json:
        print(FLOW.dump_json(rows).decode())
        return
    if not rows:
        print("Nobody had been assessed.")
    for row in rows:
        Console().print(_table(row))


def _table(row: FlowAtView) -> Table:
    told = f"{row.trial} / {row.domain} at {row.at:%Y-%m-%d %H:%M} UTC"
    table = Table(title=plain(told), title_justify="left")
    table.add_column("how far they came")
    table.add_column("number", justify="right")
    for words, number in _lines(row, Box.ASSESSED, ""):
        table.add_row(plain(words), str(number))
    return table


def _lines(row: FlowAtView, box: Box, margin: str) -> Iterator[tuple[str, int]]:
    """The box, what belongs to it, and what leads out of it, further in."""
    yield f"{margin}{_words(box)}", row.number(box)
    inner = f"{margin}  "
    if box is Box.RULED_OUT:
        yield from ((f"{inner}by {name}", number) for name, number in row.reasons or ())
    if box is Box.CANDIDATES:
        yield f"{inner}(of these and others, somebody was told of)", row.alerted
        yield f"{inner}(of these and others, answered by a human)", row.answered
    for way in EXITS.get(box, ()):
        yield from _lines(row, way, inner)
    if box is Box.RANDOMISED:
        yield from _after(row, inner)


def _after(row: FlowAtView, margin: str) -> Iterator[tuple[str, int]]:
    """Of those randomised: arms, where consent stands, how far outcomes have come."""
    yield from ((f"{margin}to {arm}", number) for arm, number in row.by_arm)
    if row.arm_not_shown:
        yield f"{margin}to an arm that is not shown", row.arm_not_shown
    if row.unblinded:
        yield f"{margin}blind broken", row.unblinded
    for standing, number in row.standing:
        yield f"{margin}consent: {_words(standing)}", number
    for outcome in row.outcomes:
        for status in OutcomeFlow.__slots__[1:]:
            if number := getattr(outcome, status):
                yield f"{margin}{outcome.outcome}: {status}", number


def _words(name: str) -> str:
    return str(name).replace("_", " ")
