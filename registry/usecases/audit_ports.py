"""What the use cases need of a store for the audit."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from registry.domain.audit import Account, AuditEntry, AuditRow, Head, UnreadableRow


class Audit(Protocol):
    """The hash chains."""

    def lock(self, *, site: str, trial: str) -> Head:
        """The head of the chain, held until the transaction ends.

        It is the mutex of all acts on one trial at one site.
        """
        ...

    def append(self, entry: AuditEntry) -> AuditRow: ...

    def heads(self) -> tuple[Head, ...]: ...

    def chains(self) -> tuple[tuple[str, str], ...]:
        """Site and trial of each chain there is, and of each there ought to be.

        A chain ought to be where any record speaks of its site and trial.
        """
        ...

    def rows(self, *, site: str, trial: str) -> Iterable[AuditRow | UnreadableRow]:
        """One chain in order, a page at a time."""
        ...

    def row(
        self, *, site: str, trial: str, sequence: int
    ) -> AuditRow | UnreadableRow | None:
        """One link; None where there is none of this number."""
        ...

    def of_subject(
        self, subject: str, actions: Collection[str]
    ) -> tuple[AuditRow, ...]:
        """The rows that tell one of these acts on this subject, in whatever chain."""
        ...

    def count(self, *, action: str, actor: str, since: datetime) -> int:
        """How often somebody did this from then on, in the whole registry's chain."""
        ...

    def batch_rows(
        self, batch_id: str, *, site: str, trial: str, at: datetime
    ) -> tuple[tuple[str, str], ...]:
        """Message id and document of what a batch wrote to one chain, as it is now.

        A row whose columns say other than its document, or that it was not recorded
        `at`, has no document.
        """
        ...

    def recorded(self, *, site: str, trial: str) -> dict[Account, int]:
        """How many records of each sort there are now that a chain must account for.

        What has lost the record that tells its site and trial falls to the chain of
        the whole registry.
        """
        ...
