"""Whose clock counts: the asker's, as long as it goes with the signer's own.

A consent, a window, a delegation hold at a moment: whoever could say the moment could
act when none of them holds.  What was opened on paper keeps the moments it was told
with; bounded is when it is entered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from registry.signing.messages import (
    ArmAsked,
    ArmsBoundAsked,
    CommitmentAsked,
    MovesAsked,
    Question,
)
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, Refused


@dataclass(frozen=True, slots=True)
class OwnClock:
    """The signer's own time, and how far an asker's may be from it either way."""

    now: Callable[[], datetime]
    tolerance: timedelta

    def timely(self, question: Question) -> Question:
        """The question, where its moment is near enough.

        Who asks for an arm in an emergency is not turned away for a clock: they are
        answered as of the signer's. Raises `Refused` EMB-344 for any other question.
        """
        now = self.now()
        at = max(_moments(question), key=lambda one: abs(now - one), default=now)
        if abs(now - at) <= self.tolerance:
            return question
        if isinstance(question, ArmAsked):
            return replace(question, command=replace(question.command, at=now))
        raise Refused(
            ErrorCode.CLOCKS_DIFFER,
            f"The clock of who asks says {iso(at)}, the signer's own {iso(now)}: more "
            f"than {self.tolerance.total_seconds():.0f} s apart.",
            "Set the clock that is wrong, and ask again.",
        )


def _moments(question: Question) -> tuple[datetime, ...]:
    match question:
        case CommitmentAsked() | ArmsBoundAsked():
            return ()
        case MovesAsked():
            return tuple(one.at for one in question.commands)
        case _:
            return (question.command.at,)
