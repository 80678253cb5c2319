"""`ember score`: what the scores and definitions say of a patient at a moment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.app.commands.asking import AsOption, at_their_sites, opened_as
from registry.app.commands.explain import not_one
from registry.app.commands.moments import when
from registry.app.commands.options import JsonOption, RegistryOption
from registry.app.explanation import known_patients
from registry.app.score_lines import lines
from registry.app.scoring import (
    SCORED,
    Delivered,
    scored,
    timeline_known_at,
    with_withdrawn,
)
from registry.domain.roles import Surface
from registry.store.listings import OnsetView
from registry.store.unit_of_work import Registry
from streams.adapters.intake import IntakeReport
from streams.app.history.detection import MappingOption, SiteOption, ZoneOption
from streams.app.history.sources import open_history
from streams.app.settings import check_zone
from streams.clinical.catalogue.rule import Rule
from streams.clinical.catalogue.rules import rule_named, rules
from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True)
class _Record:
    """All that was delivered of one patient, and the zone of its days."""

    patient: str
    deliveries: Sequence[Delivered]
    zone: str | None
    pseudonym: str
    """Without the site."""
    flags: Sequence[OnsetView] = ()
    """The latest revision of each flag that a registry holds."""


def score(
    patient: Annotated[str, typer.Argument(help="The pseudonym, or site/pseudonym.")],
    at: Annotated[datetime, when("--at", "The moment")],
    as_known_at: Annotated[
        datetime | None,
        when(
            "--as-known-at",
            "Only facts that were known by this moment",
            otherwise="all that is on record",
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            help="Which rule, of `ember definitions`; may be repeated. Default: every "
            "score."
        ),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Which reading of it. Default: our own.")
    ] = None,
    registry: RegistryOption = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Read a source instead of a registry: mimic-iv, mimic-iv-fhir, clif, "
            "omop or table."
        ),
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="With --source: the folder of the tables.")
    ] = None,
    mapping: MappingOption = None,
    site: SiteOption = None,
    zone: ZoneOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a patient's scores at a moment, with components, bounds and the events."""
    asked = chosen(score, policy)
    days = zone or os.environ.get("EMBER_ZONE") or None
    if days is not None:
        check_zone(days)
    if source is None and path is None:
        with closing(opened_as(registry, who, Surface.RECORD)) as book:
            record = _archived(book, patient)
    elif registry is not None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A patient is read from a registry or from a source, not from both.",
            "Leave --registry away, or --source and --path.",
        )
    else:
        record = _of_source(source or "mimic-iv", path, patient, mapping, site)
    told = scored(
        timeline_known_at(record.deliveries, as_known_at, record.pseudonym),
        patient=record.patient,
        asked=asked,
        at=at,
        as_known_at=as_known_at,
        zone=zone or record.zone or days,
    )
    told = with_withdrawn(told, record.flags)
    if as_json:
        print(SCORED.dump_json(tuple(told)).decode())
        return
    for line in lines(told):
        print(line)


def chosen(names: Sequence[str] | None, policy: str | None) -> list[tuple[Rule, str]]:
    """The rules asked for, each once, with its policy.

    Raises `SettingsError` EMB-402.
    """
    if names:
        asked = map(rule_named, dict.fromkeys(names))
        return [(one, one.policy(policy)) for one in asked]
    if policy is not None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A policy is one rule's.",
            "Name the rule too: --score sofa --policy mimic.",
        )
    return [(one, one.default) for one in rules().values() if one.sort == "score"]


def _archived(book: Registry, named: str) -> _Record:
    everybody = at_their_sites(book, Surface.RECORD, known_patients(book))
    keys = [key for key in everybody if named in (key[1], "/".join(key))]
    if len(keys) != 1:
        raise not_one(keys, named, len(everybody))
    site, patient = keys[0]
    with book.inspection() as uow:
        told = uow.stream.archived(site, patient)
    with book.reading() as views:
        flags = views.onsets(site=site, patient=patient)
    return _Record(
        f"{site}/{patient}",
        [(one.event, one.message_id) for one in told],
        None,
        patient,
        flags,
    )


def _of_source(
    source: str,
    path: Path | None,
    patient: str,
    mapping: Path | None,
    site: Path | None,
) -> _Record:
    if path is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A source needs the folder it lies in.",
            "Give --path the folder that holds the tables.",
        )
    opened_there = open_history(
        source, path, None, mapping=mapping, site=site, environ=os.environ
    )
    history = replace(opened_there, subjects=frozenset({patient}))
    told = [(s.event, s.source) for s in history.events(IntakeReport())]
    return _Record(patient, told, history.zone, patient)
