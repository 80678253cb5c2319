"""What the use cases need of a store; the store's repositories have these shapes.

One unit of work is one transaction: it commits when its block is left without an
exception, and use cases never commit.
Every repository may block on the locks it names and on nothing else.
"""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from registry.domain.alert import Alert, Move
from registry.domain.allocation import Allocator, Randomisation, SealedArm
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign
from registry.domain.published import Designs
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import History
from registry.usecases.allocation_ports import (
    AllocationRecords,
    DomainAnswers,
    Pauses,
    Published,
    Reveals,
    Vectors,
)
from registry.usecases.audit_ports import Audit
from registry.usecases.conduct_ports import Deviations, JudgedOutcomes, Redactions
from registry.usecases.gate_facts import GateReads
from registry.usecases.kit_ports import Kits
from registry.usecases.outgoing_ports import Letters, Outbox
from registry.usecases.people_ports import Answers, OptOuts, Participants
from registry.usecases.records import (
    AlertRecord,
    ModeRevision,
    ProtocolVersion,
    Request,
    Stamp,
)
from registry.usecases.role_ports import RoleGrants
from registry.usecases.signature_ports import RecordSignatures
from registry.usecases.site_ports import Delegations, GreenLights, Signatures
from registry.usecases.stream_ports import Feeds, Stream
from registry.usecases.stream_state import RecordedMessage
from registry.usecases.vault_ports import Vault
from registry.usecases.wrong_ports import WhenThingsGoWrong
from streams.vocabulary.messages import (
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

    def has_domain(self, trial: str, domain: str) -> bool:
        """Whether the trial ever had it; nothing is held."""
        ...

    def versions(self, trial: str) -> tuple[ProtocolVersion, ...]:
        """All there ever were, the last first."""
        ...

    def designs(self, trial: str) -> tuple[DomainDesign, ...]:
        """All domains the trial ever had, as they stand; nothing is held."""
        ...

    def misstated(self, trial: str, published: Designs) -> int:
        """How many domains stand otherwise than they were published, or not at all."""
        ...

    def hold(self, trial: str) -> tuple[DomainDesign, ...]:
        """All domains of the trial, waited for and held until the transaction ends.

        No allocation of the trial is under way meanwhile, and none begins.
        """
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

    def misstated(self, *, site: str, trial: str) -> int:
        """How many screenings do not stand where their revisions put them."""
        ...


class Outcomes(Protocol):
    """Revisions of outcomes."""

    def add(
        self, rows: Sequence[tuple[TrialOutcome, RecordedMessage]], stamp: Stamp
    ) -> None: ...

    def latest(self, outcome_id: str) -> TrialOutcome | None: ...


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

    def unclosed_in(
        self, *, trial: str, site: str | None = None, domain: str | None = None
    ) -> frozenset[tuple[str, str]]:
        """Site and patient of each that a part of a trial, or all of it, has."""
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

    def misstated(self, *, site: str, trial: str) -> int:
        """How many alerts do not stand where their steps put them."""
        ...


class Allocations(AllocationRecords, Protocol):
    """Requests, strata, randomisations and, apart from them, arms."""

    def request_by_key(self, idempotency_key: str) -> Request | None: ...

    def of_patient(self, *, site: str, patient: str) -> tuple[Randomisation, ...]:
        """All randomisations of one patient."""
        ...

    def domains_of(self, participants: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Trial and domain wherever any of these participants was randomised."""
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

    def next_no(self, *, trial: str, domain: str, stratum: str) -> int:
        """The stratum's next number; it stands while the domain is held."""
        ...

    def history(self, position: Position, *, schedule_first_no: int) -> History:
        """What the signer alone may read of the arms before this position."""
        ...

    def arm(self, randomisation_id: str) -> str: ...

    def open_arm(self, randomisation_id: str) -> str | None:
        """The arm, where anybody may see it now."""
        ...

    def open_arms_of(self, participant: str) -> frozenset[tuple[str, str]]:
        """Domain and arm, wherever the participant's arm may be seen by anybody."""
        ...

    def hold_domains(self, trial: str, domains: Collection[str]) -> None:
        """Hold these domains until the transaction ends, as `lock` does one.

        In the order in which a pause takes them, before any stratum.
        """
        ...

    def sealed(self, randomisation_id: str) -> SealedArm | None: ...

    def arms_of_nobody(self) -> int:
        """How many arms no randomisation has; the foreign key lets none be written."""
        ...

    def may_read_arms(self) -> bool:
        """Whether this connection's role may; SQLite has no roles, and it may."""
        ...


class UnitOfWork(WhenThingsGoWrong, Protocol):
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
    def pauses(self) -> Pauses: ...

    @property
    def vectors(self) -> Vectors: ...

    @property
    def published(self) -> Published: ...

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
    def judged_outcomes(self) -> JudgedOutcomes: ...

    @property
    def deviations(self) -> Deviations: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def green_lights(self) -> GreenLights: ...

    @property
    def delegations(self) -> Delegations: ...

    @property
    def role_grants(self) -> RoleGrants: ...

    @property
    def redactions(self) -> Redactions: ...

    @property
    def record_signatures(self) -> RecordSignatures: ...

    @property
    def signatures(self) -> Signatures: ...

    @property
    def gate(self) -> GateReads: ...

    @property
    def allocations(self) -> Allocations: ...

    @property
    def reveals(self) -> Reveals: ...

    @property
    def kits(self) -> Kits: ...

    @property
    def domain_answers(self) -> DomainAnswers: ...

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
