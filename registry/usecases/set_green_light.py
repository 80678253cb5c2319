"""Give a site the word to recruit for a trial, or take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.green_light import GreenLight
from registry.domain.reason import expect_reason
from registry.usecases.declared import names_site
from registry.usecases.ports import UnitOfWork
from registry.usecases.settle_alerts import hold_sites, settle_place
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGreenLight:
    """Whether the site may recruit from now on, and why."""

    trial: str
    site: str
    given: bool
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenLightSet:
    """What stands, and whether that changed anything."""

    light_id: str | None
    given: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenLightRefused:
    """Nothing changed."""

    obstacle: Obstacle


def set_green_light(
    command: SetGreenLight, uow: UnitOfWork
) -> GreenLightSet | GreenLightRefused:
    """Append it; no allocation at the site overtakes a light that is revoked.

    With the light the site's calls begin; without it they are taken back.

    A site that the protocol in force does not name is given none.
    Raises `Refused` EMB-374 where something would change without a reason.
    """
    hold_sites(uow, {command.site})
    uow.audit.lock(site=command.site, trial=command.trial)
    before = uow.green_lights.latest(trial=command.trial, site=command.site)
    stood = before is not None and before.given
    if stood == command.given:
        light_id = None if before is None else before.light_id
        return GreenLightSet(light_id=light_id, given=stood, changed=False)
    active = uow.protocols.active(command.trial)
    if command.given and active is not None and not names_site(active, command.site):
        return GreenLightRefused(
            obstacle=Obstacle(ErrorCode.SITE_CLOSED, "not_in_the_protocol")
        )
    expect_reason(command.reason)
    revision = 1 if before is None else before.revision + 1
    light = GreenLight(
        light_id=identity("green-light", command.trial, command.site, str(revision)),
        trial=command.trial,
        site=command.site,
        revision=revision,
        given=command.given,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )
    uow.green_lights.add(light)
    uow.audit.append(_entry(light))
    settle_place(
        uow,
        trial=light.trial,
        site=light.site,
        because=light.light_id,
        actor=light.actor,
        at=light.at,
    )
    return GreenLightSet(light_id=light.light_id, given=light.given, changed=True)


def green_light_given(uow: UnitOfWork, *, trial: str, site: str) -> bool:
    """Whether the site may recruit for the trial now."""
    latest = uow.green_lights.latest(trial=trial, site=site)
    return latest is not None and latest.given


def _entry(light: GreenLight) -> AuditEntry:
    given = AuditAction.GREEN_LIGHT_GIVEN
    return AuditEntry(
        site=light.site,
        trial=light.trial,
        action=given if light.given else AuditAction.GREEN_LIGHT_REVOKED,
        actor=light.actor,
        at=light.at,
        subject=light.light_id,
        detail={
            "record": record_digest(light),
            "revision": light.revision,
            "reason": light.reason,
        },
    )
