"""Answers one question: the signer's work, whoever carries the words.

A fault's own words are told to nobody: a database tells the values it refused, and an
arm may be among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import BoundedSemaphore
from typing import Literal, Protocol, TypeVar

from registry.domain.randomisation.signer import Signer
from registry.signing.messages import (
    AllocationAsked,
    AllocationTold,
    Answer,
    ArmAsked,
    ArmTold,
    CommitmentTold,
    FaultTold,
    GateTold,
    KeptTold,
    NoListTold,
    OpeningAsked,
    OpeningTold,
    Question,
)
from registry.signing.unblinding import unblinded
from registry.usecases.break_blind import BlindKept, BreakBlind
from registry.usecases.enter_opening import (
    EnterOpening,
    OpeningEntered,
    enter_opening,
)
from registry.usecases.faults import Diagnosis, Fault
from registry.usecases.ports import UnitOfWork
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.signature_ports import Authenticator
from streams.vocabulary.errors import EmberError, ErrorCode, Refused, SettingsError


_TRIES = 3
_Command = TypeVar("_Command", Randomise, BreakBlind, EnterOpening)


class Book(Protocol):
    """The registry as the signer needs it."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Commits when it is left without an exception."""
        ...

    def diagnosis(self, fault: BaseException) -> Diagnosis | None:
        """What a transaction failed of; None for what nobody foresaw."""
        ...


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
        authenticator: Authenticator | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._signer = signer
        self._places = BoundedSemaphore(places)
        self._watch = watch
        self._authenticator = authenticator
        self._clock = clock

    def answer(self, question: Question) -> Answer:
        """Always an answer; what is refused or failed is one too."""
        with self._places:
            try:
                if isinstance(question, AllocationAsked):
                    return self._allocation(question.command)
                if isinstance(question, ArmAsked):
                    return self._tried(self._arm, question.command)
                if isinstance(question, OpeningAsked):
                    return self._tried(self._opening, question.command)
                return CommitmentTold(
                    commitment=self._signer.commitment(question.trial)
                )
            except EmberError as fault:
                return _told(fault)

    def _allocation(self, command: Randomise) -> Answer:
        began = self._clock()
        outcome: Outcome = "failed"
        try:
            answer = self._tried(self._drawn, command)
            outcome = _outcome(answer)
        except Refused:
            outcome = "rejected"
            raise
        finally:
            self._watch.on_answer(outcome, self._clock() - began)
        return answer

    def _drawn(self, command: Randomise) -> Answer:
        with self._book.transaction() as uow:
            result = randomise(command, uow, signer=self._signer)
        if isinstance(result, Randomised):
            return AllocationTold(result=result)
        return GateTold(result=result)

    def _arm(self, command: BreakBlind) -> Answer:
        result = unblinded(command, self._book, self._authenticator)
        if isinstance(result, BlindKept):
            return KeptTold(result=result)
        return ArmTold(result=result)

    def _opening(self, command: EnterOpening) -> Answer:
        with self._book.transaction() as uow:
            result = enter_opening(command, uow)
        if isinstance(result, OpeningEntered):
            return OpeningTold(result=result)
        return NoListTold(result=result)

    def _tried(self, act: Callable[[_Command], Answer], command: _Command) -> Answer:
        """Again where somebody else was faster; asked again, it adds nothing."""
        for _ in range(_TRIES):
            try:
                return act(command)
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


def _outcome(answer: Answer) -> Outcome:
    if isinstance(answer, AllocationTold):
        return "repeated" if answer.result.repeated else "applied"
    return "rejected" if isinstance(answer, GateTold) else "failed"


def _told(fault: EmberError) -> FaultTold:
    kind: Literal["refused", "settings", "fault"] = "fault"
    if isinstance(fault, Refused):
        kind = "refused"
    elif isinstance(fault, SettingsError):
        kind = "settings"
    return FaultTold(kind=kind, code=fault.code, problem=fault.problem, cure=fault.cure)
