"""What all tables of one reading share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.intake import IntakeReport
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.line import Flaw, Unmapped
from streams.adapters.tabular.mapping.making.drugs import Pharmacy
from streams.adapters.tabular.mapping.making.results import Results
from streams.adapters.tabular.mapping.sheet import Links
from streams.adapters.tabular.mapping.stamping import Names
from streams.vocabulary.events import Event


Sighted = Callable[[Sighting], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One row and what was made of it, for who checks a sample."""

    table: str
    place: str
    """Its file, or what may be told of it."""
    number: int
    """Its line."""
    content: bytes
    """The row as it stands, for what comes twice."""
    patient: str = ""
    """The pseudonym; empty where nothing says whose it is."""
    events: tuple[Event, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    filed: bool = False


Heard = Callable[[ReadRow], None]


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
    heard: Heard | None
    """Told each row and what was made of it."""
    files_told: bool
    """Whether a file's name may be told: not where it is a patient's identifier."""
    seen: set[str] = field(default_factory=set)
    """Identifiers of the patients asked for that were met."""
