"""How far each screening came: CONSORT 2025's boxes, ROUTINE's steps, one exit each.

One screening is one hospital stay of one patient, looked at for one domain.
It leaves the flow once, so every box is the sum of what leads out of it:

    assessed
    ├── never_in_window, ruled_out, never_decided, awaiting_data
    └── candidates                      fit, or fit but for a human's answer
        ├── ruled_out_by_answer, ruled_out_later, opted_out, not_approached,
        │   not_yet_approached
        └── approached                  asked, or what stands in the place of asking
            ├── declined, died_before_consent, unanswered, awaiting_answer
            └── consented               may be randomised
                ├── not_randomised, not_yet_randomised
                └── randomised

Items 13a and 13b of CONSORT 2025 (Hopewell et al., PLoS Med 2025; 22: e1004587), by
domain as its extension for platforms asks; `assessed` is CONSORT-ROUTINE's "screened
by algorithm" (Kwakkenbos et al., BMJ 2021; 373: n857).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from registry.domain.consent import NO, Standing
from streams.vocabulary.messages import ScreeningStatus


class Box(StrEnum):
    """A box of the flow; those without exits of their own are where screenings end."""

    ASSESSED = "assessed"
    NEVER_IN_WINDOW = "never_in_window"
    """No verdict was recorded while the recruitment window was open."""
    RULED_OUT = "ruled_out"
    """A criterion spoke against it, and it never was a candidate."""
    NEVER_DECIDED = "never_decided"
    """Data were missing until the window closed."""
    AWAITING_DATA = "awaiting_data"
    """Data are missing, and the window is open."""
    CANDIDATES = "candidates"
    RULED_OUT_BY_ANSWER = "ruled_out_by_answer"
    """A signed answer spoke against it, and nobody was asked."""
    RULED_OUT_LATER = "ruled_out_later"
    """It was a candidate, and no longer was by the last verdict in the window."""
    OPTED_OUT = "opted_out"
    """An opt-out stands, so that nobody was to be asked."""
    NOT_APPROACHED = "not_approached"
    """The window closed, and nobody was asked."""
    NOT_YET_APPROACHED = "not_yet_approached"
    """The window is open."""
    APPROACHED = "approached"
    DECLINED = "declined"
    """Refused, opted out or withdrawn before anything was drawn."""
    DIED_BEFORE_CONSENT = "died_before_consent"
    UNANSWERED = "unanswered"
    """The window closed without a word on which to randomise."""
    AWAITING_ANSWER = "awaiting_answer"
    """The same, and the window is open."""
    CONSENTED = "consented"
    """By consent given, or by deferral, information or waiver in its place."""
    NOT_RANDOMISED = "not_randomised"
    """The window closed, or a criterion came to speak against it."""
    NOT_YET_RANDOMISED = "not_yet_randomised"
    RANDOMISED = "randomised"


EXITS: dict[Box, tuple[Box, ...]] = {
    Box.ASSESSED: (
        Box.NEVER_IN_WINDOW,
        Box.RULED_OUT,
        Box.NEVER_DECIDED,
        Box.AWAITING_DATA,
        Box.CANDIDATES,
    ),
    Box.CANDIDATES: (
        Box.RULED_OUT_BY_ANSWER,
        Box.RULED_OUT_LATER,
        Box.OPTED_OUT,
        Box.NOT_APPROACHED,
        Box.NOT_YET_APPROACHED,
        Box.APPROACHED,
    ),
    Box.APPROACHED: (
        Box.DECLINED,
        Box.DIED_BEFORE_CONSENT,
        Box.UNANSWERED,
        Box.AWAITING_ANSWER,
        Box.CONSENTED,
    ),
    Box.CONSENTED: (
        Box.NOT_RANDOMISED,
        Box.NOT_YET_RANDOMISED,
        Box.RANDOMISED,
    ),
}
"""From each box to what leads out of it; no box is led to twice."""


class Course(NamedTuple):
    """One screening as it was known at a moment; thousands are counted at once."""

    status: ScreeningStatus | None
    """The last verdict with the window open; None where there was none."""
    window_open: bool
    """Whether it still is."""
    was_candidate: bool
    """Whether any verdict with the window open said `eligible` or `needs_human`."""
    answered_against: bool = False
    """Whether the signed answers make that last verdict `ineligible`."""
    approached: bool = False
    """Whether any word of consent is recorded: asking, or what stands in its place."""
    standing: Standing = Standing.NOT_ASKED
    may_randomise: bool = False
    """By consent alone."""
    opted_out: bool = False
    """Whether an opt-out of the trial or of all research stands."""
    randomised: bool = False


def exit_of(course: Course) -> Box:
    """Where the screening ended, or waits; what was done goes before what was said."""
    if course.randomised:
        return Box.RANDOMISED
    if not course.was_candidate:
        return _exit_before(course)
    if course.approached:
        return _exit_of_approached(course)
    return _exit_of_candidate(course)


def boxes(ends: Mapping[Box, int]) -> dict[Box, int]:
    """All boxes in the order of the flow, from how many screenings ended in each."""
    told: Counter[Box] = Counter(ends)
    for box in reversed(EXITS):
        told[box] = sum(told[way] for way in EXITS[box])
    return {box: told[box] for box in Box}


def _exit_before(course: Course) -> Box:
    match course.status:
        case None:
            return Box.NEVER_IN_WINDOW
        case "ineligible":
            return Box.RULED_OUT
        case _:
            return Box.AWAITING_DATA if course.window_open else Box.NEVER_DECIDED


def _exit_of_candidate(course: Course) -> Box:
    if course.status == "ineligible":
        return Box.RULED_OUT_LATER
    if course.answered_against:
        return Box.RULED_OUT_BY_ANSWER
    if course.opted_out:
        return Box.OPTED_OUT
    return Box.NOT_YET_APPROACHED if course.window_open else Box.NOT_APPROACHED


def _exit_of_approached(course: Course) -> Box:
    if course.standing is Standing.DIED:
        return Box.DIED_BEFORE_CONSENT
    if course.standing in NO:
        return Box.DECLINED
    may_come = course.window_open and course.status != "ineligible"
    if course.may_randomise:
        going_on = may_come and not course.answered_against
        return Box.NOT_YET_RANDOMISED if going_on else Box.NOT_RANDOMISED
    return Box.AWAITING_ANSWER if may_come else Box.UNANSWERED
