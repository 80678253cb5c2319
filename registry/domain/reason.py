"""Whoever changes what stands says why.

Asked of no patient: who withdraws or opts out owes nobody a reason.

Reference: ICH E6(R3) 4.2.2; 21 CFR 11.10(e).
"""

from __future__ import annotations

import re

from streams.vocabulary.errors import ErrorCode, Refused


_VERSION = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._+/-]{0,29}")


def is_reason(told: str | None) -> bool:
    """Whether anything is said at all; whether it is a good one, no program knows."""
    return bool(told and told.strip())


def is_name(told: str) -> bool:
    """Whether it names somebody or something: with a blank at an end it would name another."""
    return bool(told) and told == told.strip()


def is_version(told: str) -> bool:
    """Whether it is a version or a number, and no words that could tell of anybody."""
    return _VERSION.fullmatch(told) is not None


def expect_reason(told: str | None) -> None:
    """Raises `Refused` EMB-374 where nothing is said."""
    if not is_reason(told):
        raise Refused(
            ErrorCode.REASON_MISSING,
            "What counts would be changed, and nobody says why.",
            "Say why: `--reason`.",
        )
