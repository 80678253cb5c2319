"""What the use cases need of a store; the store's repositories have these shapes.

One unit of work is one transaction: it commits when its block is left without an
exception, and use cases never commit.
Every repository may block on the locks it names and on nothing else.
"""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from registry.domain.alert import Alert, Move
from registry.domain.allocation import Allocator, Randomisation, SealedArm
from registry.domain.audit import Account, AuditEntry, AuditRow, Head, UnreadableRow
from registry.domain.letter import Letter
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign
from registry.usecases.gate_facts import GateReads
from registry.usecases.outbox import OutboxItem
from registry.usecases.people_ports import Answers, OptOuts, Participants
from registry.usecases.records import (
    AlertRecord,
    ModeRevision,
    ProtocolVersion,
    Request,
    Stamp,
)
from registry.usecases.stream_ports import Feeds, Stream
from registry.usecases.stream_state import RecordedMessage
from registry.usecases.vault_ports import Vault
from streams.vocabulary.messages import (
    DeadLetter,
    Provenance,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


class Modes(Protocol):
    """The registry's mode, revision by revision."""

    def current(self) -> Mode: ...

    def append(self, revision: ModeRevision) -> int:
        """The number of the revision."""
        ...

    def one(self, number: int) -> ModeRevision | None: ...


class Protocols(Protocol):
    """Protocol versions and the domains of the active ones."""

    def active(self, trial: str) -> ProtocolVersion | None: ...

    def in_force(self) -> tuple[ProtocolVersion, ...]:
        """The active version of each trial."""
        ...

    def in_force_of(self, versions: int) -> tuple[ProtocolVersion, ...]:
        """The same, of so many versions; may be kept from an earlier act."""
        ...

    def of_hash(self, trial: str, protocol_hash: str) -> ProtocolVersion | None: ...

    def activate(
        self, version: ProtocolVersion, designs: Sequence[DomainDesign]
    ) -> int:
        """The number of the revision."""
        ...

    def one(self, trial: str, number: int) -> ProtocolVersion | None: ...

    def blinded_trials(self) -> tuple[str, ...]:
        """The trials with an open blinded domain."""
        ...

    def set_open(self, trial: str, domain: str, *, is_open: bool) -> bool:
        """Whether it changed; waits for allocations under way, and none overtakes."""
        ...


class Onsets(Protocol):
    """Revisions of sepsis flags."""

    def add(
        self, rows: Sequence[tuple[SepsisOnset, RecordedMessage]], stamp: Stamp
    ) -> None: ...

    def latest_of(self, *, site: str, patient: str) -> tuple[SepsisOnset, ...]:
        """The latest revision of each of the patient's flags."""
        ...


class Screenings(Protocol):
    """Revisions of screening verdicts."""

    def add(
        self, rows: Sequence[tuple[TrialScreening, RecordedMessage]], stamp: Stamp
    ) -> None: ...

    def latest(self, screening_id: str) -> TrialScreening | None: ...

    def latest_of(self, *, site: str, patient: str) -> tuple[TrialScreening, ...]:
        """The latest revision of each of the patient's screenings."""
        ...

    def latest_revisions(self, screening_ids: Collection[str]) -> dict[str, int]: ...

    def provenance_of(self, *, site: str, patient: str) -> Provenance | None:
        """Of what was last said of the patient; None where nothing was."""
        ...


class Outcomes(Protocol):
    """Revisions of outcomes."""

    def add(
        self, rows: Sequence[tuple[TrialOutcome, RecordedMessage]], stamp: Stamp
    ) -> None: ...


class Alerts(Protocol):
    """One unclosed alert for a patient, domain and episode."""

    def unclosed(self, screening_ids: Collection[str]) -> dict[str, Alert]:
        """By screening id."""
        ...

    def unclosed_of(
        self, *, site: str, patients: Collection[str], trial: str | None = None
    ) -> tuple[Alert, ...]:
        """Of one person, by all names, in one trial or all."""
        ...

    def acted(self, screening_ids: Collection[str]) -> set[str]:
        """The screenings whose alert the team has acted on: nobody is called again."""
        ...

    def save(
        self, moves: Sequence[tuple[Alert, Move]], *, act: str
    ) -> tuple[AlertRecord, ...]:
        """The alerts as they stand after their moves, in the order of the moves.

        `act` is the batch, consent or randomisation that moved them; gives the steps
        that are kept: all but those that only follow.
        """
        ...

    def steps_of(self, act: str, *, site: str, trial: str) -> tuple[AlertRecord, ...]:
        """What an act did to the alerts of one chain, as it is kept now."""
        ...


class Allocations(Protocol):
    """Requests, strata, randomisations and, apart from them, arms."""

    def request_by_key(self, idempotency_key: str) -> Request | None: ...

    def of_patient(self, *, site: str, patient: str) -> tuple[Randomisation, ...]:
        """All randomisations of one patient."""
        ...

    def trials_of(self, participants: Collection[str]) -> tuple[str, ...]:
        """The trials in which any of these participants was randomised."""
        ...

    def stored(
        self, *, trial: str, domain: str, participant: str
    ) -> Randomisation | None: ...

    def one(self, randomisation_id: str) -> Randomisation | None: ...

    def lock(self, *, trial: str, domain: str, stratum: str) -> Allocator:
        """The stratum, held until the transaction ends; made where it is new.

        The domain is held with it: a pause waits, and none is overtaken.
        """
        ...

    def add(
        self,
        request: Request,
        randomisation: Randomisation,
        sealed: SealedArm,
        *,
        following: Allocator,
    ) -> bool:
        """Append the request, what it led to and its arm; let the stratum stand so.

        False, and nothing written, where the key or the participant has been here
        before; waits for another transaction that makes the same request.
        """
        ...

    def arm(self, randomisation_id: str) -> str: ...

    def sealed(self, randomisation_id: str) -> SealedArm | None: ...

    def may_read_arms(self) -> bool:
        """Whether this connection's role may; SQLite has no roles, and it may."""
        ...


class Outbox(Protocol):
    """What is to be told outside."""

    def add(self, items: Sequence[OutboxItem]) -> None: ...

    def claim(
        self, *, topic: str, now: datetime, lease_until: datetime, limit: int = 100
    ) -> tuple[OutboxItem, ...]:
        """What is due, taken by this caller until the lease ends."""
        ...

    def delivered(self, outbox_id: str, *, at: datetime) -> None: ...

    def failed(
        self, outbox_id: str, *, error: str, next_attempt_at: datetime | None
    ) -> None:
        """None: given up, a dead letter."""
        ...

    def give_up(self, *, topic: str, error: str) -> int:
        """How many undelivered items of the topic will now never be sent."""
        ...

    def next_due(self, topic: str) -> datetime | None: ...

    def lead(self) -> bool:
        """Whether this transaction may relay in order; nobody else may until its end."""
        ...

    def waiting(self, topics: Collection[str], limit: int) -> tuple[OutboxItem, ...]:
        """What is not settled, in the order in which it was written."""
        ...

    def count_waiting(self, topics: Collection[str]) -> int: ...


class Letters(Protocol):
    """Dead letters, and how often each was sent again."""

    def add(self, letters: Sequence[DeadLetter]) -> tuple[int, ...]:
        """Which of them were there before."""
        ...

    def listing(
        self, *, code: str | None, waiting: bool, limit: int
    ) -> tuple[Letter, ...]:
        """The latest first."""
        ...

    def one(self, message_id: str) -> Letter | None:
        """By its id, or the beginning of it; None where several begin so."""
        ...

    def drop_before(self, moment: datetime) -> None:
        """Letters hold identifiers: they are kept no longer than on their topic."""
        ...

    def note_retry(self, message_id: str, at: datetime) -> None: ...


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

    def batch_rows(
        self, batch_id: str, *, site: str, trial: str
    ) -> tuple[tuple[str, str], ...]:
        """Message id and document of what a batch wrote to one chain, as it is now.

        A row whose columns say other than its document has no document.
        """
        ...

    def recorded(self, *, site: str, trial: str) -> dict[Account, int]:
        """How many records of each sort there are now that a chain must account for.

        What has lost the record that tells its site and trial falls to the chain of
        the whole registry.
        """
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def can_seal(self) -> bool:
        """Whether arms are kept from whoever may read the rest."""
        ...

    @property
    def modes(self) -> Modes: ...

    @property
    def protocols(self) -> Protocols: ...

    @property
    def stream(self) -> Stream: ...

    @property
    def feeds(self) -> Feeds: ...

    @property
    def onsets(self) -> Onsets: ...

    @property
    def screenings(self) -> Screenings: ...

    @property
    def outcomes(self) -> Outcomes: ...

    @property
    def alerts(self) -> Alerts: ...

    @property
    def participants(self) -> Participants: ...

    @property
    def opt_outs(self) -> OptOuts: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def gate(self) -> GateReads: ...

    @property
    def allocations(self) -> Allocations: ...

    @property
    def letters(self) -> Letters: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def audit(self) -> Audit: ...

    def savepoint(self) -> AbstractContextManager[Savepoint]:
        """A part of the transaction that can be taken back alone."""
        ...


class Savepoint(Protocol):
    """Part of a transaction."""

    def take_back(self) -> None:
        """Undo what was done since; the transaction goes on."""
        ...
