"""Alerts, strata and requests stand where what is on record puts them, or it is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contract.registry.test_tampering import is_found
from sqlalchemy import delete, select, update

from registry.domain.alert import AlertStatus, Hold
from registry.domain.consent import ConsentState
from registry.domain.mode import Suppression
from registry.store.rows.alerts import AlertRow
from registry.store.rows.allocation import AllocatorRow, RequestRow


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def called(bedside):
    """Alerts that stand open, are silent, are acted on, ended, and are held back."""
    bedside.open_trial(bedside.fluids, replace(bedside.fluids, domain="care"))
    bedside.opt_out("held")
    for patient in ("open", "acted", "expired", "retracted", "held"):
        bedside.hear(bedside.needs_human(patient))
    bedside.hear(bedside.verdict("silent", provenance="history"))
    bedside.hear(bedside.verdict("acted", revision=1))
    bedside.consent("acted")
    assert bedside.randomise("acted").participant
    bedside.hear(bedside.needs_human("expired", revision=1, window_open=False))
    bedside.hear(bedside.verdict("retracted", revision=1, status="ineligible"))
    return bedside


@pytest.fixture
def followed(called):
    """Each alert that stands rests on a later verdict now, of which nobody was told."""
    for patient in ("open", "held"):
        called.hear(
            called.needs_human(patient, revision=1, deadline=called.noon + 300 * MINUTE)
        )
    return called


def stands(sql):
    return dict(sql("SELECT patient, status FROM alert"))


def test_alerts_in_every_state_hold(followed, sql):
    assert stands(sql) == {
        "open": "open",
        "silent": "suppressed",
        "acted": "acted",
        "expired": "expired",
        "retracted": "retracted",
        "held": "suppressed",
    }
    assert set(stands(sql).values()) == {one.value for one in AlertStatus}
    assert not followed.broken_chains()


def test_alerts_hold_that_changed_sides(called):
    """A no, a withdrawal, another mode: whatever moves an alert leaves it accounted for."""
    called.opt_out("open")
    called.opt_out("open", stands=False, at=called.noon + MINUTE)
    called.consent("retracted", ConsentState.REFUSED)
    called.hear(called.needs_human("retracted", revision=2))
    called.light(given=False, at=called.noon + MINUTE)
    called.light(at=called.noon + 2 * MINUTE)
    called.hear(called.verdict("open", revision=1), called.verdict("held", revision=1))

    assert not called.broken_chains()


OTHERWISE = {
    "status": lambda now: next(one for one in AlertStatus if one is not now),
    "verdict": lambda now: "eligible" if now == "needs_human" else "needs_human",
    "revision": lambda now: now + 1,
    "deadline": lambda now: now + MINUTE,
    "changed_at": lambda now: now + MINUTE,
    "raised_at": lambda now: now + MINUTE,
    "suppressed": lambda now: next(one for one in Suppression if one is not now),
    **{
        name: lambda now: f"{now}x"
        for name in (
            *("alert_id", "screening_id", "site", "patient", "trial", "domain"),
            "episode",
        )
    },
}
"""By column of an alert, what it becomes."""
HELD = {("held", "changed_at")}
"""What only follows while somebody is held back is not kept."""


@pytest.mark.usefixtures("called")
def test_an_alert_that_stands_otherwise_is_found(attempt):
    unseen = set()
    for column, otherwise in OTHERWISE.items():
        for patient in ("open", "silent", "acted", "expired", "retracted", "held"):
            with attempt() as connection:
                mine = AlertRow.patient == patient
                now = connection.scalar(select(getattr(AlertRow, column)).where(mine))
                changed = update(AlertRow).where(mine)
                connection.execute(changed.values({column: otherwise(now)}))
                if not is_found(connection):
                    unseen.add((patient, column))

    assert unseen <= HELD


def test_an_alert_that_followed_a_later_verdict_goes_back_to_none(followed, attempt):
    """The earlier revision is on record, with another deadline; nobody holds it back."""
    assert not followed.broken_chains()
    for values in ({"revision": 0}, {"held_back": Hold.PAUSED}):
        with attempt() as connection:
            mine = AlertRow.patient == "open"
            connection.execute(update(AlertRow).where(mine).values(values))
            assert is_found(connection)


@pytest.mark.usefixtures("called")
def test_a_stratum_that_gives_another_number_is_found(attempt):
    """Else the next draw would be of a number that was drawn before."""
    used = AllocatorRow.next_no > 1
    for act in (
        update(AllocatorRow).where(used).values(next_no=AllocatorRow.next_no + 1),
        update(AllocatorRow).where(used).values(next_no=1),
        update(AllocatorRow).where(used).values(schedule="another"),
        update(AllocatorRow).where(used).values(schedule_first_no=2),
        update(AllocatorRow).where(used).values(stratum="another"),
        update(AllocatorRow).where(used).values(trial="WAVE"),
        delete(AllocatorRow),
    ):
        with attempt() as connection:
            connection.execute(act)
            assert is_found(connection), act


@pytest.mark.usefixtures("called")
def test_a_request_that_led_to_another_randomisation_is_found(attempt):
    for values in (
        {"idempotency_key": "another"},
        {"participant": "another"},
        {"domain": "care"},
        {"trial": "WAVE"},
        {"requested_by": "another"},
        {"requested_at": NOON},
    ):
        with attempt() as connection:
            connection.execute(update(RequestRow).values(values))
            assert is_found(connection), values
    with attempt() as connection:
        connection.execute(delete(RequestRow))
        assert is_found(connection)
