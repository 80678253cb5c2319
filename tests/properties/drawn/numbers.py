"""Rules of numbers, and the facts that they read."""

from datetime import timedelta
from itertools import product

from hypothesis import strategies as st
from properties.drawn.facts import (
    ARRIVALS,
    CAME,
    INFUSED,
    LACTATE,
    VENTILATED,
    VOLUMES,
    mostly,
)
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
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


LACTATES = leaf(
    "value",
    concept=("lactate",),
    within=HOURS,
    which=("latest", "first", "highest", "lowest", "any"),
    **{"is": comparisons("mmol/L", 1)},
    optional={"since": ("onset.known_at", "onset.happened_at")},
)
ENDS = (
    *tuple(
        {"from": begin, "to": end}
        for begin, end in product(
            ("highest", "lowest", "first"), ("latest", "lowest", "highest")
        )
        if begin != end
    ),
    {"from": "latest", "to": "latest"},
)
LACTATE_WHICH = ("latest", "first", "highest", "lowest", "any")

SINCE_A_DATE = (
    {"since": "ventilation.happened_at"},
    {"around": "ventilation.happened_at", "from": "0 h", "to": "1 h"},
)

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
        mostly(LACTATE),
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
            within=("2 h", "4 h"),
            change=(
                *comparisons("mmol/L", -2, 2),
                *(f"{sign} {n} %" for sign in ("<=", ">") for n in (-50, 0, 50)),
            ),
            together=ENDS,
        ),
        fact(
            Measurement,
            concept=("lactate",),
            value=NUMBERS,
            comparator=(*(None,) * 8, "<", ">"),
            flags=((),) * 12 + ((Flag.DATE_ONLY,),),
        ),
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
        st.one_of(INFUSED, VENTILATED, CAME),
    ),
    "equivalent since a date": (
        leaf(
            "norepinephrine_equivalent",
            together=SINCE_A_DATE,
            **{"is": comparisons("ug/kg/min")},
        ),
        st.one_of(
            INFUSED,
            fact(
                RespiratorySupport,
                category=("invasive", "oxygen"),
                flags=((), (Flag.DATE_ONLY,)),
            ),
        ),
    ),
    "fluid": (
        windowed(
            "fluid",
            direction=("in", "out"),
            total=(
                *(f"{sign} {n} mL" for sign in ("<", ">=") for n in (0, 50, 100, 200)),
                *comparisons("mL/kg", 1, 1),
            ),
        ),
        mostly(VOLUMES),
    ),
    "urine": (
        leaf("urine_output", lasting=HOURS, **{"is": comparisons("mL/kg/h")}),
        VOLUMES,
    ),
    "elapsed": (
        leaf(
            "elapsed",
            since=SINCE,
            **{"is": comparisons("h", 1, 2)},
            optional={"until": ("onset.happened_at",)},
        ),
        st.one_of(CAME, ARRIVALS),
    ),
}
