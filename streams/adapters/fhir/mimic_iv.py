"""MIMIC-IV on FHIR (PhysioNet, 2.1): a folder of gzipped NDJSON, read as history.

Its codes are those of the published tables, and so are their maps.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import orjson
import yaml

from streams.adapters.fhir.history import undated
from streams.adapters.fhir.times import UNSAID
from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.intake import IntakeReport, Rejection, SourcedEvent
from streams.adapters.mimic_iv.items import Item, items
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import CodeEntry, SiteConfiguration
from streams.adapters.translation import Translation
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Event,
)
from streams.vocabulary.facts import Flag


SITE = "mimic-iv-fhir"

_CODES = "http://mimic.mit.edu/fhir/mimic/CodeSystem/"
_KINDS = {
    "measurement": "observation",
    "charted_fio2": "observation",
    "gas_fio2": "observation",
    "assessment": "observation",
    "infusion": "drug",
    "fluid": "fluid",
    "out": "fluid",
    "in": "fluid",
    "support": "support",
    "lasting": "procedure",
    "done": "procedure",
}
"""By kind in the tables' maps, the kind in a site's configuration."""

_FIRST = (
    "MimicLocation",
    "MimicPatient",
    "MimicEncounter",
    "MimicEncounterICU",
    "MimicEncounterED",
    "MimicMedication",
    "MimicMedicationMix",
    "MimicSpecimen",
    "MimicSpecimenLab",
    "MimicObservationMicroSusc",
    "MimicObservationMicroOrg",
    "MimicObservationMicroTest",
)
"""What others speak of is read first; a culture's parts before the test, so that each
result is told once, whole."""

UNDATED = frozenset({"MimicMedicationDispense"})
"""Files whose resources have no time at all: filed unread."""

KNOWN_AT_RULES = MappingProxyType(
    {
        "Patient": (
            "Sex and birth year: at the patient's first stay. Death "
            "(deceasedDateTime): at the end of that day (lag unmeasurable)."
        ),
        "Encounter": "Each at its own time: coming, going, entering and leaving a ward.",
        "Observation, microbiology": (
            "The collection at its own time, or at the end of its day (lag "
            "unmeasurable). What grew: with susceptibilities, at their time, which is "
            "the filing time; without any, five days after collection (lag "
            "unmeasurable), as no time of the result is in the resources."
        ),
        "Observation, all others": (
            "At issued, never before the time of the fact; where issued is missing, at "
            "the time of the fact (lag unmeasurable)."
        ),
        "Condition": "At the end of the stay (lag unmeasurable).",
        "Medication…, Procedure": (
            "At the time of the fact, start and end apart (lag unmeasurable): the "
            "filing time is not in the resources."
        ),
    }
)
"""By type, the rule; `deploy/docs/fhir.md` prints them."""

_REMEMBERED = 50_000_000
"""Of the full MIMIC-IV, all stays and specimens."""


def site_configuration() -> SiteConfiguration:
    """The site as shipped, with the codes of the tables' maps."""
    text = files("streams.adapters.fhir").joinpath(f"sites/{SITE}.yaml").read_text()
    site = SiteConfiguration.model_validate(yaml.safe_load(text))
    return site.model_copy(update={"codes": (*site.codes, *_mapped_codes())})


def with_its_codes(site: SiteConfiguration) -> SiteConfiguration:
    """Another site that also knows the codes of MIMIC's own systems.

    They are named by MIMIC's addresses, so they can be nobody else's.
    """
    mine = site_configuration()
    codes = (one for one in mine.codes if one.system.startswith(_CODES))
    return site.model_copy(
        update={
            "codes": (*site.codes, *codes),
            "systems": {**mine.systems, **site.systems},
            "visits": {**mine.visits, **site.visits},
        }
    )


def translator() -> FhirTranslator:
    """A translator of these resources, with MIMIC's own identifiers."""
    site = site_configuration()
    return FhirTranslator(site, CodeMap(site), PublicIdentifiers(), limit=_REMEMBERED)


class MimicIvFhir:
    """The published files in one folder (`Mimic….ndjson.gz`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """All files, what others speak of first; raises `InputError` EMB-101."""
        found = {path.name.partition(".")[0]: path for path in self.folder.glob(_NAMES)}
        if "MimicPatient" not in found:
            raise InputError(
                ErrorCode.MISSING_TABLE,
                f"There is no MimicPatient.ndjson.gz in {self.folder}.",
                "Point to the folder that holds the files of MIMIC-IV on FHIR.",
            )
        first = [found.pop(name) for name in _FIRST if name in found]
        return [*first, *(found[name] for name in sorted(found))]

    def events(
        self, report: IntakeReport, subjects: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """Every event of these patients (None: of all), file by file.

        Raises `InputError` EMB-101 where a file is missing, EMB-109 where nearly all
        is bad, EMB-113 where a file cannot be read to its end.
        """
        wanted = None if subjects is None else frozenset(subjects)
        reading, people, others = translator(), _People(), _Others(wanted)
        for path in self.files():
            name = path.name.partition(".")[0]
            for number, line in enumerate(_lines(path), start=1):
                if others.holds(line):
                    continue
                report.table(name).read += 1
                if name in UNDATED:
                    report.table(name).filed_unread += 1
                    continue
                told = reading.translate(line, received_at=UNSAID)
                others.learn(line, told)
                _account(report, name, number, told)
                yield from people.known(name, told, report, wanted)
            report.finish(name)
        for told in reading.finish(received_at=UNSAID):
            yield from people.known(f"Mimic{told.kind}", told, report, wanted)
        yield from people.demographics(report, wanted)
        report.close()


_NAMES = "Mimic*.ndjson*"


class _Others:
    """Tells the lines of patients who are not wanted, before they are read."""

    def __init__(self, wanted: Collection[str] | None) -> None:
        self._wanted = wanted
        self._others: set[bytes] = set()

    def learn(self, line: bytes, told: Translation) -> None:
        """Note a Patient who is not wanted, by the server's number."""
        if self._wanted is None or told.kind != "Patient":
            return
        number = orjson.loads(line)["id"]
        if not any(one.patient in self._wanted for one in told.told):
            self._others.add(f'"Patient/{number}"'.encode())

    def holds(self, line: bytes) -> bool:
        """Whether a line speaks of somebody else."""
        found = _SUBJECT.search(line) if self._others else None
        return found is not None and found[0] in self._others


_SUBJECT = re.compile(rb'"Patient/[A-Za-z0-9.-]+"')


class _People:
    """Gives each event its `known_at`; keeps who is who until they were first met."""

    def __init__(self) -> None:
        self._met: dict[str, datetime] = {}
        self._who: dict[str, Demographics] = {}

    def known(
        self,
        source: str,
        translation: Translation,
        report: IntakeReport,
        wanted: Collection[str] | None,
    ) -> Iterator[SourcedEvent]:
        """The events as they became known."""
        for told in translation.told:
            if wanted is not None and told.patient not in wanted:
                continue
            for event in told.events:
                if isinstance(event, Demographics):
                    self._who[told.patient] = event
                    continue
                if isinstance(event, Encounter):
                    first = self._met.get(told.patient, event.happened_at)
                    self._met[told.patient] = min(first, event.happened_at)
                known = _known(event, translation.issued_at)
                report.table(source).note(known)
                yield SourcedEvent(told.patient, source, known)

    def demographics(
        self, report: IntakeReport, wanted: Collection[str] | None
    ) -> Iterator[SourcedEvent]:
        """Who they are, known when they were first met."""
        for patient, who in self._who.items():
            met = self._met.get(patient)
            if met is None or (wanted is not None and patient not in wanted):
                continue
            known = replace(who, happened_at=met, known_at=met)
            report.table("MimicPatient").note(known)
            yield SourcedEvent(patient, "MimicPatient", known)


def _known(event: Event, issued: datetime | None) -> Event:
    if isinstance(event, Encounter) or event.kind == "location":
        return replace(event, known_at=event.happened_at)
    if isinstance(event, CultureResult) and Flag.LAG_UNMEASURABLE not in event.flags:
        return replace(event, known_at=event.happened_at)
    dated_here = isinstance(event, CultureCollected | CultureResult | Death)
    if issued is not None and not dated_here:
        return replace(event, known_at=max(issued, event.happened_at))
    return undated(event)


def _account(
    report: IntakeReport, name: str, line: int, translation: Translation
) -> None:
    """Count what became of one line."""
    counts = report.table(name)
    if translation.outcome == "filed":
        counts.filed_unread += 1
    elif translation.outcome == "mapped":
        counts.mapped += 1
        for code in translation.unmapped:
            counts.leave_unmapped(str(code))
    else:
        fault = translation.faults[0]
        report.reject(
            name,
            Rejection(
                file=name,
                line=line,
                column=fault.place,
                code=fault.code,
                reason=fault.reason,
                cure=fault.cure,
            ),
        )


def _lines(path: Path) -> Iterator[bytes]:
    """The resources of one file; raises `InputError` EMB-113 where it breaks off."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as lines:
            yield from (line for line in lines if line.strip())
    except (OSError, EOFError, zlib.error) as fault:
        raise InputError(
            ErrorCode.UNREADABLE_FILE,
            f"{path.name} cannot be read to its end ({type(fault).__name__}).",
            "Fetch it again.",
        ) from None


def _mapped_codes() -> Iterator[CodeEntry]:
    """The tables' maps, under the names the code systems have in FHIR."""
    for table, system in (
        ("chartevents", "mimic-d-items"),
        ("outputevents", "mimic-d-items"),
        ("procedureevents", "mimic-d-items"),
        ("inputevents", "mimic-medication-icu"),
        ("labevents", "mimic-d-labitems"),
    ):
        for item in items(table).values():
            if item.kind in _KINDS:
                yield _entry(item, f"{_CODES}{system}")


def _entry(item: Item, system: str) -> CodeEntry:
    method = item.method
    if item.kind == "done":
        method = "once"
    elif item.kind == "in":
        method = "in"
    return CodeEntry.model_validate(
        {
            "system": system,
            "code": item.itemid,
            "kind": _KINDS[item.kind],
            "concept": item.concept,
            "unit": item.unit or None,
            "method": method,
        }
    )
