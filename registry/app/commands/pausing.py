"""`ember site`, `ember domain`, `ember arm`: pause and resume a part of a trial."""

from __future__ import annotations

import getpass
from contextlib import closing
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_allowed
from registry.app.commands.options import DoneByOption, RegistryOption, opened
from registry.domain.pause import Place
from registry.domain.roles import EVERYWHERE, Surface
from registry.usecases.set_pause import SetPause, set_pause


site = typer.Typer(
    help="Give a site its green light, and pause it.",
    no_args_is_help=True,
    add_completion=False,
)
domain = typer.Typer(help="Pause a domain.", no_args_is_help=True, add_completion=False)
arm = typer.Typer(help="Pause an arm.", no_args_is_help=True, add_completion=False)

TrialArgument = Annotated[str, typer.Argument(help="The trial.")]
SiteArgument = Annotated[str, typer.Argument(help="The site.")]
DomainArgument = Annotated[str, typer.Argument(help="The domain.")]
ArmArgument = Annotated[str, typer.Argument(help="The arm.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it goes into the audit.")]


@site.command("pause")
def pause_site(
    trial: TrialArgument,
    name: SiteArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Randomise nobody of this trial at this site from now on."""
    _set(trial, Place(site=name), registry, actor, paused=True, reason=reason)


@site.command("resume")
def resume_site(
    trial: TrialArgument,
    name: SiteArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """End the pause of a site."""
    _set(trial, Place(site=name), registry, actor, paused=False, reason=reason)


@domain.command("pause")
def pause_domain(
    trial: TrialArgument,
    name: DomainArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Randomise nobody in this domain from now on."""
    _set(trial, Place(domain=name), registry, actor, paused=True, reason=reason)


@domain.command("resume")
def resume_domain(
    trial: TrialArgument,
    name: DomainArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """End the pause of a domain."""
    _set(trial, Place(domain=name), registry, actor, paused=False, reason=reason)


@arm.command("pause")
def pause_arm(
    trial: TrialArgument,
    in_domain: DomainArgument,
    name: ArmArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Give this arm to nobody from now on; the others are drawn among."""
    place = Place(domain=in_domain, arm=name)
    _set(trial, place, registry, actor, paused=True, reason=reason)


@arm.command("resume")
def resume_arm(
    trial: TrialArgument,
    in_domain: DomainArgument,
    name: ArmArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """End the pause of an arm."""
    place = Place(domain=in_domain, arm=name)
    _set(trial, place, registry, actor, paused=False, reason=reason)


def _set(
    trial: str,
    place: Place,
    registry: str | None,
    actor: str | None,
    *,
    paused: bool,
    reason: str,
) -> None:
    if not reason:
        raise typer.BadParameter("say why with --reason", param_hint="--reason")
    command = SetPause(
        trial=trial,
        place=place,
        paused=paused,
        reason=reason,
        actor=actor or getpass.getuser(),
        at=SystemClock().now(),
    )
    expect_allowed(
        registry,
        command.actor,
        _surface(place, paused=paused),
        trial=trial,
        site=place.site or EVERYWHERE,
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = set_pause(command, uow)
    state = "is paused" if paused else "recruits"
    print(f"{trial}: {place.in_words} {state}{'' if done.changed else ' (as before)'}.")


def _surface(place: Place, *, paused: bool) -> Surface:
    """To stop is easy; to go on asks for more."""
    if not paused:
        return Surface.END_PAUSES
    return Surface.PAUSE_SITES if place.site else Surface.PAUSE_TRIALS
