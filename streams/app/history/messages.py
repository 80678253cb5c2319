"""Files of messages as their sources wrote them, read as history.

What a message tells became known when its sender issued it (MSH-7); a message that
does not say when is rejected, for nobody can know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from streams.adapters.hl7v2.header import header
from streams.adapters.identity.pseudonyms import Identities, Sighting
from streams.adapters.intake import IntakeReport, Rejection, SourcedEvent
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, Translation, Translator
from streams.app.intake.samples import Form, Sample, samples
from streams.app.readers import fault_of, translators
from streams.pipeline.ingest import in_one
from streams.vocabulary.errors import ErrorCode, InputError


Issued = Callable[[bytes, tzinfo], datetime]
"""When a message was issued; raises `InputError` where it does not say."""


def _hl7_issued(payload: bytes, zone: tzinfo) -> datetime:
    issued = header(payload, zone=zone).issued_at
    if issued is None:
        raise InputError(
            ErrorCode.MALFORMED_TIME,
            "The message does not say when it was issued.",
            "Send MSH-7.",
        )
    return issued


FORMS: Mapping[Form, Issued] = {"hl7v2": _hl7_issued}
"""When each message of a form was issued, that tells it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A message of a file that could not be used, or not all of it."""

    form: Form
    number: int
    """Among the messages of all files, from 1."""
    payload: bytes = field(repr=False)
    fault: InputError
    """All that is wrong with it, in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Who is told what a file holds beside its events."""

    sighted: Callable[[Sighting], None] | None = None
    """Told each identifier beside its pseudonym: the vault, nobody else."""
    refused: Callable[[Refused], None] | None = None
    """Told what could not be used."""

    def of(
        self, understood: Translation, *, form: Form, number: int, payload: bytes
    ) -> None:
        """Tell them of one message."""
        if self.sighted is not None:
            for one in understood.sightings:
                self.sighted(one)
        fault = in_one(tuple(map(fault_of, understood.faults)))
        if self.refused is not None and fault is not None:
            self.refused(
                Refused(form=form, number=number, payload=payload, fault=fault)
            )


NOBODY = Witnesses()


@dataclass(frozen=True, slots=True)
class MessageFiles:
    """The messages of a file or folder, of one site."""

    form: Form
    path: Path
    site: SiteConfiguration
    translator: Translator
    witnesses: Witnesses = NOBODY

    def files(self) -> list[Path]:
        """The file, or all files of the folder."""
        return [self.path] if self.path.is_file() else [*self.path.rglob("*")]

    def events(
        self, report: IntakeReport, subjects: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """All events, file by file; `subjects` are pseudonyms; counts are by type.

        Files that hold no message are counted as filed unread.
        """
        others: list[str] = []
        found = samples(self.form, self.path, others)
        for number, sample in enumerate(found, start=1):
            kind, understood = self._understood(sample)
            counts = report.table(kind)
            counts.read += 1
            note(report, kind, understood, sample.file, number)
            self.witnesses.of(
                understood, form=self.form, number=number, payload=sample.payload
            )
            for told in understood.told:
                if subjects is None or told.patient in subjects:
                    for event in told.events:
                        counts.note(event)
                        yield SourcedEvent(told.patient, kind, event)
        for kind in report.tables:
            report.finish(kind)
        if others:
            passed = report.table(_NO_MESSAGES)
            passed.read = passed.filed_unread = len(others)

    def _understood(self, sample: Sample) -> tuple[str, Translation]:
        """Its type, and what it means."""
        try:
            issued = self._issued(sample)
        except InputError as fault:
            told = Fault(
                place="message", code=fault.code, reason=fault.problem, cure=fault.cure
            )
            return _UNREAD, Translation(kind="", outcome="rejected", faults=(told,))
        understood = self.translator.translate(sample.payload, received_at=issued)
        return understood.kind.partition("^")[0] or _UNREAD, understood

    def _issued(self, sample: Sample) -> datetime:
        if sample.fault is not None:
            raise sample.fault
        return FORMS[self.form](sample.payload, self.site.time_zone)


def note(
    report: IntakeReport, kind: str, understood: Translation, file: str, number: int
) -> None:
    """Count what became of one message, the `number`th of all."""
    counts = report.table(kind)
    match understood.outcome:
        case "mapped":
            counts.mapped += 1
        case "filed":
            counts.filed_unread += 1
    for code in understood.unmapped:
        counts.leave_unmapped(str(code))
    for fault in understood.faults[:1]:
        more = len(understood.faults) - 1
        rest = f" And {more} more." if more else ""
        report.reject(
            kind,
            Rejection(
                file=file,
                line=number,
                column=fault.place,
                code=fault.code,
                reason=f"{fault.reason}{rest}",
                cure=fault.cure,
                counts="messages",
            ),
        )


_UNREAD = "(unread)"
_NO_MESSAGES = "(files without messages)"


def message_files(
    path: Path, site: SiteConfiguration, identities: Identities
) -> MessageFiles:
    """The site's HL7 v2 messages at `path`."""
    return MessageFiles("hl7v2", path, site, translators(site, identities)["hl7v2"])
