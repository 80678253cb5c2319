"""`ember rehearse`: draw for a decoy, so that staff can practise, blinded or not."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import TypeAdapter

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_there, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.naming import JsonOption
from registry.app.commands.options import ActorOption, RegistryOption
from registry.domain.roles import Surface
from registry.usecases.rehearse import NotRehearsed, RehearseDraw, rehearse_draw
from streams.vocabulary.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedTold:
    """A decoy; nothing of it is true of anybody."""

    decoy: str
    kit: str
    """On no shelf."""
    arm: str | None
    """None where the domain is blinded."""


REHEARSED = TypeAdapter(RehearsedTold)


def rehearse(
    trial: Annotated[str, typer.Argument(help="The trial.")],
    domain: Annotated[str, typer.Option(help="The domain.")],
    site: Annotated[str, typer.Option(help="The site that rehearses.")],
    actor: ActorOption,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a decoy and draw for it; then look for its kit, and `ember unblind` it.

    It is counted nowhere and takes no number; its arm has a key that is no secret, and
    tells nothing of any participant's.
    """
    command = RehearseDraw(
        trial=trial, domain=domain, site=site, actor=actor, at=SystemClock().now()
    )
    with told_in_words():
        book = opened_as(registry, actor, Surface.RANDOMISE)
        with closing(book), book.transaction() as uow:
            expect_there(book, Surface.RANDOMISE, site=site, trial=trial)
            done = rehearse_draw(command, uow)
        if isinstance(done, NotRehearsed):
            named = done.obstacle.name.replace("_", " ")
            raise Refused(done.obstacle.code, f"Nothing was rehearsed: {named}.")
    one = done.rehearsal
    told = RehearsedTold(decoy=one.code, kit=one.kit, arm=done.arm)
    if as_json:
        print(REHEARSED.dump_json(told).decode())
        return
    print("REHEARSAL: nothing of it is true of anybody.")
    arm = "the arm is hidden" if told.arm is None else f"arm {told.arm}"
    print(f"{told.decoy}: {arm}; kit {told.kit}.")
