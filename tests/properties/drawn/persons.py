"""Rules of the person and the stay, and the facts that they read."""

from hypothesis import strategies as st
from properties.drawn.facts import ARRIVALS, CAME
from properties.drawn.parts import DATED, HOURS, ICD, fact, leaf, windowed

from streams.vocabulary.events import (
    Allergy,
    CodeStatus,
    Condition,
    Death,
    Demographics,
    Encounter,
    Location,
    Pregnancy,
)


OF_PERSONS = {
    "age": (
        leaf("age", **{"is": (">= 18 years", "<= 55 years")}),
        fact(
            Demographics,
            birth_year=(None, 2008, 2009, 1970),
            age_precision=("stated", "year"),
        ),
    ),
    "sex": (
        leaf("sex", **{"is": ("male", "female")}),
        fact(Demographics, sex=(None, "male", "female")),
    ),
    "pregnant": (
        leaf("pregnant", optional={"within": HOURS}),
        fact(Pregnancy, pregnant=(None, True, False)),
    ),
    "allergy": (
        leaf("allergy", to=(["hydrocortisone"], ["hydrocortisone", "x"])),
        fact(
            Allergy,
            substance=("any", "Hydrocortisone", "HYDROCORTISONE 1 % CREAM", "x"),
            present=(True, False),
        ),
    ),
    "code status": (
        leaf("code_status", any_of=(["comfort_only"],)),
        fact(CodeStatus, status=("full", "comfort_only")),
    ),
    "condition": (
        leaf("condition", codes=([f"{ICD}N18"],)),
        fact(Condition, code=(f"{ICD}N18.6",), present=(True, False)),
    ),
    "in hospital": (
        leaf("in_hospital"),
        fact(Encounter, phase=("admitted", "discharged")),
    ),
    "location": (
        leaf("location", any_of=(["icu"],)),
        fact(
            Location,
            phase=("entered", "left"),
            ward=("w",),
            level=("icu", "ward"),
        ),
    ),
    "died": (leaf("died"), fact(Death)),
    "condition in any window": (
        windowed("condition", codes=([f"{ICD}N18"],)),
        st.one_of(
            fact(
                Condition,
                code=(f"{ICD}N18.6",),
                present=(True, False),
                flags=DATED,
            ),
            ARRIVALS,
        ),
    ),
    "prior stay": (
        leaf("prior_stay", within=HOURS, optional={"facility": (True,)}),
        CAME,
    ),
    "transferred": (leaf("transferred"), CAME),
}
