"""One question to who may read arms: record that the blind is broken, then tell.

The signer's desk asks it on PostgreSQL; on SQLite, whoever has the file.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from registry.usecases.break_blind import (
    ArmShown,
    BlindKept,
    BreakBlind,
    break_blind,
    show_arm,
)
from registry.usecases.ports import UnitOfWork
from registry.usecases.signature_ports import Authenticator


class Transactions(Protocol):
    """The registry as it is needed here."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Commits when it is left without an exception."""
        ...


def unblinded(
    command: BreakBlind, book: Transactions, authenticator: Authenticator | None
) -> ArmShown | BlindKept:
    """The arm, once it is committed that it was asked for."""
    with book.transaction() as uow:
        done = break_blind(command, uow, authenticator)
    if isinstance(done, BlindKept):
        return done
    with book.transaction() as uow:
        return show_arm(done.unblinding, uow)
