"""What all tables of one reading share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.intake import IntakeReport
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.making.drugs import Pharmacy
from streams.adapters.tabular.mapping.making.results import Results
from streams.adapters.tabular.mapping.sheet import Links
from streams.adapters.tabular.mapping.stamping import Names


Sighted = Callable[[Sighting], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all tables of one reading share."""

    folder: Path
    source: str
    site: SiteConfiguration
    authority: str
    names: Names
    key_version: int
    codes: CodeMap
    results: Results
    pharmacy: Pharmacy
    links: Links
    missing: tuple[str, ...]
    report: IntakeReport
    wanted: Collection[str] | None
    """Patients by identifier or by name; None for all."""
    sighted: Sighted | None
    files_told: bool
    """Whether a file's name may be told: not where it is a patient's identifier."""
    seen: set[str] = field(default_factory=set)
    """Identifiers of the patients asked for that were met."""
