"""Runs in clifpy's own environment: CLIF tables in, its SOFA-2 out.

    python ask_clifpy_sofa2.py FOLDER < asked.json

Asked: `{"daily": bool, "cohort": [...], "tables": {"labs": [...], ...}}`, rows as
objects, times as ISO 8601 with UTC. Told: the rows of its answer, one JSON list.
"""

import contextlib
import json
import sys
from pathlib import Path

import pandas as pd


COLUMNS = {
    "labs": ["lab_collect_dttm", "lab_category", "lab_value_numeric"],
    "vitals": ["recorded_dttm", "vital_category", "vital_value"],
    "patient_assessments": ["recorded_dttm", "assessment_category", "numerical_value"],
    "medication_admin_continuous": [
        "admin_dttm",
        "med_category",
        "med_dose",
        "med_dose_unit",
        "mar_action_category",
    ],
    "medication_admin_intermittent": [
        "admin_dttm",
        "med_category",
        "med_dose",
        "med_dose_unit",
        "mar_action_category",
    ],
    "respiratory_support": [
        "recorded_dttm",
        "device_category",
        "mode_category",
        "fio2_set",
        "lpm_set",
    ],
    "ecmo_mcs": ["recorded_dttm", "mcs_group", "ecmo_configuration_category"],
    "crrt_therapy": ["recorded_dttm"],
    "output": ["recorded_dttm", "output_volume", "output_group"],
    "input": ["recorded_dttm", "input_volume", "input_category"],
}
NUMBERS = {
    "lab_value_numeric",
    "vital_value",
    "numerical_value",
    "med_dose",
    "fio2_set",
    "lpm_set",
    "output_volume",
    "input_volume",
}
TOLD = [
    "sofa2_total",
    "sofa2_brain",
    "sofa2_resp",
    "sofa2_cv",
    "sofa2_liver",
    "sofa2_kidney",
    "sofa2_hemo",
]


def frame(rows, columns):
    table = pd.DataFrame(rows, columns=["hospitalization_id", *columns])
    for name in columns:
        if name.endswith("_dttm"):
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
        else:
            kind = "float64" if name in NUMBERS else "string"
            table[name] = table[name].astype(kind)
    return table.astype({"hospitalization_id": "string"})


def main():
    asked = json.load(sys.stdin)
    folder = Path(sys.argv[1])
    for name, columns in COLUMNS.items():
        rows = asked["tables"].get(name, [])
        frame(rows, columns).to_parquet(folder / f"clif_{name}.parquet")
    config = folder / "config.json"
    config.write_text(
        json.dumps(
            {
                "data_directory": str(folder),
                "filetype": "parquet",
                "timezone": "UTC",
                "output_directory": str(folder / "log"),
            }
        )
    )
    with contextlib.redirect_stdout(sys.stderr):
        import clifpy  # noqa: PLC0415 - it writes as it is imported

        ask = clifpy.calculate_sofa2_daily if asked["daily"] else clifpy.calculate_sofa2
        cohort = frame(asked["cohort"], ["start_dttm", "end_dttm"])
        told = ask(cohort, clif_config_path=str(config))
    told = told.sort_values(["hospitalization_id", "start_dttm"])
    kept = told[["hospitalization_id", "start_dttm", *TOLD]]
    sys.stdout.write(kept.to_json(orient="records", date_format="iso"))


main()
