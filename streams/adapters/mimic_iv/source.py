"""A copy of MIMIC-IV as published: one pass over each table, in bounded memory.

Reference: Johnson et al., MIMIC-IV (versions 2.2 to 3.x), PhysioNet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.mimic_iv import (
    admissions,
    charted,
    diagnoses,
    inputs,
    labs,
    microbiology,
    outputs,
    patients,
    prescriptions,
    procedures,
    whereabouts,
)
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.files import find_table
from streams.adapters.tabular.table import Table, check_header
from streams.vocabulary.errors import ErrorCode, InputError


SITE = "mimic-iv"

TABLES = (
    patients.PATIENTS,
    admissions.ADMISSIONS,
    whereabouts.TRANSFERS,
    diagnoses.DIAGNOSES,
    labs.D_LABITEMS,
    labs.LABEVENTS,
    microbiology.MICROBIOLOGYEVENTS,
    prescriptions.PRESCRIPTIONS,
    whereabouts.ICUSTAYS,
    charted.CHARTEVENTS,
    inputs.INPUTEVENTS,
    outputs.OUTPUTEVENTS,
    procedures.PROCEDUREEVENTS,
)
"""What must be there."""

SERVICES = Table(name="hosp/services", columns=("subject_id",))

# Admissions come first: patients and diagnoses ask when somebody came and went.
_READERS = (
    admissions.read,
    patients.read,
    whereabouts.read_transfers,
    whereabouts.read_icustays,
    diagnoses.read,
    labs.read,
    microbiology.read,
    prescriptions.read,
    charted.read,
    inputs.read,
    outputs.read,
    procedures.read,
)


class MimicIv:
    """The published tables in one folder (`hosp/`, `icu/`; `.csv` or `.csv.gz`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None:
        """Raises `InputError` EMB-101, EMB-102 or EMB-113 where a table is not usable."""
        if not self.folder.is_dir():
            raise InputError(
                ErrorCode.PATH_NOT_FOUND,
                f"There is no folder {self.folder}.",
                "Point to the folder that holds hosp/ and icu/.",
            )
        for table in TABLES:
            check_header(self.folder, table)

    def events(
        self, report: IntakeReport, subjects: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """Every event of these patients (None: of all), table by table.

        What was left out and why is in `report`, which is that of this run alone.
        Raises as `check` does before the first event, EMB-109 where a table or the
        whole turns out to be nearly all bad, and EMB-113 where a table cannot be read
        to its end.
        """
        self.check()
        wanted = None if subjects is None else frozenset(subjects)
        reading = Reading(folder=self.folder, report=report, patients=wanted)
        for read in _READERS:
            yield from read(reading)
        self._file_unread(reading)
        report.close()

    def _file_unread(self, reading: Reading) -> None:
        """Count the rows of `hosp/services`, where it is there."""
        if find_table(self.folder, SERVICES.name) is None:
            return
        counts = reading.report.table(SERVICES.name)
        for _ in reading.rows(SERVICES):
            counts.filed_unread += 1
