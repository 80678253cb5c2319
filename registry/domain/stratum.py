"""Strata: one level for each factor, written one way."""

from __future__ import annotations

from collections.abc import Iterable


UNKNOWN_LEVEL = "UNKNOWN"
"""A level that is not known yet; nobody is randomised into it."""


def stratum_key(pairs: Iterable[tuple[str, str]]) -> str:
    """The stratum as text, factors in order: `centre=A;shock=yes`; empty without any."""
    return ";".join(f"{_plain(f)}={_plain(level)}" for f, level in sorted(pairs))


def among_arms(stratum: str, arms: Iterable[str]) -> str:
    """The stratum of those who may get these arms and not all: it has its own draws.

    No factor is named so, because a factor's name begins with a letter.
    """
    told = "+".join(sorted(_plain(arm).replace("+", "%2B") for arm in arms))
    return f"@arms={told};{stratum}" if stratum else f"@arms={told}"


def pending_factors(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The factors whose level is not known yet."""
    return tuple(sorted(f for f, level in pairs if level == UNKNOWN_LEVEL))


def _plain(part: str) -> str:
    return part.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")
