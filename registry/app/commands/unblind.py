"""`ember unblind`: the arm of one participant, in an emergency, for who asks."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.exits import told_in_words
from registry.app.commands.naming import JsonOption, answer_with
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.commands.signature import SecretOption, secret_of
from registry.app.obstacles import hindrances
from registry.app.unblinding import UNBLIND, Ask, UnblindTold, asking, reason_of
from registry.domain.rehearsal import is_decoy
from registry.domain.unblinding import UnblindingNote
from registry.usecases.break_blind import ArmShown, BlindKept, BreakBlind
from streams.vocabulary.clock import iso


ReasonOption = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="Why: treatment, susar, overdose, demand or other. Whoever may see that "
        "the blind was broken sees it.",
    ),
]
NoteOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Why, in words; for the eyes of who may know arms alone."
    ),
]


def unblind(
    participant: Annotated[str, typer.Argument(help="The participant's code.")],
    domain: Annotated[str, typer.Option(help="The domain whose arm is wanted.")],
    actor: ActorOption,
    reason: ReasonOption = None,
    note: NoteOption = None,
    sponsor_told: Annotated[
        bool, typer.Option(help="Whether the sponsor knows already.")
    ] = False,
    secret_file: SecretOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Break one blind. Who, why and when is on record before the arm is shown.

    It cannot be undone. The signer and the database are all it needs: no mail, no
    Kafka, no alerts. Show the screen to nobody who need not know.
    """
    with told_in_words():
        command = BreakBlind(
            participant=participant,
            domain=domain,
            reason=reason_of(reason),
            note=_noted(note),
            actor=actor,
            secret=_given(secret_file),
            sponsor_told=sponsor_told,
            at=SystemClock().now(),
        )
    with told_in_words(), asking(os.environ, registry) as ask:
        done = _asked(ask, command)
    told = _told(command, done)
    answer_with(told, UNBLIND, _words(told), told.obstacles, as_json=as_json)


def _noted(words: str | None) -> UnblindingNote | None:
    if words is None or not words.strip():
        return None
    return UnblindingNote(words=words, nonce=token_hex(32))


def _given(secret_file: Path | None) -> str | None:
    return None if secret_file is None else secret_of(secret_file)


def _asked(ask: Ask, command: BreakBlind) -> ArmShown | BlindKept:
    """A person at a terminal is asked for the secret where one is wanted."""
    done = ask(command)
    wanted = isinstance(done, BlindKept) and done.obstacle.name == "secret_wanted"
    if not wanted or not sys.stdin.isatty():
        return done
    return ask(replace(command, secret=secret_of(None)))


def _told(command: BreakBlind, done: ArmShown | BlindKept) -> UnblindTold:
    shown = done if isinstance(done, ArmShown) else None
    return UnblindTold(
        done=shown is not None,
        participant=command.participant,
        domain=command.domain,
        number=None if shown is None else shown.unblinding.number,
        at=None if shown is None else shown.unblinding.at,
        arm=None if shown is None else shown.arm,
        obstacles=hindrances((done.obstacle,)) if isinstance(done, BlindKept) else (),
    )


def _words(told: UnblindTold) -> list[str]:
    place = f"{told.participant} in {told.domain}"
    if told.at is None:
        return [f"The blind of {place} is kept:"]
    return [
        f"{place}: {told.arm}",
        f"On record since {iso(told.at)}, no. {told.number}; it cannot be undone.",
        _who_is_told(told.participant),
    ]


def _who_is_told(participant: str) -> str:
    if is_decoy(participant):
        return "REHEARSAL: a decoy is nobody, and nobody is told."
    return (
        "Tell nobody who need not know. Sponsor and monitor are told without the arm."
    )
