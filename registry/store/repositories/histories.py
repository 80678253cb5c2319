"""The arms before a position, read by the signer alone and only where it asks."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import ByArm, ByStratumAndArm
from registry.store.rows.allocation import ExclusionRow, RandomisationRow
from registry.store.schema import assignments


class SealedHistory:
    """What the locks hold still until the position is drawn."""

    def __init__(
        self, connection: Connection, position: Position, *, schedule_first_no: int
    ) -> None:
        self._connection = connection
        self._arms = assignments(connection.dialect.name)
        self._position = position
        self.schedule_first_no = schedule_first_no

    def of_schedule(self) -> ByArm:
        """By arm, how many of this stratum the present schedule gave it."""
        drawn, arms, place = RandomisationRow, self._arms, self._position
        query = (
            select(arms.c.arm, func.count())
            .join(drawn, drawn.randomisation_id == arms.c.randomisation_id)
            .where(
                drawn.trial == place.trial,
                drawn.domain == place.domain,
                drawn.stratum == place.stratum,
                drawn.sequence_no >= self.schedule_first_no,
            )
            .group_by(arms.c.arm)
        )
        return dict(self._connection.execute(query).all())

    def of_domain(self) -> ByStratumAndArm:
        """By stratum and arm, everybody of the domain who counts."""
        drawn, arms, place = RandomisationRow, self._arms, self._position
        out = ExclusionRow
        query = (
            select(drawn.stratum, arms.c.arm, func.count())
            .join(drawn, drawn.randomisation_id == arms.c.randomisation_id)
            .outerjoin(out, out.randomisation_id == drawn.randomisation_id)
            .where(
                drawn.trial == place.trial,
                drawn.domain == place.domain,
                out.randomisation_id.is_(None),
            )
            .group_by(drawn.stratum, arms.c.arm)
        )
        rows = self._connection.execute(query)
        return {(stratum, arm): number for stratum, arm, number in rows}
