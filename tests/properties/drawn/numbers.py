"""Rules of numbers, and the facts that they read."""

from datetime import timedelta

from hypothesis import strategies as st
from properties.drawn.facts import ARRIVALS, LACTATE, VOLUMES
from properties.drawn.parts import (
    HOURS,
    NOW,
    NUMBERS,
    SINCE,
    comparisons,
    fact,
    leaf,
    windowed,
)

from streams.vocabulary.events import (
    Assessment,
    Biomarker,
    Classification,
    Measurement,
)


LACTATES = leaf(
    "value",
    concept=("lactate",),
    within=HOURS,
    which=("latest", "first", "highest", "lowest", "any"),
    **{"is": comparisons("mmol/L", 1)},
    optional={"since": ("onset.known_at", "onset.happened_at")},
)
LACTATE_WHICH = ("latest", "first", "highest", "lowest", "any")

OF_NUMBERS = {
    "value": (
        LACTATES,
        fact(
            Measurement,
            concept=("lactate",),
            value=NUMBERS,
            comparator=(None, "<", ">", ">="),
        ),
    ),
    "value of any sort": (
        windowed(
            "value",
            concept=("lactate",),
            which=LACTATE_WHICH,
            **{"is": comparisons("mmol/L", 1)},
            optional={"specimens": (["arterial"],)},
        ),
        st.one_of(LACTATE, ARRIVALS),
    ),
    "value sustained": (
        leaf(
            "value",
            concept=("lactate",),
            which=("latest", "any"),
            within=("4 h",),
            sustained=HOURS,
            gap=("30 min", "1 h"),
            **{"is": comparisons("mmol/L", 1)},
        ),
        LACTATE,
    ),
    "so many values": (
        leaf(
            "value",
            concept=("lactate",),
            within=("4 h",),
            n=(2, 3),
            optional={"apart": ("1 h",)},
            **{"is": comparisons("mmol/L", 1)},
        ),
        LACTATE,
    ),
    "trend": (
        leaf(
            "trend",
            concept=("lactate",),
            within=HOURS,
            change=(*comparisons("mmol/L", -2, 2), *comparisons("%", -50, 50)),
            **{
                "from": ("highest", "lowest", "first", "latest"),
                "to": ("latest",),
            },
        ),
        LACTATE,
    ),
    "score": (
        leaf(
            "score",
            score=("qsofa",),
            **{"is": comparisons("{score}")},
            optional={
                "component": ("respiratory_rate",),
                "change_since": SINCE,
            },
        ),
        st.one_of(
            fact(
                Measurement,
                concept=("resp_rate", "sbp"),
                value=(10.0, 22.0, 120.0),
            ),
            fact(
                Assessment,
                concept=("gcs_total",),
                value=(8.0, 15.0),
            ),
            ARRIVALS,
        ),
    ),
    "marker": (
        leaf(
            "marker",
            marker=("ferritin",),
            within=HOURS,
            **{"is": comparisons("ng/mL")},
            optional={"assay": ("abbott",)},
        ),
        fact(
            Biomarker,
            concept=("ferritin",),
            value=NUMBERS,
            comparator=(None, ">"),
            unit=("ng/mL",),
            assay=("Abbott", "Roche"),
            assay_version=("1",),
            collected_at=(None, NOW - timedelta(hours=2)),
        ),
    ),
    "marker of the table": (
        leaf("marker", marker=("mals",), optional={"within": HOURS}),
        fact(
            Measurement,
            concept=("ferritin",),
            value=(4420.0, 4421.0),
        ),
    ),
    "phenotype": (
        leaf(
            "phenotype",
            classifier=("mars",),
            any_of=(["MARS1"],),
            optional={"within": HOURS},
        ),
        fact(
            Classification,
            classifier=("mars", "srs"),
            classifier_version=("", "1"),
            label=("MARS1", "MARS2", "nonsense"),
            assay=("array",),
        ),
    ),
    "equivalent": (
        leaf(
            "norepinephrine_equivalent",
            **{"is": comparisons("ug/kg/min")},
            optional={"lasting": HOURS, "gap": ("1 h",)},
        ),
        ARRIVALS,
    ),
    "equivalent in any window": (
        windowed("norepinephrine_equivalent", **{"is": comparisons("ug/kg/min")}),
        ARRIVALS,
    ),
    "fluid": (
        windowed(
            "fluid",
            direction=("in", "out"),
            total=(*comparisons("mL", 0, 200), *comparisons("mL/kg")),
        ),
        st.one_of(VOLUMES, ARRIVALS),
    ),
    "urine": (
        leaf("urine_output", lasting=HOURS, **{"is": comparisons("mL/kg/h")}),
        VOLUMES,
    ),
    "elapsed": (
        leaf(
            "elapsed",
            since=SINCE,
            **{"is": comparisons("h")},
            optional={"until": ("onset.happened_at",)},
        ),
        ARRIVALS,
    ),
}
