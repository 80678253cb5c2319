"""`ember outcome`: what humans say of outcomes, beside what the record tells."""

from __future__ import annotations

import getpass
from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import (
    expect_of,
    opened_as,
)
from registry.app.commands.naming import DecidedOption
from registry.app.commands.options import DoneByOption, RegistryOption
from registry.app.commands.renamed import ActorWasBy
from registry.domain.conduct import JudgedAs, JudgedOutcome
from registry.domain.roles import Surface
from registry.usecases.judge_outcome import (
    JudgeOutcome,
    OutcomeNotJudged,
    judge_outcome,
)
from streams.vocabulary.errors import Refused
from streams.vocabulary.messages import TrialOutcome


app = typer.Typer(
    help="Adjudicate and correct outcomes.", no_args_is_help=True, add_completion=False
)

OutcomeArgument = Annotated[
    str, typer.Argument(metavar="OUTCOME_ID", help="As `ember query outcomes --json`.")
]
ValueOption = Annotated[
    float | None, typer.Option(help="The value; without it: cannot be determined.")
]
ReasonOption = Annotated[str, typer.Option(help="Why; it goes into the audit.")]


@app.command(cls=ActorWasBy)
def adjudicate(
    outcome: OutcomeArgument,
    reason: ReasonOption,
    value: ValueOption = None,
    actor: DoneByOption = None,
    decided_at: DecidedOption = None,
    registry: RegistryOption = None,
) -> None:
    """Put a value that was weighed beside the derived one; both are kept."""
    _judge(outcome, "adjudicated", value, reason, actor, decided_at, registry)


@app.command(cls=ActorWasBy)
def correct(
    outcome: OutcomeArgument,
    reason: ReasonOption,
    value: ValueOption = None,
    actor: DoneByOption = None,
    decided_at: DecidedOption = None,
    registry: RegistryOption = None,
) -> None:
    """Correct what was final by what the record does not hold; both are kept."""
    _judge(outcome, "corrected", value, reason, actor, decided_at, registry)


@app.command("take-back", cls=ActorWasBy)
def take_back(
    outcome: OutcomeArgument,
    reason: ReasonOption,
    actor: DoneByOption = None,
    decided_at: DecidedOption = None,
    registry: RegistryOption = None,
) -> None:
    """Let the derived value stand again."""
    _judge(outcome, "taken_back", None, reason, actor, decided_at, registry)


def _judge(
    outcome: str,
    judged_as: JudgedAs,
    value: float | None,
    reason: str,
    actor: str | None,
    decided_at: datetime | None,
    registry: str | None,
) -> None:
    now = SystemClock().now()
    command = JudgeOutcome(
        outcome_id=outcome,
        judged_as=judged_as,
        value=value,
        reason=reason,
        decided_at=decided_at or now,
        actor=actor or getpass.getuser(),
        at=now,
    )
    surface = Surface.JUDGE_OUTCOMES
    book = opened_as(registry, command.actor, surface)
    with closing(book), book.transaction() as uow:
        expect_of(book, surface, uow.outcomes.latest(outcome))
        done = judge_outcome(command, uow)
    if isinstance(done, OutcomeNotJudged):
        named = done.obstacle.name.replace("_", " ")
        can_be = f" (it is {done.obstacle.detail})" if done.obstacle.detail else ""
        raise Refused(done.obstacle.code, f"Nothing was recorded: {named}{can_be}.")
    print(_told(done.judged, done.derived))


def _told(judged: JudgedOutcome, derived: TrialOutcome) -> str:
    number = f"no. {judged.number}"
    record = f"{_value(derived.value)}, {derived.status}"
    if judged.judged_as == "taken_back":
        said = f"the judgement is taken back ({number}); the record's own stands again"
        return f"{judged.outcome}: {said}: {record}."
    said = f"{_value(judged.value)} ({judged.judged_as}, {number})"
    return f"{judged.outcome}: {said}; the record says {record}."


def _value(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
