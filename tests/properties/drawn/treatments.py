"""Rules of treatments and cultures, and the facts that they read."""

from hypothesis import strategies as st
from properties.drawn.facts import ARRIVALS, CULTURES, DOSES, mostly
from properties.drawn.parts import (
    DATED,
    HALF_HOUR,
    HOURS,
    NOW,
    comparisons,
    fact,
    leaf,
    windowed,
)

from streams.clinical.criteria.medication import OPEN_ORDER
from streams.clinical.criteria.procedure import OPEN_PROCEDURE
from streams.vocabulary.events import (
    Infusion,
    Medication,
    Procedure,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


RUNNING = {"drugs": (["norepinephrine"],), "stale_after": HOURS}
INFUSIONS = st.one_of(
    leaf(
        "infusion",
        **RUNNING,
        optional={
            "rate": ("> 1 ug/kg/min", ">= 2 ug/kg/min"),
            "within": HOURS,
        },
    ),
    leaf("infusion", **RUNNING, lasting=HOURS, gap=("1 min", "1 h")),
)

GIVEN = fact(
    Medication,
    stage=("given", "given", "given", "stopped"),
    sent_drug=("hydrocortisone", "x"),
    antimicrobial=(None, True, True, False),
    flags=DATED,
)

OF_TREATMENTS = {
    "infusion": (
        INFUSIONS,
        fact(
            Infusion,
            infusion_id="mn",
            drug=("norepinephrine",),
            phase=("started", "changed", "stopped"),
            rate=(None, 0.0, 1.0, 2.0),
        ),
    ),
    "infusion in any window": (
        windowed(
            "infusion",
            **RUNNING,
            optional={"rate": (">= 2 ug/kg/min",)},
        ),
        ARRIVALS,
    ),
    "medication": (
        leaf("medication", named=(["cortison"],), within=HOURS),
        fact(
            Medication,
            # About as old as an order may be before it is no longer believed.
            days_ago=(0, OPEN_ORDER.days),
            stage=("ordered", "given", "stopped"),
            order_id=(None, "o", "p"),
            sent_drug=("hydrocortisone", "x"),
            planned_stop=(None, NOW - HALF_HOUR, NOW + HALF_HOUR),
            flags=((), (Flag.STOP_BEFORE_START,)),
        ),
    ),
    "drugs of any sort": (
        windowed(
            "medication",
            antimicrobial=(True,),
            stages=(["given"],),
            optional={"doses": comparisons("{dose}")},
        ),
        mostly(GIVEN),
    ),
    "drugs for so long": (
        leaf(
            "medication",
            named=(["cortison"],),
            stages=(["given"],),
            within=("3 h",),
            lasting=HOURS,
        ),
        DOSES,
    ),
    "orders in any window": (
        windowed("medication", named=(["cortison"],)),
        mostly(DOSES),
    ),
    "breathing": (
        leaf("respiratory_support", any_of=(["invasive"],), within=HOURS),
        fact(RespiratorySupport, category=(None, "invasive", "oxygen")),
    ),
    "breathing in any window": (
        windowed("respiratory_support", any_of=(["invasive"],)),
        ARRIVALS,
    ),
    "procedure": (
        windowed("procedure", any_of=(["rrt"],), optional={"running": (True,)}),
        st.one_of(
            fact(
                Procedure,
                days_ago=(0, OPEN_PROCEDURE.days),
                phase=("done", "started", "stopped"),
                procedure_id="mn",
                name=("rrt", "x"),
                flags=DATED,
            ),
            ARRIVALS,
        ),
    ),
    "procedure that runs": (
        leaf("procedure", any_of=(["rrt"],), running=(True,)),
        fact(
            Procedure,
            days_ago=(0, OPEN_PROCEDURE.days),
            phase=("done", "started", "stopped"),
            procedure_id="mn",
            name=("rrt",),
        ),
    ),
    "culture": (
        windowed(
            "culture",
            result=("any", "negative"),
            optional={
                "specimens": (["blood"],),
                "clock": ("resulted",),
            },
        ),
        mostly(CULTURES),
    ),
    "culture that grew": (
        windowed(
            "culture",
            result=("positive",),
            optional={
                "organisms": (["aureus"],),
                "not_organisms": (["epidermidis"],),
                "contaminants": ("ignore",),
                "polymicrobial": (True, False),
            },
        ),
        mostly(CULTURES),
    ),
    "susceptibility": (
        windowed(
            "susceptibility",
            organisms=(["aureus"],),
            antimicrobial=("oxacillin",),
            any_of=(["R"],),
        ),
        mostly(CULTURES),
    ),
}
