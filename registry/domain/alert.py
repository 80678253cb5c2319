"""The one alert of a patient, domain and episode: raised, upgraded, closed.

It is raised on `eligible` and `needs_human` while the window is open.
New evidence updates it in silence; it speaks again only when `needs_human` became
`eligible` (re-alert on a verdict upgrade only).
It expires with the window and is retracted when the verdict no longer holds.
A patient whom nobody is to be called about now (who declined, whom the gate would
refuse, whom another trial has first, about whom somebody was called already) has one
that is held back: it is stored, and speaks once nothing holds it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.mode import Mode, Suppression, suppression
from streams.vocabulary.messages import ScreeningStatus, TrialScreening


class AlertStatus(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    """Somebody has been told and may still act."""
    SUPPRESSED = "suppressed"
    """Would be open, had the mode and the provenance allowed to tell anybody."""
    ACTED = "acted"
    """The team did something: randomised, or was refused."""
    EXPIRED = "expired"
    """The window closed."""
    RETRACTED = "retracted"
    """The verdict no longer holds."""


class AlertStep(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    UPDATED = "updated"
    """Speaks again: an upgrade, or the first time it may."""
    FOLLOWED = "followed"
    """Now rests on a later revision; nobody is told."""
    ACTED = "acted"
    EXPIRED = "expired"
    RETRACTED = "retracted"


class Hold(StrEnum):
    """Why nobody is to be called about this patient for this trial."""

    REFUSED = "refused"
    """Said no to this trial before, or took consent back, in whatever stay."""
    OPTED_OUT = "opted_out"
    """Wants no part in this trial, or in any research."""
    CO_ENROLLED = "co_enrolled"
    """Takes part in a trial that excludes this one, or that this one excludes."""
    OUTRANKED = "outranked"
    """A trial that excludes this one, or is excluded by it, calls first."""
    RETIRED = "retired"
    """The name was merged into another, and whoever survives is called about."""
    DRAWN = "drawn"
    """Was randomised in this domain before, whenever: a person is randomised once."""
    TAKES_PART = "takes_part"
    """Is a participant of this trial under another name."""
    CALLED = "called"
    """Somebody is called about this person already, for another stay or by another
    name."""
    PAUSED = "paused"
    """The site or the domain is paused."""
    NO_GREEN_LIGHT = "no_green_light"
    """The site may not recruit for this trial yet, or no more."""


UNCLOSED = (AlertStatus.OPEN, AlertStatus.SUPPRESSED)

_CLOSES_AS = {
    AlertStep.ACTED: AlertStatus.ACTED,
    AlertStep.EXPIRED: AlertStatus.EXPIRED,
    AlertStep.RETRACTED: AlertStatus.RETRACTED,
}

_CALLING: tuple[ScreeningStatus, ...] = ("eligible", "needs_human")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it stands."""

    alert_id: str
    screening_id: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    status: AlertStatus
    suppressed: Suppression | None
    """Why nobody was told; stays when the alert is closed."""
    verdict: ScreeningStatus
    revision: int
    """Of the screening it rests on."""
    deadline: datetime
    raised_at: datetime
    changed_at: datetime
    held_back: Hold | None = None
    """Why nobody is to be called about this patient."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a verdict does to an alert."""

    step: AlertStep
    status: AlertStatus
    suppressed: Suppression | None
    tells: bool
    """Whether somebody outside hears of it."""
    held_back: Hold | None = None


def move(
    current: Alert | None,
    verdict: TrialScreening,
    mode: Mode,
    hold: Hold | None = None,
) -> Move | None:
    """What this verdict does to the unclosed alert, or to its absence.

    A revision older than the one the alert rests on does nothing.
    """
    if current is not None and verdict.revision <= current.revision:
        return None
    if not calls(verdict):
        return None if current is None else _closing(current, verdict, mode)
    why_not = suppression(mode, verdict.provenance)
    if current is None:
        return _raised(why_not, hold)
    return _onward(current, verdict, why_not, hold)


def closed(current: Alert, step: AlertStep, mode: Mode) -> Move:
    """The move that closes an alert; who was told of it is told of its end."""
    tells = current.status is AlertStatus.OPEN and mode is not Mode.SILENT
    return Move(step, _CLOSES_AS[step], current.suppressed, tells)


def withheld(current: Alert, hold: Hold, mode: Mode) -> Move:
    """The move that takes a call back and keeps the alert, should the hold end."""
    tells = current.status is AlertStatus.OPEN and mode is not Mode.SILENT
    step = AlertStep.RETRACTED if current.status is AlertStatus.OPEN else _FOLLOWED
    return Move(step, AlertStatus.SUPPRESSED, current.suppressed, tells, hold)


def stands_before(other: Alert, why_not: Suppression | None) -> bool:
    """Whether another alert about the same question leaves this one nothing to say.

    `why_not` is what keeps this one silent anyway. What is silent itself stands before
    nothing that may speak: else nobody would be called.
    """
    return other.held_back is None and (
        other.status is AlertStatus.OPEN or why_not is not None
    )


def released(verdict: TrialScreening, mode: Mode) -> Move:
    """The move of an alert that nothing holds back any more."""
    return _raised(suppression(mode, verdict.provenance), None)


def calls(verdict: TrialScreening) -> bool:
    """Whether there is somebody to call and still time to."""
    return verdict.status in _CALLING and not window_is_over(verdict)


def window_is_over(verdict: TrialScreening) -> bool:
    """Whether the window was closed when this was known; its last moment is open."""
    return not verdict.window_open or verdict.known_at > verdict.deadline


def _closing(current: Alert, verdict: TrialScreening, mode: Mode) -> Move:
    over = window_is_over(verdict)
    step = AlertStep.EXPIRED if over else AlertStep.RETRACTED
    return closed(current, step, mode)


def _onward(
    current: Alert,
    verdict: TrialScreening,
    why_not: Suppression | None,
    hold: Hold | None,
) -> Move:
    if current.status is AlertStatus.SUPPRESSED:
        if why_not is None and hold is None:
            return _raised(None, None)
        return Move(
            _FOLLOWED, AlertStatus.SUPPRESSED, why_not, tells=False, held_back=hold
        )
    if hold is not None:
        return Move(
            AlertStep.RETRACTED,
            AlertStatus.SUPPRESSED,
            why_not,
            tells=True,
            held_back=hold,
        )
    upgraded = (current.verdict, verdict.status) == ("needs_human", "eligible")
    tells = upgraded and why_not is None
    step = AlertStep.UPDATED if tells else AlertStep.FOLLOWED
    return Move(step, AlertStatus.OPEN, None, tells)


def _raised(why_not: Suppression | None, hold: Hold | None) -> Move:
    told = why_not is None and hold is None
    status = AlertStatus.OPEN if told else AlertStatus.SUPPRESSED
    return Move(AlertStep.RAISED, status, why_not, told, hold)


_FOLLOWED = AlertStep.FOLLOWED
