"""Which definitions can be flagged beside Sepsis-3, and what one flag of each stands for.

A flag's name must outlive its onset: an earlier dose or a late result moves the onset,
and the flag is revised, not doubled.  So it is told by what the definition counts by:
the hospital stay, or the specimen whose culture opens the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.tracking.patient import Entry
from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagging:
    """How the episodes of one definition become flags."""

    by: Literal["stay", "specimen"]
    """What there is one flag of: each hospital stay, or each specimen taken."""
    waits: bool = False
    """Whether an episode that may yet be one is flagged, as provisional: all that can
    have happened has, and the antimicrobial days or the final result are to come."""
    gathers: bool = False
    """Whether its evidence grows with each dose and each value: then more of it for the
    same onset is not said."""
    days: bool = False
    """Whether it counts the hospital's calendar days, and its onset is one of them."""


FLAGGABLE: Mapping[str, Flagging] = MappingProxyType(
    {
        "suspected_infection": Flagging(by="specimen"),
        "septic_shock": Flagging(by="stay"),
        "ase": Flagging(by="specimen", waits=True, gathers=True, days=True),
        "bse": Flagging(by="specimen", waits=True, gathers=True, days=True),
        "sep1": Flagging(by="stay"),
        "sep1_shock": Flagging(by="stay"),
        "phoenix_sepsis": Flagging(by="stay"),
    }
)
"""By name of the catalogue's rule.

Suspicion is told by the specimen, not by each dose of the antimicrobial that pairs with
it: a course of forty doses is one suspicion.  A Phoenix flag is the sepsis; whether it
is shock changes its evidence, not its name.
"""


FLAGGED: Mapping[str, Flagging] = MappingProxyType(
    {**FLAGGABLE, ANCHORING: Flagging(by="stay")}
)
"""The same, with Sepsis-3 by another policy than the chain's own: no site can ask for
it, but a protocol may wait for it."""


def further(asked: Iterable[str], *, zone: str | None) -> tuple[Entry, ...]:
    """The definitions asked for, each as `name` or `name:policy`, in that order.

    Raises `SettingsError` EMB-402 for a name or a policy that there is not, for one
    that is named twice, for Sepsis-3, which is flagged always, and for a definition of
    calendar days where `zone` is None.
    """
    found = tuple(_entry(text.strip()) for text in asked if text.strip())
    names = [entry.name for entry in found]
    for name, policy in names:
        if names.count((name, policy)) > 1:
            raise _bad(
                f"The definition {name}:{policy} is named twice.", "Name each once."
            )
        _expect_zone(name, zone)
    if zone is not None:
        hospital_days(zone)
    return found


def awaited(
    asked: Sequence[Entry], names: Iterable[tuple[str, str]], *, zone: str | None
) -> tuple[Entry, ...]:
    """What the site asks for, and what protocols wait for, each once.

    Raises `SettingsError` EMB-402 as `further` does.
    """
    known = {entry.name for entry in asked}
    more = [
        _checked(name, policy) for name, policy in names if (name, policy) not in known
    ]
    for entry in more:
        _expect_zone(entry.rule.name, zone)
    return (*asked, *more)


def described(definitions: Sequence[Entry], zone: str | None) -> tuple[str, ...]:
    """What tells two runs apart that flag different things; empty where none is asked."""
    if not definitions:
        return ()
    told = (
        f"{name}:{policy} {entry.rule.specification.version}"
        for entry in definitions
        for name, policy in (entry.name,)
    )
    return (*told, f"zone {zone}")


def _entry(text: str) -> Entry:
    name, named, policy = text.partition(":")
    if name == ANCHORING:
        raise _bad(
            f"{ANCHORING} is flagged always, and cannot be asked for beside itself.",
            f"Use one of: {', '.join(FLAGGABLE)}.",
        )
    return _checked(name, policy if named else None)


def _checked(name: str, policy: str | None) -> Entry:
    """The definition by that policy; raises EMB-402 where it cannot be flagged."""
    if name not in FLAGGED:
        raise _bad(
            f"There is no definition {name!r} that can be flagged.",
            f"Use one of: {', '.join(FLAGGABLE)}; name:policy for another policy.",
        )
    rule = rules()[name]
    return Entry(rule, rule.policy(policy))


def _expect_zone(name: str, zone: str | None) -> None:
    if FLAGGED[name].days and zone is None:
        raise _bad(
            f"The definition {name} counts the hospital's calendar days, and the "
            "hospital's time zone is not known.",
            "Set EMBER_ZONE, as the IANA writes it: Europe/Athens.",
        )


def _bad(problem: str, cure: str) -> SettingsError:
    return SettingsError(ErrorCode.BAD_SETTING, problem, cure)
