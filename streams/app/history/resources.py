"""Files of FHIR resources, a bulk export or Bundles, read as history.

When a resource became known it says itself, and what says nothing is known at its own
time, flagged.
Who somebody is was known when the patient was first met, where the record of the person
does not say when it was stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from streams.adapters.fhir.history import dated
from streams.adapters.fhir.mimic_iv import with_its_codes
from streams.adapters.fhir.times import UNSAID
from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.identity.pseudonyms import Identities
from streams.adapters.identity.rotation import as_one, under_each_key
from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, Told, Translation
from streams.app.history.messages import NOBODY, Witnesses, note
from streams.app.intake.samples import Sample, samples
from streams.vocabulary.events import Cancellation, Demographics, Event


_REMEMBERED = 50_000_000
"""Of years of a hospital, all stays and specimens."""
_FIRST = ("Location", "Patient", "Encounter", "Medication", "Device", "Specimen")
"""Files of these are read first, so that little has to wait."""
_KIND = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]+)"')
_UNREAD = "(unread)"
_NO_RESOURCES = "(files without resources)"


@dataclass(frozen=True, slots=True)
class ResourceFiles:
    """The resources of a file or folder, of one site."""

    path: Path
    site: SiteConfiguration
    identities: Identities
    witnesses: Witnesses = NOBODY

    def files(self) -> list[Path]:
        """The file, or all files of the folder."""
        return [self.path] if self.path.is_file() else [*self.path.rglob("*")]

    def events(
        self, report: IntakeReport, subjects: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """All events, file by file; `subjects` are pseudonyms; counts are by type.

        What waits for others to the end is told then, with what has come.
        """
        others: list[str] = []
        reading, people = _Reading(self.site, self.identities), People()
        found = samples("fhir", self.path, others, rank=_rank)
        for number, sample in enumerate(found, start=1):
            understood = reading.read(sample)
            kind = understood.kind or _UNREAD
            report.table(kind).read += 1
            note(report, kind, understood, sample.file, number)
            self.witnesses.of(
                understood, form="fhir", number=number, payload=sample.payload
            )
            yield from _sourced(kind, people.meet(understood.told), report, subjects)
        for late in reading.rest():
            note(report, late.kind, _counted_before(late), "(what waited)", 0)
            self.witnesses.of(late, form="fhir", number=0, payload=b"")
            yield from _sourced(late.kind, people.meet(late.told), report, subjects)
        yield from _sourced("Patient", people.timeless(), report, subjects)
        for kind in report.tables:
            report.finish(kind)
        if others:
            passed = report.table(_NO_RESOURCES)
            passed.read = passed.filed_unread = len(others)


class _Reading:
    """One reading of all files, under each key of the site."""

    def __init__(self, site: SiteConfiguration, identities: Identities) -> None:
        known = with_its_codes(site).model_copy(update={"visits": site.visits})
        codes = CodeMap(known)

        def make(named: Identities) -> FhirTranslator:
            return FhirTranslator(known, codes, named, limit=_REMEMBERED)

        self._translators = under_each_key(identities, make)

    def read(self, sample: Sample) -> Translation:
        """What becomes of one resource or Bundle."""
        if sample.fault is not None:
            fault = Fault(
                place="the line",
                code=sample.fault.code,
                reason=sample.fault.problem,
                cure=sample.fault.cure,
            )
            return Translation(kind="", outcome="rejected", faults=(fault,))
        return as_one(
            {
                version: one.translate(
                    sample.payload, received_at=UNSAID, origin="export"
                )
                for version, one in self._translators.items()
            }
        )

    def rest(self) -> Iterator[Translation]:
        """What still waits."""
        late = {
            version: one.finish(received_at=UNSAID)
            for version, one in self._translators.items()
        }
        for some in zip(*late.values(), strict=True):
            yield as_one(dict(zip(late, some, strict=True)))


class People:
    """When each patient was first and last met, and what has no moment but these."""

    def __init__(self) -> None:
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._timeless: dict[tuple[str, str], Event] = {}

    def meet(self, told: Collection[Told]) -> Iterator[tuple[str, Event]]:
        """What has a time, as it became known; the rest is kept."""
        for one in told:
            for event in one.events:
                if event.happened_at >= UNSAID:
                    self._timeless[one.patient, event.event_id] = event
                    continue
                known = dated(event, UNSAID)
                first = self._first.get(one.patient, known.known_at)
                last = self._last.get(one.patient, known.known_at)
                self._first[one.patient] = min(first, known.known_at)
                self._last[one.patient] = max(last, known.known_at)
                yield one.patient, known

    def timeless(self) -> Iterator[tuple[str, Event]]:
        """What was kept, of everybody of whom anything has a time.

        That something never was is known last; who somebody is, and who is one
        person with whom, when they were first met.
        """
        for (patient, _), event in self._timeless.items():
            if isinstance(event, Cancellation):
                moment = self._last.get(patient)
            elif isinstance(event, Demographics):
                moment = self._first.get(patient)
            else:
                moment = self._first.get(
                    patient, min(self._first.values(), default=None)
                )
            if moment is not None:
                yield patient, dated(event, moment)


def _sourced(
    kind: str,
    told: Iterator[tuple[str, Event]],
    report: IntakeReport,
    subjects: Collection[str] | None,
) -> Iterator[SourcedEvent]:
    for patient, event in told:
        if subjects is None or patient in subjects:
            report.table(kind).note(event)
            yield SourcedEvent(patient, kind, event)


def _counted_before(late: Translation) -> Translation:
    """What waited was counted as mapped when it came: now its faults are."""
    return late if late.outcome == "rejected" else replace(late, outcome="rejected")


def _rank(line: bytes) -> int:
    found = _KIND.search(line)
    kind = found[1].decode() if found else ""
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
