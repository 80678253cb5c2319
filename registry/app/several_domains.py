"""What an act over several domains is told as, to a program and to a person."""

from __future__ import annotations

from collections.abc import Iterator

from registry.app.acts import ArmStood, DomainsTold, DomainTold
from registry.app.obstacles import hindrances
from registry.domain.mode import Mode
from registry.usecases.randomise_domains import (
    AnsweredDomain,
    AnsweredDomains,
    RandomiseDomains,
)
from streams.vocabulary.clock import iso


def domains_told(
    command: RandomiseDomains, done: AnsweredDomains, mode: Mode
) -> DomainsTold:
    """As `--json` prints it."""
    return DomainsTold(
        done=any(one.drawn for one in done.answers),
        request=done.act,
        mode=mode,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        episode=command.episode,
        repeated=done.repeated,
        domains=tuple(_domain(one) for one in done.answers),
    )


def domains_in_words(told: DomainsTold) -> Iterator[str]:
    """A line for each domain, and one for each obstacle."""
    before = ", answered before" if told.repeated else ""
    yield (
        f"{told.patient} in {told.trial}{before}; request {told.request} "
        "(the same with --request):"
    )
    for one in told.domains:
        yield f"  {one.domain}: {_in_words(one)}"
        for obstacle in one.obstacles:
            yield f"    {obstacle.in_words}"


def _domain(answered: AnsweredDomain) -> DomainTold:
    drawn = answered.drawn
    return DomainTold(
        domain=answered.domain,
        answer=answered.answer,
        randomised_at=None if drawn is None else drawn.randomised_at,
        arm=None if drawn is None else drawn.arm,
        arms=tuple(
            ArmStood(arm=arm, available=available, eligible=eligible)
            for arm, available, eligible in answered.availability
        ),
        kit=None if drawn is None else drawn.kit,
        obstacles=hindrances(answered.obstacles),
    )


def _in_words(told: DomainTold) -> str:
    answer = told.answer.value.replace("_", " ")
    if told.randomised_at is None:
        return answer
    arm = "the arm is hidden" if told.arm is None else f"arm {told.arm}"
    kit = "" if told.kit is None else f"; kit {told.kit}"
    return f"{answer} at {iso(told.randomised_at)}; {arm}{kit}"
