"""A made-up copy of MIMIC-IV, a few rows at a time."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.mimic_iv.source import TABLES, MimicIv
from streams.vocabulary.events import Event


class TinyMimic:
    """Tables with the columns Ember looks at; a cell not named is empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = IntakeReport()
        self.columns = {table.name: list(table.columns) for table in TABLES}
        self._rows: dict[str, list[dict[str, object]]] = {n: [] for n in self.columns}

    def add(self, table: str, **cells: object) -> TinyMimic:
        """One row more."""
        self._rows[table].append({"subject_id": 1} | cells)
        return self

    def path(self, table: str) -> Path:
        """Where the table is written."""
        return self.folder / f"{table}.csv"

    def write(self) -> MimicIv:
        """All tables, plain CSV."""
        for table, columns in self.columns.items():
            self.path(table).parent.mkdir(exist_ok=True, parents=True)
            with self.path(table).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, extrasaction="ignore")
                writer.writeheader()
                writer.writerows(self._rows[table])
        return MimicIv(self.folder)

    def pack(self, table: str) -> Path:
        """Gzip one written table, and take the plain one away."""
        packed = self.folder / f"{table}.csv.gz"
        packed.write_bytes(gzip.compress(self.path(table).read_bytes()))
        self.path(table).unlink()
        return packed

    def sourced(self) -> list[SourcedEvent]:
        """What is read of it, with `report` filled anew."""
        self.report = IntakeReport()
        return list(self.write().events(self.report))

    def events(self) -> dict[str, Event]:
        """What is read of it, by event id."""
        return {s.event.event_id: s.event for s in self.sourced()}


@pytest.fixture
def mimic(tmp_path: Path) -> TinyMimic:
    """An empty copy of MIMIC-IV."""
    return TinyMimic(tmp_path / "mimic-iv")
