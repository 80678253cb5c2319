"""`ember protocol backtest`: what a protocol would have met with in history."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import PydanticCustomError
from rich.console import Console

from streams.adapters.intake import IntakeReport
from streams.app.backtest.figure import write_figure
from streams.app.backtest.judging import judge_history
from streams.app.backtest.table import print_report
from streams.app.backtest.telling import Calendar, report
from streams.app.flagging import flagged_beside
from streams.app.history.account import account, tell_never_met
from streams.app.history.detection import (
    MappingOption,
    PathOption,
    SiteOption,
    SourceOption,
    SubjectsOption,
    ZoneOption,
)
from streams.app.history.sources import open_history
from streams.app.protocols import named_protocol
from streams.clinical.feasibility.numbers import STEPS
from streams.clinical.feasibility.probe import plan
from streams.clinical.feasibility.report import BACKTEST
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.quantities import read_duration


DEFAULT_STEPS = ",".join(f"{step:g}" for step in STEPS)


def backtest(
    document: Annotated[
        str,
        typer.Argument(help="A protocol's YAML file, or the name of one that ships."),
    ],
    path: PathOption,
    source: SourceOption = "mimic-iv",
    subjects: SubjectsOption = None,
    mapping: MappingOption = None,
    site: SiteOption = None,
    zone: ZoneOption = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(help="Only this domain, open or not; may be repeated."),
    ] = None,
    steps: Annotated[
        str,
        typer.Option(
            help="By how many percent each number is moved, separated by commas; "
            "empty: none is."
        ),
    ] = DEFAULT_STEPS,
    span: Annotated[
        str | None,
        typer.Option(
            help="The time the data cover, `730 d`: where its dates do not tell."
        ),
    ] = None,
    shifted_dates: Annotated[
        bool,
        typer.Option(help="The source's dates were shifted, as research copies' are."),
    ] = False,
    uptake: Annotated[
        float,
        typer.Option(
            help="The share of possible patients taken to be randomised.", min=0, max=1
        ),
    ] = 1.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(help="Also draw it as SVG; its table goes beside it, as CSV."),
    ] = None,
) -> None:
    """Screen history by a protocol: who would have been found, when, and what it cost.

    The steps are those of the live worker; no verdict rests on what was known later.
    Nobody is alerted, and no registry is written.
    """
    read = named_protocol(document)
    domains = _domains(read, domain)
    moved = _steps(steps)
    declared = None if span is None else _span(span)
    history = open_history(
        source, path, subjects, mapping=mapping, site=site, environ=os.environ
    )
    days = flagged_beside(os.environ, None, zone=zone, own_days=history.zone)
    intake = IntakeReport()
    console = Console(stderr=True)
    with console.status("judging") as status:
        judged = judge_history(
            plan(read, moved, domains=domains),
            history.messages_apart(intake),
            Rules(zone=days.zone, software_version=version("ember-registry")),
            on_patients=lambda n: status.update(f"judging: {n:,} patients"),
        )
    told = report(
        read,
        judged,
        Calendar(
            shifted=history.shifted or shifted_dates, declared=declared, uptake=uptake
        ),
        source=source,
        software_version=version("ember-registry"),
    )
    account(intake, sys.stderr)
    tell_never_met(history, sys.stderr)
    if figure is not None:
        write_figure(told, figure)
    if as_json:
        print(BACKTEST.dump_json(told, indent=2).decode())
    else:
        print_report(told, Console())


def _domains(protocol: Protocol, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The domains asked for, else those that recruit.

    Raises `SettingsError` EMB-218 where there is none.
    """
    known = [domain.id for domain in protocol.domains]
    for name in asked or ():
        if name not in known:
            raise _no_domain(f"{protocol.id} has no domain {name!r}.", known)
    chosen = tuple(asked or (domain.id for domain in protocol.open_domains()))
    if not chosen:
        raise _no_domain(f"No domain of {protocol.id} recruits.", known)
    return chosen


def _no_domain(problem: str, known: Sequence[str]) -> SettingsError:
    return SettingsError(
        ErrorCode.BACKTEST_DOMAIN,
        problem,
        f"Name one with --domain: {', '.join(known)}.",
    )


def _steps(text: str) -> tuple[float, ...]:
    """The steps in percent; raises `SettingsError` EMB-402."""
    try:
        steps = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        steps = (0.0,)
    if any(not -100 < step < 1000 or step == 0 for step in steps):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"--steps {text} names no steps in percent.",
            "Write numbers above -100 other than 0, such as -20,20.",
        )
    return tuple(dict.fromkeys(steps))


def _span(text: str) -> timedelta:
    """The length of time; raises `SettingsError` EMB-402."""
    try:
        return read_duration(text)
    except PydanticCustomError as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"--span: {fault.message()}.",
            "Write it as '730 d'.",
        ) from None
