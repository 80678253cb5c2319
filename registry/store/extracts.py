"""The rows of each extract as of a cut, one after the other.

Screenings, outcomes and audit come from the database as they are asked for; of
participants, the words and draws are in memory, and of nobody else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    func,
    literal,
    null,
    select,
)

from registry.domain.answered import Answer
from registry.domain.disclosure import Value, by_name
from registry.domain.extracts import COLUMNS, SURFACES, Cut, Extract
from registry.domain.misrandomisation import Kind, Misrandomisation, corrected
from registry.domain.role_matrix import places_of, sees_wherever
from registry.domain.roles import Person, Surface
from registry.domain.stratum import counted_in, levels_of, stratum_key
from registry.domain.subjects import ENDED, subject_state
from registry.store.blinding import given_outcomes, hidden_outcomes
from registry.store.drawn_by import drawn_by
from registry.store.flow_parts import speaks_against
from registry.store.repositories.misrandomisations import MisrandomisationRepository
from registry.store.repositories.trial import ProtocolRepository
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.answered import DomainAnswerRow
from registry.store.rows.audit import AuditRowRow
from registry.store.rows.conduct import JudgedOutcomeRow
from registry.store.rows.reveals import RevealRow
from registry.store.rows.unblindings import UnblindingRow
from registry.store.rows.verdicts import OutcomeRow, ScreeningRow
from registry.store.schema import OPEN_LABEL_ARMS
from registry.store.views import Views
from registry.store.worklists import stands
from registry.usecases.records import ProtocolVersion
from streams.vocabulary.messages import (
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    CriterionVerdict,
    decode,
)


_PORTION = 2_000
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the store."""

    extract: Extract
    cut: Cut
    trial: str | None = None
    arms: bool = False
    """Whether the reader may see the arms of domains that hide none."""


class Extracts:
    """One snapshot, to be taken out row by row."""

    def __init__(self, connection: Connection, person: Person | None = None) -> None:
        self._connection = connection
        self._person = person

    def rows(self, wanted: Wanted) -> Iterator[tuple[Value, ...]]:
        """The values of each row in the order of `COLUMNS`; identifiers are empty."""
        names = [column.name for column in COLUMNS[wanted.extract]]
        for record in _RECORDS[wanted.extract](self._connection, wanted):
            yield tuple(record.get(name) for name in names)

    def may_see_arms(self) -> bool:
        """Whether who reads may touch the arms at all."""
        return Views(self._connection, self._person).may_see_arms()

    def may_read_words(self, extract: Extract, trial: str | None = None) -> bool:
        """Whether who reads may see open arms wherever they read this extract.

        `trial`: of that one alone.
        """
        if self._person is None:
            return self.may_see_arms()
        rows = SURFACES[extract]
        return sees_wherever(self._person, Surface.OPEN_ARMS, other=rows, trial=trial)

    def protocols(self, at: datetime) -> tuple[ProtocolVersion, ...]:
        """The version of each trial that was in force at `at`."""
        return ProtocolRepository(self._connection).in_force(at)

    def hidden_outcomes(self) -> frozenset[tuple[str, str]]:
        """By trial, outcomes that are in no extract: they would tell an arm."""
        if self._person and not places_of(self._person, Surface.RECEIVED):
            return given_outcomes(self._connection)
        return hidden_outcomes(self._connection)


def _participants(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    drawn = _drawn(connection, wanted)
    for person in _people(connection, wanted):
        for one in drawn[person["participant"]] or [{}]:
            yield {**person, **one}


def _subjects(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    drawn = _drawn(connection, wanted)
    for person in _people(connection, wanted):
        mine = drawn[person["participant"]]
        yield _subject(person, began_at=person["registered_at"], drawn=bool(mine))
        for one in mine:
            told = {**person, "domain": one["domain"], "arm": one["arm"]}
            yield _subject(told, began_at=one["randomised_at"], drawn=True)


def _subject(person: Record, *, began_at: Any, drawn: bool) -> Record:  # noqa: ANN401  a value of a row
    state = subject_state(
        person["standing"],
        may_randomise=person["may_randomise"],
        randomised=drawn,
        withdrawn=person["scopes"],
    )
    ended = person["consent_decided_at"] if state in ENDED else None
    return {**person, "state": state, "began_at": began_at, "ended_at": ended}


def _people(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    cut = wanted.cut
    found = stands(
        connection,
        at=cut.recorded_until,
        trial=wanted.trial,
        decided_until=cut.happened_until,
    )
    for one, told, now in found:
        if one.recorded_at <= cut.acts_until:
            yield {
                "participant": one.participant,
                "trial": one.trial,
                "site": one.site,
                "patient": one.patient,
                "registered_at": one.recorded_at,
                "standing": now.standing,
                "consent": now.standing.value,
                "consent_form": told.document_version,
                "consent_decided_at": told.decided_at,
                "scopes": told.scopes,
                "withdrawn": ",".join(sorted(told.scopes)) or None,
                "data_not_to_be_used": now.data_flagged,
                "may_randomise": now.permits.randomise,
            }


def _drawn(connection: Connection, wanted: Wanted) -> dict[str, list[Record]]:
    """By participant, what was drawn; an arm only where it is due."""
    row = RandomisationRow
    query = select(
        row.participant,
        row.domain,
        row.stratum,
        row.sequence_no,
        row.randomised_at,
        row.vector_id,
        row.anchor,
        row.anchor_at,
        row.covariates,
        row.epoch,
        row.protocol_version,
        row.protocol_hash,
        row.software_version,
        row.provenance,
        null().label("arm"),
    )
    if wanted.arms:
        query = _with_arm(query, wanted.cut.acts_until)
    cut = wanted.cut
    query = query.where(drawn_by(cut.recorded_until, happened_until=cut.happened_until))
    broken, in_error = _unblinded(connection, wanted), _in_error(connection, wanted)
    revealed = _revealed(connection, wanted)
    found: dict[str, list[Record]] = defaultdict(list)
    ordered = query.order_by(row.participant, row.domain)
    for told in connection.execute(ordered).mappings():
        place = (told["participant"], told["domain"])
        one = {
            **told,
            "unblinded": place in broken,
            "revealed_at": revealed.get(place),
            **_at_baseline(told, in_error[place]),
        }
        found[told["participant"]].append(one)
    return found


def _in_error(
    connection: Connection, wanted: Wanted
) -> defaultdict[tuple[str, str], list[Misrandomisation]]:
    """By participant and domain, what had been recorded as in error by the cut."""
    found: defaultdict[tuple[str, str], list[Misrandomisation]] = defaultdict(list)
    for one in MisrandomisationRepository(connection).of_trial(wanted.trial):
        if one.recorded_at <= wanted.cut.acts_until:
            found[one.participant, one.domain].append(one)
    return found


def _at_baseline(drawn: RowMapping, records: list[Misrandomisation]) -> Record:
    """What was frozen of this allocation, what went wrong with it, and what was true."""
    levels = levels_of(drawn["stratum"])
    frozen = dict(json.loads(drawn["covariates"]))
    true_levels = corrected(levels, Kind.WRONG_STRATUM, records)
    return {
        "stratum": stratum_key(levels.items()),
        "counted_in": counted_in(drawn["stratum"]),
        "covariates": by_name(frozen),
        "misrandomised": ",".join(sorted({one.kind for one in records})) or None,
        "counts_no_more": any(one.in_error for one in records),
        "stratum_true": stratum_key(true_levels.items()),
        "covariates_true": by_name(corrected(frozen, Kind.WRONG_BASELINE, records)),
    }


def _unblinded(connection: Connection, wanted: Wanted) -> frozenset[tuple[str, str]]:
    """Participant and domain wherever the blind was broken by the cut."""
    row = UnblindingRow
    query = select(row.participant, row.domain).where(row.at <= wanted.cut.acts_until)
    return frozenset((who, domain) for who, domain in connection.execute(query))


def _revealed(
    connection: Connection, wanted: Wanted
) -> dict[tuple[str, str], datetime]:
    """By participant and domain, when a deferred arm was told, if by the cut."""
    row = RevealRow
    query = select(row.participant, row.domain, row.at)
    told = connection.execute(query.where(row.at <= wanted.cut.acts_until))
    return {(who, domain): at for who, domain, at in told}


def _with_arm(
    query: Select[*tuple[Any, ...]], at: datetime
) -> Select[*tuple[Any, ...]]:
    """The arm where it was hidden from nobody at `at`: one revealed later was."""
    row, arms, reveal = RandomisationRow, OPEN_LABEL_ARMS, RevealRow
    later = select(reveal.randomisation_id).where(reveal.at > at)
    shown = and_(
        arms.c.randomisation_id == row.randomisation_id,
        row.randomisation_id.not_in(later),
    )
    columns = [c for c in query.selected_columns if c.key != "arm"]
    return select(*columns, arms.c.arm).select_from(row).outerjoin(arms, shown)


def _screenings(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    for row in _latest(connection, ScreeningRow, "screening_id", wanted):
        verdict = decode(TRIAL_SCREENING, row["document"].encode())
        against = (c for c in verdict.criteria if speaks_against(c))
        undecided = (c for c in verdict.criteria if c.truth == "UNKNOWN")
        yield {**row, "speaks_against": _ids(against), "undecided": _ids(undecided)}


def _outcomes(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    hidden, judged = hidden_outcomes(connection), _judged(connection, wanted)
    for row in _latest(connection, OutcomeRow, "outcome_id", wanted):
        if (row["trial"], row["outcome"]) in hidden:
            continue
        message = decode(TRIAL_OUTCOME, row["document"].encode())
        yield {
            **row,
            "lower": message.lower,
            "upper": message.upper,
            "definition": message.definition,
            **judged.get(message.outcome_id, {}),
        }


def _judged(connection: Connection, wanted: Wanted) -> dict[str, Record]:
    """By outcome, what a human said of it last, where it was not taken back."""
    row = JudgedOutcomeRow
    query = select(
        row.outcome_id,
        row.judged_as,
        row.value.label("judged_value"),
        row.of_revision.label("judged_revision"),
        row.actor.label("judged_by"),
        row.reason.label("judged_reason"),
    ).where(
        row.recorded_at <= wanted.cut.recorded_until,
        row.decided_at <= wanted.cut.happened_until,
    )
    told = connection.execute(query.order_by(row.number)).mappings()
    last = {one["outcome_id"]: dict(one) for one in told}
    return {k: one for k, one in last.items() if one["judged_as"] != "taken_back"}


def _audit(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    row = AuditRowRow
    query = select(row.__table__).where(row.at <= wanted.cut.acts_until)
    if wanted.trial is not None:
        query = query.where(row.trial == wanted.trial)
    return _streamed(connection, query.order_by(row.site, row.trial, row.sequence))


def _latest(
    connection: Connection, table: type[Any], thing: str, wanted: Wanted
) -> Iterator[Record]:
    """The last revision of each thing within the cut, by the thing's id."""
    cut, name = wanted.cut, getattr(table, thing)
    within = [
        table.recorded_at <= cut.recorded_until,
        table.happened_at <= cut.happened_until,
    ]
    if wanted.trial is not None:
        within.append(table.trial == wanted.trial)
    last = (
        select(name.label("thing"), func.max(table.revision).label("last"))
        .where(*within)
        .group_by(name)
        .subquery()
    )
    query = select(table.__table__).join(
        last, and_(name == last.c.thing, table.revision == last.c.last)
    )
    return _streamed(connection, query.order_by(name))


def _availability(connection: Connection, wanted: Wanted) -> Iterator[Record]:
    """Of each draw, and of each act that drew nothing.

    The latter are read by who may see arms: an answer may tell that an open arm of
    another domain was given.
    """
    for acts in (_that_drew(wanted), _that_did_not(wanted)):
        for row in _streamed(connection, acts):
            for arm, available, eligible in json.loads(row["availability"]):
                told = {"arm_of_domain": arm, "available": available}
                yield {**row, **told, "eligible": eligible}


def _that_drew(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    row, cut = RandomisationRow, wanted.cut
    drew = literal(Answer.DRAWN.value).label("answer")
    query = select(*_of_act(row), row.randomised_at.label("asked_at"), drew).where(
        drawn_by(cut.recorded_until, happened_until=cut.happened_until),
        row.availability.is_not(None),
    )
    if wanted.trial is not None:
        query = query.where(row.trial == wanted.trial)
    return query.order_by(row.participant, row.domain)


def _that_did_not(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    row = DomainAnswerRow
    query = select(*_of_act(row), row.at.label("asked_at"), row.answer).where(
        row.at <= wanted.cut.acts_until,
        row.answer.not_in((Answer.DRAWN, Answer.DRAWN_BEFORE)),
    )
    if wanted.trial is not None:
        query = query.where(row.trial == wanted.trial)
    return query.order_by(row.at, row.answer_id)


def _of_act(row: type[Any]) -> Iterator[Any]:
    names = ("participant", "trial", "site", "patient", "episode", "domain")
    return (getattr(row, name) for name in (*names, "availability"))


def _streamed(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> Iterator[Record]:
    found = connection.execute(query.execution_options(yield_per=_PORTION))
    return (dict(row) for row in found.mappings())


def _ids(criteria: Iterable[CriterionVerdict]) -> str | None:
    return ",".join(one.criterion_id for one in criteria) or None


_RECORDS: dict[Extract, Callable[[Connection, Wanted], Iterator[Record]]] = {
    Extract.PARTICIPANTS: _participants,
    Extract.SCREENINGS: _screenings,
    Extract.OUTCOMES: _outcomes,
    Extract.AUDIT: _audit,
    Extract.SUBJECTS: _subjects,
    Extract.AVAILABILITY: _availability,
}
