"""`ember opt-out`: who wants no part in a trial, or in any research."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from registry.app.acts import OPT_OUT, OptOutTold
from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_at, expect_there, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.naming import (
    DecidedOption,
    JsonOption,
    PatientArgument,
    ReasonOption,
    SiteOption,
    answer_with,
)
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.obstacles import hindrances
from registry.app.whom import sites_of
from registry.domain.roles import Surface
from registry.store.unit_of_work import Registry
from registry.usecases.record_opt_out import (
    OptOutRecorded,
    RecordOptOut,
    record_opt_out,
)
from streams.app.identity import configured_site
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="Who is not to be called about a trial, or any.",
    no_args_is_help=True,
    add_completion=False,
)

TrialOption = Annotated[
    str, typer.Option(help="Only this trial. Default: all research of the house.")
]


@app.callback()
def opt_out() -> None:
    """Who is not to be called about a trial, or any."""


@app.command()
def record(
    patient: PatientArgument,
    actor: ActorOption,
    trial: TrialOption = "",
    site: SiteOption = None,
    decided_at: DecidedOption = None,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record it: nobody calls about this person any more, under whatever name.

    The patient need not be on record yet: then name the site.
    """
    _record(
        _Said(patient, site, trial, decided_at, reason, actor),
        registry,
        stands=True,
        as_json=as_json,
    )


@app.command()
def withdraw(
    patient: PatientArgument,
    actor: ActorOption,
    trial: TrialOption = "",
    site: SiteOption = None,
    decided_at: DecidedOption = None,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take it back; what it alone held back is called about again."""
    _record(
        _Said(patient, site, trial, decided_at, reason, actor),
        registry,
        stands=False,
        as_json=as_json,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said on the command line."""

    patient: str
    site: str | None
    trial: str
    decided_at: datetime | None
    reason: str | None
    actor: str


def _record(said: _Said, url: str | None, *, stands: bool, as_json: bool) -> None:
    surface = Surface.RECORD_CONSENT
    with told_in_words(), closing(opened_as(url, said.actor, surface)) as book:
        now = SystemClock().now()
        site, patient, known = _whom(book, said)
        if said.trial:
            expect_there(book, surface, site=site, trial=said.trial)
        expect_at(book, surface, site=site)
        _check_trial(book, said.trial)
        command = RecordOptOut(
            site=site,
            patient=patient,
            trial=said.trial,
            stands=stands,
            decided_at=said.decided_at or now,
            reason=said.reason,
            actor=said.actor,
            at=now,
        )
        with book.transaction() as uow:
            done = record_opt_out(command, uow)
    recorded = done if isinstance(done, OptOutRecorded) else None
    as_asked = isinstance(done, OptOutRecorded) or done.obstacle.name == "no_such_step"
    told = OptOutTold(
        done=recorded is not None,
        site=site,
        patient=patient,
        trial=said.trial,
        stands=stands if as_asked else not stands,
        known=known,
        revision=None if recorded is None else recorded.revision,
        obstacles=()
        if isinstance(done, OptOutRecorded)
        else hindrances([done.obstacle]),
    )
    answer_with(told, OPT_OUT, _words(told), told.obstacles, as_json=as_json)


def _whom(book: Registry, said: _Said) -> tuple[str, str, bool]:
    """Site, pseudonym, and whether the registry has heard of it.

    Raises `SettingsError` EMB-402 where the site is not told and does not follow.
    """
    site, patient = said.site, said.patient
    sites = sites_of(book, patient)
    before, slash, after = patient.partition("/")
    if not sites and slash and site in (None, before):
        site, patient = before, after
        sites = sites_of(book, patient)
    if site is None and len(sites) == 1:
        site = sites[0]
    if site is None and not sites and os.environ.get("EMBER_SITE"):
        site = configured_site(os.environ).site
    if site is None:
        several = f"is known at {', '.join(sites)}" if sites else "is known at no site"
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{patient!r} {several}.",
            "Name the site: --site SITE.",
        )
    return site, patient, site in sites


def _check_trial(book: Registry, trial: str) -> None:
    """Refuse an opt-out of a trial nobody runs; raises `SettingsError` EMB-402."""
    with book.reading() as views:
        trials = {version.trial for version in views.protocols()}
    if trial and trial not in trials:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"No trial {trial!r} is in force here.",
            f"Use one of: {', '.join(sorted(trials)) or 'none'}; or none, for all "
            "research.",
        )


def _words(told: OptOutTold) -> list[str]:
    of = told.trial or "all research"
    if not told.done:
        return [f"Nothing is recorded for {told.site}/{told.patient}, {of}:"]
    became = "stands" if told.stands else "is taken back"
    lines = [f"The opt-out of {told.site}/{told.patient} from {of} {became}."]
    if not told.known:
        lines.append("The registry holds nothing else of this pseudonym: check it.")
    return lines
