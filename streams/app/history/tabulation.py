"""`ember table`: one table of derived concepts, as mimic-code has it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from streams.adapters.intake import IntakeReport
from streams.app.history.account import account, counted, tell_never_met
from streams.app.history.detection import (
    MappingOption,
    PathOption,
    SiteOption,
    SourceOption,
    SubjectsOption,
)
from streams.app.history.sources import MAPPED, open_history
from streams.app.history.tables.all import table_named
from streams.app.history.tables.table import write_table
from streams.app.history.watching import Line
from streams.app.history.writing import writing
from streams.vocabulary.errors import ErrorCode, SettingsError


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
    mapping: MappingOption = None,
    site: SiteOption = None,
) -> None:
    """Write one table of derived concepts, with mimic-code's columns."""
    wanted = table_named(name)
    wanted.reading(policy)
    history = open_history(
        source, path, subjects, mapping=mapping, site=site, environ=os.environ
    )
    _check_policy(source, policy)
    line = Line(sys.stderr)
    history = replace(history, watch=line.watch)
    report = IntakeReport()
    with writing(out) as file:
        written = write_table(
            history.timelines(report), table=wanted, policy=policy, out=file
        )
    line.clear()
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"{name} ({policy}): {counted(written.rows, 'row')} of "
        f"{counted(written.patients, 'patient')} -> {out}",
        file=sys.stderr,
    )


def _check_policy(source: str, policy: str) -> None:
    """Refuse mimic-code's reading of other tables; raises `SettingsError` EMB-402.

    It counts MIMIC-IV's own items: without them every patient would score 0.
    """
    if policy == "mimic" and source in MAPPED:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"The policy mimic counts MIMIC-IV's own items, which {source} has not.",
            "Use --policy ember, for the tables that have it.",
        )
