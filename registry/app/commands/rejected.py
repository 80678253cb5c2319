"""`ember intake rejected`: dead letters, listed, shown and sent again."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import (
    ActorOption,
    JsonOption,
    RegistryOption,
    opened,
)
from registry.app.commands.tables import Columns, print_table, told
from registry.app.kafka import producer
from registry.app.rejected import LISTED_LETTERS, lies_open, listed, opened_value
from registry.domain.letter import OF_SPOOL, Letter
from registry.inbox.letters import send_again
from registry.store.repositories.bulk import portions
from registry.usecases.ports import UnitOfWork
from registry.usecases.retry_letters import RetryLetters, retry_letters
from registry.usecases.show_letter import ShowLetter, show_letter
from streams.app.listen.settings import listener_settings
from streams.app.listen.spool import SPOOL, Again, Spool
from streams.app.settings import kafka_settings
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.topics import CONTROL_HEADER, DIGEST_HEADER, SENDER_HEADER


app = typer.Typer(
    help="What was rejected, and why.", no_args_is_help=True, add_completion=False
)

CodeOption = Annotated[str | None, typer.Option(help="Only of this code: EMB-110.")]
_MOST = 100_000
"""Letters of one call; call it again for more."""
_PATIENCE = 30.0


@app.callback()
def rejected() -> None:
    """What was rejected, and why."""


@app.command(name="list")
def list_letters(
    registry: RegistryOption = None,
    code: CodeOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that were sent again as well.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """The dead letters, the latest first; nothing of what they hold."""
    with closing(opened(registry)) as book, book.inspection() as uow:
        letters = uow.letters.listing(code=code, waiting=not everything, limit=limit)
    if as_json:
        print(LISTED_LETTERS.dump_json(tuple(map(listed, letters))).decode())
        return
    columns: Columns = {
        "letter": lambda r: r.message_id[:8],
        "rejected": lambda r: told(r.rejected_at),
        "by": lambda r: r.rejected_by,
        "place": lambda r: r.place,
        "form": lambda r: r.form or "",
        "reason": lambda r: r.reason,
        "sent again": lambda r: told(r.retried_at),
    }
    print_table("letters", letters, columns)
    if unsealed := sum(map(lies_open, letters)):
        print(
            f"{unsealed} of them hold a message as it came, with whom it names: "
            "name a key in EMBER_PAYLOAD_KEYS.",
            file=sys.stderr,
        )


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Write the bytes of one letter to the standard output; it is audited."""
    command = ShowLetter(message_id=letter, actor=actor, at=SystemClock().now())
    with closing(opened(registry)) as book, book.transaction() as uow:
        found = show_letter(command, uow)
        value = None if found is None else opened_value(found, os.environ)
    if found is None:
        raise _unknown(letter)
    print(f"{found.place}: {found.reason}", file=sys.stderr)
    sys.stdout.buffer.write(value or b"")
    sys.stdout.buffer.flush()


@app.command()
def retry(
    actor: ActorOption,
    letter: Annotated[
        str | None, typer.Argument(help="Its id, or how it begins.")
    ] = None,
    registry: RegistryOption = None,
    code: CodeOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that were not sent again yet.")
    ] = False,
) -> None:
    """Send letters to where they came from again, after a map was mended."""
    if sum((letter is not None, code is not None, everything)) != 1:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "It must be said which letters are meant.",
            "Name one letter, or give --code, or --all.",
        )
    with closing(opened(registry)) as book:
        with book.inspection() as uow:
            letters = _meant(uow, letter, code)
        sent, kept = 0, 0
        for some in portions(letters):
            command = RetryLetters(letters=some, actor=actor, at=SystemClock().now())
            with book.transaction() as uow:
                done = retry_letters(command, uow, send=_send)
            sent += len(done.sent)
            kept += len(done.kept)
            for one, why in done.kept:
                print(f"{one.message_id[:8]} stays: {why}.", file=sys.stderr)
    print(f"{sent} letters were sent again; {kept} stay.")
    if kept:
        raise typer.Exit(1)


def _meant(uow: UnitOfWork, letter: str | None, code: str | None) -> tuple[Letter, ...]:
    if letter is None:
        return uow.letters.listing(code=code, waiting=True, limit=_MOST)
    one = uow.letters.one(letter)
    if one is None:
        raise _unknown(letter)
    return (one,)


def _send(letters: Sequence[Letter]) -> None:
    """To where each came from: the spool of an embedded listener, or Kafka."""
    spooled = [one for one in letters if one.rejected_by == OF_SPOOL]
    if spooled:
        spool = Spool(listener_settings(os.environ).folder / SPOOL)
        spool.put_again([_again(one) for one in spooled], SystemClock().now())
    others = [one for one in letters if one.rejected_by != OF_SPOOL]
    if others:
        _send_by_kafka(others)


def _again(letter: Letter) -> Again:
    told = letter.headers
    return Again(
        digest=bytes.fromhex(told[DIGEST_HEADER]),
        payload=letter.value or b"",
        sender=told[SENDER_HEADER],
        control_id=told[CONTROL_HEADER],
    )


def _send_by_kafka(letters: Sequence[Letter]) -> None:
    made = producer(kafka_settings(os.environ), "letters")
    try:
        send_again(letters, made, seconds=_PATIENCE)
    finally:
        made.close(timeout=_PATIENCE)


def _unknown(letter: str) -> InputError:
    return InputError(
        ErrorCode.UNKNOWN_LETTER,
        f"There is no letter {letter!r}, or several begin so.",
        "See `ember intake rejected list --all`.",
    )
