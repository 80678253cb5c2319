"""`ember intake check`: what a sample of a site's messages holds, before it is connected.

Nothing is written but the report: identifiers are named under a key that is drawn for
the run and forgotten.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import orjson
import typer

from streams.adapters.capability import CapabilityRegister
from streams.adapters.fhir.mimic_iv import with_its_codes
from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import KEY_BYTES, Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration, read_site
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.adapters.translation import Fault, Translation, Translator
from streams.app.history.mapped import check_mapping, mapping_of
from streams.app.history.watching import Line
from streams.app.intake.report import summary, tell, whole
from streams.app.intake.samples import Form, Sample, samples
from streams.app.intake.tables import TableCheck, rules_of_known
from streams.vocabulary.errors import ErrorCode, SettingsError


class Source(StrEnum):
    """What the messages are written in."""

    HL7V2 = "hl7v2"
    FHIR = "fhir"
    TABLE = "table"
    CLIF = "clif"
    OMOP = "omop"


AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)
"""When a sample is received: later than anything research data were shifted to."""
UNKNOWN_SITE = SiteConfiguration(site="sample", zone="UTC")
"""What is known of a site of which nothing was written down."""


def check(
    source: Annotated[Source, typer.Option(help="What the messages are written in.")],
    path: Annotated[Path, typer.Option(help="A file, or a folder of files.")],
    mapping: Annotated[
        Path | None,
        typer.Option(help="Of --source table: what its columns mean, in YAML."),
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(envvar="EMBER_SITE", help="The site's configuration, in YAML."),
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="Write all that was counted to this JSON file.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON.")
    ] = False,
) -> None:
    """Read a sample of a site's messages or tables; tell what is mapped and what not."""
    began = time.perf_counter()
    configuration = None if site is None else read_site(site)
    check_mapping(source.value, mapping)
    document = None
    if source in (Source.HL7V2, Source.FHIR):
        checking = Check(source, configuration or UNKNOWN_SITE)
        found = checking.read(path, sys.stderr if sys.stderr.isatty() else None)
        for name in checking.others:
            print(f"{name} holds no messages and was not read.", file=sys.stderr)
    else:
        document = mapping_of(source.value, mapping)
        found = _checked_tables(document, path, configuration)
    seconds = time.perf_counter() - began
    if register is not None:
        register.write_bytes(
            orjson.dumps(whole(found, seconds), option=orjson.OPT_INDENT_2)
        )
    if as_json:
        print(orjson.dumps(summary(found, seconds)).decode())
    else:
        tell(found, seconds, sys.stdout)
        if document is not None:
            print("\nWhen what a table tells counts as known:")
            for rule in rules_of_known(document):
                print(f"  {rule}")


def _checked_tables(
    mapping: MappingDocument, path: Path, site: SiteConfiguration | None
) -> CapabilityRegister:
    if not path.is_dir():
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} is not a folder.",
            "Give --path the folder that holds the tables.",
        )
    line = Line(sys.stderr)
    checking = TableCheck(mapping, site or mapping.site or UNKNOWN_SITE)
    found = checking.read(path, line.watch)
    line.clear()
    return found


class Check:
    """One reading of a sample."""

    def __init__(self, source: Source, site: SiteConfiguration) -> None:
        self._form: Form = "fhir" if source is Source.FHIR else "hl7v2"
        identities = Pseudonyms(site.site, {1: os.urandom(KEY_BYTES)})
        self._fhir: FhirTranslator | None = None
        self._translator: Translator
        if source is Source.FHIR:
            site = with_its_codes(site)
            self._translator = self._fhir = FhirTranslator(
                site, CodeMap(site), identities
            )
        else:
            self._translator = Hl7Translator(site, CodeMap(site), identities)
        self._register = CapabilityRegister()
        self.others: list[str] = []
        """Files beside those of messages, which were not read."""
        self._held: dict[str, tuple[int, str, str]] = {}
        """By name: of what waits, its message's index, place and kind."""

    def read(
        self, path: Path, progress: TextIO | None = None, *, every: int = 50_000
    ) -> CapabilityRegister:
        """The account of every message at the path.

        `progress` is told of so many messages, at some thousands a second.

        Raises as `samples` does where the reading itself fails.
        """
        for index, sample in enumerate(samples(self._form, path, self.others)):
            translation = self._translated(sample)
            for name in self._fhir.held_back if self._fhir else ():
                self._held[name] = index, sample.file, translation.kind
            self._register.note(
                translation, sample.payload, index=index, place=sample.file
            )
            if progress is not None and (index + 1) % every == 0:
                print(f"{index + 1:,} messages, in {sample.file}", file=progress)
        self._finish()
        return self._register

    def _translated(self, sample: Sample) -> Translation:
        if sample.fault is not None:
            fault = Fault(
                place="the line",
                code=sample.fault.code,
                reason=sample.fault.problem,
                cure=sample.fault.cure,
            )
            return Translation(kind="", outcome="rejected", faults=(fault,))
        return self._translator.translate(sample.payload, received_at=AFTER_ALL)

    def _finish(self) -> None:
        """What still waited, now told with what came, or never told."""
        if self._fhir is None:
            return
        for translation in self._fhir.finish(received_at=AFTER_ALL):
            index, place, kind = self._held[translation.name]
            part = kind != translation.kind
            told = (
                replace(translation, kind=kind, outcome="mapped")
                if part  # of a Bundle, whose outcome is that of the whole
                else translation
            )
            self._register.amend(told, index=index, place=place)
