"""What stock is told as: summed over arms for everybody, by arm for the unblinded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from registry.domain.kit import Kit, KitState


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
    told = tuple(kits)
    earliest: Mapping[str, date] = least or {}
    holds: Mapping[str, str] = arms or {}
    counted = Counter(
        (kit.trial, kit.domain, kit.site, holds.get(kit.kit))
        for kit in told
        if kit.state in _IN_STOCK and kit.expires_on >= earliest.get(kit.domain, today)
    )
    of_domain = {(k.trial, k.domain, holds.get(k.kit)) for k in told}
    places = {(k.trial, k.domain, k.site) for k in told}
    return tuple(
        StockTold(
            trial=trial,
            domain=domain,
            site=site,
            arm=arm,
            in_stock=counted[trial, domain, site, arm],
            low=counted[trial, domain, site, arm] < below,
        )
        for trial, domain, site in sorted(places)
        for t, d, arm in sorted(of_domain, key=str)
        if (t, d) == (trial, domain)
    )
