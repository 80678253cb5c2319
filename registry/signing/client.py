"""How an application asks the signer: over its socket, and again where it broke off."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from registry.domain.kit import Kit
from registry.signing.messages import (
    LONGEST,
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
    question_line,
    read_answer,
)
from registry.usecases.break_blind import ArmShown, BlindKept, BreakBlind
from registry.usecases.enter_opening import (
    EnterOpening,
    OpeningEntered,
    OpeningRefused,
)
from registry.usecases.import_kits import ImportKits, KitListRefused, KitsImported
from registry.usecases.move_kit import MoveKit
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from registry.usecases.randomise_domains import AnsweredDomains, RandomiseDomains
from registry.usecases.replace_kit import KitReplaced, ReplaceKit
from registry.usecases.reveal_arm import NotRevealed, RevealArm, Revealed
from streams.vocabulary.errors import (
    BrokenInvariant,
    EmberError,
    ErrorCode,
    Refused,
    SettingsError,
)


_SECONDS = 30.0
_IDLE = 16
"""Lines kept open for the next question."""


class SignerClient:
    """Any thread may ask; each question has a line of its own until it is answered."""

    def __init__(self, *paths: Path, seconds: float = _SECONDS) -> None:
        """`paths`: the sockets of one registry's signers, which are asked in turn.

        Who is away is passed over. `seconds` after which an answer is no longer waited
        for.
        """
        self._paths = deque(paths)
        self._turning = Lock()
        self._seconds = seconds
        self._idle: deque[_Line] = deque()

    def randomise(self, command: Randomise) -> Randomised | NotRandomised:
        """What the signer allocated, now or before.

        Raises `SettingsError` EMB-342 where it does not answer: it may or may not have
        allocated, and tells which when it is asked again with the same key.
        """
        answer = self._told(AllocationAsked(command=command))
        if isinstance(answer, AllocationTold | GateTold):
            return answer.result
        raise _not_an_answer(answer)

    def randomise_domains(self, command: RandomiseDomains) -> AnsweredDomains:
        """What the signer answered for each domain; raises as `randomise` does."""
        answer = self._told(DomainsAsked(command=command))
        if isinstance(answer, DomainsTold):
            return answer.result
        raise _not_an_answer(answer)

    def import_kits(self, command: ImportKits) -> KitsImported | KitListRefused:
        """Whether the signer keeps the list; raises as `randomise` does."""
        answer = self._told(KitListAsked(command=command))
        if isinstance(answer, KitListTold):
            return answer.result
        raise _not_an_answer(answer)

    def move_kits(self, commands: Iterable[MoveKit]) -> tuple[Kit, ...]:
        """The kits as they stand since; raises as `randomise` does."""
        answer = self._told(MovesAsked(commands=tuple(commands)))
        if isinstance(answer, MovesTold):
            return answer.kits
        raise _not_an_answer(answer)

    def replace_kit(self, command: ReplaceKit) -> KitReplaced:
        """The kit to hand out instead; raises as `randomise` does."""
        answer = self._told(ReplacementAsked(command=command))
        if isinstance(answer, ReplacementTold):
            return answer.result
        raise _not_an_answer(answer)

    def reveal_arm(self, command: RevealArm) -> Revealed | NotRevealed:
        """The arm of a deferred domain, or what is not settled.

        Raises as `randomise` does, and `Refused` EMB-386 where nothing is to be revealed.
        """
        answer = self._told(RevealAsked(command=command))
        if isinstance(answer, RevealTold):
            return answer.result
        raise _not_an_answer(answer)

    def commitment(self, trial: str) -> str:
        """SHA-256 of the trial's key."""
        answer = self._told(CommitmentAsked(trial=trial))
        if isinstance(answer, CommitmentTold):
            return answer.commitment
        raise _not_an_answer(answer)

    def arms_bound(self, trial: str, list_id: str, arms: Iterable[str]) -> str:
        """What binds these arms to a list of kits."""
        asked = ArmsBoundAsked(trial=trial, list_id=list_id, arms=tuple(sorted(arms)))
        answer = self._told(asked)
        if isinstance(answer, ArmsBoundTold):
            return answer.bound
        raise _not_an_answer(answer)

    def unblinded(self, command: BreakBlind) -> ArmShown | BlindKept:
        """The arm, for who asked alone; that it was asked for is on record by then.

        Raises `SettingsError` EMB-342 where it does not answer.
        """
        answer = self._told(ArmAsked(command=command))
        if isinstance(answer, ArmTold | KeptTold):
            return answer.result
        raise _not_an_answer(answer)

    def entered(self, command: EnterOpening) -> OpeningEntered | OpeningRefused:
        """What became of an opened page, now or before.

        Raises `SettingsError` EMB-342 where it does not answer.
        """
        answer = self._told(OpeningAsked(command=command))
        if isinstance(answer, OpeningTold | NoListTold):
            return answer.result
        raise _not_an_answer(answer)

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()

    def _told(self, question: Question) -> Answer:
        answer = self._asked(question_line(question))
        if isinstance(answer, FaultTold):
            raise _raised(answer)
        return answer

    def _asked(self, words: bytes) -> Answer:
        """Twice at most: a line that was idle may have been hung up by the signer."""
        try:
            line = self._idle.pop()
        except IndexError:
            return self._over(self._fresh(), words)
        try:
            return self._over(line, words)
        except SettingsError:
            return self._over(self._fresh(), words)

    def _over(self, line: _Line, words: bytes) -> Answer:
        try:
            answer = read_answer(line.ask(words))
        except (OSError, ValueError) as fault:
            line.close()
            raise self._away(fault) from None
        if len(self._idle) < _IDLE:
            self._idle.append(line)
        else:
            line.close()
        return answer

    def _fresh(self) -> _Line:
        with self._turning:
            self._paths.rotate(-1)
            in_turn = tuple(self._paths)
        for path in in_turn[:-1]:
            with suppress(OSError):
                return _Line(path, self._seconds)
        try:
            return _Line(in_turn[-1], self._seconds)
        except OSError as fault:
            raise self._away(fault) from None

    def _away(self, fault: OSError | ValueError) -> SettingsError:
        why = getattr(fault, "strerror", None) or type(fault).__name__
        where = " and ".join(sorted(map(str, self._paths)))
        return SettingsError(
            ErrorCode.SIGNER_AWAY,
            f"The signer at {where} does not answer ({why}).",
            "Start it, and ask again with the same key: nothing is allocated twice.",
        )


class _Line:
    """One connection; one question at a time."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def ask(self, words: bytes) -> bytes:
        """Raises `OSError` where it breaks off, `ValueError` for an endless answer."""
        self._socket.sendall(words)
        heard = b""
        while not heard.endswith(b"\n"):
            part = self._socket.recv(LONGEST)
            if not part:
                raise ConnectionResetError
            heard += part
            if len(heard) > LONGEST:
                raise ValueError
        return heard

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()


_KINDS: dict[str, type[Refused | SettingsError]] = {
    "refused": Refused,
    "settings": SettingsError,
    "fault": SettingsError,
}


def _raised(told: FaultTold) -> EmberError:
    return _KINDS[told.kind](told.code, told.problem, told.cure)


def _not_an_answer(answer: Answer) -> BrokenInvariant:
    return BrokenInvariant(f"The signer answered another question: {answer.tell}.")
