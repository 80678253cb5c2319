"""How fast a mapping reads: the hourly files of Challenge 2019, made up.

    python tests/bench/tables.py [--files 2000] [--json]

One process; the time is the processor's, so that a busy machine tells the same.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.intake import IntakeReport
from streams.adapters.tabular.mapping.reading import read_mapping
from streams.adapters.tabular.mapping.source import MappedTables


ROOT = Path(__file__).resolve().parents[2]
MEASURED = {  # column: (mean, how often it is told in an hour)
    "HR": (84, 0.9),
    "O2Sat": (96, 0.87),
    "Temp": (37, 0.34),
    "SBP": (126, 0.85),
    "MAP": (86, 0.88),
    "DBP": (66, 0.69),
    "Resp": (19, 0.85),
    "EtCO2": (34, 0.04),
    "BaseExcess": (2, 0.05),
    "HCO3": (22, 0.04),
    "FiO2": (0.5, 0.08),
    "pH": (7.4, 0.07),
    "PaCO2": (39, 0.06),
    "SaO2": (96, 0.03),
    "AST": (103, 0.02),
    "BUN": (22, 0.07),
    "Alkalinephos": (87, 0.02),
    "Calcium": (8, 0.06),
    "Chloride": (106, 0.05),
    "Creatinine": (1.6, 0.06),
    "Bilirubin_direct": (0.7, 0.01),
    "Glucose": (131, 0.17),
    "Lactate": (2, 0.03),
    "Magnesium": (2, 0.06),
    "Phosphate": (3.5, 0.04),
    "Potassium": (4, 0.09),
    "Bilirubin_total": (1.3, 0.02),
    "TroponinI": (5, 0.01),
    "Hct": (32, 0.09),
    "Hgb": (10, 0.07),
    "PTT": (39, 0.03),
    "WBC": (10, 0.06),
    "Fibrinogen": (286, 0.01),
    "Platelets": (198, 0.06),
}
STAY = ("Age", "Gender", "Unit1", "Unit2", "HospAdmTime", "ICULOS", "SepsisLabel")


def write(folder, files, luck):
    """Stays of 10 to 66 hours; how many rows."""
    rows = 0
    for number in range(1, files + 1):
        lines = ["|".join((*MEASURED, *STAY))]
        person = f"{luck.uniform(18, 90):.2f}|{luck.choice('01')}|1|0|-50.25"
        for hour in range(1, luck.randint(11, 67)):
            cells = (
                f"{mean * luck.uniform(0.97, 1.03):.3g}"
                if luck.random() < told
                else "NaN"
                for mean, told in MEASURED.values()
            )
            lines.append("|".join((*cells, person, str(hour), "0")))
            rows += 1
        (folder / f"p{number:06d}.psv").write_text("\n".join(lines) + "\n")
    return rows


def measured(files):
    mapping = read_mapping(ROOT / "deploy/intake/challenge_2019.yaml")
    with tempfile.TemporaryDirectory() as folder:
        rows = write(Path(folder), files, random.Random(1))
        report, kinds = IntakeReport(), Counter()
        tables = MappedTables(
            folder=Path(folder),
            mapping=mapping,
            site=mapping.site,
            identities=PublicIdentifiers(),
        )
        started = time.process_time()
        for sourced in tables.events(report):
            kinds[sourced.event.kind] += 1
        seconds = time.process_time() - started
    assert report.table("hours").read == rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "what": "hourly files by a mapping",
        "files": files,
        "rows": rows,
        "events": kinds.total(),
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "events_per_second": round(kinds.total() / seconds),
        "peak_mb": round(peak),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told = measured(given.files)
    print(
        json.dumps(told)
        if given.json
        else "\n".join(f"{k}: {v}" for k, v in told.items())
    )
