"""`ember export`: extracts of the registry as files that leave the house."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import (
    AsOption,
    expect_names_too,
    opened_as,
)
from registry.app.commands.moments import when
from registry.app.commands.options import RegistryOption, TrialOption, moment
from registry.app.exporting.exporting import Export, Identify, export
from registry.app.exporting.identified import Identifying
from registry.app.exporting.writers import Format
from registry.domain.disclosure import Profile
from registry.domain.extracts import SURFACES, Cut, Extract
from registry.store.unit_of_work import Registry
from streams.app.identity import required_vault_sealer
from streams.vocabulary.errors import ErrorCode, SettingsError


_LEAST_KEY = 32
"""Bytes."""


def export_(
    extract: Annotated[Extract, typer.Argument(help="What is exported.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    profile: Annotated[Profile, typer.Option(help="To whom it may go.")],
    how: Annotated[
        Format, typer.Option("--format", help="fhir-r4 and fhir-r5: `subjects` alone.")
    ] = Format.CSV,
    registry: RegistryOption = None,
    trial: TrialOption = None,
    at: Annotated[
        datetime | None, when("--at", "What was recorded until then", otherwise="now")
    ] = None,
    happened_until: Annotated[
        datetime | None,
        when("--happened-until", "What had happened by then", otherwise="--at"),
    ] = None,
    study_key: Annotated[
        Path | None,
        typer.Option(
            help="safe_harbor: a file of 32 random bytes, by which the same people get "
            "the same ids in every export; without it, ids of this export alone."
        ),
    ] = None,
    without_arms: Annotated[
        bool,
        typer.Option(
            "--without-arms", help="Write no arm of any domain, and nobody's words."
        ),
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="identified: why; it stays in the audit.")
    ] = None,
    actor: Annotated[str | None, typer.Option(hidden=True)] = None,
    who: AsOption = None,
) -> None:
    """Write an extract, the meaning of its columns, and its manifest."""
    recorded = moment(at)
    happened = happened_until or recorded
    asked = Export(
        extract=extract,
        format=how,
        profile=profile,
        cut=Cut(recorded_until=recorded, happened_until=happened),
        trial=trial,
        out=out,
        key=_key(study_key),
        arms=not without_arms,
    )
    surface = SURFACES[extract]
    asking = actor or who
    with closing(opened_as(registry, asking, surface, trial=trial)) as book:
        if profile is Profile.IDENTIFIED and extract is not Extract.AUDIT:
            expect_names_too(book, surface)
        identify = _identify(book, profile, actor=asking, reason=reason)
        manifest = export(book, asked, identify=identify)
    for file in manifest.files:
        print(f"{file.name}\t{file.rows} rows\t{file.sha256}")


def _key(path: Path | None) -> bytes:
    """The site's, or one that is forgotten with this export."""
    if path is None:
        return secrets.token_bytes(_LEAST_KEY)
    try:
        key = path.read_bytes()
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be read ({fault.strerror}).",
            "Name a file of 32 random bytes.",
        ) from None
    if len(key) < _LEAST_KEY:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{path} holds {len(key)} bytes, too few for a key.",
            "Make one: head -c 32 /dev/urandom > FILE.",
        )
    return key


def _identify(
    book: Registry, profile: Profile, *, actor: str | None, reason: str | None
) -> Identify | None:
    """None for a profile that opens nothing."""
    if profile is not Profile.IDENTIFIED:
        return None
    if not (actor or "").strip() or not (reason or "").strip():
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "Nobody says who opens the identities, or why.",
            "Give --as and --reason: both stay in the audit.",
        )
    return Identifying(
        book=book,
        seal=required_vault_sealer(os.environ),
        actor=str(actor).strip(),
        reason=str(reason).strip(),
        at=SystemClock().now(),
    )
