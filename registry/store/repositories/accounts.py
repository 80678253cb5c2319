"""What the audit has to account for: the records as the tables hold them now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, func, select

from registry.domain.audit import AuditAction
from registry.store.repositories.verdicts import onset_row, outcome_row, screening_row
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow, ConsentRow, ParticipantRow
from registry.store.rows.verdicts import OnsetRow, OutcomeRow, ScreeningRow
from streams.vocabulary.errors import InputError
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    decode,
)


Sort = tuple[type[Any], TypeAdapter[Any], Callable[[Any], dict[str, Any]]]

_ONSETS: Sort = (OnsetRow, SEPSIS_ONSET, onset_row)
_SCREENINGS: Sort = (ScreeningRow, TRIAL_SCREENING, screening_row)
_OUTCOMES: Sort = (OutcomeRow, TRIAL_OUTCOME, outcome_row)


def stored_batch(
    connection: Connection, batch_id: str, *, site: str, trial: str
) -> tuple[tuple[str, str], ...]:
    """Message id and document of a batch's rows; no document where columns differ."""
    sorts = (_SCREENINGS, _OUTCOMES) if trial else (_ONSETS,)
    return tuple(
        pair
        for sort in sorts
        for pair in _rows_of(sort, connection, batch_id, site=site, trial=trial)
    )


def record_counts(site: str, trial: str) -> dict[AuditAction, tuple[Select[int], ...]]:
    """Counting queries by the action that must have written each of the records."""
    if not trial:
        return {AuditAction.BATCH_RECORDED: (_count(OnsetRow, site),)}
    return {
        AuditAction.BATCH_RECORDED: (
            _count(ScreeningRow, site).where(ScreeningRow.trial == trial),
            _count(OutcomeRow, site).where(OutcomeRow.trial == trial),
        ),
        AuditAction.CONSENT_RECORDED: (
            _count(ParticipantRow, site)
            .join(ConsentRow, ConsentRow.participant == ParticipantRow.participant)
            .where(ParticipantRow.trial == trial),
        ),
        AuditAction.ANSWER_RECORDED: (_answers(site, trial),),
        AuditAction.RANDOMISED: (
            _count(RandomisationRow, site).where(RandomisationRow.trial == trial),
        ),
    }


def _rows_of(
    sort: Sort, connection: Connection, batch_id: str, *, site: str, trial: str
) -> Iterator[tuple[str, str]]:
    row, adapter, columns_of = sort
    query = select(row.__table__).where(row.batch_id == batch_id, row.site == site)
    if trial:
        query = query.where(row.trial == trial)
    for stored in connection.execute(query).mappings().all():
        try:
            told = columns_of(decode(adapter, stored["document"].encode()))
        except InputError:
            told = {"message_id": None}
        holds = all(stored[name] == value for name, value in told.items())
        yield stored["message_id"], stored["document"] if holds else ""


def _count(row: type[Any], site: str) -> Select[int]:
    return select(func.count()).select_from(row).where(row.site == site)


def _answers(site: str, trial: str) -> Select[int]:
    """An answer's site and trial are its screening's."""
    mine = select(ScreeningRow.screening_id).where(
        ScreeningRow.site == site, ScreeningRow.trial == trial
    )
    counted = select(func.count()).select_from(AnswerRow)
    return counted.where(AnswerRow.screening_id.in_(mine))
