"""`ember intake check` of tables: each row mapped, filed or rejected, as a message is.

When a row's facts count as known is the mapping's rule, and is told table by table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from streams.adapters.capability import CapabilityRegister
from streams.adapters.identity.pseudonyms import (
    KEY_BYTES,
    Identities,
    Pseudonyms,
    PublicIdentifiers,
)
from streams.adapters.intake import IntakeReport
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.document import MappingDocument, TableMapping
from streams.adapters.tabular.mapping.line import Flaw, Unmapped
from streams.adapters.tabular.mapping.phrases import Known, Times
from streams.adapters.tabular.mapping.setting import ReadRow
from streams.adapters.tabular.mapping.source import MappedTables
from streams.adapters.translation import (
    Fault,
    Outcome,
    Told,
    Translation,
    UnmappedCode,
)
from streams.app.history.watching import Watch, watched


class TableCheck:
    """One reading of a folder of tables."""

    def __init__(self, mapping: MappingDocument, site: SiteConfiguration) -> None:
        self._mapping = mapping
        self._site = site
        self._register = CapabilityRegister(of_rows=True)
        self._rows = 0

    def read(self, folder: Path, watch: Watch | None = None) -> CapabilityRegister:
        """The account of every row; raises as the reading of the tables does."""
        tables = MappedTables(
            folder=folder,
            mapping=self._mapping,
            site=self._site,
            identities=self._identities(),
            heard=self._hear,
        )
        report = IntakeReport(rejections_kept=0, stops_at_bad=False)
        for _ in watched(tables.events(report), report, watch):
            pass
        self._note_unnamed(report)
        return self._register

    def _identities(self) -> Identities:
        """Those of public data stay; others are named under a key that is forgotten."""
        if self._site.identity == "public":
            return PublicIdentifiers()
        return Pseudonyms(self._site.site, {1: os.urandom(KEY_BYTES)})

    def _hear(self, row: ReadRow) -> None:
        self._register.note(
            self._translation(row), row.content, index=self._rows, place=row.place
        )
        self._rows += 1

    def _translation(self, row: ReadRow) -> Translation:
        moments = [event.happened_at for event in row.events]
        outcome: Outcome = "mapped"
        if row.filed:
            outcome = "filed"
        elif row.flaws and not row.events:
            outcome = "rejected"
        return Translation(
            kind=row.table,
            outcome=outcome,
            issued_at=min(moments, default=None),
            told=(Told(row.patient, row.events),) if row.events else (),
            unmapped=tuple(_code(row.table, one) for one in row.unmapped),
            units=row.units,
            faults=tuple(_fault(row.number, flaw) for flaw in row.flaws),
        )

    def _note_unnamed(self, report: IntakeReport) -> None:
        """Columns the mapping does not name, which no row tells of."""
        for table, counts in report.tables.items():
            for code in counts.unmapped:
                if code.startswith("column "):
                    self._register.others.append(f"{table}: {code}")


def rules_of_known(mapping: MappingDocument) -> Iterator[str]:
    """In words, when the facts of each table count as known."""
    for table in mapping.tables:
        if not table.filed:
            rules = dict.fromkeys(_rules(table))
            yield f"{table.table}: {'; '.join(rules)}"


def _rules(table: TableMapping) -> Iterator[str]:
    usual = table.known
    if table.columns or not table.facts:
        yield _in_words(usual or Known())
    for fact in table.facts:
        known = fact.known or usual
        at_once = known is None and fact.fact in _AT_ONCE
        told = "when it happens" if at_once else _in_words(known or Known())
        yield f"{fact.fact} {told}"


_AT_ONCE = {"encounter", "location", "demographics", "death", "infusion"}
"""Facts that are known when they happen, where nothing else is said."""


def _in_words(known: Known) -> str:
    usual = "when it happened"
    if known.lag_hours:
        usual = f"{known.lag_hours:g} h after it happened"
    if not known.measurable:
        usual += " (a stand-in)"
    return usual if known.at is None else f"at {_columns(known.at)}, else {usual}"


def _columns(times: Times) -> str:
    some = times if isinstance(times, tuple) else (times,)
    names = (one if isinstance(one, str) else one.column or "constant" for one in some)
    return ", ".join(names)


def _code(table: str, one: Unmapped) -> UnmappedCode:
    """Of the system it names, else of its table; without a name it is its own."""
    told = one.code.removeprefix("urn:ember:local|")
    system, _, code = told.rpartition("|") if "|" in told else told.rpartition(":")
    return UnmappedCode(
        system=system or table, code=code, label=one.label or code, unit=one.unit
    )


def _fault(number: int, flaw: Flaw) -> Fault:
    column = f", column {flaw.column}" if flaw.column else ""
    return Fault(
        place=f"line {number}{column}",
        code=flaw.code,
        reason=flaw.reason,
        cure=flaw.cure,
    )
