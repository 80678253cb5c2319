"""What the tables' readers share: the run they are part of, and how a row is settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table, rows
from streams.vocabulary.events import Event


Mapping = Callable[[Row], Iterable[Event]]
"""From a row to its events; a fault it leaves on the row drops them."""


@dataclass(slots=True)
class Reading:
    """One run over a copy of MIMIC-IV, and the little it must remember of it.

    What it keeps is one time for each hospital stay and each patient, so memory does
    not grow with the large tables.
    """

    folder: Path
    report: IntakeReport
    patients: Collection[str] | None = None
    """The patients wanted; None for all."""
    discharged: dict[str, datetime] = field(default_factory=dict)
    """By hospital stay."""
    first_met: dict[str, datetime] = field(default_factory=dict)
    """By patient: the first registration or admission."""

    def rows(self, table: Table, codes: Collection[str] | None = None) -> Iterator[Row]:
        """The rows of the patients wanted whose code is one of `codes`."""
        return rows(
            self.folder, table, self.report, codes=codes, patients=self.patients
        )

    def dictionary(self, table: Table) -> Iterator[Row]:
        """The rows of a table that is not about patients."""
        return rows(self.folder, table, self.report)

    def mapped(
        self, table: Table, mapping: Mapping, codes: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """The events of every row that is without fault."""
        for row in self.rows(table, codes):
            patient = row.needed_identifier(table.patient)
            events = tuple(mapping(row))
            if self.accepted(table, row):
                yield from self.handed_on(table, patient, events)

    def accepted(self, table: Table, row: Row) -> bool:
        """Settle a row whose cells were all read: count it, or reject it."""
        if row.fault is not None:
            self.report.reject(table.name, row.fault)
            return False
        self.report.table(table.name).mapped += 1
        return True

    def handed_on(
        self, table: Table, patient: str, events: Iterable[Event]
    ) -> Iterator[SourcedEvent]:
        """The events with their patient and source, counted."""
        counts = self.report.table(table.name)
        source = table.name.rpartition("/")[2]
        for event in events:
            counts.note(event)
            yield SourcedEvent(patient, source, event)


class Keys:
    """Makes equal keys of one patient distinct by their ordinal.

    Two rows that say the same are two facts here (a dose charted twice adds up), so
    each needs an id of its own.
    It remembers one patient at a time: the published tables are sorted by patient.
    """

    def __init__(self) -> None:
        self._patient = ""
        self._met: Counter[str] = Counter()

    def distinct(self, patient: str, key: str) -> str:
        """The key, with `#2` and so on from the second time on."""
        if patient != self._patient:
            self._patient = patient
            self._met.clear()
        self._met[key] += 1
        ordinal = self._met[key]
        return key if ordinal == 1 else f"{key}#{ordinal}"
