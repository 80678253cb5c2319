"""What the audit has to account for: the records as the tables hold them now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    SQLColumnExpression,
    Text,
    bindparam,
    func,
    literal,
    select,
    union,
)

from registry.domain.audit import Account
from registry.store.repositories.verdicts import onset_row, outcome_row, screening_row
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.store.rows.allocation import (
    AllocatorRow,
    ExclusionRow,
    RandomisationRow,
    RequestRow,
    VectorRow,
)
from registry.store.rows.answered import DomainAnswerRow
from registry.store.rows.audit import AuditHeadRow, AuditRowRow
from registry.store.rows.conduct import DeviationRow, JudgedOutcomeRow
from registry.store.rows.kits import KitEventRow, KitListRow, KitStockRow
from registry.store.rows.misrandomisations import MisrandomisationRow
from registry.store.rows.people import AnswerRow, ConsentRow, OptOutRow, ParticipantRow
from registry.store.rows.redactions import RedactionRow
from registry.store.rows.rehearsals import RehearsalRow
from registry.store.rows.reveals import RevealRow
from registry.store.rows.roles import RoleGrantRow
from registry.store.rows.sealed_lists import SealedListRow, SealedOpeningRow
from registry.store.rows.signatures import RecordSignatureRow
from registry.store.rows.sites import DelegationRow, GreenLightRow, SignatureRow
from registry.store.rows.trial import DomainRow, ModeRow, PauseRow, ProtocolRow
from registry.store.rows.unblindings import UnblindingRow
from registry.store.rows.verdicts import (
    OnsetRow,
    OutcomeRow,
    ScreeningRow,
    ScreeningStateRow,
)
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


_NONE = literal("")
_AT_SITE = bindparam("at_site", type_=Text())
_IN_TRIAL = bindparam("in_trial", type_=Text())


@dataclass(frozen=True, slots=True)
class _Kept:
    """One table of records, and where each of them belongs."""

    account: Account
    rows: FromClause
    site: SQLColumnExpression[Any]
    trial: SQLColumnExpression[Any]

    @property
    def places(self) -> Select[str, str]:
        return select(self.site, self.trial).select_from(self.rows).distinct()

    @property
    def count(self) -> Select[int]:
        counted = select(func.count()).select_from(self.rows)
        return counted.where(self.site == _AT_SITE, self.trial == _IN_TRIAL)


def stored_batch(
    connection: Connection, batch_id: str, *, site: str, trial: str, at: datetime
) -> tuple[tuple[str, str], ...]:
    """Message id and document of a batch's rows; no document where columns differ.

    `at` is when the batch was recorded, as its audit row tells.
    """
    sorts = (_SCREENINGS, _OUTCOMES) if trial else (_ONSETS,)
    return tuple(
        pair
        for sort in sorts
        for pair in _rows_of(sort, connection, batch_id, site=site, trial=trial, at=at)
    )


@cache
def places() -> CompoundSelect[str, str]:
    """Site and trial of each chain, and of all that a chain has to account for."""
    kept = (AuditRowRow, AuditHeadRow, ScreeningStateRow, AlertRow)
    chains = [select(row.site, row.trial) for row in kept]
    of_trials = (DomainRow, KitStockRow, AllocatorRow, RequestRow)
    derived = [select(_NONE, row.trial) for row in of_trials]
    return union(*chains, *derived, *(one.places for one in _kept()))


@cache
def record_counts() -> Mapping[Account, tuple[Select[int], ...]]:
    """By the sort of record, what counts those of `at_site` and `in_trial`."""
    counts: defaultdict[Account, list[Select[int]]] = defaultdict(list)
    for kept in _kept():
        counts[kept.account].append(kept.count)
    return MappingProxyType({one: tuple(queries) for one, queries in counts.items()})


def _kept() -> Iterator[_Kept]:
    yield _of_its_own(Account.MESSAGES, OnsetRow, trial=_NONE)
    yield _of_its_own(Account.MESSAGES, ScreeningRow)
    yield _of_its_own(Account.MESSAGES, OutcomeRow)
    yield _of_its_own(Account.PARTICIPANTS, ParticipantRow)
    yield _of_its_own(Account.RANDOMISATIONS, RandomisationRow)
    yield _of_its_own(Account.OPT_OUTS, OptOutRow)
    yield _of_its_own(Account.GREEN_LIGHTS, GreenLightRow)
    yield _of_its_own(Account.DELEGATIONS, DelegationRow)
    yield _Kept(Account.ROLE_GRANTS, RoleGrantRow.__table__, _NONE, _NONE)
    yield _of_its_own(Account.SIGNATURES, SignatureRow)
    yield _of_its_own(Account.REDACTIONS, RedactionRow)
    yield _of_its_own(Account.RECORD_SIGNATURES, RecordSignatureRow)
    yield _of_its_own(Account.REVEALS, RevealRow)
    yield _of_its_own(Account.DOMAIN_ANSWERS, DomainAnswerRow)
    yield _Kept(Account.KIT_LISTS, KitListRow.__table__, _NONE, KitListRow.trial)
    yield _of_its_own(Account.KIT_EVENTS, KitEventRow)
    yield _of_its_own(Account.PAUSES, PauseRow)
    yield _of_its_own(Account.EXCLUSIONS, ExclusionRow)
    yield _of_its_own(Account.UNBLINDINGS, UnblindingRow)
    yield _of_its_own(Account.REHEARSALS, RehearsalRow)
    yield _of_its_own(Account.SEALED_LISTS, SealedListRow)
    yield _of_its_own(Account.SEALED_OPENINGS, SealedOpeningRow)
    yield _of_its_own(Account.MISRANDOMISATIONS, MisrandomisationRow)
    yield _Kept(Account.VECTORS, VectorRow.__table__, _NONE, VectorRow.trial)
    yield _of_its_own(Account.JUDGED_OUTCOMES, JudgedOutcomeRow)
    yield _of_its_own(Account.DEVIATIONS, DeviationRow)
    yield _Kept(Account.MODES, ModeRow.__table__, _NONE, _NONE)
    yield _Kept(Account.PROTOCOLS, ProtocolRow.__table__, _NONE, ProtocolRow.trial)
    yield _of_another(
        Account.CONSENTS, ConsentRow, ParticipantRow, ConsentRow.participant
    )
    yield _of_another(
        Account.ALERT_STEPS, AlertEventRow, AlertRow, AlertEventRow.alert_id
    )
    yield _answers()


def _of_its_own(
    account: Account, row: type[Any], *, trial: SQLColumnExpression[Any] | None = None
) -> _Kept:
    """Records whose columns tell their site and trial."""
    told = row.trial if trial is None else trial
    return _Kept(account, row.__table__, row.site, told)


def _of_another(
    account: Account, row: type[Any], owner: type[Any], key: SQLColumnExpression[Any]
) -> _Kept:
    """Records whose owner tells it; without one, they belong nowhere."""
    (owned_by,) = owner.__table__.primary_key
    rows = row.__table__.outerjoin(owner.__table__, owned_by == key)
    return _Kept(
        account, rows, func.coalesce(owner.site, ""), func.coalesce(owner.trial, "")
    )


def _answers() -> _Kept:
    """An answer's site and trial are its screening's."""
    return _Kept(
        Account.ANSWERS,
        AnswerRow.__table__,
        _asked(ScreeningRow.site),
        _asked(ScreeningRow.trial),
    )


def _asked(column: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
    mine = ScreeningRow.screening_id == AnswerRow.screening_id
    told = select(func.min(column)).where(mine).correlate(AnswerRow)
    return func.coalesce(told.scalar_subquery(), "")


def _rows_of(
    sort: Sort,
    connection: Connection,
    batch_id: str,
    *,
    site: str,
    trial: str,
    at: datetime,
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
        told["recorded_at"] = at
        holds = all(stored[name] == value for name, value in told.items())
        yield stored["message_id"], stored["document"] if holds else ""
