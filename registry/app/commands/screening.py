"""`ember screening`: what only a human can say of a patient, signed."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from typing import Annotated, get_args

import typer

from registry.app.acts import ANSWER, AnswerTold
from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_there, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.naming import (
    DomainOption,
    EpisodeOption,
    JsonOption,
    PatientArgument,
    ReasonOption,
    SiteOption,
    TrialOption,
    answer_with,
)
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.commands.renamed import CapacityWasAs
from registry.app.obstacles import hindrances
from registry.app.whom import Named, screening_of
from registry.domain.roles import Surface
from registry.usecases.record_answer import (
    AnswerRecorded,
    RecordAnswer,
    record_answer,
)
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.messages import Truth
from streams.vocabulary.protocol import Answerer


app = typer.Typer(
    help="Answer what only a human can say of a patient.",
    no_args_is_help=True,
    add_completion=False,
)


class Said(StrEnum):
    """What may be said of a criterion as it is worded."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    """Takes an answer back."""


_TRUTH: dict[Said, Truth] = {
    Said.TRUE: "TRUE",
    Said.FALSE: "FALSE",
    Said.UNKNOWN: "UNKNOWN",
}
_ANSWERERS: tuple[Answerer, ...] = get_args(Answerer)


@app.callback()
def screening() -> None:
    """Screenings."""


@app.command(cls=CapacityWasAs)
def answer(
    patient: PatientArgument,
    criterion: Annotated[str, typer.Argument(help="The criterion's id.")],
    truth: Annotated[
        Said, typer.Argument(help="Whether the criterion, as worded, holds.")
    ],
    actor: ActorOption,
    answered_as: Annotated[
        str | None,
        typer.Option("--capacity", help=f"In which capacity: {', '.join(_ANSWERERS)}."),
    ] = None,
    trial: TrialOption = None,
    domain: DomainOption = None,
    site: SiteOption = None,
    episode: EpisodeOption = None,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign an answer to one criterion; TRUE of an exclusion keeps the patient out.

    Exit 1 where it is not for this capacity to say, and then nothing is recorded.
    """
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.ANSWER_CRITERIA)) as book,
    ):
        now = SystemClock().now()
        named = Named(
            patient=patient, site=site, trial=trial, domain=domain, episode=episode
        )
        asked = screening_of(book, named, at=now)
        expect_there(book, Surface.ANSWER_CRITERIA, site=asked.site, trial=asked.trial)
        command = RecordAnswer(
            site=asked.site,
            patient=asked.patient,
            trial=asked.trial,
            domain=asked.domain,
            episode=asked.episode,
            criterion_id=criterion,
            truth=_TRUTH[truth],
            reason=reason,
            actor=actor,
            at=now,
            answered_as=_capacity(answered_as),
        )
        with book.transaction() as uow:
            done = record_answer(command, uow)
    recorded = done if isinstance(done, AnswerRecorded) else None
    told = AnswerTold(
        done=recorded is not None,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        domain=command.domain,
        episode=command.episode,
        criterion=criterion,
        truth=command.truth,
        revision=None if recorded is None else recorded.revision,
        status=None if recorded is None else recorded.status,
        is_opinion=recorded is not None and recorded.is_opinion,
        obstacles=()
        if isinstance(done, AnswerRecorded)
        else hindrances([done.obstacle]),
    )
    answer_with(told, ANSWER, [_words(told)], told.obstacles, as_json=as_json)


def _capacity(written: str | None) -> Answerer | None:
    """Raises `SettingsError` EMB-402 for a capacity that no protocol knows."""
    for one in _ANSWERERS:
        if one == written:
            return one
    if written is None:
        return None
    raise SettingsError(
        ErrorCode.BAD_SETTING,
        f"Nobody answers as {written!r}.",
        f"Use one of: {', '.join(_ANSWERERS)}.",
    )


def _words(told: AnswerTold) -> str:
    place = f"{told.patient}, {told.trial} / {told.domain}"
    if not told.done:
        return f"Nothing is recorded of {place}:"
    kept = " as an opinion beside the verdict" if told.is_opinion else ""
    return (
        f"{told.criterion} is {told.truth} is recorded{kept} of {place}; "
        f"with the answers: {told.status}."
    )
