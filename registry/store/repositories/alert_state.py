"""Where each alert stands, held against the steps it took and the verdict it rests on.

The steps are accounted for by the audit, whose digests hold whose alert it is and when
it was raised.  A step that only follows is not kept: what holds an alert back, and
since when, follows from nothing, nor does what silences one that followed.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
)

from registry.domain.alert import UNCLOSED, AlertStatus, AlertStep
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.store.rows.verdicts import ScreeningRow


def misstated(connection: Connection, *, site: str, trial: str) -> int:
    """How many alerts of this chain do not stand where their steps put them."""
    there = {"at_site": site, "in_trial": trial}
    return connection.scalar(_differing(), there) or 0


@cache
def _differing() -> Select[int]:
    """Counts them, of `at_site` and `in_trial`; an alert without a step is one."""
    alert, step, verdict = AlertRow, AlertEventRow, ScreeningRow
    last = (
        select(step.alert_id, func.max(step.number).label("number"))
        .group_by(step.alert_id)
        .subquery()
    )
    return (
        select(func.count())
        .select_from(alert)
        .outerjoin(last, last.c.alert_id == alert.alert_id)
        .outerjoin(
            step,
            and_(step.alert_id == last.c.alert_id, step.number == last.c.number),
        )
        .outerjoin(
            verdict,
            and_(
                verdict.screening_id == alert.screening_id,
                verdict.revision == alert.revision,
            ),
        )
        .where(
            alert.site == bindparam("at_site", type_=Text()),
            alert.trial == bindparam("in_trial", type_=Text()),
            or_(
                step.alert_id.is_(None),
                verdict.screening_id.is_(None),
                not_(_stands()),
            ),
        )
    )


def _stands() -> ColumnElement[bool]:
    """What holds of an alert with its last step and the verdict it rests on."""
    alert, step, verdict = AlertRow, AlertEventRow, ScreeningRow
    return and_(
        alert.status == _status(),
        alert.verdict == verdict.status,
        alert.deadline == verdict.deadline,
        case(
            (alert.status.in_(UNCLOSED), _unclosed()),
            else_=and_(
                alert.revision == step.revision,
                alert.changed_at == step.at,
                alert.suppressed.is_not_distinct_from(step.suppressed),
            ),
        ),
    )


def _unclosed() -> ColumnElement[bool]:
    """It may have followed later verdicts since its last step."""
    alert, step, verdict = AlertRow, AlertEventRow, ScreeningRow
    held = alert.held_back.is_not(None)
    silent = or_(alert.suppressed.is_not(None), held)
    return and_(
        or_(
            and_(alert.status == AlertStatus.SUPPRESSED, silent),
            and_(alert.status == AlertStatus.OPEN, not_(silent)),
        ),
        or_(
            and_(
                alert.revision == step.revision,
                alert.suppressed.is_not_distinct_from(step.suppressed),
                or_(held, alert.changed_at == step.at),
            ),
            and_(
                alert.revision > step.revision,
                or_(held, alert.changed_at == verdict.known_at),
            ),
        ),
    )


def _status() -> ColumnElement[str]:
    """Where the last step left it."""
    step = AlertEventRow
    took_back = step.step == AlertStep.RETRACTED
    left = (
        (and_(step.step == AlertStep.RAISED, not_(step.told)), AlertStatus.SUPPRESSED),
        (step.step.in_((AlertStep.RAISED, AlertStep.UPDATED)), AlertStatus.OPEN),
        (step.step == AlertStep.ACTED, AlertStatus.ACTED),
        (step.step == AlertStep.EXPIRED, AlertStatus.EXPIRED),
        (and_(took_back, step.held_back.is_not(None)), AlertStatus.SUPPRESSED),
        (took_back, AlertStatus.RETRACTED),
    )
    return case(*((when, literal(status.value, Text())) for when, status in left))
