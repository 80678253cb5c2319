"""`ember detect`: every stay, culture or presentation that meets a definition."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from streams.adapters.intake import IntakeReport
from streams.app.account import account, tell_never_met
from streams.app.detect import write_detect_csv
from streams.app.episodes import write_episodes_csv
from streams.app.sources import History, open_history
from streams.app.writing import writing
from streams.clinical.catalogue.rule import Rule
from streams.clinical.catalogue.rules import rule_named
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.vocabulary.errors import ErrorCode, SettingsError


SourceOption = Annotated[
    str, typer.Option(help="Which source: mimic-iv or mimic-iv-fhir.")
]
PathOption = Annotated[
    Path, typer.Option(help="The folder that holds the source's files.")
]
SubjectsOption = Annotated[
    Path | None, typer.Option(help="Only these: a file, one subject_id a line.")
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        help="The hospital's time zone, for rules of calendar days: America/New_York. "
        "Default: the source's own days."
    ),
]

WALL_CLOCK = {"mimic-iv": "UTC", "mimic-iv-fhir": "America/New_York"}
"""By source: the zone whose days are the hospital's. MIMIC-IV's times name no zone and
are read as UTC, so that its UTC days are those of the ward's own clock; on FHIR they
carry Boston's offset."""


def detect(
    path: PathOption,
    out: Annotated[Path, typer.Option(help="The CSV to write.")],
    source: SourceOption = "mimic-iv",
    definition: Annotated[
        str, typer.Option(help="Which definition; see `ember definitions`.")
    ] = "sepsis3",
    policy: Annotated[
        str | None,
        typer.Option(
            help="Which reading. mimic: mimic-code to the letter. Default: our own."
        ),
    ] = None,
    subjects: SubjectsOption = None,
    hourly: Annotated[
        Path | None,
        typer.Option(help="Of sepsis3: also write the hourly SOFA to this CSV."),
    ] = None,
    zone: ZoneOption = None,
) -> None:
    """Find every stay that meets a definition in a source of history."""
    rule = rule_named(definition, "definition")
    chosen = rule.policy(policy)
    if hourly is not None:
        _check_hourly(rule, out, hourly)
    if zone is not None:
        check_zone(zone)
    history = open_history(source, path, subjects)
    if isinstance(preset := rule.policies[chosen], Sepsis3Policy):
        _sepsis3(history, preset, out, hourly)
        return
    report = IntakeReport()
    with writing(out) as file:
        found = write_episodes_csv(
            history.timelines(report),
            rule=rule,
            policy=chosen,
            zone=zone or WALL_CLOCK.get(source),
            out=file,
        )
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"{definition} ({chosen}): {found.episodes} episodes, {found.met} of which "
        f"meet it for certain, in {found.patients} patients -> {out}",
        file=sys.stderr,
    )


def check_zone(zone: str) -> None:
    """Refuse a time zone that there is not; raises `SettingsError` EMB-402."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no time zone {zone!r}.",
            "Write it as the IANA does: America/New_York, Europe/Berlin.",
        ) from None


def _check_hourly(rule: Rule, out: Path, hourly: Path) -> None:
    if out == hourly:
        raise typer.BadParameter("name two files", param_hint="--hourly")
    if rule.name != "sepsis3":
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no hourly table of {rule.name}.",
            "Leave --hourly away, or use --definition sepsis3.",
        )


def _sepsis3(
    history: History, policy: Sepsis3Policy, out: Path, hourly: Path | None
) -> None:
    """The tables of mimic-code: one row an ICU stay that is septic, one row an hour."""
    report = IntakeReport()
    with ExitStack() as files:
        counts = write_detect_csv(
            history.timelines(report),
            policy=policy,
            out=files.enter_context(writing(out)),
            hourly=None if hourly is None else files.enter_context(writing(hourly)),
        )
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"sepsis3 ({policy.name}): {counts.stays} ICU stays of {counts.episodes} "
        f"episodes in {counts.patients} patients -> {out}; "
        f"{counts.without_icu_stay} without an ICU stay in their window have no row",
        file=sys.stderr,
    )
