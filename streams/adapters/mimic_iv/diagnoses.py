"""`hosp/diagnoses_icd`: codes of a hospital stay, assigned when it was over."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.codes import Code, Icd9Cm, Icd10Cm
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Condition, Event
from streams.vocabulary.facts import Flag


DIAGNOSES = Table(
    name="hosp/diagnoses_icd",
    columns=("subject_id", "hadm_id", "seq_num", "icd_code", "icd_version"),
)

_SYSTEMS: MappingProxyType[str, type[Code]] = MappingProxyType(
    {"9": Icd9Cm, "10": Icd10Cm}
)


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table; admissions must have been read before."""

    def mapping(row: Row) -> Iterator[Event]:
        hadm = row.needed_identifier("hadm_id")
        code, rank = _code(row), int(row.needed_number("seq_num"))
        discharged = reading.discharged.get(hadm)
        if discharged is None:
            row.reject(
                ErrorCode.UNKNOWN_REFERENCE,
                "hadm_id",
                f"The hospital stay {hadm} has no discharge in admissions.",
                "Without it nobody can say from when the code was known.",
            )
            return
        yield Condition(
            event_id=f"diagnoses_icd:{hadm}:{rank}",
            happened_at=discharged,
            known_at=discharged,
            encounter=hadm,
            flags=(Flag.LAG_UNMEASURABLE,),
            code=code,
            rank=rank,
        )

    return reading.mapped(DIAGNOSES, mapping)


def _code(row: Row) -> str:
    version, written = row.raw("icd_version").strip(), row.raw("icd_code").strip()
    system = _SYSTEMS.get(version)
    if system is None:
        row.reject(
            ErrorCode.MALFORMED_CODE,
            "icd_version",
            f"There is no ICD version {version!r} here.",
            "Versions 9 and 10 are known.",
        )
        return ""
    try:
        return str(system(written))
    except InputError as error:
        row.reject_for("icd_code", error)
        return ""
