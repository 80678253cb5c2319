"""`ember role`: who has which role at which site in which trial."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.moments import when
from registry.app.commands.options import (
    ActorOption,
    JsonOption,
    RegistryOption,
    opened,
)
from registry.app.commands.tables import Columns, print_table, told
from registry.app.obstacles import hindrances
from registry.domain.enrolment import Obstacle
from registry.domain.roles import Role, RoleGrant, Surface, undo
from registry.usecases.hand_out_roles import (
    GrantRole,
    RevokeRole,
    RoleRefused,
    grant_role,
    revoke_role,
)
from streams.vocabulary.errors import ErrorCode, Refused


app = typer.Typer(
    help="Who may see and do what, and where.",
    no_args_is_help=True,
    add_completion=False,
)

ReasonOption = Annotated[str, typer.Option(help="Why; it goes into the audit.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTold(RoleGrant):
    """A grant as `ember role list` tells it."""

    undone_by: tuple[str, ...]
    """Entries of the person's other grants that may not stand beside it."""


GRANTS = TypeAdapter(tuple[RoleTold, ...])
"""What `ember role list --json` prints."""


@app.command()
def grant(
    person: Annotated[str, typer.Argument(help="To whom, as the audit names them.")],
    role: Annotated[Role, typer.Argument(help="Which role.")],
    site: Annotated[str, typer.Option(help="At which site; `*` for every one.")],
    trial: Annotated[str, typer.Option(help="In which trial; `*` for every one.")],
    reason: ReasonOption,
    actor: ActorOption,
    ends: Annotated[
        datetime | None, when("--ends", "Until when", otherwise="until it is revoked")
    ] = None,
    registry: RegistryOption = None,
) -> None:
    """Give somebody a role at a place, from now on, and print the grant's name.

    The first is given to a site admin of everything; later ones by a site admin, within
    their own places and to others.
    """
    now = SystemClock().now()
    command = GrantRole(
        person=person,
        role=role,
        site=site,
        trial=trial,
        starts_at=now,
        ends_at=ends,
        reason=reason,
        actor=actor,
        at=now,
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = grant_role(command, uow)
    if isinstance(done, RoleRefused):
        raise _refused(done.obstacle)
    print(done.grant.entry)


@app.command()
def revoke(
    entry: Annotated[str, typer.Argument(help="The grant's name; see `list`.")],
    reason: ReasonOption,
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Take a role back from now on; what was done by it stays done."""
    command = RevokeRole(
        entry=entry, reason=reason, actor=actor, at=SystemClock().now()
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = revoke_role(command, uow)
    if isinstance(done, RoleRefused):
        raise _refused(done.obstacle)
    print(f"{done.grant.person}: no {done.grant.role} any more")


@app.command("list")
def list_(
    who: AsOption = None, registry: RegistryOption = None, as_json: JsonOption = False
) -> None:
    """All grants that who asks may see, revoked ones among them.

    Marked is who had roles that undo each other, as before that was refused.
    """
    with (
        closing(opened_as(registry, who, Surface.PEOPLE)) as book,
        book.inspection() as uow,
    ):
        grants = _told(uow.role_grants.latest())
    if as_json:
        print(GRANTS.dump_json(grants).decode())
        return
    columns: Columns = {
        "person": lambda r: r.person,
        "role": lambda r: r.role,
        "site": lambda r: r.site,
        "trial": lambda r: r.trial,
        "from": lambda r: told(r.starts_at),
        "to": lambda r: told(r.ends_at),
        "by": lambda r: r.actor,
        "why": lambda r: r.reason,
        "grant": lambda r: r.entry,
        "undone by": lambda r: ", ".join(r.undone_by),
    }
    print_table("roles", grants, columns)


def _told(grants: tuple[RoleGrant, ...]) -> tuple[RoleTold, ...]:
    return tuple(
        RoleTold(
            **{field.name: getattr(one, field.name) for field in fields(one)},
            undone_by=tuple(other.entry for other in grants if undo(one, other)),
        )
        for one in grants
    )


def _refused(why: Obstacle) -> Refused:
    if why.code is ErrorCode.ROLES_APART:
        (told_,) = hindrances([why])
        kept = f"The role stays as it was: {told_.problem}"
        return Refused(why.code, kept, told_.cure)
    named = why.name.replace("_", " ")
    return Refused(
        why.code,
        f"The role stays as it was: {named}.",
        "`ember role list` tells what stands; see `deploy/docs/roles.md`.",
    )
