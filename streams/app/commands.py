"""What streams adds to the `ember` command."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from streams.adapters.intake import IntakeReport
from streams.app.account import account, counted, tell_never_met
from streams.app.detection import PathOption, SourceOption, SubjectsOption
from streams.app.sources import open_history
from streams.app.tables.all import table_named
from streams.app.tables.table import write_table
from streams.app.writing import writing
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


def table(
    name: Annotated[str, typer.Argument(help="As mimic-code names it: kdigo_stages.")],
    path: PathOption,
    out: Annotated[Path, typer.Option(help="The CSV to write.")],
    source: SourceOption = "mimic-iv",
    policy: Annotated[
        str,
        typer.Option(help="mimic: mimic-code to the letter. Some tables have ember."),
    ] = "mimic",
    subjects: SubjectsOption = None,
) -> None:
    """Write one table of derived concepts, with mimic-code's columns."""
    wanted = table_named(name)
    wanted.reading(policy)
    history = open_history(source, path, subjects)
    report = IntakeReport()
    with writing(out) as file:
        written = write_table(
            history.timelines(report), table=wanted, policy=policy, out=file
        )
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"{name} ({policy}): {counted(written.rows, 'row')} of "
        f"{counted(written.patients, 'patient')} -> {out}",
        file=sys.stderr,
    )


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
