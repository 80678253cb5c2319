"""Checks of what a criterion says of a patient of whom nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.linting.finding import Check, Found, error, warning
from streams.clinical.linting.walk import Placed, every_criterion
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.truth import FALSE, TRUE


def check_absence(protocol: Protocol) -> Iterator[Found]:
    """Judge each criterion on an empty record."""
    for placed, _ in every_criterion(protocol):
        said = judge(placed.criterion.rule, PatientView(), _SOME_DAY).truth
        if said is TRUE:
            yield _by_absence(placed)
        safety = placed.criterion.role == "safety"
        if said is FALSE and safety and placed.role == "exclusion":
            yield warning(
                Check.SAFE_BY_ABSENCE,
                placed.rule_path,
                f"The {placed.name} is for safety, and a patient of whom nothing is "
                "known passes it.",
                "Leave `absent_means` out, and ask a human what is not on record.",
            )


def _by_absence(placed: Placed) -> Found:
    if placed.role == "inclusion":
        return error(
            Check.INCLUDED_BY_ABSENCE,
            placed.rule_path,
            f"The {placed.name} holds for a patient of whom nothing is known.",
            "Ask for a fact on record, or leave `absent_means` out.",
        )
    return error(
        Check.EXCLUDED_BY_ABSENCE,
        placed.rule_path,
        f"The {placed.name} keeps out every patient of whom nothing is known.",
        "Leave `absent_means` out under `not`: then the record is waited for.",
    )


_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
