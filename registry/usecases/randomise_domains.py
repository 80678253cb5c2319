"""Randomise one participant in several domains of a platform, in one transaction.

Every domain gets an answer, and all of them are kept; what the gates let through is
drawn, all of it or nothing.  The same act asked again gets the same answers: a domain
that opened since is for another act.

The order within the transaction:

1. each domain is looked at, without a lock;
2. the domains are held in the order in which a pause takes them, then their strata by
   name, then the audit chains: an act of one domain takes its locks in the same order;
3. domain by domain, after those whose arms may exclude it, all is looked at anew, and
   drawn as an act of that domain alone would draw it;
4. the answers are written, each with its audit row.

Where the trial moved so that other locks are the right ones, those taken are let go,
and it begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from registry.domain.allocation import Allocator
from registry.domain.answered import (
    Answer,
    DomainAnswer,
    availability,
    draw_order,
    shut_by,
)
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.randomisation.signer import Signer
from registry.usecases.at_the_gate import Seen, look
from registry.usecases.declared import lock_chains
from registry.usecases.ports import UnitOfWork
from registry.usecases.randomise import (
    JUST_CHANGED,
    LOOKS,
    NotRandomised,
    Randomise,
    Randomised,
    is_repeated,
    refused,
    result_of,
    told_again,
    within_the_locks,
)
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomiseDomains:
    """Who is to be randomised on the platform; the key names the act."""

    idempotency_key: str
    site: str
    patient: str
    trial: str
    domains: tuple[str, ...]
    """Empty: all domains of the protocol in force."""
    episode: str
    actor: str
    at: datetime

    @property
    def asked(self) -> str:
        """The named domains as they are kept; empty: all."""
        return ",".join(sorted(set(self.domains)))

    def within(self, domain: str) -> Randomise:
        """What an act of this domain alone would ask."""
        return Randomise(
            idempotency_key=identity("request", self.idempotency_key, domain),
            site=self.site,
            patient=self.patient,
            trial=self.trial,
            domain=domain,
            episode=self.episode,
            actor=self.actor,
            at=self.at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredDomain:
    """What became of one domain."""

    domain: str
    answer: Answer
    drawn: Randomised | None
    """Without its arm where that is hidden."""
    obstacles: tuple[Obstacle, ...]
    availability: tuple[tuple[str, bool, bool | None], ...]
    """Each arm: whether it could be given, and whether to this patient; None: unknown.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredDomains:
    """The stored answers, the first time and every time they are asked for again."""

    act: str
    answers: tuple[AnsweredDomain, ...]
    """By the name of the domain."""
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Looked:
    """One domain before any lock."""

    command: Randomise
    seen: Seen


def randomise_domains(
    command: RandomiseDomains, uow: UnitOfWork, *, signer: Signer
) -> AnsweredDomains:
    """Draw wherever the gate lets the participant through; say of each domain what is.

    Raises `Refused`: EMB-314 where the key already names another act, EMB-351 for a
    domain the trial does not have; and as `randomise` does.
    """
    for _ in range(LOOKS):
        before = _answered_before(command, uow)
        if before:
            return _told_again(command, before, uow)
        looked = _looked(command, uow)
        with uow.savepoint() as attempt:
            done = _attempted(command, looked, uow, signer=signer)
            if done is not None:
                return done
            attempt.take_back()
    return _nothing_drawn(command, _looked(command, uow), uow)


def _looked(command: RandomiseDomains, uow: UnitOfWork) -> tuple[_Looked, ...]:
    """The domains that were asked for, in the order in which they are drawn."""
    designs = uow.protocols.designs(command.trial)
    unknown = set(command.domains) - {design.domain for design in designs}
    if unknown or not designs:
        named = f"domain {min(unknown)}" if unknown else "domains"
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"{command.trial} has no {named}.",
            "Name one of its protocol in force.",
        )
    return tuple(
        _Looked(asked, look(asked, uow))
        for domain in draw_order(designs)
        if not command.domains or domain in command.domains
        for asked in (command.within(domain),)
    )


def _attempted(
    command: RandomiseDomains,
    looked: tuple[_Looked, ...],
    uow: UnitOfWork,
    *,
    signer: Signer,
) -> AnsweredDomains | None:
    """Inside the locks; None where those taken are no longer the right ones."""
    allocators = _locked(command, looked, uow)
    before = _answered_before(command, uow)
    if before:
        return _told_again(command, before, uow)
    told: list[tuple[Seen, AnsweredDomain]] = []
    for one in looked:
        now = look(one.command, uow)
        allocator = allocators.get(one.command.domain)
        if allocator is None:
            if now.gate.open and not is_repeated(now):
                return None
            done = _without_a_draw(one.command, now, uow)
        else:
            drawn = within_the_locks(
                one.command, one.seen, now, uow, allocator=allocator, signer=signer
            )
            if drawn is None:
                return None
            done = drawn
        told.append((now, _answered(one.command.domain, now, done)))
    return _kept(command, told, uow)


def _locked(
    command: RandomiseDomains, looked: Iterable[_Looked], uow: UnitOfWork
) -> dict[str, Allocator]:
    """By domain, the stratum of each that is open and not drawn yet."""
    wanted = {
        one.command.domain: one.seen.placed.lock
        for one in looked
        if one.seen.gate.open and not is_repeated(one.seen)
    }
    if wanted:
        uow.allocations.hold_domains(command.trial, wanted)
    allocators = {
        domain: uow.allocations.lock(
            trial=command.trial, domain=domain, stratum=stratum
        )
        for domain, stratum in sorted(wanted.items())
    }
    chains = {command.trial}.union(*(one.seen.chains for one in looked))
    lock_chains(uow, site=command.site, trials=chains)
    return allocators


def _without_a_draw(
    command: Randomise, now: Seen, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """What was drawn before, or why nothing is drawn."""
    if is_repeated(now):
        return told_again(command, now, uow)
    why = JUST_CHANGED if now.gate.open else now.gate
    subject = now.facts.standing.participant or ""
    return refused(command, uow, subject=subject, why=why)


def _answered(
    domain: str, now: Seen, done: Randomised | NotRandomised
) -> AnsweredDomain:
    stood = (
        ()
        if now.design is None
        else availability(now.design, status=now.status, left=now.left)
    )
    if isinstance(done, NotRandomised):
        answer, drawn, obstacles = shut_by(done.gate, stood), None, done.gate.obstacles
    else:
        answer = Answer.DRAWN_BEFORE if done.repeated else Answer.DRAWN
        drawn, obstacles = done, ()
    return AnsweredDomain(
        domain=domain,
        answer=answer,
        drawn=drawn,
        obstacles=obstacles,
        availability=stood,
    )


def _kept(
    command: RandomiseDomains,
    told: Iterable[tuple[Seen, AnsweredDomain]],
    uow: UnitOfWork,
) -> AnsweredDomains:
    by_name = sorted(told, key=lambda pair: pair[1].domain)
    for seen, answered in by_name:
        record = _record(command, seen, answered)
        uow.domain_answers.add(record)
        uow.audit.append(_entry(record))
    return AnsweredDomains(
        act=command.idempotency_key,
        answers=tuple(answered for _, answered in by_name),
        repeated=False,
    )


def _record(
    command: RandomiseDomains, seen: Seen, answered: AnsweredDomain
) -> DomainAnswer:
    drawn = answered.drawn
    return DomainAnswer(
        answer_id=identity("domain_answer", command.idempotency_key, answered.domain),
        act=command.idempotency_key,
        trial=command.trial,
        site=command.site,
        patient=command.patient,
        participant=seen.facts.standing.participant,
        episode=command.episode,
        domain=answered.domain,
        asked=command.asked,
        answer=answered.answer,
        obstacles=tuple((o.code.value, o.name, o.detail) for o in answered.obstacles),
        availability=answered.availability,
        randomisation_id=None if drawn is None else drawn.randomisation_id,
        actor=command.actor,
        at=command.at,
    )


def _entry(record: DomainAnswer) -> AuditEntry:
    return AuditEntry(
        site=record.site,
        trial=record.trial,
        action=AuditAction.DOMAIN_ANSWERED,
        actor=record.actor,
        at=record.at,
        subject=record.answer_id,
        detail={
            "record": record_digest(record),
            "act": record.act,
            "participant": record.participant,
            "domain": record.domain,
            "answer": record.answer.value,
        },
    )


def _answered_before(
    command: RandomiseDomains, uow: UnitOfWork
) -> tuple[DomainAnswer, ...]:
    """The answers of this name; raises `Refused` where it names an act of one domain."""
    before = uow.domain_answers.of_act(command.idempotency_key)
    if not before and uow.allocations.request_by_key(command.idempotency_key):
        raise _reused(command)
    return before


def _reused(command: RandomiseDomains) -> Refused:
    return Refused(
        ErrorCode.REQUEST_REUSED,
        f"The request {command.idempotency_key!r} was made for another "
        "participant or other domains.",
        "Give each request a key of its own.",
    )


def _told_again(
    command: RandomiseDomains, before: tuple[DomainAnswer, ...], uow: UnitOfWork
) -> AnsweredDomains:
    """The answers as they are kept; raises `Refused` where others were asked for."""
    mine = (command.trial, command.site, command.patient, command.episode)
    theirs = {(one.trial, one.site, one.patient, one.episode) for one in before}
    if theirs != {mine} or {one.asked for one in before} != {command.asked}:
        raise _reused(command)
    return AnsweredDomains(
        act=command.idempotency_key,
        answers=tuple(_as_kept(one, uow) for one in before),
        repeated=True,
    )


def _as_kept(kept: DomainAnswer, uow: UnitOfWork) -> AnsweredDomain:
    drawn = kept.randomisation_id and uow.allocations.one(kept.randomisation_id)
    return AnsweredDomain(
        domain=kept.domain,
        answer=kept.answer,
        drawn=result_of(drawn, uow) if drawn else None,
        obstacles=tuple(
            Obstacle(ErrorCode(code), name, detail)
            for code, name, detail in kept.obstacles
        ),
        availability=kept.availability,
    )


def _nothing_drawn(
    command: RandomiseDomains, looked: Iterable[_Looked], uow: UnitOfWork
) -> AnsweredDomains:
    """The trial moved again and again: no domain is drawn, and nothing is kept."""
    lock_chains(uow, site=command.site, trials=(command.trial,))
    answers = (
        _answered(
            one.command.domain,
            one.seen,
            _without_a_draw(one.command, one.seen, uow),
        )
        for one in looked
    )
    return AnsweredDomains(
        act=command.idempotency_key,
        answers=tuple(sorted(answers, key=lambda one: one.domain)),
        repeated=False,
    )
