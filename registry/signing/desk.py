"""Answers one question: the signer's work, whoever carries the words.

A fault's own words are told to nobody: a database tells the values it refused, and an
arm may be among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import BoundedSemaphore
from typing import Literal, Protocol, TypeAlias

from registry.domain.answered import Answer as DomainsAnswer
from registry.domain.randomisation.signer import Signer
from registry.signing.messages import (
    AllocationAsked,
    AllocationTold,
    Answer,
    ArmAsked,
    ArmsBoundAsked,
    ArmsBoundTold,
    ArmTold,
    CommitmentAsked,
    CommitmentTold,
    DomainsAsked,
    DomainsTold,
    FaultTold,
    GateTold,
    KeptTold,
    KitListAsked,
    KitListTold,
    MovesAsked,
    MovesTold,
    NoListTold,
    OpeningAsked,
    OpeningTold,
    Question,
    ReplacementAsked,
    ReplacementTold,
    RevealAsked,
    RevealTold,
)
from registry.signing.timely import OwnClock
from registry.signing.unblinding import unblinded
from registry.usecases.break_blind import BlindKept, BreakBlind
from registry.usecases.enter_opening import (
    OpeningEntered,
    OpeningRefused,
    enter_opening,
)
from registry.usecases.faults import Diagnosis, Fault
from registry.usecases.import_kits import import_kits
from registry.usecases.move_kit import move_kits
from registry.usecases.ports import UnitOfWork
from registry.usecases.randomise import NotRandomised, Randomised, randomise
from registry.usecases.randomise_domains import AnsweredDomains, randomise_domains
from registry.usecases.replace_kit import replace_kit
from registry.usecases.reveal_arm import reveal_arm
from registry.usecases.signature_ports import Authenticator
from streams.vocabulary.errors import EmberError, ErrorCode, Refused, SettingsError


_TRIES = 3


class Book(Protocol):
    """The registry as the signer needs it."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Commits when it is left without an exception."""
        ...

    def diagnosis(self, fault: BaseException) -> Diagnosis | None:
        """What a transaction failed of; None for what nobody foresaw."""
        ...


Work: TypeAlias = Callable[[UnitOfWork], Answer]
"""One act within a transaction; it may be begun anew where another was faster."""

Outcome = Literal["applied", "repeated", "rejected", "failed"]
"""Allocated now, allocated before, refused, no answer."""


class DeskWatch(Protocol):
    """Follows the desk; hears neither whom nor to what."""

    def on_answer(self, outcome: Outcome, seconds: float) -> None:
        """A request to randomise was answered."""
        ...

    def on_fault(self, fault: BaseException) -> None:
        """A transaction failed; the fault's words may hold what was to be written."""
        ...


class Desk:
    """Any thread may ask; `places` of them are served at once, the others wait."""

    def __init__(
        self,
        book: Book,
        signer: Signer,
        *,
        places: int,
        watch: DeskWatch,
        own_clock: OwnClock,
        authenticator: Authenticator | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._signer = signer
        self._places = BoundedSemaphore(places)
        self._watch = watch
        self._own_clock = own_clock
        self._authenticator = authenticator
        self._clock = clock

    def answer(self, question: Question) -> Answer:
        """Always an answer; what is refused or failed is one too."""
        try:
            timely = self._own_clock.timely(question)
            with self._places:
                return self._answer(timely)
        except EmberError as fault:
            return _told(fault)

    def _answer(self, question: Question) -> Answer:
        if isinstance(question, CommitmentAsked):
            return CommitmentTold(commitment=self._signer.commitment(question.trial))
        if isinstance(question, ArmsBoundAsked):
            asked = (question.trial, question.list_id, question.arms)
            return ArmsBoundTold(bound=self._signer.arms_bound(*asked))
        if isinstance(question, AllocationAsked | DomainsAsked):
            return self._act(self._draws(question))
        if isinstance(question, ArmAsked):
            return self._tried(lambda: self._arm(question.command))
        return self._tried(self._in_one(self._work(question)))

    def _draws(self, question: AllocationAsked | DomainsAsked) -> Work:
        if isinstance(question, DomainsAsked):
            return lambda uow: DomainsTold(
                result=randomise_domains(question.command, uow, signer=self._signer)
            )
        return lambda uow: _of_one(
            randomise(question.command, uow, signer=self._signer)
        )

    def _work(
        self,
        question: KitListAsked
        | MovesAsked
        | ReplacementAsked
        | RevealAsked
        | OpeningAsked,
    ) -> Work:
        if isinstance(question, RevealAsked):
            return lambda uow: RevealTold(result=reveal_arm(question.command, uow))
        if isinstance(question, OpeningAsked):
            return lambda uow: _of_page(enter_opening(question.command, uow))
        if isinstance(question, MovesAsked):
            return lambda uow: MovesTold(kits=move_kits(question.commands, uow))
        if isinstance(question, KitListAsked):
            return lambda uow: KitListTold(
                result=import_kits(question.command, uow, signer=self._signer)
            )
        return lambda uow: ReplacementTold(
            result=replace_kit(question.command, uow, signer=self._signer)
        )

    def _act(self, work: Work) -> Answer:
        began = self._clock()
        outcome: Outcome = "failed"
        try:
            answer = self._tried(self._in_one(work))
            outcome = _outcome(answer)
        except Refused:
            outcome = "rejected"
            raise
        finally:
            self._watch.on_answer(outcome, self._clock() - began)
        return answer

    def _arm(self, command: BreakBlind) -> Answer:
        result = unblinded(command, self._book, self._authenticator)
        if isinstance(result, BlindKept):
            return KeptTold(result=result)
        return ArmTold(result=result)

    def _in_one(self, work: Work) -> Callable[[], Answer]:
        def in_one_transaction() -> Answer:
            with self._book.transaction() as uow:
                return work(uow)

        return in_one_transaction

    def _tried(self, work: Callable[[], Answer]) -> Answer:
        """Again where somebody else was faster; asked again, it adds nothing."""
        for _ in range(_TRIES):
            try:
                return work()
            except EmberError:
                raise
            except Exception as fault:  # noqa: BLE001  whatever it is, the next one is served
                found = self._book.diagnosis(fault)
                self._watch.on_fault(fault)
                if found is None or found.fault is Fault.DATA:
                    return _NO_ANSWER
        return _NO_ANSWER


_NO_ANSWER = FaultTold(
    kind="fault",
    code=ErrorCode.SIGNER_AWAY,
    problem="The signer could not do it now.",
    cure="Ask again: nothing is allocated twice.",
)


def _of_page(result: OpeningEntered | OpeningRefused) -> Answer:
    if isinstance(result, OpeningEntered):
        return OpeningTold(result=result)
    return NoListTold(result=result)


def _of_one(result: Randomised | NotRandomised) -> Answer:
    if isinstance(result, Randomised):
        return AllocationTold(result=result)
    return GateTold(result=result)


def _outcome(answer: Answer) -> Outcome:
    if isinstance(answer, DomainsTold):
        return _of_several(answer.result)
    if isinstance(answer, AllocationTold):
        return "repeated" if answer.result.repeated else "applied"
    return "rejected" if isinstance(answer, GateTold) else "failed"


def _of_several(result: AnsweredDomains) -> Outcome:
    if not any(one.drawn for one in result.answers):
        return "rejected"
    drawn_now = any(one.answer is DomainsAnswer.DRAWN for one in result.answers)
    return "applied" if drawn_now and not result.repeated else "repeated"


def _told(fault: EmberError) -> FaultTold:
    kind: Literal["refused", "settings", "fault"] = "fault"
    if isinstance(fault, Refused):
        kind = "refused"
    elif isinstance(fault, SettingsError):
        kind = "settings"
    return FaultTold(kind=kind, code=fault.code, problem=fault.problem, cure=fault.cure)
