"""`ember randomise`: one participant, one domain, once."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from registry.app.acts import RANDOMISE, RandomiseTold
from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_there, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.naming import (
    DomainOption,
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
from registry.app.whom import Named, screening_of
from registry.domain.mode import Mode
from registry.domain.roles import Surface
from registry.store.listings import ScreeningView
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity


def randomise(
    patient: PatientArgument,
    actor: ActorOption,
    trial: TrialOption = None,
    domain: DomainOption = None,
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
            help="The idempotency key. Default: one of its own for this patient, domain "
            "and stay, so that the command may simply be repeated."
        ),
    ] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Randomise; repeated, it gives what was drawn the first time.

    Everything is checked again inside the lock. Exit 1 where the gate is shut, with
    every obstacle and its cure. Of a blinded domain no arm is told. On PostgreSQL the
    signer at EMBER_SIGNER is asked, who alone has the keys.
    """
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.RANDOMISE)) as book,
    ):
        now = SystemClock().now()
        named = Named(
            patient=patient, site=site, trial=trial, domain=domain, episode=episode
        )
        screened = screening_of(book, named, at=now)
        expect_there(book, Surface.RANDOMISE, site=screened.site, trial=screened.trial)
        command = Randomise(
            idempotency_key=request or _own_key(screened),
            site=screened.site,
            patient=screened.patient,
            trial=screened.trial,
            domain=screened.domain,
            episode=screened.episode,
            actor=actor,
            at=now,
        )
        with book.reading() as views:
            mode = views.mode()
        with drawing(book, command.trial, key=key, environ=os.environ) as draw:
            done = draw(command)
    told = _told(command, done, mode)
    answer_with(told, RANDOMISE, _words(told), told.obstacles, as_json=as_json)


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
    arm = "the arm is blinded" if told.arm is None else f"arm {told.arm}"
    return [f"{told.participant}: {place} {drawn}; {arm}.", request]
