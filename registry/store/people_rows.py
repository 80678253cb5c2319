"""The query behind the list of participants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, null, select

from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import ConsentRow, ParticipantRow
from registry.store.schema import OPEN_LABEL_ARMS


def people_and_arms(*, may_see_arms: bool) -> Select[*tuple[Any, ...]]:
    """A row a participant and domain, with the consent that stands.

    Without leave the arms are not even read: the reader's role may not touch them.
    """
    drawn, consent = RandomisationRow, ConsentRow
    last = last_consents()
    told = select(
        ParticipantRow.participant,
        ParticipantRow.trial,
        ParticipantRow.site,
        ParticipantRow.patient,
        consent.state.label("consent"),
        consent.decided_at.label("consented_at"),
        drawn.domain,
        drawn.stratum,
        drawn.sequence_no,
        drawn.randomised_at,
        drawn.anchor_at,
    )
    joined = (
        told.outerjoin(last, last.c.participant == ParticipantRow.participant)
        .outerjoin(
            consent,
            and_(
                consent.participant == last.c.participant,
                consent.revision == last.c.revision,
            ),
        )
        .outerjoin(drawn, drawn.participant == ParticipantRow.participant)
    )
    if not may_see_arms:
        return joined.add_columns(null().label("arm"))
    arms = OPEN_LABEL_ARMS
    return joined.outerjoin(
        arms, arms.c.randomisation_id == drawn.randomisation_id
    ).add_columns(arms.c.arm)


def last_consents() -> Any:  # noqa: ANN401  a subquery
    """By participant, the last revision of consent."""
    row = ConsentRow
    last = func.max(row.revision).label("revision")
    return select(row.participant, last).group_by(row.participant).subquery()
