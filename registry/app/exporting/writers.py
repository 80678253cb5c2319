"""Which format is written by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from registry.app.exporting.csv_file import write_csv
from registry.app.exporting.fhir_subjects import write_subjects
from registry.domain.disclosure import Column, Value
from registry.domain.extracts import Extract
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


class Format(StrEnum):
    """How an extract is written."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    FHIR_R4 = "fhir-r4"
    """ResearchSubject, a line each; of `subjects` alone."""
    FHIR_R5 = "fhir-r5"

    @property
    def suffix(self) -> str:
        """What the file's name ends in."""
        return _SUFFIXES.get(self, f".{self.value}")


_SUFFIXES = {Format.FHIR_R4: ".r4.ndjson", Format.FHIR_R5: ".r5.ndjson"}
Writer = Callable[[Path, Sequence[Column], Iterable[Sequence[Value]]], int]


def writer_of(extract: Extract, how: Format) -> Writer:
    """What writes it.

    Raises `SettingsError` EMB-402 where the extract has no such format, `InputError`
    EMB-142 where a library is not installed.
    """
    match how:
        case Format.CSV:
            return write_csv
        case Format.PARQUET:
            return _parquet()
        case Format.XLSX:
            return _xlsx()
        case Format.FHIR_R4 | Format.FHIR_R5 if extract is Extract.SUBJECTS:
            return partial(write_subjects, "R4" if how is Format.FHIR_R4 else "R5")
        case _:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"FHIR has no {extract.value} that Ember writes.",
                "Export `subjects` as FHIR, or this as csv, parquet or xlsx.",
            )


def _parquet() -> Writer:
    try:
        from registry.app.exporting import parquet_file  # noqa: PLC0415  # late: polars is an extra, and 180 MB
    except ImportError:
        raise _missing("Parquet", "polars") from None
    return parquet_file.write_parquet


def _xlsx() -> Writer:
    try:
        from registry.app.exporting import xlsx_file  # noqa: PLC0415  # late: XlsxWriter is an extra
    except ImportError:
        raise _missing("XLSX", "XlsxWriter") from None
    return xlsx_file.write_xlsx


def _missing(what: str, library: str) -> InputError:
    return InputError(
        ErrorCode.EXTRA_MISSING,
        f"{what} is asked for, and {library} is not installed.",
        "Install ember-registry[batch], or export CSV.",
    )
