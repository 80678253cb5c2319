"""Checks by reasoning: what no patient can fulfil, and what says the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from streams.clinical.criteria.judge import parts
from streams.clinical.linting.finding import Check, Found, error, warning
from streams.clinical.linting.walk import Asked, Placed, asked, every_criterion
from streams.clinical.linting.worlds import TooMany, World, together, worlds
from streams.vocabulary.kinds.standing import Elapsed
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Domain, Protocol
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule


def check_logic(protocol: Protocol) -> Iterator[Found]:
    """Each criterion by itself, then all that one patient is asked."""
    impossible: set[Path] = set()
    for placed, domain in every_criterion(protocol):
        open_ = _while_open(domain)
        found = list(_alone(placed, open_))
        impossible |= {one.path for one in found if one.check is Check.NEVER_TRUE}
        yield from found or _parts_alone(placed, open_)
    yield from _strata(protocol)
    told: set[tuple[Check, Path]] = set()
    for scope in asked(protocol):
        sound = [one for one in scope.criteria if one.rule_path not in impossible]
        for one in _of_scope(scope, sound):
            if (one.check, one.path) not in told:
                told.add((one.check, one.path))
                yield one


def _while_open(domain: Domain | None) -> Sequence[World]:
    """What is so as long as the recruitment window is open."""
    if domain is None:
        return [{}]
    window = write_duration(domain.recruitment.window)
    since = {"kind": "elapsed", "since": domain.recruitment.anchor}
    return worlds(Elapsed.model_validate({**since, "is": f"<= {window}"}))


def _alone(placed: Placed, open_: Sequence[World]) -> Iterator[Found]:
    rule, path = placed.criterion.rule, placed.rule_path
    if not _can_be(rule, open_, holds=True):
        report = error if placed.role == "inclusion" else warning
        yield report(
            Check.NEVER_TRUE,
            path,
            f"The {placed.name} can never be true while the window is open.",
            "Mend its thresholds or its windows.",
        )
    elif not _can_be(rule, open_, holds=False):
        report = warning if placed.role == "inclusion" else error
        yield report(
            Check.NEVER_FALSE,
            path,
            f"The {placed.name} can never be false while the window is open.",
            "Mend its thresholds, or leave it out.",
        )


def _parts_alone(placed: Placed, open_: Sequence[World]) -> Iterator[Found]:
    for path, rule in _leaves(placed.criterion.rule, placed.rule_path):
        if path != placed.rule_path and not _can_be(rule, open_, holds=True):
            yield warning(
                Check.PART_NEVER_TRUE,
                path,
                f"This part of the {placed.name} can never be true.",
                "Mend it, or leave it out.",
            )
    for path, compound in _compounds(placed.criterion.rule, placed.rule_path):
        of = parts(compound)
        for number, rule in enumerate(of):
            if rule in of[:number]:
                yield warning(
                    Check.DUPLICATE_PART,
                    (*path, "of", number),
                    f"This part of the {placed.name} is there twice.",
                    "Leave one out.",
                )


def _strata(protocol: Protocol) -> Iterator[Found]:
    for number, domain in enumerate(protocol.domains):
        open_ = _while_open(domain)
        for place, factor in enumerate(domain.strata):
            for holds, level in ((True, factor.if_true), (False, factor.if_false)):
                if not _can_be(factor.rule, open_, holds=holds):
                    yield error(
                        Check.NEVER_TRUE if holds else Check.NEVER_FALSE,
                        ("domains", number, "strata", place, "rule"),
                        f"Nobody can be in the level {level} of {factor.id}.",
                        "Mend the rule; a stratum of one level balances nothing.",
                    )


def _of_scope(scope: Asked, criteria: Sequence[Placed]) -> Iterator[Found]:
    """Criteria against one another."""
    yield from _twice(criteria)
    open_ = _while_open(scope.domain)
    included = [one for one in criteria if one.role == "inclusion"]
    excluded = [one for one in criteria if one.role == "exclusion"]
    at_odds = list(_at_odds(included, excluded, open_))
    yield from at_odds
    yield from _needless(included, excluded, open_)
    if not at_odds and not _can_all_be(criteria, open_):
        of = scope.domain.id if scope.arm is None else f"{scope.domain.id}, {scope.arm}"
        yield error(
            Check.NOBODY,
            scope.path,
            f"All criteria of {of} together leave nobody.",
            "Look for what cannot be at once.",
        )


def _twice(criteria: Sequence[Placed]) -> Iterator[Found]:
    for earlier, later in combinations(criteria, 2):
        if (
            earlier.role == later.role
            and earlier.criterion.rule == later.criterion.rule
        ):
            yield warning(
                Check.DUPLICATE,
                later.path,
                f"The {later.name} says what the {earlier.name} says.",
                "Leave one out.",
            )


def _at_odds(
    included: Sequence[Placed], excluded: Sequence[Placed], open_: Sequence[World]
) -> Iterator[Found]:
    for earlier, later in combinations(included, 2):
        if not _can_all_be((earlier, later), open_):
            yield error(
                Check.CONTRADICTION,
                later.rule_path,
                f"No patient fulfils both {earlier.name} and {later.name}.",
                "Mend one of them.",
            )
    for one in included:
        for other in excluded:
            if not _can_all_be((one, other), open_):
                yield error(
                    Check.INCLUDED_IS_EXCLUDED,
                    other.rule_path,
                    f"Everybody whom {one.name} lets in, {other.name} keeps out.",
                    "Mend one of them.",
                )


def _needless(
    included: Sequence[Placed], excluded: Sequence[Placed], open_: Sequence[World]
) -> Iterator[Found]:
    """Exclusions that say in other words what an inclusion says."""
    for one in included:
        for other in excluded:
            if not _meet(
                (one.criterion.rule, True), (other.criterion.rule, True), open_
            ):
                yield warning(
                    Check.REDUNDANT,
                    other.rule_path,
                    f"The {other.name} keeps out nobody whom {one.name} lets in.",
                    "Leave it out, unless the registry lists both.",
                )


def _can_be(rule: Rule, open_: Sequence[World], *, holds: bool) -> bool:
    try:
        return bool(together([open_, worlds(rule, holds=holds)]))
    except TooMany:
        return True


def _can_all_be(criteria: Sequence[Placed], open_: Sequence[World]) -> bool:
    """Whether a patient can pass all of these."""
    try:
        passed = [
            worlds(one.criterion.rule, holds=one.role == "inclusion")
            for one in criteria
        ]
        return bool(together([open_, *sorted(passed, key=len)]))
    except TooMany:
        return True


def _meet(
    one: tuple[Rule, bool], other: tuple[Rule, bool], open_: Sequence[World]
) -> bool:
    try:
        both = [worlds(rule, holds=holds) for rule, holds in (one, other)]
        return bool(together([open_, *both]))
    except TooMany:
        return True


def _leaves(rule: Rule, path: Path) -> Iterator[tuple[Path, Rule]]:
    """The rules that are no compounds, each with its path; `not` is one of them."""
    if isinstance(rule, AllOf | AnyOf | AtLeast):
        for number, part in enumerate(rule.of):
            yield from _leaves(part, (*path, "of", number))
    else:
        yield path, rule


def _compounds(
    rule: Rule, path: Path
) -> Iterator[tuple[Path, AllOf | AnyOf | AtLeast]]:
    if isinstance(rule, Not):
        yield from _compounds(rule.rule, (*path, "rule"))
    elif isinstance(rule, AllOf | AnyOf | AtLeast):
        yield path, rule
        for number, part in enumerate(rule.of):
            yield from _compounds(part, (*path, "of", number))
