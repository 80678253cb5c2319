"""Participants, consents and signed answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Text,
    bindparam,
    func,
    insert,
    select,
)

from registry.domain.participant import Consent, HumanAnswer, OptOut, Participant
from registry.store.repositories.bulk import portions, told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.people import AnswerRow, ConsentRow, OptOutRow, ParticipantRow


class ParticipantRepository:
    """Participants and their consents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, *, trial: str, site: str, patient: str) -> Participant | None:
        """The participant this patient is in this trial."""
        row = self._one(
            select(*_fields(ParticipantRow, Participant)).where(
                ParticipantRow.trial == trial,
                ParticipantRow.site == site,
                ParticipantRow.patient == patient,
            )
        )
        return None if row is None else Participant(**row)

    def of_patients(
        self, *, site: str, patients: Collection[str]
    ) -> tuple[Participant, ...]:
        """All participants that any of these patients is, in order."""
        found: list[Participant] = []
        for portion in portions(patients):
            asked = {"site": site, "patients": portion}
            rows = self._connection.execute(_OF_PATIENTS, asked).mappings()
            found += (Participant(**row) for row in rows)
        return tuple(sorted(found, key=lambda one: (one.trial, one.number)))

    def last_number(self, *, trial: str, site: str) -> int:
        """0 before the first; call it with the audit chain locked."""
        query = select(func.max(ParticipantRow.number)).where(
            ParticipantRow.trial == trial, ParticipantRow.site == site
        )
        return self._connection.scalar(query) or 0

    @telling_unreadable
    def one(self, participant: str) -> Participant | None:
        """One participant."""
        query = select(*_fields(ParticipantRow, Participant))
        row = self._one(query.where(ParticipantRow.participant == participant))
        return None if row is None else Participant(**row)

    def add(self, participant: Participant) -> None:
        """Append a participant."""
        self._connection.execute(insert(ParticipantRow), told(participant))

    def consent(self, participant: str) -> Consent | None:
        """The latest revision."""
        row = self._one(
            select(*_fields(ConsentRow, Consent))
            .where(ConsentRow.participant == participant)
            .order_by(ConsentRow.revision.desc())
            .limit(1)
        )
        return None if row is None else Consent(**row)

    def consents_of(self, participants: Collection[str]) -> tuple[Consent, ...]:
        """All revisions, in order."""
        asked = {"participants": list(participants)}
        rows = self._connection.execute(_CONSENTS_OF, asked).mappings()
        return tuple(Consent(**row) for row in rows)

    @telling_unreadable
    def consent_revision(self, consent_id: str) -> Consent | None:
        """One revision."""
        query = select(*_fields(ConsentRow, Consent))
        row = self._one(query.where(ConsentRow.consent_id == consent_id))
        return None if row is None else Consent(**row)

    def add_consent(self, consent: Consent) -> None:
        """Append a revision."""
        self._connection.execute(insert(ConsentRow), told(consent))

    def _one(self, query: Select[*tuple[Any, ...]]) -> RowMapping | None:
        return self._connection.execute(query).mappings().one_or_none()


class OptOutRepository:
    """Who wants no part in a trial, or in any research."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, *, site: str, patients: Collection[str]) -> tuple[OptOut, ...]:
        """The latest of each patient and trial, standing or taken back."""
        last: dict[tuple[str, str], OptOut] = {}
        for portion in portions(patients):
            asked = {"site": site, "patients": portion}
            rows = self._connection.execute(_OPT_OUTS_OF, asked).mappings()
            last |= {(row["patient"], row["trial"]): OptOut(**row) for row in rows}
        return tuple(last.values())

    @telling_unreadable
    def one(self, opt_out_id: str) -> OptOut | None:
        """One revision."""
        query = select(*_fields(OptOutRow, OptOut))
        row = self._connection.execute(query.where(OptOutRow.opt_out_id == opt_out_id))
        found = row.mappings().one_or_none()
        return None if found is None else OptOut(**found)

    def add(self, opt_out: OptOut) -> None:
        """Append a revision."""
        self._connection.execute(insert(OptOutRow), told(opt_out))


class AnswerRepository:
    """Signed human answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(
        self, screening_id: str, *, opinions: bool = True
    ) -> tuple[HumanAnswer, ...]:
        """The latest of each criterion, opinions among them or not."""
        query = (
            select(*_fields(AnswerRow, HumanAnswer))
            .where(AnswerRow.screening_id == screening_id)
            .order_by(AnswerRow.criterion_id, AnswerRow.revision)
        )
        rows = self._connection.execute(query).mappings()
        read = (HumanAnswer(**row) for row in rows)
        last = {a.criterion_id: a for a in read if opinions or not a.is_opinion}
        return tuple(last.values())

    @telling_unreadable
    def one(self, answer_id: str) -> HumanAnswer | None:
        """One answer."""
        query = select(*_fields(AnswerRow, HumanAnswer))
        row = self._connection.execute(query.where(AnswerRow.answer_id == answer_id))
        found = row.mappings().one_or_none()
        return None if found is None else HumanAnswer(**found)

    def add(self, answer: HumanAnswer) -> None:
        """Append an answer."""
        self._connection.execute(insert(AnswerRow), told(answer))


def _fields(row: type[Any], value: type[Any]) -> list[Any]:
    return [getattr(row, name) for name in value.__slots__]


_OF_PATIENTS = select(*_fields(ParticipantRow, Participant)).where(
    ParticipantRow.site == bindparam("site", type_=Text()),
    ParticipantRow.patient.in_(bindparam("patients", expanding=True)),
)
_OPT_OUTS_OF = (
    select(*_fields(OptOutRow, OptOut))
    .where(
        OptOutRow.site == bindparam("site", type_=Text()),
        OptOutRow.patient.in_(bindparam("patients", expanding=True)),
    )
    .order_by(OptOutRow.patient, OptOutRow.trial, OptOutRow.revision)
)
_CONSENTS_OF = (
    select(*_fields(ConsentRow, Consent))
    .where(ConsentRow.participant.in_(bindparam("participants", expanding=True)))
    .order_by(ConsentRow.participant, ConsentRow.revision)
)
