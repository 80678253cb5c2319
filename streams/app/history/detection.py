"""`ember detect`: every stay, culture or presentation that meets a definition."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from streams.adapters.intake import IntakeReport
from streams.app.history.account import account, counted, tell_never_met
from streams.app.history.detect import write_detect_csv
from streams.app.history.episodes import write_episodes_csv
from streams.app.history.sources import History, open_history
from streams.app.history.watching import Line
from streams.app.history.writing import writing
from streams.app.settings import check_zone
from streams.clinical.catalogue.rule import Rule
from streams.clinical.catalogue.rules import rule_named
from streams.clinical.definitions.ase.doses import stages_told
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, SettingsError


SourceOption = Annotated[
    str,
    typer.Option(
        help="Which source: mimic-iv, mimic-iv-fhir, clif, omop, table with --mapping, "
        "or messages: hl7v2, fhir."
    ),
]
PathOption = Annotated[
    Path,
    typer.Option(
        help="The folder that holds the source's files; of messages, also a file."
    ),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(help="Of --source table: what its columns mean, in YAML."),
]
SiteOption = Annotated[
    Path | None,
    typer.Option(
        help="Of clif, omop, table, hl7v2 and fhir: the site's configuration, in YAML."
    ),
]
SubjectsOption = Annotated[
    Path | None, typer.Option(help="Only these: a file, one subject_id a line.")
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        help="The hospital's time zone, for rules of calendar days: America/New_York. "
        "Default: the source's own days, or EMBER_ZONE."
    ),
]


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
    mapping: MappingOption = None,
    site: SiteOption = None,
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
    history = open_history(
        source, path, subjects, mapping=mapping, site=site, environ=os.environ
    )
    line = Line(sys.stderr)
    history = replace(history, watch=line.watch)
    if isinstance(preset := rule.policies[chosen], Sepsis3Policy):
        _sepsis3(history, preset, out, hourly, line)
        return
    report = IntakeReport()
    stages: set[str] = set()
    with writing(out) as file:
        found = write_episodes_csv(
            _noting_stages(history.timelines(report), preset, stages),
            rule=rule,
            policy=chosen,
            zone=zone or history.zone,
            out=file,
        )
    line.clear()
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"{definition} ({chosen}): {counted(found.episodes, 'episode')}, {found.met} for "
        f"certain, in {counted(found.patients, 'patient')} -> {out}",
        file=sys.stderr,
    )
    if found.left_out:
        print(
            f"{counted(found.left_out, 'episode')} of grown patients left out: "
            f"{definition} is for patients under 18 years.",
            file=sys.stderr,
        )
    if isinstance(preset, AsePolicy) and definition == "ase":
        _tell_orders_alone(preset, stages)


def _noting_stages(
    patients: Iterable[tuple[str, Timeline]], preset: object, stages: set[str]
) -> Iterator[tuple[str, Timeline]]:
    """The same, while what the record tells of antimicrobials is put into `stages`."""
    for patient, timeline in patients:
        if isinstance(preset, AsePolicy):
            stages |= stages_told(timeline, preset)
        yield patient, timeline


def _tell_orders_alone(policy: AsePolicy, stages: set[str]) -> None:
    """Say it where a policy of doses reads a source of orders."""
    if policy.doses == "given" and "ordered" in stages and "given" not in stages:
        print(
            "The source holds orders of antimicrobials and no dose given: by policy "
            f"{policy.name} nobody has an antimicrobial day, whoever was treated. "
            "--policy orders counts the days on which an order ran.",
            file=sys.stderr,
        )


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
    history: History,
    policy: Sepsis3Policy,
    out: Path,
    hourly: Path | None,
    line: Line,
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
    line.clear()
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(
        f"sepsis3 ({policy.name}): {counted(counts.stays, 'ICU stay')} of "
        f"{counted(counts.episodes, 'episode')} in "
        f"{counted(counts.patients, 'patient')} -> {out}; "
        f"{counts.without_icu_stay} without an ICU stay in their window have no row",
        file=sys.stderr,
    )
