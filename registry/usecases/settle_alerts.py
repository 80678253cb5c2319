"""Look again at what a person is called about, who is another person than it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from registry.usecases.declared import lock_chains, trials_in_force
from registry.usecases.follow_alerts import AlertChange, Name, follow_alerts
from registry.usecases.ports import UnitOfWork
from registry.usecases.tell_alerts import audit_others
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity


def settle_place(
    uow: UnitOfWork,
    *,
    trial: str,
    site: str | None = None,
    domain: str | None = None,
    because: str,
    actor: str,
    at: datetime,
) -> tuple[AlertChange, ...]:
    """Hold back or release all calls of a part of a trial that stopped or goes on.

    The sites' chains are held already (`hold_sites`), so a batch is recorded wholly
    before this looks, or wholly after.
    """
    there = uow.alerts.unclosed_in(trial=trial, site=site, domain=domain)
    return settle_alerts(
        dict.fromkeys(there, at), uow, because=(because,), actor=actor, recorded_at=at
    )


def hold_sites(uow: UnitOfWork, sites: Iterable[str]) -> None:
    """Hold the chains of all trials at these sites, in the order everybody does."""
    trials = trials_in_force(uow)
    for site in sorted(sites):
        lock_chains(uow, site=site, trials=trials)


def settle_alerts(
    regrouped: Mapping[Name, datetime],
    uow: UnitOfWork,
    *,
    because: Iterable[str],
    actor: str,
    recorded_at: datetime,
) -> tuple[AlertChange, ...]:
    """Hold back what is called about twice, release what nothing holds any more.

    `regrouped` are site and pseudonym of those whom a merge, an unmerge or the end of
    an opt-out concerns, and when it became known; `because` are the ids of what said
    so. Each step is audited in the chain of its trial.
    """
    if not regrouped:
        return ()
    hold_sites(uow, {site for site, _ in regrouped})
    act = identity("settled", *because, iso(recorded_at))
    changes = follow_alerts(
        (),
        uow,
        known_before={},
        act=act,
        recorded_at=recorded_at,
        regrouped=regrouped,
    )
    audit_others(
        tuple(change.record for change in changes),
        uow,
        trial="",
        act=act,
        actor=actor,
        at=recorded_at,
    )
    return changes
