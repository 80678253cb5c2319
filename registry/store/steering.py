"""What draws were steered by, from when to when: vectors, pauses, green lights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import Connection

from registry.domain.green_light import GreenLight
from registry.domain.pause import Pause
from registry.domain.randomisation.vector import BILLIONTHS, AllocationVector
from registry.domain.role_matrix import places_of
from registry.domain.roles import EVERYWHERE, Person, Surface
from registry.store.repositories.pauses import PauseRepository
from registry.store.repositories.sites import GreenLightRepository
from registry.store.repositories.vectors import VectorRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorView:
    """One published allocation vector; draws are by it from its publication on."""

    vector_id: str
    """As the allocations name it that were drawn by it."""
    trial: str
    domain: str
    stratum: str | None
    """None: every stratum."""
    design: str
    """Identity of the design it fits; under another one nothing is drawn by it."""
    analysis_id: str
    data_cut: datetime
    published_at: datetime
    """From then on it is in force."""
    published_by: str
    replaced_at: datetime | None
    """When another of its design took all of its place; None while none had."""
    shares: tuple[tuple[str, float], ...]
    """Arm and probability, in the order of the domain."""
    p_best: tuple[tuple[str, float], ...] | None
    """Arm and probability of being best, where the shares were reckoned from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseView:
    """One pause of a site, a domain or an arm, with its end."""

    trial: str
    site: str
    """Empty where a domain or arm is meant."""
    domain: str
    """Empty where a site is meant."""
    arm: str
    """Empty where all of the domain or site is meant."""
    paused_at: datetime
    paused_by: str
    reason: str | None
    """None to whom it is not told: words of a person may name an arm."""
    ended_at: datetime | None
    """None while it goes on."""
    ended_by: str | None
    end_reason: str | None
    """As `reason`; None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenLightView:
    """One green light of a site, with its end."""

    trial: str
    site: str
    given_at: datetime
    given_by: str
    reason: str
    revoked_at: datetime | None
    """None while the site may recruit."""
    revoked_by: str | None
    revoke_reason: str | None


class Steering:
    """What one person may read of it, as it stood at a moment."""

    def __init__(self, connection: Connection, person: Person | None) -> None:
        self._connection = connection
        self._person = person

    def vectors(self, trial: str | None, *, at: datetime) -> tuple[VectorView, ...]:
        """Those published by `at`, by domain, in order of publication."""
        told = VectorRepository(self._connection).of_trial(trial)
        known = [one for one in told if one.published_at <= at]
        return tuple(
            _vector(one, replaced_at=_replaced_at(one, known[number:]))
            for number, one in enumerate(known, start=1)
        )

    def pauses(self, trial: str | None, *, at: datetime) -> tuple[PauseView, ...]:
        """Those begun by `at`, in the order in which they began."""
        told = PauseRepository(self._connection).revisions(trial)
        spans = _spans(
            (one for one in told if one.at <= at),
            of=lambda one: (one.trial, one.place),
            begins=lambda one: one.paused,
        )
        return tuple(
            _pause(*span, words=self._may_read_words(span[0]))
            for span in sorted(spans, key=lambda span: (span[0].at, span[0].pause_id))
        )

    def green_lights(
        self, trial: str | None, *, at: datetime
    ) -> tuple[GreenLightView, ...]:
        """Those given by `at`, in the order in which they were given."""
        told = GreenLightRepository(self._connection).revisions(trial)
        spans = _spans(
            (one for one in told if one.at <= at),
            of=lambda one: (one.trial, one.site),
            begins=lambda one: one.given,
        )
        ordered = sorted(spans, key=lambda span: (span[0].at, span[0].light_id))
        return tuple(_green_light(*span) for span in ordered)

    def _may_read_words(self, pause: Pause) -> bool:
        """Who sees open arms there, and who pauses such a place or ends it."""
        if self._person is None:
            return True
        pausing = Surface.PAUSE_SITES if pause.site else Surface.PAUSE_TRIALS
        return any(
            place.trial in (EVERYWHERE, pause.trial)
            and (not pause.site or place.site in (EVERYWHERE, pause.site))
            for surface in (Surface.OPEN_ARMS, Surface.END_PAUSES, pausing)
            for place in places_of(self._person, surface)
        )


RevisionT = TypeVar("RevisionT")


def _spans(
    revisions: Iterable[RevisionT],
    *,
    of: Callable[[RevisionT], object],
    begins: Callable[[RevisionT], bool],
) -> Iterator[tuple[RevisionT, RevisionT | None]]:
    """Each revision that begins something, with the next of the same, which ends it.

    The revisions of one thing come in order.
    """
    by_thing: dict[object, list[RevisionT | None]] = {}
    for one in revisions:
        by_thing.setdefault(of(one), []).append(one)
    for mine in by_thing.values():
        for first, following in pairwise([*mine, None]):
            if first is not None and begins(first):
                yield first, following


def _replaced_at(
    vector: AllocationVector, later: Iterable[AllocationVector]
) -> datetime | None:
    """When the first came that is drawn by wherever this one was."""
    place = (vector.trial, vector.domain, vector.design)
    return next(
        (
            one.published_at
            for one in later
            if (one.trial, one.domain, one.design) == place
            and one.stratum in (None, vector.stratum)
        ),
        None,
    )


def _vector(vector: AllocationVector, *, replaced_at: datetime | None) -> VectorView:
    p_best = vector.p_best
    return VectorView(
        vector_id=vector.vector_id,
        trial=vector.trial,
        domain=vector.domain,
        stratum=vector.stratum,
        design=vector.design,
        analysis_id=vector.analysis_id,
        data_cut=vector.data_cut,
        published_at=vector.published_at,
        published_by=vector.published_by,
        replaced_at=replaced_at,
        shares=tuple((arm, share / BILLIONTHS) for arm, share in vector.shares),
        p_best=None if p_best is None else tuple((a, float(p)) for a, p in p_best),
    )


def _pause(begun: Pause, ended: Pause | None, *, words: bool) -> PauseView:
    return PauseView(
        trial=begun.trial,
        site=begun.site,
        domain=begun.domain,
        arm=begun.arm,
        paused_at=begun.at,
        paused_by=begun.actor,
        reason=begun.reason if words else None,
        ended_at=None if ended is None else ended.at,
        ended_by=None if ended is None else ended.actor,
        end_reason=ended.reason if words and ended is not None else None,
    )


def _green_light(given: GreenLight, revoked: GreenLight | None) -> GreenLightView:
    return GreenLightView(
        trial=given.trial,
        site=given.site,
        given_at=given.at,
        given_by=given.actor,
        reason=given.reason,
        revoked_at=None if revoked is None else revoked.at,
        revoked_by=None if revoked is None else revoked.actor,
        revoke_reason=None if revoked is None else revoked.reason,
    )
