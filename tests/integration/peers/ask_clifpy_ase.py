"""Runs in clifpy's own environment: CLIF tables in, its Adult Sepsis Events out.

    python ask_clifpy_ase.py FOLDER < asked.json

Asked: `{"zone": str, "repeats": bool, "lactate": bool, "tables": {"labs": [...]}}`, rows
as objects, times as ISO 8601 with UTC. Told: its rows with a blood culture, one list.
"""

import contextlib
import json
import sys
from pathlib import Path

import pandas as pd


HOSPITAL = "hospitalization_id"
COLUMNS = {
    "hospitalization": [
        *("patient_id", "admission_dttm", "discharge_dttm", "discharge_category"),
    ],
    "patient": ["death_dttm"],
    "microbiology_culture": ["collect_dttm", "order_dttm", "fluid_category"],
    "medication_admin_intermittent": [
        *("admin_dttm", "med_name", "med_category", "med_group"),
        *("med_route_category", "med_dose"),
    ],
    "medication_admin_continuous": [
        *("admin_dttm", "med_name", "med_category", "med_group", "med_dose"),
    ],
    "labs": [
        *("lab_category", "lab_value", "lab_value_numeric"),
        *("lab_result_dttm", "lab_order_dttm"),
    ],
    "hospital_diagnosis": ["diagnosis_code"],
    "adt": ["in_dttm", "out_dttm", "location_category"],
    "respiratory_support": ["recorded_dttm", "device_category"],
}
NUMBERS = {"med_dose", "lab_value_numeric"}


def frame(rows, key, columns):
    table = pd.DataFrame(rows, columns=[key, *columns]).astype({key: "string"})
    for name in columns:
        if name.endswith("_dttm"):
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
        else:
            kind = "float64" if name in NUMBERS else "string"
            table[name] = table[name].astype(kind)
    return table


def told(column):
    """A column as text: times by the clock that clifpy gave them."""
    return [None if pd.isna(value) else str(value) for value in column]


def main():
    asked = json.load(sys.stdin)
    folder = Path(sys.argv[1])
    for name, columns in COLUMNS.items():
        key = "patient_id" if name == "patient" else HOSPITAL
        rows = asked["tables"].get(name, [])
        frame(rows, key, columns).to_parquet(folder / f"clif_{name}.parquet")
    with contextlib.redirect_stdout(sys.stderr):
        from clifpy.utils.ase import compute_ase  # noqa: PLC0415 - it writes

        events = compute_ase(
            data_directory=str(folder),
            timezone=asked["zone"],
            apply_rit=asked["repeats"],
            include_lactate=asked["lactate"],
            verbose=False,
        )
    events = events[events["bc_id"].notna()]
    rows = zip(*(told(events[name]) for name in events.columns), strict=True)
    names = list(events.columns)
    json.dump([dict(zip(names, row, strict=True)) for row in rows], sys.stdout)


main()
