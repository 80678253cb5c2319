"""`ember site green-light` and `revoke`: which site may recruit for which trial."""

from __future__ import annotations

from contextlib import closing

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_allowed
from registry.app.commands.options import ActorOption, RegistryOption, opened
from registry.app.commands.pausing import (
    ReasonOption,
    SiteArgument,
    TrialArgument,
)
from registry.app.commands.pausing import site as app
from registry.domain.roles import Surface
from registry.usecases.set_green_light import (
    GreenLightRefused,
    SetGreenLight,
    set_green_light,
)
from streams.vocabulary.errors import Refused


@app.command("green-light")
def green_light(
    trial: TrialArgument,
    site: SiteArgument,
    reason: ReasonOption,
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Let the site recruit for the trial: without it, nobody is randomised there."""
    _set(trial, site, reason, actor, registry, given=True)


@app.command()
def revoke(
    trial: TrialArgument,
    site: SiteArgument,
    reason: ReasonOption,
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Take the green light back; no allocation at the site comes after it."""
    _set(trial, site, reason, actor, registry, given=False)


def _set(
    trial: str, site: str, reason: str, actor: str, registry: str | None, *, given: bool
) -> None:
    command = SetGreenLight(
        trial=trial,
        site=site,
        given=given,
        reason=reason,
        actor=actor,
        at=SystemClock().now(),
    )
    expect_allowed(registry, actor, Surface.LIGHT_SITES, trial=trial, site=site)
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = set_green_light(command, uow)
    if isinstance(done, GreenLightRefused):
        raise Refused(
            done.obstacle.code,
            f"The protocol of {trial} in force does not name the site {site}.",
            "Amend the protocol, if the site is to recruit.",
        )
    state = "recruits" if done.given else "does not recruit"
    print(f"{site} {state} for {trial}{'' if done.changed else ' (as before)'}")
