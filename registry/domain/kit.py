"""Kits of a blinded domain: where each stands, and which steps there are.

A kit is in exactly one state, and what it holds stands nowhere here: its code tells
nothing, and its contents are kept as apart as the arms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from registry.domain.audit import canonical, sha256


DEPOT = ""
"""Where a kit is that no site has received."""


class StockOut(StrEnum):
    """What becomes of a participant where an arm that could be drawn has no kit."""

    REFUSE = "refuse_domain_at_site"
    """Nobody is randomised in the domain at the site."""
    ELSEWHERE = "reserve_elsewhere"
    """A kit of the depot is reserved and sent; where it has none either, as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitTerms:
    """What a domain's protocol says of its kits."""

    stock_out: StockOut
    treatment_days: int
    """How long a kit is used; it must not expire meanwhile."""

    def least_expiry(self, at: datetime) -> date:
        """The earliest last day of a kit that is given at this moment."""
        return (at + timedelta(days=self.treatment_days)).date()


class KitState(StrEnum):
    """Where a kit stands."""

    DEPOT = "depot"
    """On a list, and at no site."""
    AVAILABLE = "available"
    """At a site, to be reserved."""
    RESERVED = "reserved"
    """For one participant, not yet handed out."""
    DISPENSED = "dispensed"
    RETURNED = "returned"
    DAMAGED = "damaged"
    QUARANTINED = "quarantined"
    """Set aside until somebody releases it."""
    REPLACED = "replaced"
    """Another of the same contents was reserved in its place."""


class KitAct(StrEnum):
    """What was done with a kit."""

    RECEIVE = "receive"
    RESERVE = "reserve"
    DISPENSE = "dispense"
    RETURN = "return"
    DAMAGE = "damage"
    QUARANTINE = "quarantine"
    RELEASE = "release"
    TRANSFER = "transfer"
    """Back from a site, to be received at another."""
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class _Step:
    out_of: frozenset[KitState]
    into: KitState
    needs_reason: bool = False


_S = KitState
STEPS: Mapping[KitAct, _Step] = MappingProxyType(
    {
        KitAct.RECEIVE: _Step(frozenset({_S.DEPOT}), _S.AVAILABLE),
        KitAct.RESERVE: _Step(frozenset({_S.AVAILABLE, _S.DEPOT}), _S.RESERVED),
        KitAct.DISPENSE: _Step(frozenset({_S.RESERVED}), _S.DISPENSED),
        KitAct.RETURN: _Step(frozenset({_S.DISPENSED}), _S.RETURNED),
        KitAct.DAMAGE: _Step(
            frozenset(
                {_S.DEPOT, _S.AVAILABLE, _S.RESERVED, _S.DISPENSED, _S.QUARANTINED}
            ),
            _S.DAMAGED,
            needs_reason=True,
        ),
        KitAct.QUARANTINE: _Step(
            frozenset({_S.DEPOT, _S.AVAILABLE}), _S.QUARANTINED, needs_reason=True
        ),
        KitAct.RELEASE: _Step(
            frozenset({_S.QUARANTINED}), _S.AVAILABLE, needs_reason=True
        ),
        KitAct.TRANSFER: _Step(
            frozenset({_S.AVAILABLE, _S.QUARANTINED}), _S.DEPOT, needs_reason=True
        ),
        KitAct.REPLACE: _Step(
            frozenset({_S.RESERVED, _S.DISPENSED, _S.DAMAGED}),
            _S.REPLACED,
            needs_reason=True,
        ),
    }
)
"""From which states each act leads, and where to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One kit as it stands; without what it holds."""

    kit: str
    """The code on its label, unique in the registry."""
    list_id: str
    trial: str
    domain: str
    lot: str
    expires_on: date
    """Its last day."""
    state: KitState
    site: str
    """Where it is; empty: in the depot."""
    randomisation_id: str | None
    """For whom it is or was reserved."""
    number: int
    """Of the last thing done with it; 0 of a kit nobody touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitEvent:
    """One thing done with one kit; only ever appended."""

    event_id: str
    kit: str
    trial: str
    site: str
    """Whose chain tells of it; empty: the depot's."""
    domain: str
    number: int
    """From 1, without gaps."""
    act: KitAct
    state: KitState
    """Where the kit stands since."""
    randomisation_id: str | None
    replaces: str | None
    """The kit in whose place it was reserved."""
    reason: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitList:
    """A list of kits as it was imported, bound by digests; only ever appended."""

    list_id: str
    trial: str
    domain: str
    kits: int
    labels: str
    """SHA-256 of codes, lots and expiries."""
    contents: str
    """SHA-256 that binds what each kit holds, and tells nothing of it."""
    imported_by: str
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitLine:
    """One line of a list that is to be imported."""

    kit: str
    arm: str
    lot: str
    expires_on: date


def after(state: KitState, act: KitAct, *, site: str) -> KitState | None:
    """Where the act leads from there; None where it does not.

    A kit that was set aside in the depot goes back to the depot; one that is set aside
    stays so wherever it is sent.
    """
    step = STEPS[act]
    if state not in step.out_of:
        return None
    if act is KitAct.TRANSFER and state is KitState.QUARANTINED:
        return state
    if act is KitAct.RELEASE and site == DEPOT:
        return KitState.DEPOT
    return step.into


def labels_digest(lines: Iterable[tuple[str, str, date]]) -> str:
    """What code, lot and expiry of a list add up to, in whatever order."""
    told = sorted([kit, lot, expiry.isoformat()] for kit, lot, expiry in lines)
    return sha256(canonical(told))


def arms_digest(arms: Iterable[str]) -> str:
    """What the arms of a list, or of a domain, add up to; no kit's arm is in it.

    Lists from before their arms were bound by a key are held against it.
    """
    return sha256(canonical(sorted(set(arms))))


def arms_binding(secret: str, arms: Iterable[str]) -> str:
    """Binds the arms of a list; without the secret no arms can be tried."""
    return sha256(secret.encode(), canonical(sorted(set(arms))))


def contents_commitment(nonce: str, contents: Iterable[tuple[str, str]]) -> str:
    """Binds kit and arm; without the nonce nothing can be tried."""
    told = sorted([kit, arm] for kit, arm in contents)
    return sha256(nonce.encode(), canonical(told))
