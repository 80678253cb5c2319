"""Sources of history by name, and what singles a run over one of them out."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from streams.adapters.fhir.mimic_iv import MimicIvFhir
from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.mimic_iv.source import MimicIv
from streams.adapters.ordering import events_by_patient, messages_in_known_order
from streams.adapters.tabular.mapping.source import MappedTables
from streams.app.history.mapped import open_tables
from streams.app.history.messages import FORMS, MessageFiles, message_files
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.events import PatientMerge, PatientUnmerge
from streams.vocabulary.messages import EhrMessage


class _Reader(Protocol):
    def events(
        self, report: IntakeReport, subjects: Collection[str] | None
    ) -> Iterator[SourcedEvent]: ...


_READERS: dict[str, Callable[[Path], _Reader]] = {
    "mimic-iv": MimicIv,
    "mimic-iv-fhir": MimicIvFhir,
}
"""By name, what reads a folder of it."""

_ZONES = {"mimic-iv": "UTC", "mimic-iv-fhir": "America/New_York"}
"""The zone whose days are the hospital's. MIMIC-IV's times name no zone and are read as
UTC, so that its UTC days are those of the ward's own clock; on FHIR they carry Boston's
offset."""

_SHIFTED = frozenset(_READERS)
"""MIMIC-IV moves all dates of a patient into 2100 to 2200, by a span of the patient's
own."""

TABLE = "table"
MAPPED = ("clif", "omop", TABLE)
"""What a mapping reads."""

SOURCES = (*_READERS, *MAPPED, *FORMS)
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class History:
    """One source of history: where it lies, and which subjects are asked for."""

    name: str
    path: Path
    subjects: frozenset[str] | None = None
    met: set[str] = field(default_factory=set, compare=False)
    """The patients of whom something was read."""
    configured: MappedTables | MessageFiles | None = None
    """Tables that a mapping reads, or messages: those of a configured site."""

    @property
    def zone(self) -> str:
        """The zone whose days are the hospital's."""
        if self.configured is not None:
            return self.configured.site.zone
        return _ZONES[self.name]

    @property
    def site(self) -> str:
        """The site the events are of: the configured one, else the source by name."""
        return self.name if self.configured is None else self.configured.site.site

    @property
    def shifted(self) -> bool:
        """Whether its dates are known to be shifted, each patient's by another span."""
        return self.name in _SHIFTED

    def events(self, report: IntakeReport) -> Iterator[SourcedEvent]:
        """All events, table by table; the report accounts for the rest.

        Raises `InputError` EMB-304 at the end where nothing was read of anybody asked
        for: a table without rows would say that nobody of them was ill.
        """
        for sourced in self._source().events(report, self.subjects):
            self.met.add(sourced.patient)
            yield sourced
        if self.subjects and not self.met:
            raise InputError(
                ErrorCode.UNKNOWN_PATIENT,
                f"{self.name} tells nothing of the subjects asked for: "
                f"{named(self.never_met())}.",
                "Give each subject_id as its tables have it.",
            )

    def never_met(self) -> list[str]:
        """The subjects asked for of whom nothing was read."""
        met = self.met
        if isinstance(self.configured, MappedTables):
            met = met | self.configured.seen
        return sorted((self.subjects or frozenset()) - met)

    def messages(self, report: IntakeReport) -> Iterator[EhrMessage]:
        """All events in the order in which they became known."""
        return self._in_known_order(self.events(report))

    def messages_apart(self, report: IntakeReport) -> Iterator[Iterator[EhrMessage]]:
        """The same, one patient after the other: only one has to be held at a time.

        Whom merges make one person are handed out last, and together.
        """
        kin = self._told_of_in_merges()
        together: list[SourcedEvent] = []
        for patient, events in self._by_patient(report):
            if patient in kin:
                together += events
            else:
                yield self._in_known_order(events)
        if together:
            yield self._in_known_order(together)

    def timelines(self, report: IntakeReport) -> Iterator[tuple[str, Timeline]]:
        """Each patient's whole timeline, one patient at a time."""
        for patient, events in self._by_patient(report):
            timeline = Timeline()
            for sourced in events:
                timeline.apply(sourced.event, sourced.source)
            yield patient, timeline

    def fingerprint(self, *rules: str) -> str:
        """The files by name and content, the subjects, the rules applied to them."""
        files = sorted(f for f in self._files() if f.is_file())
        parts = [f"{self._name(f)}:{_content(f)}" for f in files]
        parts += sorted(self.subjects or ("all subjects",))
        if isinstance(self.configured, MappedTables):
            parts.append(self.configured.mapping.model_dump_json())
        if self.configured is not None:
            parts.append(self.configured.site.model_dump_json())
        return sha256("\n".join([self.name, *parts, *rules]).encode()).hexdigest()

    def _in_known_order(self, events: Iterable[SourcedEvent]) -> Iterator[EhrMessage]:
        return messages_in_known_order(
            events, site=self.site, provenance="history", source=self.name
        )

    def _told_of_in_merges(self) -> frozenset[str]:
        """Everybody whom a merge or unmerge names; only messages tell of such."""
        if not isinstance(self.configured, MessageFiles):
            return frozenset()
        return frozenset(
            name
            for sourced in self._source().events(IntakeReport(), self.subjects)
            if isinstance(sourced.event, PatientMerge | PatientUnmerge)
            for name in (sourced.patient, sourced.event.retired)
        )

    def _source(self) -> _Reader:
        return self.configured or _READERS[self.name](self.path)

    def _name(self, file: Path) -> str:
        return file.name if file == self.path else str(file.relative_to(self.path))

    def _files(self) -> Iterable[Path]:
        if self.configured is not None:
            return self.configured.files()
        return (*self.path.rglob("*.csv*"), *self.path.rglob("*.ndjson*"))

    def _by_patient(
        self, report: IntakeReport
    ) -> Iterator[tuple[str, Iterable[SourcedEvent]]]:
        events = self.events(report)
        tables = self.configured
        if isinstance(tables, MappedTables) and tables.mapping.grouped:
            return groupby(events, attrgetter("patient"))
        return events_by_patient(events)


_MANY = 20
"""Subjects named in one sentence; the rest are counted."""


def named(subjects: Sequence[str]) -> str:
    """The subjects, the first 20 by name."""
    more = len(subjects) - _MANY
    told = ", ".join(subjects[:_MANY])
    return f"{told} and {more} more" if more > 0 else told


def _content(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def open_history(
    name: str,
    path: Path,
    subjects: Path | None,
    *,
    mapping: Path | None = None,
    site: Path | None = None,
    environ: Mapping[str, str] = _NO_SETTINGS,
) -> History:
    """The source of that name; raises `SettingsError` EMB-402/403, `InputError`.

    Messages are those of the site given, else of the one that `environ` names.
    """
    if name not in SOURCES:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no source {name!r}.",
            f"Use one of: {', '.join(SOURCES)}.",
        )
    if name in FORMS:
        return _of_messages(name, path, subjects, site, environ)
    if not path.is_dir():
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} is not a folder.",
            "Give --path the folder that holds the source's files.",
        )
    if (name == TABLE) != (mapping is not None):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A mapping is for the source `table`, and that source for a mapping.",
            "Give both --source table and --mapping FILE.yaml, or neither.",
        )
    numbered = name not in MAPPED
    asked = None if subjects is None else read_subjects(subjects, numbered=numbered)
    if name not in MAPPED:
        return History(name, path, asked)
    tables = open_tables(name, path, mapping=mapping, site=site)
    return History(name, path, asked, configured=tables)


def _of_messages(
    name: str,
    path: Path,
    subjects: Path | None,
    site: Path | None,
    environ: Mapping[str, str],
) -> History:
    if subjects is not None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "Subjects cannot be chosen in messages.",
            "Leave --subjects away.",
        )
    files = message_files(name, path, site, environ)
    return History(name, path, configured=files)


def read_subjects(path: Path, *, numbered: bool = True) -> frozenset[str]:
    """One subject_id a line; blank lines are forgiven, anything else is not.

    `numbered`: whether a subject_id is a number.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The subjects file {path} cannot be read ({fault}).",
            "Give a text file with one subject_id a line.",
        ) from None
    subjects = [line.strip() for line in lines if line.strip()]
    for number, line in enumerate(lines, start=1):
        if numbered and line.strip() and not line.strip().isdigit():
            raise InputError(
                ErrorCode.MALFORMED_ROW,
                f"Line {number} of {path} is {line.strip()!r}, no subject_id.",
                "Write one subject_id a line, digits only, without a header.",
            )
    if not subjects:
        raise InputError(
            ErrorCode.MISSING_VALUE,
            f"{path} names no subject.",
            "Write one subject_id a line, or leave --subjects away for all.",
        )
    return frozenset(subjects)
