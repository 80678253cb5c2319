"""What the gate of a randomisation looks at, in one statement."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Label,
    RowMapping,
    Text,
    bindparam,
    func,
    select,
    text,
)

from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign, read_design
from registry.store.rows.alerts import UNCLOSED, AlertRow
from registry.store.rows.allocation import RandomisationRow, RequestRow, VectorRow
from registry.store.rows.answered import DomainAnswerRow
from registry.store.rows.people import (
    AnswerRow,
    ConsentRow,
    OptOutRow,
    ParticipantRow,
)
from registry.store.rows.sites import DelegationRow, GreenLightRow, SignatureRow
from registry.store.rows.stream import MERGES, ClinicalEventRow
from registry.store.rows.trial import DomainRow, ModeRow, PauseRow, ProtocolRow
from registry.store.rows.verdicts import ScreeningRow
from registry.usecases.gate_facts import GateFacts, Standing, Whom
from streams.vocabulary.messages import TRIAL_SCREENING, decode


class GateRepository:
    """The facts of the gate, and the revisions they are of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self, whom: Whom) -> GateFacts:
        """What stands now, in one snapshot."""
        row = self._one(_FACTS, whom)
        document, design = row["document"], row["design"]
        return GateFacts(
            standing=_standing(row),
            screening=document and decode(TRIAL_SCREENING, document.encode()),
            design=design and replace(_read(design), open=row["is_open"]),
            mode=row["current_mode"] or Mode.SILENT,
            green_light=bool(row["green_light"]),
        )

    def standing(self, whom: Whom) -> Standing:
        """The revisions that stand now, in one snapshot."""
        return _standing(self._one(_STANDING, whom))

    def _one(self, query: Any, whom: Whom) -> RowMapping:  # noqa: ANN401  a statement made once, below
        asked = {f.name: getattr(whom, f.name) for f in fields(Whom)}
        return self._connection.execute(query, asked).mappings().one()


@lru_cache(maxsize=64)
def _read(design: str) -> DomainDesign:
    return read_design(json.loads(design))


def _standing(row: RowMapping) -> Standing:
    return Standing(**{f.name: row[f.name] for f in fields(Standing)})


def _given(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text())


def _columns_of_standing() -> list[Label[Any]]:
    """One scalar each; every one is answered from an index."""
    mine, verdicts, domain = _participant(), _verdicts(), _domain()
    row = {
        "participant": mine,
        "verdict": select(func.max(ScreeningRow.revision)).where(verdicts),
        "consent": select(func.max(ConsentRow.revision)).where(
            ConsentRow.participant == mine.scalar_subquery()
        ),
        "mode": select(func.max(ModeRow.revision)),
        "protocols": select(func.count()).select_from(ProtocolRow),
        "is_open": select(DomainRow.is_open).where(*domain),
        "pauses": select(func.count()).where(PauseRow.trial == _given("trial")),
        "vectors": select(func.count()).where(
            VectorRow.trial == _given("trial"), VectorRow.domain == _given("domain")
        ),
        "green_lights": select(func.count()).where(*_at_site(GreenLightRow)),
        "delegations": select(func.count()).where(*_at_site(DelegationRow)),
        "signatures": select(func.count()).where(
            SignatureRow.screening_id == _given("screening_id")
        ),
        "answers": select(func.count()).where(
            AnswerRow.screening_id == _given("screening_id")
        ),
        "opt_outs": select(func.count()).where(
            OptOutRow.site == _given("site"), OptOutRow.patient == _given("patient")
        ),
        "merges": select(func.count()).where(
            ClinicalEventRow.site == _given("site"),
            ClinicalEventRow.patient == _given("patient"),
            text(MERGES),
        ),
        "alerts": select(func.count()).where(
            AlertRow.site == _given("site"),
            AlertRow.patient == _given("patient"),
            UNCLOSED,
        ),
    }
    row["drawn"] = select(func.count()).where(
        RandomisationRow.participant == mine.scalar_subquery()
    )
    by_name = select(func.count()).where(
        RequestRow.idempotency_key == _given("idempotency_key")
    )
    by_participant = select(func.count()).where(
        RequestRow.trial == _given("trial"),
        RequestRow.domain == _given("domain"),
        RequestRow.participant == mine.scalar_subquery(),
    )
    by_act = select(func.count()).where(
        DomainAnswerRow.act == _given("idempotency_key")
    )
    requests = (
        by_name.scalar_subquery()
        + by_participant.scalar_subquery()
        + by_act.scalar_subquery()
    )
    scalars = [query.scalar_subquery().label(name) for name, query in row.items()]
    return [*scalars, requests.label("requests")]


def _columns_of_facts() -> list[Label[Any]]:
    row = {
        "document": select(ScreeningRow.document)
        .where(_verdicts())
        .order_by(ScreeningRow.revision.desc())
        .limit(1),
        "design": select(DomainRow.design).where(*_domain()),
        "current_mode": select(ModeRow.mode).order_by(ModeRow.revision.desc()).limit(1),
        "green_light": select(GreenLightRow.given)
        .where(*_at_site(GreenLightRow))
        .order_by(GreenLightRow.revision.desc())
        .limit(1),
    }
    return [query.scalar_subquery().label(name) for name, query in row.items()]


def _participant() -> Any:  # noqa: ANN401  a select
    return select(ParticipantRow.participant).where(
        ParticipantRow.trial == _given("trial"),
        ParticipantRow.site == _given("site"),
        ParticipantRow.patient == _given("patient"),
    )


def _verdicts() -> Any:  # noqa: ANN401  a condition
    return ScreeningRow.screening_id == _given("screening_id")


def _at_site(row: type[GreenLightRow | DelegationRow]) -> tuple[Any, Any]:
    return row.trial == _given("trial"), row.site == _given("site")


def _domain() -> tuple[Any, Any]:
    return DomainRow.trial == _given("trial"), DomainRow.domain == _given("domain")


_STANDING = select(*_columns_of_standing())
_FACTS = select(*_columns_of_standing(), *_columns_of_facts())
