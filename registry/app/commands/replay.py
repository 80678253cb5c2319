"""`ember replay`: run history through the chain into a registry."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Annotated

import orjson
import typer
from rich.console import Console

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption, opened
from registry.app.embedded import EmbeddedRunner, Tally
from registry.app.keeping import HistoryKeeping, Keeping
from registry.app.progress import Progress
from registry.app.settings import registry_url
from registry.store.migrate import migrate
from registry.store.unit_of_work import Registry
from registry.usecases.record_run import RecordRun, record_run
from streams.adapters.intake import IntakeReport
from streams.app.flagging import DefinitionOption, flagged_beside
from streams.app.history.account import account, counted, tell_never_met
from streams.app.history.detection import (
    MappingOption,
    PathOption,
    SiteOption,
    SourceOption,
    SubjectsOption,
    ZoneOption,
)
from streams.app.history.sources import History, open_history
from streams.app.identity import payload_sealer, vault_sealer
from streams.app.protocols import shipped_protocols
from streams.app.sightings import Sightings
from streams.pipeline.flaggable import described
from streams.pipeline.patient import Rules
from streams.vocabulary.ids import identity
from streams.vocabulary.protocol import content_hash


def replay(
    path: PathOption,
    registry: RegistryOption = None,
    source: SourceOption = "mimic-iv",
    subjects: SubjectsOption = None,
    mapping: MappingOption = None,
    site: SiteOption = None,
    definition: DefinitionOption = None,
    zone: ZoneOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the account of the run as JSON.")
    ] = False,
) -> None:
    """Run history in the order in which it became known.

    An interrupted replay continues where it stopped; a finished one changes nothing.
    History never alerts and never randomises.
    """
    history = open_history(
        source, path, subjects, mapping=mapping, site=site, environ=os.environ
    )
    beside = flagged_beside(os.environ, definition, zone=zone, own_days=history.zone)
    url = registry_url(os.environ, registry)
    migrate(url)
    book = opened(url)
    rules = Rules(
        protocols=shipped_protocols(),
        definitions=beside.definitions,
        zone=beside.zone,
        software_version=version("ember-registry"),
        outcomes_of_flags=True,
    )
    report = IntakeReport()
    clock = SystemClock()
    started = clock.now()
    with Progress(Console(stderr=True), "replaying") as progress:
        keeping = Keeping(vault_sealer(os.environ))
        history = replace(_witnessed(history, book, keeping), watch=progress.watch)
        runner = EmbeddedRunner(
            book,
            rules,
            source=source,
            keeping=keeping,
            fingerprint=history.fingerprint(*_judged_by(rules)),
            clock=clock,
            on_progress=progress.show,
        )
        before = runner.resume_position()
        tally = runner.run(history.messages(report))
    with book.transaction() as uow:
        record_run(
            RecordRun(
                run_id=identity("run", source, started.isoformat()),
                source=source,
                started_at=started,
                finished_at=clock.now(),
                from_position=str(before),
                to_position=str(tally.position),
                messages=tally.messages,
                duplicates=tally.duplicates,
                rejected=report.rejected,
                outcome="finished",
            ),
            uow,
        )
    account(report, sys.stderr)
    tell_never_met(history, sys.stderr)
    print(_json(tally) if as_json else _told(tally))


def _witnessed(history: History, book: Registry, keeping: Keeping) -> History:
    """The history, with its identifiers kept for the vault, and what it refuses."""
    if history.configured is None:
        return history
    site = history.configured.site
    public = site.identity == "public"
    vault = vault_sealer(os.environ)
    told = HistoryKeeping(
        book=book,
        clock=SystemClock(),
        keeping=keeping,
        site=site.site,
        sightings=None if vault is None or public else Sightings(site.site, vault),
        sealer=payload_sealer(os.environ),
        unsealed=public,
    )
    return history.witnessed(told.sighted, told.refused)


def _judged_by(rules: Rules) -> list[str]:
    """Two runs with equal answers here may continue one another."""
    hashes = [content_hash(protocol) for protocol in rules.protocols]
    beside = described(rules.definitions, rules.zone)
    return [rules.software_version, rules.policy.name, *hashes, *beside]


def _told(tally: Tally) -> str:
    if not tally.messages:
        return "This history was replayed before; nothing to do."
    merges = (
        f" {tally.merges} merges and unmerges of patients were carried out."
        if tally.merges
        else ""
    )
    return (
        f"{counted(tally.messages, 'message')} with {counted(tally.events, 'event')}: "
        f"{tally.onsets} revisions of onsets, {tally.screenings} of screenings, "
        f"{tally.outcomes} of outcomes.{merges}"
    )


def _json(tally: Tally) -> str:
    return orjson.dumps(asdict(tally)).decode()
