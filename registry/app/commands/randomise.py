"""`ember randomise`: one participant, in one domain or in all that let them in."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.app.acts import (
    RANDOMISE,
    RANDOMISE_DOMAINS,
    DomainsTold,
    RandomiseTold,
)
from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_there, opened_as
from registry.app.commands.exits import FORBIDDEN, told_in_words
from registry.app.commands.naming import (
    EpisodeOption,
    JsonOption,
    PatientArgument,
    SiteOption,
    TrialOption,
    answer_with,
)
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.drawing import drawing
from registry.app.obstacles import hindrances
from registry.app.several_domains import domains_in_words, domains_told
from registry.app.whom import Named, screening_of, stay_of
from registry.domain.mode import Mode
from registry.domain.roles import Surface
from registry.store.listings import ScreeningView
from registry.store.unit_of_work import Registry
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from registry.usecases.randomise_domains import RandomiseDomains
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity


def randomise(
    patient: PatientArgument,
    actor: ActorOption,
    trial: TrialOption = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            help="The domain; may be given again. Default: every domain of the trial."
        ),
    ] = None,
    site: SiteOption = None,
    episode: EpisodeOption = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="The file with the trial's allocation key, on SQLite alone. Default: "
            "TRIAL.key in the folder EMBER_ALLOCATION_KEYS."
        ),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            help="The idempotency key. Default for one domain: one of its own for this "
            "patient, domain and stay, so that the command may simply be repeated; for "
            "several: one for this act."
        ),
    ] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Randomise; repeated, it gives what was drawn the first time.

    Of several domains all that let the patient in are drawn in one act, and each has
    its answer. Everything is checked again inside the lock. Exit 1 where no gate is
    open, with every obstacle and its cure. Of a blinded domain no arm is told. On
    PostgreSQL the signer at EMBER_SIGNER is asked, who alone has the keys.
    """
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.RANDOMISE)) as book,
    ):
        asked = _Asked(
            named=Named(patient=patient, site=site, trial=trial, episode=episode),
            domains=tuple(domain or ()),
            actor=actor,
            request=request,
            at=SystemClock().now(),
        )
        one = _the_one_domain(book, asked)
        if one is None:
            several = _of_several(book, asked, key)
            answer_with(
                several,
                RANDOMISE_DOMAINS,
                domains_in_words(several),
                (),
                as_json=as_json,
            )
            if not several.done:
                raise typer.Exit(FORBIDDEN)
            return
        told = _of_one(book, replace(asked, named=one), key)
    answer_with(told, RANDOMISE, _words(told), told.obstacles, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the command line said."""

    named: Named
    domains: tuple[str, ...]
    actor: str
    request: str | None
    at: datetime


def _the_one_domain(book: Registry, asked: _Asked) -> Named | None:
    """Who is meant in the one domain there is or that was named; None: in several."""
    if len(asked.domains) == 1:
        return replace(asked.named, domain=asked.domains[0])
    if asked.domains:
        return None
    stay = stay_of(book, asked.named, at=asked.at)
    with book.inspection() as uow:
        designs = uow.protocols.designs(stay.trial)
    return asked.named if len(designs) <= 1 else None


def _of_one(book: Registry, asked: _Asked, key: Path | None) -> RandomiseTold:
    screened = screening_of(book, asked.named, at=asked.at)
    expect_there(book, Surface.RANDOMISE, site=screened.site, trial=screened.trial)
    command = Randomise(
        idempotency_key=asked.request or _own_key(screened),
        site=screened.site,
        patient=screened.patient,
        trial=screened.trial,
        domain=screened.domain,
        episode=screened.episode,
        actor=asked.actor,
        at=asked.at,
    )
    with book.reading() as views:
        mode = views.mode()
    with drawing(book, command.trial, key=key, environ=os.environ) as draw:
        done = draw.randomise(command)
    return _told(command, done, mode)


def _of_several(book: Registry, asked: _Asked, key: Path | None) -> DomainsTold:
    stay = stay_of(book, asked.named, at=asked.at)
    expect_there(book, Surface.RANDOMISE, site=stay.site, trial=stay.trial)
    place = (stay.site, stay.patient, stay.trial, stay.episode)
    command = RandomiseDomains(
        idempotency_key=asked.request
        or identity("act", *place, asked.actor, iso(asked.at)),
        site=stay.site,
        patient=stay.patient,
        trial=stay.trial,
        domains=asked.domains,
        episode=stay.episode,
        actor=asked.actor,
        at=asked.at,
    )
    with book.reading() as views:
        mode = views.mode()
    with drawing(book, command.trial, key=key, environ=os.environ) as draw:
        done = draw.randomise_domains(command)
    return domains_told(command, done, mode)


def _own_key(screened: ScreeningView) -> str:
    return identity("request", screened.screening_id)


def _told(
    command: Randomise, done: Randomised | NotRandomised, mode: Mode
) -> RandomiseTold:
    drawn = done if isinstance(done, Randomised) else None
    return RandomiseTold(
        done=drawn is not None,
        request=command.idempotency_key,
        mode=mode,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        domain=command.domain,
        episode=command.episode,
        participant=None if drawn is None else drawn.participant,
        randomised_at=None if drawn is None else drawn.randomised_at,
        arm=None if drawn is None else drawn.arm,
        repeated=drawn is not None and drawn.repeated,
        kit=None if drawn is None else drawn.kit,
        obstacles=()
        if isinstance(done, Randomised)
        else hindrances(done.gate.obstacles),
    )


def _words(told: RandomiseTold) -> list[str]:
    place = f"{told.patient} in {told.trial} / {told.domain}"
    request = f"request {told.request} (the same with --request)"
    if told.randomised_at is None:
        return [f"Nothing is drawn for {place}, mode {told.mode}; {request}:"]
    when = iso(told.randomised_at)
    drawn = f"was randomised before, at {when}" if told.repeated else "is randomised"
    arm = "the arm is hidden" if told.arm is None else f"arm {told.arm}"
    kit = "" if told.kit is None else f"; hand out kit {told.kit}"
    return [f"{told.participant}: {place} {drawn}; {arm}{kit}.", request]
