"""`ember concepts`: what can be measured."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict, dataclass, fields
from typing import Annotated

import typer
from pydantic import TypeAdapter

from streams.vocabulary.concepts import concepts as all_concepts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptRow:
    """What can be measured, as `ember concepts` lists it."""

    concept: str
    category: str
    unit: str
    codes: str
    """`system|code`, apart by blanks."""
    plausible_low: float | None
    plausible_high: float | None


CONCEPTS: TypeAdapter[tuple[ConceptRow, ...]] = TypeAdapter(tuple[ConceptRow, ...])
"""What `ember concepts --json` prints."""


def concepts(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List what can be measured, with unit, codes and bounds."""
    rows = tuple(
        ConceptRow(
            concept=c.name,
            category=c.category,
            unit=c.unit,
            codes=" ".join(str(code) for code in c.codes),
            plausible_low=c.plausible.low,
            plausible_high=c.plausible.high,
        )
        for c in all_concepts().values()
    )
    if as_json:
        print(CONCEPTS.dump_json(rows).decode())
        return
    names = [field.name for field in fields(ConceptRow)]
    writer = csv.DictWriter(sys.stdout, names, delimiter="\t")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
