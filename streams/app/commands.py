"""What streams adds to the `ember` command."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer
from pydantic import TypeAdapter

from streams.adapters.intake import IntakeReport
from streams.app.account import account, tell_never_met
from streams.app.detect import write_detect_csv
from streams.app.sources import open_history
from streams.clinical.definitions.policies import POLICIES
from streams.vocabulary.concepts import concepts as all_concepts
from streams.vocabulary.errors import ErrorCode, SettingsError


SourceOption = Annotated[str, typer.Option(help="Which tables: mimic-iv.")]
PathOption = Annotated[Path, typer.Option(help="The folder that holds hosp/ and icu/.")]
SubjectsOption = Annotated[
    Path | None, typer.Option(help="Only these: a file, one subject_id a line.")
]


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


def detect(
    path: PathOption,
    out: Annotated[Path, typer.Option(help="The CSV to write.")],
    source: SourceOption = "mimic-iv",
    definition: Annotated[
        Literal["sepsis3"], typer.Option(help="Which definition.")
    ] = "sepsis3",
    policy: Annotated[
        Literal["mimic", "ember"],
        typer.Option(help="mimic: mimic-code to the letter. ember: our default."),
    ] = "ember",
    subjects: SubjectsOption = None,
    hourly: Annotated[
        Path | None, typer.Option(help="Also write the hourly SOFA to this CSV.")
    ] = None,
) -> None:
    """Find every stay that meets a definition in a source of history."""
    if out == hourly:
        raise typer.BadParameter("name two files", param_hint="--hourly")
    history = open_history(source, path, subjects)
    report = IntakeReport()
    with ExitStack() as files:
        counts = write_detect_csv(
            history.timelines(report),
            policy=POLICIES[policy],
            out=files.enter_context(_writing(out)),
            hourly=None if hourly is None else files.enter_context(_writing(hourly)),
        )
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"{definition} ({policy}): {counts.stays} ICU stays of {counts.episodes} "
        f"episodes in {counts.patients} patients -> {out}; "
        f"{counts.without_icu_stay} without an ICU stay in their window have no row",
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


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    """A file that is there only once it is whole; a failure leaves the old one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        out = unfinished.open("w", encoding="utf-8", newline="")
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be written ({fault.strerror}).",
            "Name a file in a folder that exists.",
        ) from None
    try:
        with out:
            yield out
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
