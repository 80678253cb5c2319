"""`ember consent`: what a patient, or who speaks for them, decided."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from registry.app.acts import CONSENT, ConsentTold
from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_there, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.moments import when
from registry.app.commands.naming import (
    DecidedOption,
    EpisodeOption,
    JsonOption,
    PatientArgument,
    ReasonOption,
    SiteOption,
    TrialOption,
    answer_with,
)
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.obstacles import hindrances
from registry.app.whom import Named, stay_of
from registry.domain.consent import ConsentBasis, ConsentState, Scope
from registry.domain.roles import Surface
from registry.usecases.record_consent import (
    ConsentRecorded,
    RecordConsent,
    record_consent,
)
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="What a patient, or who speaks for them, decided.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def consent() -> None:
    """Consent."""


@app.command()
def record(
    patient: PatientArgument,
    state: Annotated[ConsentState, typer.Argument(help="What was decided.")],
    actor: ActorOption,
    trial: TrialOption = None,
    site: SiteOption = None,
    episode: EpisodeOption = None,
    basis: Annotated[
        ConsentBasis | None, typer.Option(help="How it was given; needed for `given`.")
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(help="Version of the information sheet and form that were used."),
    ] = None,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="What is withdrawn, repeatable; `withdrawn` without it takes all."
        ),
    ] = None,
    deadline: Annotated[
        datetime | None,
        when(
            "--deadline",
            "`deferred`: by when somebody is asked, never later than the protocol's "
            "`within`",
            otherwise="what `within` allows; needed where the protocol has none",
        ),
    ] = None,
    decided_at: DecidedOption = None,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a decision about taking part in a trial that screens the patient.

    Exit 1 where that step does not exist, and then nothing is recorded but the attempt.
    """
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.RECORD_CONSENT)) as book,
    ):
        _expect_of(state, ConsentState.WITHDRAWN, "--scope", given=bool(scope))
        _expect_of(
            state, ConsentState.DEFERRED, "--deadline", given=deadline is not None
        )
        now = SystemClock().now()
        named = Named(patient=patient, site=site, trial=trial, episode=episode)
        stay = stay_of(book, named, at=now)
        expect_there(book, Surface.RECORD_CONSENT, site=stay.site, trial=stay.trial)
        command = RecordConsent(
            trial=stay.trial,
            site=stay.site,
            patient=stay.patient,
            episode=stay.episode,
            state=state,
            basis=basis,
            document_version=document,
            deadline=deadline,
            scopes=tuple(scope or ()),
            decided_at=decided_at or now,
            reason=reason,
            actor=actor,
            at=now,
        )
        with book.transaction() as uow:
            done = record_consent(command, uow)
    recorded = isinstance(done, ConsentRecorded)
    told = ConsentTold(
        done=recorded,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        participant=done.participant,
        state=done.state if isinstance(done, ConsentRecorded) else None,
        revision=done.revision if isinstance(done, ConsentRecorded) else None,
        deadline=done.deadline if isinstance(done, ConsentRecorded) else None,
        obstacles=()
        if isinstance(done, ConsentRecorded)
        else hindrances([done.obstacle]),
    )
    whom = f"{told.patient} in {told.trial}"
    words = (
        f"{told.participant}: {_said(command, told.deadline)} is recorded for {whom}."
        if told.done
        else f"Nothing is recorded for {whom}:"
    )
    answer_with(told, CONSENT, [words], told.obstacles, as_json=as_json)


def _expect_of(
    state: ConsentState, wanted: ConsentState, option: str, *, given: bool
) -> None:
    """Nothing that was told is dropped: raises EMB-402 for another state's option."""
    if given and state is not wanted:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{option} says nothing of {state.value}.",
            f"Leave it out, or record {wanted.value}.",
        )


def _said(command: RecordConsent, deadline: datetime | None) -> str:
    """The word; of a withdrawal in part what it takes, of a deferral until when."""
    if deadline is not None:
        return f"{command.state} (until {deadline.isoformat()})"
    scopes = ", ".join(sorted(command.scopes))
    return f"{command.state} ({scopes})" if scopes else command.state.value
