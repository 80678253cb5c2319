"""What stock is told as: summed over arms for everybody, by arm for the unblinded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from registry.domain.kit import Kit, KitState
from registry.store.listings import ArmStockView


@dataclass(frozen=True, slots=True, kw_only=True)
class KitTold:
    """One kit as `ember kit list --json` tells it; never what it holds."""

    kit: str
    trial: str
    domain: str
    site: str
    """Empty: in the depot."""
    state: KitState
    lot: str
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTold:
    """How many kits are to be reserved at one place."""

    trial: str
    domain: str
    site: str
    arm: str | None
    """None: of all arms together."""
    in_stock: int
    low: bool
    """Fewer than what was asked for by `--below`."""


KITS = TypeAdapter(tuple[KitTold, ...])
STOCK = TypeAdapter(tuple[StockTold, ...])
_IN_STOCK = (KitState.DEPOT, KitState.AVAILABLE)


def kit_told(kit: Kit) -> KitTold:
    """The kit without its participant: who got which is in the flow of the site."""
    return KitTold(
        kit=kit.kit,
        trial=kit.trial,
        domain=kit.domain,
        site=kit.site,
        state=kit.state,
        lot=kit.lot,
        expires_on=kit.expires_on,
    )


def stock(
    kits: Iterable[Kit],
    *,
    today: date,
    below: int,
    least: Mapping[str, date] | None = None,
    arms: Mapping[str, str] | None = None,
) -> tuple[StockTold, ...]:
    """Kits that could be reserved, by place: not used, set aside or soon expired.

    `least`: by domain the earliest expiry of a kit that is given today, which a
    treatment sets; of other domains, today.
    `arms`: what each holds, for who may know; every arm of a domain is told at each
    place that has any kit of it, with 0 where it has none of that arm.
    """
    holds: Mapping[str, str] = arms or {}
    piles = (
        _Pile(
            (kit.trial, kit.domain, kit.site),
            holds.get(kit.kit),
            kit.state,
            kit.expires_on,
        )
        for kit in kits
    )
    return _told(piles, today=today, below=below, least=least or {})


def stock_by_arm(
    rows: Iterable[ArmStockView], *, today: date, below: int, least: Mapping[str, date]
) -> tuple[StockTold, ...]:
    """The same by arm, of counts instead of kits."""
    piles = (
        _Pile(
            (row.trial, row.domain, row.site),
            row.arm,
            row.state,
            row.expires_on,
            row.kits,
        )
        for row in rows
    )
    return _told(piles, today=today, below=below, least=least)


@dataclass(frozen=True, slots=True)
class _Pile:
    """Kits that stand alike."""

    place: tuple[str, str, str]
    """Trial, domain, site."""
    arm: str | None
    state: KitState
    expires_on: date
    kits: int = 1


def _told(
    piles: Iterable[_Pile], *, today: date, below: int, least: Mapping[str, date]
) -> tuple[StockTold, ...]:
    counted: Counter[tuple[tuple[str, str, str], str | None]] = Counter()
    arms: defaultdict[tuple[str, str], set[str | None]] = defaultdict(set)
    places: set[tuple[str, str, str]] = set()
    for pile in piles:
        trial, domain, _ = pile.place
        places.add(pile.place)
        arms[trial, domain].add(pile.arm)
        lasts = pile.expires_on >= least.get(domain, today)
        counted[pile.place, pile.arm] += pile.kits * (lasts and pile.state in _IN_STOCK)
    return tuple(
        StockTold(
            trial=place[0],
            domain=place[1],
            site=place[2],
            arm=arm,
            in_stock=counted[place, arm],
            low=counted[place, arm] < below,
        )
        for place in sorted(places)
        for arm in sorted(arms[place[:2]], key=str)
    )
