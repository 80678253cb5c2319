"""`ember protocol`: write a trial's protocol, try it, and put it into force.

Exit 0 where all is well, 1 where the document is at fault, 2 where the call is.
What needs no registry (`backtest`, `export`, `draft`) is of `streams.app`.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from pydantic import TypeAdapter

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, expect_allowed, opened_as
from registry.app.commands.exits import FORBIDDEN, told_in_words
from registry.app.commands.options import DoneByOption, RegistryOption, opened
from registry.app.in_window import Turn, foreseen, rescreened
from registry.app.protocol_answers import (
    ACTIVATED,
    CHANGES,
    PASSAGES,
    Activated,
    Differing,
)
from registry.app.protocol_check import (
    FINDINGS,
    TRIED,
    findings,
    fit_for_force,
    tried,
)
from registry.app.settings import signer_sockets
from registry.app.trials import activate as put_into_force
from registry.domain.randomisation.signer import Committing
from registry.domain.roles import Surface
from registry.signing.client import SignerClient
from registry.store.keys import trial_signer
from registry.store.unit_of_work import Registry
from streams.app.backtest.command import backtest
from streams.app.exchange_commands import draft, export
from streams.app.protocol_files import ProtocolFile, read_protocol_file
from streams.app.protocols import DEMONSTRATION
from streams.clinical.aloud.changes import changes
from streams.clinical.aloud.document import aloud, passages, spoken
from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode, SettingsError


Given = ParamSpec("Given")

app = typer.Typer(
    help="Check protocols, and put them into force.",
    no_args_is_help=True,
    add_completion=False,
)

DocumentArgument = Annotated[
    str, typer.Argument(help=f"A protocol's YAML file, or {DEMONSTRATION}.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON and nothing else.")
]


@app.callback()
def protocol() -> None:
    """Check protocols, and put them into force."""


@app.command()
def lint(document: DocumentArgument, as_json: JsonOption = False) -> None:
    """Say what is wrong with a protocol, and what is missing, line by line.

    Exit 1 where there is an error; warnings alone are clean.
    """
    with told_in_words():
        found = findings(read_protocol_file(document))
    if as_json:
        _print_json(FINDINGS, found)
    else:
        for one in found:
            print(one.in_words)
        errors = sum(one.severity == "error" for one in found)
        print(
            f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}."
        )
    if any(one.severity == "error" for one in found):
        raise typer.Exit(FORBIDDEN)


@app.command()
def vignettes(document: DocumentArgument, as_json: JsonOption = False) -> None:
    """Judge the made-up patients beside a protocol; exit 1 where one differs."""
    with told_in_words():
        file = read_protocol_file(document)
        cases = tried(file, load_protocol(file.text))
    if as_json:
        _print_json(TRIED, cases)
    else:
        for case in cases:
            print(f"{'as argued' if case.passed else 'DIFFERS'}  {case.name}")
            print(f"    {case.story}")
            print(f"    {case.domain}: expected {case.expected}; said {case.said}")
            for difference in case.differences:
                print(f"    {difference}")
        print(f"{sum(c.passed for c in cases)} of {len(cases)} as argued.")
    if not all(case.passed for case in cases):
        raise typer.Exit(FORBIDDEN)


@app.command()
def explain(
    document: DocumentArgument,
    criterion: Annotated[
        str | None, typer.Option(help="Only the criteria of this id.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a protocol aloud: every rule a sentence, with its windows and clocks."""
    with told_in_words():
        read = load_protocol(read_protocol_file(document).text)
        told = [p for p in passages(read) if criterion in (None, p.criterion)]
        if criterion is not None and not told:
            raise SettingsError(
                ErrorCode.UNKNOWN_CRITERION,
                f"{read.id} has no criterion {criterion!r}.",
                f"Name one of: {', '.join(p.criterion for p in passages(read))}.",
            )
    if as_json:
        _print_json(PASSAGES, tuple(told))
        return
    if criterion is None:
        print("\n".join(aloud(read)))
        return
    for passage in told:
        print(f"{passage.place}: {passage.part}")
        print("\n".join(spoken(passage)))


@app.command()
def diff(
    old: DocumentArgument,
    new: DocumentArgument,
    registry: RegistryOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name what changed between two versions, criterion by criterion.

    With a registry: also whose verdict it would change, of the patients in window.
    """
    with told_in_words():
        before = load_protocol(read_protocol_file(old).text)
        after = load_protocol(read_protocol_file(new).text)
        turns: tuple[Turn, ...] = ()
        if registry is not None:
            with closing(opened_as(registry, who, Surface.SCREENINGS)) as book:
                turns = foreseen(book, after, at=SystemClock().now())
    told = Differing(changes=changes(before, after), patients=turns)
    if as_json:
        _print_json(CHANGES, told)
        return
    for change in told.changes:
        print(change.in_words)
    print(f"{len(told.changes)} changes.")
    if registry is not None:
        _print_turns(turns)


@app.command()
def activate(
    document: DocumentArgument,
    key: Annotated[
        Path | None,
        typer.Option(
            help="The file with the trial's allocation key: 32 random bytes. Without "
            "it the signer at EMBER_SIGNER is asked, who alone has the key then."
        ),
    ] = None,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a version into force, here and, by the relay, in every worker.

    Refused with errors of the lint, without made-up patients that come out as argued,
    and in a live registry without verified evidence. Patients in window are screened
    anew, and whose verdict changes is shown with the reason.
    The key's commitment goes into the audit; the key itself is written nowhere.
    """
    with told_in_words(), _committing(key) as committing:
        told = _activated(document, committing, actor or getpass.getuser(), registry)
    if as_json:
        _print_json(ACTIVATED, told)
        return
    print(f"{told.trial} {told.version} is in force ({told.protocol_hash[:12]}).")
    if told.patients:
        _print_turns(told.patients)


@contextmanager
def _committing(key: Path | None) -> Iterator[Committing]:
    """Who tells the key's commitment: the key itself, or the signer that holds it."""
    if key is not None:
        yield _OfKey(key)
        return
    sockets = signer_sockets(os.environ)
    if not sockets:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            "No allocation key is named.",
            "Give --key, or set EMBER_SIGNER where a signer holds it.",
        )
    with closing(SignerClient(*sockets)) as client:
        yield client


@dataclass(frozen=True, slots=True)
class _OfKey:
    path: Path

    def commitment(self, trial: str) -> str:
        return trial_signer(self.path, trial).commitment(trial)

    def arms_bound(self, trial: str, list_id: str, arms: Iterable[str]) -> str:
        return trial_signer(self.path, trial).arms_bound(trial, list_id, arms)


def _activated(
    document: str, committing: Committing, actor: str, registry: str | None
) -> Activated:
    now, file = SystemClock().now(), read_protocol_file(document)
    trial = load_protocol(file.text).id
    expect_allowed(registry, actor, Surface.ACTIVATE_PROTOCOLS, trial=trial)
    with closing(opened(registry)) as book:
        return _in_force(file, book, committing, actor=actor, now=now)


def _in_force(
    file: ProtocolFile,
    book: Registry,
    committing: Committing,
    *,
    actor: str,
    now: datetime,
) -> Activated:
    with book.reading() as views:
        mode = views.mode()
    read = fit_for_force(file, mode)
    done = put_into_force(read, book, signer=committing, actor=actor, at=now)
    turns = rescreened(book, read, at=now, actor=actor) if done.changed else ()
    return Activated(
        trial=read.id,
        version=read.version,
        protocol_hash=read.digest,
        key_commitment=done.key_commitment,
        changed=done.changed,
        mode=mode,
        evidence=read.evidence,
        patients=turns,
    )


def _print_turns(turns: Sequence[Turn]) -> None:
    changed = [turn for turn in turns if turn.changes]
    print(f"{len(turns)} patients in window, {len(changed)} with another status:")
    for turn in changed:
        why = "; ".join(turn.why) or "no criterion of it"
        print(
            f"  {turn.patient} / {turn.domain}: {turn.before} -> {turn.after} ({why})"
        )
    if any(not turn.recorded for turn in turns):
        print("Workers screen them when they next hear of them, or by `ember rejudge`.")


def _telling(command: Callable[Given, None]) -> Callable[Given, None]:
    """The same command, its faults told as those of the others are."""

    @wraps(command)
    def run(*given: Given.args, **options: Given.kwargs) -> None:
        with told_in_words():
            command(*given, **options)

    return run


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _print_json(adapter: TypeAdapter[Any], value: object) -> None:
    print(adapter.dump_json(value).decode())


for _command in (backtest, export, draft):
    app.command()(_telling(_command))
