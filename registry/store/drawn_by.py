"""Which randomisations were on record at a moment.

One draws and records at once, but a page of a sealed list is entered after it was
opened: nothing recorded later changes what is told of a moment.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.sealed_lists import SealedOpeningRow


def drawn_by(
    at: datetime, *, happened_until: datetime | None = None
) -> ColumnElement[bool]:
    """The condition on `randomisation`: recorded by `at`, drawn by `happened_until`.

    Without the latter, by the same moment.
    """
    until = at if happened_until is None else min(at, happened_until)
    drawn, page = RandomisationRow, SealedOpeningRow
    entered_later = select(page.randomisation_id).where(
        page.randomisation_id.is_not(None), page.recorded_at > at
    )
    return and_(
        drawn.randomised_at <= until, drawn.randomisation_id.not_in(entered_later)
    )
