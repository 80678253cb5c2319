"""What the use cases need of a store for participants, opt-outs and answers."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from registry.domain.participant import Consent, HumanAnswer, OptOut, Participant


class Participants(Protocol):
    """Participants and their consents."""

    def of(self, *, trial: str, site: str, patient: str) -> Participant | None: ...

    def of_patients(
        self, *, site: str, patients: Collection[str]
    ) -> tuple[Participant, ...]:
        """All participants that any of these patients is."""
        ...

    def last_number(self, *, trial: str, site: str) -> int:
        """0 before the first; call it with the audit chain locked."""
        ...

    def one(self, participant: str) -> Participant | None: ...

    def add(self, participant: Participant) -> None: ...

    def consent(self, participant: str) -> Consent | None:
        """The latest revision."""
        ...

    def consents_of(self, participants: Collection[str]) -> tuple[Consent, ...]:
        """All revisions, in order."""
        ...

    def consent_revision(self, consent_id: str) -> Consent | None: ...

    def add_consent(self, consent: Consent) -> None: ...


class OptOuts(Protocol):
    """Who wants no part in a trial, or in any research."""

    def latest(self, *, site: str, patients: Collection[str]) -> tuple[OptOut, ...]:
        """The latest of each patient and trial, standing or taken back."""
        ...

    def one(self, opt_out_id: str) -> OptOut | None: ...

    def add(self, opt_out: OptOut) -> None: ...


class Answers(Protocol):
    """Signed human answers."""

    def latest(
        self, screening_id: str, *, opinions: bool = True
    ) -> tuple[HumanAnswer, ...]:
        """The latest of each criterion, opinions among them or not."""
        ...

    def one(self, answer_id: str) -> HumanAnswer | None: ...

    def add(self, answer: HumanAnswer) -> None: ...
