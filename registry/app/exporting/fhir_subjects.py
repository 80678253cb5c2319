"""Research subjects in FHIR R4 and R5, one resource a line.

A subject is of the platform's study, and of one study more for each domain drawn in, as
`ember protocol export` names the studies.
R5 tells the state in `progress`; its `status` is that of the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from registry.app.exporting.written import as_text
from registry.domain.disclosure import Column, Value
from streams.adapters.fhir.study.parts import Json, coded, fhir_id, without_nothing
from streams.app.history.writing import writing_bytes
from streams.vocabulary.ids import identity


Release = Literal["R4", "R5"]


def write_subjects(
    release: Release,
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Value]],
) -> int:
    """Write the file, whole or not at all; gives the number of resources."""
    names, number = [column.name for column in columns], 0
    with writing_bytes(path) as file:
        for row in rows:
            told = dict(zip(names, map(as_text, row), strict=True))
            file.write(orjson.dumps(resource(release, told), option=_SORTED) + b"\n")
            number += 1
    return number


_SORTED = orjson.OPT_SORT_KEYS


def resource(release: Release, told: Mapping[str, str]) -> Json:
    """One ResearchSubject; what is empty is left out."""
    study = [told["trial"], *filter(None, [told["domain"]])]
    same: dict[str, Any] = {
        "resourceType": "ResearchSubject",
        "id": identity("fhir", "ResearchSubject", told["participant"], *study),
        "identifier": [{"value": told["participant"]}],
        "contained": _contained(told),
        "period": _period(told),
        "study": {"reference": f"ResearchStudy/{fhir_id(*study)}"},
    }
    return without_nothing(same | (_r4(told) if release == "R4" else _r5(told)))


def _r4(told: Mapping[str, str]) -> Json:
    return {
        "status": told["state"],
        "individual": _whom(told),
        "assignedArm": told.get("arm") or None,
    }


def _r5(told: Mapping[str, str]) -> Json:
    state = coded("research-subject-state", told["state"])
    arm = told.get("arm")
    return {
        "status": "active",
        "progress": [{"subjectState": state}],
        "subject": _whom(told),
        "assignedComparisonGroup": fhir_id(arm) if arm else None,
    }


def _whom(told: Mapping[str, str]) -> Json:
    """The patient by name, with the identifiers inside where they are told."""
    if told.get("identifiers"):
        return {"reference": "#patient", "type": "Patient"}
    return {"type": "Patient", "identifier": {"value": told["patient"]}}


def _contained(told: Mapping[str, str]) -> list[Json] | None:
    if not told.get("identifiers"):
        return None
    known = [
        {"assigner": {"display": authority}, "value": value}
        for authority, value in json.loads(told["identifiers"])
    ]
    pseudonym = {"value": told["patient"]}
    return [
        {
            "resourceType": "Patient",
            "id": "patient",
            "identifier": [pseudonym, *map(without_nothing, known)],
        }
    ]


def _period(told: Mapping[str, str]) -> Json:
    began, ended = told["began_at"] or None, told["ended_at"] or None
    return without_nothing({"start": began, "end": ended})
