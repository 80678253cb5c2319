"""One screening from its first word to its last, and what kept it from eligibility.

The revisions of a screening are a step function of time: each holds until the next.
So a question asked of all of them is asked of every moment.

*Possible* is whom the worker would have told somebody of: `eligible`, or `needs_human`,
where nothing but human answers is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from streams.clinical.criteria.verdict import UNDECIDED, speaks_against
from streams.clinical.feasibility.shape import STRATUM, Line, Shape
from streams.vocabulary.messages import (
    CriterionVerdict,
    ScreeningStatus,
    TrialScreening,
)


class Stand(Enum):
    """Where one line stands at one moment."""

    PASSED = "passed"
    AGAINST = "against"
    """Data speak against the patient."""
    LACKING = "lacking"
    """Data that would decide it are missing."""
    ASKED = "asked"
    """Only a human can say."""


_OPEN_TO_DATA = (Stand.AGAINST, Stand.LACKING)
_TWO = 2
"""There is nothing to draw between fewer interventions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was said from one moment on."""

    at: datetime
    window_open: bool
    """And what opened the screening still stands."""
    deadline: datetime
    """The last moment of the window, as it then stood."""
    statuses: tuple[tuple[str | None, ScreeningStatus], ...]
    """Of the domain, named None, and of its interventions."""
    stands: Mapping[str, Stand]
    """By line."""
    needs: Mapping[str, tuple[str, ...]]
    """By line that is not decided: the facts that could decide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One screening: one hospital stay of one patient before one domain."""

    site: str
    patient: str
    episode: str
    entered_at: datetime
    """What opened the screening happened then."""
    known_at: datetime
    """Since then it was known."""
    looks: tuple[Look, ...]
    """In order of time."""

    @property
    def open_looks(self) -> tuple[Look, ...]:
        """The looks while the window was open."""
        return tuple(look for look in self.looks if look.window_open)

    def possible(
        self, shape: Shape, treated: Mapping[str, Stand] | None = None
    ) -> Look | None:
        """The first look at which the patient was possible; None if there was none."""
        return next(
            (one for one in self.open_looks if passes(one, shape, treated or {})), None
        )

    def possible_with(self, shape: Shape, *, instead: tuple[str, str]) -> bool:
        """Whether the patient ever was, with another line judged in the place of one.

        `instead`: the line, and what stands in for it.
        """
        line, other = instead
        return any(
            passes(look, shape, {line: look.stands[other]}) for look in self.open_looks
        )

    def gains(self, shape: Shape) -> frozenset[str]:
        """Lines of which each by itself kept the patient out, at some moment.

        Empty for a patient who was possible: there was nothing to gain.
        """
        if self.possible(shape) is not None:
            return frozenset()
        return frozenset(
            line
            for look in self.open_looks
            for line in _obstacles(look, shape)
            if passes(look, shape, {line: Stand.PASSED})
        )

    def closest(self, shape: Shape) -> Look | None:
        """The open look with the fewest lines in the way; None where none was open.

        Of equals the last: more was known by then.
        """
        return min(
            reversed(self.open_looks),
            key=lambda look: len(_obstacles(look, shape)),
            default=None,
        )

    def first_obstacle(self, shape: Shape) -> tuple[str, Stand] | None:
        """The first line, in the protocol's order, that stood in the way when closest."""
        look = self.closest(shape)
        if look is None:
            return None
        return next(
            ((line, look.stands[line]) for line in _obstacles(look, shape)), None
        )


def passes(look: Look, shape: Shape, treated: Mapping[str, Stand]) -> bool:
    """Whether nothing but human answers is open, were these lines to stand so.

    At least two interventions must remain, and none may be undecided for want of data.
    """
    stands = {**look.stands, **treated}
    if any(stands[line.id] in _OPEN_TO_DATA for line in shape.shared):
        return False
    left = 0
    for intervention in shape.interventions:
        own = {stands[line.id] for line in shape.own(intervention)}
        if Stand.AGAINST in own:
            continue
        if Stand.LACKING in own:
            return False
        left += 1
    return left >= _TWO


def course(revisions: Sequence[TrialScreening], *, onset_at: datetime | None) -> Course:
    """The course of one screening; its revisions come in order.

    `onset_at`: of the flag, where the screening itself does not say what opened it.
    """
    first = revisions[0]
    entered_at = first.entry_at or onset_at or first.anchor_at
    return Course(
        site=first.site,
        patient=first.patient,
        episode=first.episode,
        entered_at=entered_at,
        known_at=first.entry_known_at or first.known_at,
        looks=tuple(map(_look, revisions)),
    )


def _look(said: TrialScreening) -> Look:
    strata = {
        f"{STRATUM}{name}": Stand.LACKING if level == UNDECIDED else Stand.PASSED
        for name, level in said.stratum
    }
    return Look(
        at=said.known_at,
        window_open=said.window_open and said.entry_stands,
        deadline=said.deadline,
        statuses=(
            (None, said.status),
            *((own.intervention, own.status) for own in said.interventions),
        ),
        stands={c.criterion_id: _stand(c) for c in said.criteria} | strata,
        needs={c.criterion_id: c.would_need for c in said.criteria if c.would_need},
    )


def _stand(said: CriterionVerdict) -> Stand:
    if speaks_against(said):
        return Stand.AGAINST
    if said.truth != "UNKNOWN":
        return Stand.PASSED
    return Stand.ASKED if said.human else Stand.LACKING


def _obstacles(look: Look, shape: Shape) -> tuple[str, ...]:
    """What data leave in the way: the domain's lines first, then the interventions'."""
    return (
        *_standing(look, shape.shared, *_OPEN_TO_DATA),
        *_standing(look, _of_interventions(shape), *_OPEN_TO_DATA),
    )


def _of_interventions(shape: Shape) -> tuple[Line, ...]:
    return tuple(line for line in shape.lines if line.intervention is not None)


def _standing(look: Look, lines: Sequence[Line], *stands: Stand) -> tuple[str, ...]:
    return tuple(line.id for line in lines if look.stands[line.id] in stands)
