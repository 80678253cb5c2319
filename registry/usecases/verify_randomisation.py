"""Make every draw of a trial again from its key, and say which differ.

The designs and vectors are read from the audit of the trial, where they were published
before anybody was drawn by them; the arms before a draw are those the key gives, so
that one forged arm is told once and not again in each that follows.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.domain.allocation import Randomisation, SealedArm
from registry.domain.audit import AuditAction, AuditRow
from registry.domain.exclusion import Exclusion
from registry.domain.protocol import DomainDesign, read_design
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.signer import Signer
from registry.domain.randomisation.vector import INITIAL, Vector
from registry.domain.sealed_list import SealedList, SealedOpening
from registry.domain.stratum import counted_in, is_of_sealed_list
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """One allocation that is not what the key and the published design give."""

    randomisation_id: str
    participant: str
    domain: str
    stratum: str
    sequence_no: int
    what: str
    """What differs; never an arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomisationReport:
    """What was found of one trial."""

    trial: str
    key_commitment: str
    """Of the key that was given."""
    published: tuple[str, ...]
    """The commitments in the audit, in the order of the activations."""
    checked: int
    differing: tuple[Differing, ...]

    @property
    def key_is_the_one(self) -> bool:
        """Whether every version of the protocol was activated with this key."""
        return set(self.published) == {self.key_commitment}

    @property
    def holds(self) -> bool:
        """Whether all is as it was published and drawn."""
        return self.key_is_the_one and not self.differing


def verify_randomisation(
    trial: str, uow: UnitOfWork, *, signer: Signer
) -> RandomisationReport:
    """Repeat all draws of the trial; the chain itself is for `verify_audit` to walk.

    Raises `SettingsError`: EMB-312 where the signer has no key for the trial, EMB-402
    where the role may not read the arms.
    """
    if not uow.allocations.may_read_arms():
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "This role may not read the arms, so no draw can be compared.",
            "Verify as the role that draws.",
        )
    published = _published(trial, uow)
    drawn = sorted(uow.allocations.of_trial(trial), key=published.order)
    arms = {
        d.randomisation_id: uow.allocations.sealed(d.randomisation_id) for d in drawn
    }
    on_paper = _OnPaper(
        {one.list_id: one for one in uow.sealed_lists.of_trial(trial)},
        {
            one.randomisation_id: one
            for one in uow.sealed_lists.openings_of_trial(trial)
            if one.randomisation_id is not None
        },
    )
    replay = _Replay(published, uow.allocations.exclusions_of(trial), signer)
    for one in drawn:
        if is_of_sealed_list(one.stratum):
            replay.enter(one, on_paper.openings.get(one.randomisation_id), arms)
    found = [
        on_paper.fault(one, arms[one.randomisation_id])
        if is_of_sealed_list(one.stratum)
        else replay.fault(one, arms[one.randomisation_id])
        for one in drawn
    ]
    return RandomisationReport(
        trial=trial,
        key_commitment=signer.commitment(trial),
        published=tuple(v.key_commitment for v in published.versions.values()),
        checked=len(drawn),
        differing=tuple(
            _differing(one, what)
            for one, what in zip(drawn, found, strict=True)
            if what is not None
        )
        + tuple(_gaps(drawn)),
    )


@dataclass(frozen=True, slots=True)
class _OnPaper:
    """What committed to the pages of sealed lists, and which were entered."""

    lists: Mapping[str, SealedList]
    openings: Mapping[str, SealedOpening]

    def fault(self, one: Randomisation, sealed: SealedArm | None) -> str | None:
        """What differs from the page that was committed to; its key is not here."""
        opening = self.openings.get(one.randomisation_id)
        made = None if opening is None else self.lists.get(opening.list_id)
        if made is None:
            return "no page of a sealed list was entered for it"
        if made.commitment_of(one.sequence_no) != one.arm_commitment:
            return "the page of the sealed list is another"
        if sealed is None:
            return "its arm is gone"
        if sealed.commitment != one.arm_commitment:
            return "the arm is not the one that was committed to"
        return None


@dataclass(frozen=True, slots=True)
class _Version:
    number: int
    key_commitment: str
    designs: Mapping[str, DomainDesign]


@dataclass(frozen=True, slots=True)
class _Published:
    """What the audit says was to be drawn by."""

    versions: dict[str, _Version] = field(default_factory=dict)
    """By protocol hash, in the order of activation."""
    vectors: dict[str, Vector] = field(default_factory=dict)

    def order(self, one: Randomisation) -> tuple[int, int, str, str]:
        """Draws of one version before those of the next, and then by number.

        An activation waits for allocations under way, so none of two versions mix.
        """
        version = self.versions.get(one.protocol_hash)
        number = 0 if version is None else version.number
        return number, one.sequence_no, one.domain, one.stratum

    def design(self, one: Randomisation) -> DomainDesign | None:
        """The design it was drawn by, among the arms that were left; None if unknown."""
        version = self.versions.get(one.protocol_hash)
        design = None if version is None else version.designs.get(one.domain)
        left = None if design is None else design.among([arm for arm, _ in one.ratio])
        if left is None or not isinstance(left.method, Adaptive):
            return left
        if one.vector_id == INITIAL:
            return left
        vector = self.vectors.get(one.vector_id or "")
        return None if vector is None else left.by(vector)


def _published(trial: str, uow: UnitOfWork) -> _Published:
    found = _Published()
    for row in uow.audit.rows(site="", trial=trial):
        if not isinstance(row, AuditRow):
            break
        detail = json.loads(row.detail)
        if row.action == AuditAction.PROTOCOL_ACTIVATED:
            found.versions[row.subject] = _version(detail)
        if row.action == AuditAction.VECTOR_PUBLISHED:
            shares = tuple((arm, share) for arm, share in detail["shares"])
            found.vectors[row.subject] = Vector(row.subject, shares)
    return found


def _version(detail: dict[str, Any]) -> _Version:
    designs = [read_design(told) for told in detail["domains"]]
    return _Version(
        number=detail["revision"],
        key_commitment=detail["key_commitment"],
        designs={design.domain: design for design in designs},
    )


class _Replay:
    """Draws again, one after the other, and remembers what was drawn."""

    def __init__(
        self,
        published: _Published,
        exclusions: Sequence[Exclusion],
        signer: Signer,
    ) -> None:
        self._published = published
        self._exclusions = exclusions
        self._signer = signer
        self._schedules: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
        self._given: dict[str, tuple[str, str]] = {}
        self._domains: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._entered: list[tuple[SealedOpening, tuple[str, str]]] = []

    def enter(
        self,
        one: Randomisation,
        opening: SealedOpening | None,
        arms: Mapping[str, SealedArm | None],
    ) -> None:
        """Remember who came by paper: the draws after they were entered saw them."""
        sealed = arms[one.randomisation_id]
        if opening is not None and sealed is not None:
            self._entered.append((opening, (one.stratum, sealed.arm)))

    def fault(self, one: Randomisation, sealed: SealedArm | None) -> str | None:
        """What differs of this allocation; None where all is as it was drawn."""
        design = self._published.design(one)
        if design is None:
            return "the audit tells no design or vector it could be drawn by"
        place = (one.domain, one.stratum, one.schedule_first_no)
        history = KnownHistory(
            schedule_first_no=one.schedule_first_no,
            in_schedule=self._schedules[place],
            in_domain=self._who_counts(one),
        )
        position = Position(one.trial, one.domain, one.stratum, one.sequence_no)
        drawn = self._signer.arm(position, design=design, history=history)
        self._schedules[place][drawn.arm] += 1
        self._domains[one.domain][one.stratum, drawn.arm] += 1
        self._given[one.randomisation_id] = (one.stratum, drawn.arm)
        if sealed is None:
            return "its arm is gone"
        if sealed.arm != drawn.arm:
            return "the key gives another arm"
        if sealed.nonce != self._signer.nonce(position):
            return "the key gives another nonce"
        if sealed.state not in (None, drawn.state):
            return "the draw rests on something else"
        if sealed.commitment != one.arm_commitment:
            return "the arm is not the one that was committed to"
        return None

    def _who_counts(self, one: Randomisation) -> Counter[tuple[str, str]]:
        """Everybody before, but those whom this draw no longer saw."""
        entered = {
            opening.randomisation_id or "": given
            for opening, given in self._entered
            if opening.domain == one.domain and opening.counts(one.sequence_no)
        }
        given = {**self._given, **entered}
        out = Counter(
            given[each.randomisation_id]
            for each in self._exclusions
            if each.domain == one.domain
            and not each.counts(one.sequence_no)
            and each.randomisation_id in given
        )
        seen = self._domains[one.domain]
        if not entered and not out:
            return seen
        return seen + Counter(entered.values()) - out


def _gaps(drawn: list[Randomisation]) -> Iterator[Differing]:
    """Numbers that nobody has: an allocation was taken away."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    in_order = sorted(drawn, key=lambda each: each.sequence_no)
    for one in (d for d in in_order if not is_of_sealed_list(d.stratum)):
        lock = counted_in(one.stratum)
        if one.sequence_no != last[one.domain, lock] + 1:
            yield _differing(one, "the number before it is missing or there twice")
        last[one.domain, lock] = one.sequence_no


def _differing(one: Randomisation, what: str) -> Differing:
    return Differing(
        randomisation_id=one.randomisation_id,
        participant=one.participant,
        domain=one.domain,
        stratum=one.stratum,
        sequence_no=one.sequence_no,
        what=what,
    )
