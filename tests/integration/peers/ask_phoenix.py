"""Asks `phoenix-sepsis` about patients; run in its own environment, JSON in and out.

With no patients on standard input it is asked about its own example data, in the way
its README prepares them.
"""

import json
import sys
from importlib.resources import files

import numpy as np
import pandas as pd
import phoenix


def columns(patients):
    """Each input as an array; None is missing."""
    names = list(patients[0])
    return {
        name: np.array(
            [np.nan if p[name] is None else float(p[name]) for p in patients]
        )
        for name in names
    }


def example():
    """The package's own patients, and what it is asked of them."""
    table = pd.read_csv(files("phoenix").joinpath("data/sepsis.csv"))
    drugs = [
        *("dobutamine", "dopamine", "epinephrine"),
        *("milrinone", "norepinephrine", "vasopressin"),
    ]
    ratio = table["spo2"] / table["fio2"]
    asked = {
        "pf_ratio": table["pao2"] / table["fio2"],
        "sf_ratio": ratio.where(table["spo2"] <= 97),
        "imv": table["vent"],
        "other_respiratory_support": (table["fio2"] > 0.21).astype(int),
        "vasoactives": table[drugs].sum(axis=1),
        "lactate": table["lactate"],
        "map": table["dbp"] + (table["sbp"] - table["dbp"]) / 3,
        "platelets": table["platelets"],
        "inr": table["inr"],
        "d_dimer": table["d_dimer"],
        "fibrinogen": table["fibrinogen"],
        "gcs": table["gcs_total"],
        "fixed_pupils": (table["pupil"] == "both-fixed").astype(int),
        "glucose": table["glucose"],
        "anc": table["anc"],
        "alc": table["alc"],
        "creatinine": table["creatinine"],
        "bilirubin": table["bilirubin"],
        "alt": table["alt"],
        "age": table["age"],
    }
    return table, {name: np.asarray(values, float) for name, values in asked.items()}


def rows(table):
    """A table as JSON's lists and nulls."""
    return json.loads(table.to_json(orient="records", double_precision=15))


def main():
    given = sys.stdin.read()
    if given.strip():
        scores = phoenix.phoenix8(**columns(json.loads(given)))
        print(json.dumps({"scores": rows(scores)}))
        return
    table, asked = example()
    told = {"raw": rows(table), "scores": rows(phoenix.phoenix8(**asked))}
    asked = {k: [None if np.isnan(x) else x for x in v] for k, v in asked.items()}
    print(json.dumps({**told, "asked": asked}))


if __name__ == "__main__":
    main()
