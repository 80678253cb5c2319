"""What went wrong, never with an arm but in somebody's words: for `ember query`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from registry.app.blinded_arms import notes_on_record
from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import (
    JsonOption,
    RegistryOption,
    TrialOption,
)
from registry.app.commands.tables import plain
from registry.domain.misrandomisation import Misrandomisation
from registry.domain.roles import Surface
from registry.domain.unblinding import Unblinding
from registry.store.listings import UnblindingNoteView


GONE_WRONG: dict[str, TypeAdapter[Any]] = {
    "unblindings": TypeAdapter(tuple[Unblinding, ...]),
    "unblinding_notes": TypeAdapter(tuple[UnblindingNoteView, ...]),
    "misrandomisations": TypeAdapter(tuple[Misrandomisation, ...]),
}
"""What `--json` prints."""


def unblindings(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """For whom the blind was broken, by whom and why; never to what."""
    book = opened_as(registry, who, Surface.PARTICIPANTS, trial=trial)
    with closing(book), book.inspection() as uow:
        rows = uow.unblindings.of_trial(trial)
    if as_json:
        print(GONE_WRONG["unblindings"].dump_json(rows).decode())
        return
    headers = [
        "participant",
        "domain",
        "no",
        "when",
        "by",
        "shown-by",
        "why",
        "sponsor-knew",
    ]
    _print("unblindings", headers, map(_of_unblinding, rows))


def unblinding_notes(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why blinds were broken, in words that may name an arm, for who may know arms.

    That you look is in the audit before you are answered, as a look at as many arms. On
    PostgreSQL the words are read by your own login, of the name that you give.
    """
    with closing(opened_as(registry, who, Surface.BLINDED_ARMS, trial=trial)) as book:
        rows = notes_on_record(book, trial, at=SystemClock().now())
    if as_json:
        print(GONE_WRONG["unblinding_notes"].dump_json(rows).decode())
        return
    _print("notes", ["participant", "domain", "no", "why", "note"], map(_of_note, rows))


def misrandomisations(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The randomisations in error, and what was true.

    What was given instead is told to who may know open arms; the database keeps it from
    others.
    """
    book = opened_as(registry, who, Surface.PARTICIPANTS, trial=trial)
    with closing(book), book.inspection() as uow:
        rows = uow.misrandomisations.of_trial(trial)
    if as_json:
        print(GONE_WRONG["misrandomisations"].dump_json(rows).decode())
        return
    headers = "participant domain no kind true received first counts recorded by"
    _print("misrandomisations", headers.split(), map(_of_error, rows))


def _of_unblinding(one: Unblinding) -> list[str]:
    knew = "yes" if one.sponsor_told else "no"
    who = [one.participant, one.domain, str(one.number), _told(one.at), one.actor]
    return [*who, one.authenticated_by, one.reason, knew]


def _of_note(one: UnblindingNoteView) -> list[str]:
    return [one.participant, one.domain, str(one.number), one.reason, one.note]


def _of_error(one: Misrandomisation) -> list[str]:
    true = ", ".join(f"{name}={value}" for name, value in one.true_values)
    what = [one.participant, one.domain, str(one.number), one.kind, true]
    counts = "no" if one.in_error else "yes"
    beside = [one.received or "", one.first or "", counts]
    return [*what, *beside, _told(one.recorded_at), one.actor]


def _print(name: str, headers: Sequence[str], rows: Iterable[list[str]]) -> None:
    lines = list(rows)
    if not lines:
        print(f"No {name}.")
        return
    table = Table(title=f"{len(lines)} {name} (times in UTC)", title_justify="left")
    for header in headers:
        table.add_column(header.replace("-", " "), overflow="fold")
    for line in lines:
        table.add_row(*map(plain, line))
    console = Console()
    console.width = console.width if console.is_terminal else 160
    console.print(table)


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
