"""Strata: one level for each factor, written one way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType


UNKNOWN_LEVEL = "UNKNOWN"
"""A level that is not known yet; nobody is randomised into it."""
_SEALED = "@sealed="
DOMAIN = "@domain"
"""Where all strata of a domain are drawn as one, and counted as one."""


def stratum_key(pairs: Iterable[tuple[str, str]]) -> str:
    """The stratum as text, factors in order: `centre=A;shock=yes`; empty without any."""
    return ";".join(f"{_plain(f)}={_plain(level)}" for f, level in sorted(pairs))


def among_arms(stratum: str, arms: Iterable[str]) -> str:
    """The stratum of those who may get these arms and not all: it has its own draws.

    No factor is named so, because a factor's name begins with a letter.
    """
    told = "+".join(sorted(_plain(arm).replace("+", "%2B") for arm in arms))
    return f"@arms={told};{stratum}" if stratum else f"@arms={told}"


def across_domain(stratum: str) -> str:
    """The stratum of somebody whose draw looks at the whole domain."""
    return f"{DOMAIN};{stratum}" if stratum else DOMAIN


def of_sealed_list(site: str, stratum: str) -> str:
    """The stratum of whom a sealed list of this site drew, whatever their levels."""
    told = f"{_SEALED}{_plain(site)}"
    return f"{told};{stratum}" if stratum else told


def is_of_sealed_list(stratum: str) -> bool:
    """Whether a sealed list drew, and no number of the domain was used."""
    return stratum.startswith(_SEALED)


def counted_in(stratum: str) -> str:
    """Whose numbers were given in this stratum: its own, or those of the domain."""
    return DOMAIN if stratum.split(";", 1)[0] == DOMAIN else stratum


@lru_cache(maxsize=4096)
def levels_of(stratum: str) -> Mapping[str, str]:
    """The level of each factor of a stratum, whatever set of arms it is of."""
    pairs = (part.split("=", 1) for part in stratum.split(";") if "=" in part)
    told = ((f, level) for f, level in pairs if not f.startswith("@"))
    return MappingProxyType({_read(f): _read(level) for f, level in told})


def pending_factors(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The factors whose level is not known yet."""
    return tuple(sorted(f for f, level in pairs if level == UNKNOWN_LEVEL))


class FactorState(StrEnum):
    """Whether a factor's level has come."""

    KNOWN = "known"
    PENDING = "pending"
    """An assay, or another fact, is waited for."""
    TIMED_OUT = "timed_out"
    """By the clock: it is waited for no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorStand:
    """One factor of one screening at a moment."""

    factor: str
    level: str
    state: FactorState
    waited_until: datetime
    classifiers: tuple[tuple[str, str], ...]
    """What classifies, as `name:policy`, and in which version; none where plain facts
    decide the level."""


def factor_state(level: str, *, until: datetime, at: datetime) -> FactorState:
    """At the last moment it is still waited for; a level that came late has come."""
    if level != UNKNOWN_LEVEL:
        return FactorState.KNOWN
    return FactorState.TIMED_OUT if at > until else FactorState.PENDING


def _plain(part: str) -> str:
    return part.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")


def _read(part: str) -> str:
    return part.replace("%3D", "=").replace("%3B", ";").replace("%25", "%")
