"""`ember delegation`: who may do what at a site, and what they sign by it."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.moments import when
from registry.app.commands.options import (
    ActorOption,
    RegistryOption,
    opened,
)
from registry.app.commands.tables import Columns, print_table, told
from registry.domain.delegation import Duty
from registry.domain.enrolment import Obstacle
from registry.domain.roles import Surface
from registry.usecases.keep_delegations import (
    AddDelegation,
    DelegationRefused,
    EndDelegation,
    add_delegation,
    end_delegation,
)
from registry.usecases.sign_eligibility import (
    SignEligibility,
    SigningRefused,
    sign_eligibility,
)
from streams.vocabulary.errors import Refused


app = typer.Typer(
    help="Who may do what at a site.", no_args_is_help=True, add_completion=False
)

TrialOption = Annotated[str, typer.Option(help="The trial.")]
SiteOption = Annotated[str, typer.Option(help="The site, as its events name it.")]
ReasonOption = Annotated[str | None, typer.Option(help="Why; it goes into the audit.")]


@app.command()
def add(
    person: Annotated[str, typer.Argument(help="To whom, as they sign.")],
    trial: TrialOption,
    site: SiteOption,
    duty: Annotated[list[Duty], typer.Option(help="What; may be given again.")],
    actor: ActorOption,
    starts: Annotated[
        datetime | None, when("--starts", "From when", otherwise="now")
    ] = None,
    ends: Annotated[
        datetime | None, when("--ends", "Until when", otherwise="until it is ended")
    ] = None,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
) -> None:
    """Delegate duties to somebody, and print the entry's name."""
    now = SystemClock().now()
    command = AddDelegation(
        trial=trial,
        site=site,
        person=person,
        duties=tuple(duty),
        starts_at=starts or now,
        ends_at=ends,
        reason=reason,
        actor=actor,
        at=now,
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = add_delegation(command, uow)
    if isinstance(done, DelegationRefused):
        raise _refused(done.obstacle)
    print(done.delegation.entry)


@app.command()
def end(
    entry: Annotated[str, typer.Argument(help="Its name; see `list`.")],
    trial: TrialOption,
    site: SiteOption,
    actor: ActorOption,
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")],
    ends: Annotated[datetime | None, when("--ends", "When", otherwise="now")] = None,
    registry: RegistryOption = None,
) -> None:
    """End an entry; what was signed while it stood stays signed."""
    now = SystemClock().now()
    command = EndDelegation(
        trial=trial,
        site=site,
        entry=entry,
        ends_at=ends or now,
        reason=reason,
        actor=actor,
        at=now,
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = end_delegation(command, uow)
    if isinstance(done, DelegationRefused):
        raise _refused(done.obstacle)
    print(f"{done.delegation.person}: ends {told(done.delegation.ends_at)} UTC")


@app.command("list")
def list_(
    trial: TrialOption,
    site: SiteOption,
    registry: RegistryOption = None,
    who: AsOption = None,
) -> None:
    """The log of a trial at a site, ended entries among them."""
    book = opened_as(registry, who, Surface.PEOPLE, trial=trial)
    with closing(book), book.inspection() as uow:
        log = uow.delegations.latest(trial=trial, site=site)
    columns: Columns = {
        "person": lambda r: r.person,
        "duties": lambda r: ", ".join(r.duties),
        "from": lambda r: told(r.starts_at),
        "to": lambda r: told(r.ends_at),
        "by": lambda r: r.actor,
        "entry": lambda r: r.entry,
    }
    print_table("delegations", log, columns)


@app.command()
def sign(
    patient: Annotated[str, typer.Argument(help="The patient (the pseudonym).")],
    trial: TrialOption,
    site: SiteOption,
    domain: Annotated[str, typer.Option(help="The domain.")],
    episode: Annotated[str, typer.Option(help="The hospital stay.")],
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Sign that the patient is eligible, by a duty that is delegated now."""
    command = SignEligibility(
        site=site,
        patient=patient,
        trial=trial,
        domain=domain,
        episode=episode,
        actor=actor,
        at=SystemClock().now(),
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = sign_eligibility(command, uow)
    if isinstance(done, SigningRefused):
        raise _refused(done.obstacle)
    print(f"signed: {done.signature.signed}")


def _refused(why: Obstacle) -> Refused:
    told_of = f" ({why.detail})" if why.detail else ""
    return Refused(why.code, f"{why.name.replace('_', ' ')}{told_of}.")
