"""`ember definitions`: every rule with its version, evidence, policies and sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Annotated

import typer
from pydantic import TypeAdapter

from streams.clinical.catalogue.rule import Rule, Sort
from streams.clinical.catalogue.rules import rule_named, rules
from streams.clinical.specification import Choice, Grade


WIDTH = 80

SORTS: dict[Sort, str] = {
    "score": "SCORES",
    "definition": "DEFINITIONS",
    "phenotype": "PHENOTYPES",
    "marker": "MARKERS",
    "course": "COURSE",
    "covariate": "COVARIATES",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule, as `ember definitions` lists it."""

    name: str
    title: str
    sort: Sort
    version: str
    evidence: Grade
    evidence_reason: str
    policies: tuple[str, ...]
    """The default first."""
    citations: tuple[str, ...]
    rule: str
    choices: tuple[Choice, ...]
    traps: tuple[str, ...]
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    """Of `ember detect`, beside those that every definition has."""


RULES: TypeAdapter[tuple[RuleRow, ...]] = TypeAdapter(tuple[RuleRow, ...])
"""What `ember definitions --json` prints."""


def definitions(
    name: Annotated[
        str | None, typer.Argument(help="One rule in full; all in short without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List every rule with version, evidence grade, policies and citation."""
    told = rules().values() if name is None else (rule_named(name),)
    if as_json:
        print(RULES.dump_json(tuple(map(row, told))).decode())
        return
    lines = _all(tuple(told)) if name is None else in_full(rule_named(name))
    for line in lines:
        print(line)


def row(rule: Rule) -> RuleRow:
    """The rule as it is listed."""
    spec = rule.specification
    return RuleRow(
        name=spec.name,
        title=spec.title,
        sort=rule.sort,
        version=spec.version,
        evidence=spec.grade,
        evidence_reason=spec.grade_reason,
        policies=tuple(rule.policies),
        citations=spec.sources,
        rule=spec.rule,
        choices=spec.choices,
        traps=spec.traps,
        inputs=rule.inputs,
        columns=rule.columns,
    )


def in_full(rule: Rule) -> Iterator[str]:
    """One rule with all that it says of itself."""
    spec = rule.specification
    yield from _head(rule)
    yield from _wrapped(spec.grade_reason, "    ")
    for paragraph in spec.rule.split("\n\n"):
        yield ""
        yield from _wrapped(paragraph, "    ")
    if spec.choices:
        yield ""
        yield "    Left open, and how it may be read:"
    for choice in spec.choices:
        yield f"      {choice.argument} = {choice.default}"
        yield from _wrapped(choice.readings, "          ")
    if spec.traps:
        yield ""
        yield "    Beware:"
    for trap in spec.traps:
        yield from _wrapped(trap, "      - ", "        ")
    yield ""
    for source in spec.sources:
        yield from _wrapped(source, "    from ", "         ")


def _all(told: tuple[Rule, ...]) -> Iterator[str]:
    yield f"{len(told)} rules.  One in full: ember definitions NAME"
    for sort, heading in SORTS.items():
        yield ""
        yield heading
        for rule in told:
            if rule.sort == sort:
                yield ""
                yield from _head(rule)
                yield from _sources(rule)


def _head(rule: Rule) -> Iterator[str]:
    spec = rule.specification
    yield from _wrapped(f"{spec.name}: {spec.title}", "  ", "      ")
    yield from _wrapped(
        f"version {spec.version}; evidence {spec.grade.upper()}", "    "
    )
    yield from _wrapped(f"policies {', '.join(rule.policies)}", "    ")


def _sources(rule: Rule) -> Iterator[str]:
    for source in rule.specification.sources[:1]:
        yield from _wrapped(source, "    from ", "         ")
    more = len(rule.specification.sources) - 1
    if more:
        yield f"    and {more} more"


def _wrapped(text: str, first: str, then: str | None = None) -> list[str]:
    later = first if then is None else then
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
