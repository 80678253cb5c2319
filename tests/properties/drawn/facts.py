"""Made-up facts that several kinds of criteria read, and how what is vague may be told."""

from dataclasses import replace
from datetime import UTC, timedelta

from hypothesis import strategies as st
from properties.drawn.parts import DATED, NOW, NUMBERS, fact

from streams.clinical.criteria.judgement import INSTANT
from streams.vocabulary.events import (
    Biomarker,
    CultureCollected,
    CultureResult,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
    Susceptibility,
)
from streams.vocabulary.facts import Flag


LACTATE = fact(
    Measurement,
    concept=("lactate",),
    value=NUMBERS,
    comparator=(None, None, "<", ">"),
    specimen=(None, "arterial", "venous"),
    flags=DATED,
)
CAME = fact(
    Encounter,
    encounter="ef",
    phase=("registered", "admitted", "discharged"),
    encounter_class=("emergency", "inpatient"),
    disposition=(None, "acute_hospital", "facility"),
    flags=DATED,
)
MOVED = fact(
    Location,
    phase=("entered", "left"),
    ward=("w",),
    level=("icu", "ward"),
)
VENTILATED = fact(
    RespiratorySupport,
    category=(None, "invasive", "oxygen"),
    flags=DATED,
)
INFUSED = fact(
    Infusion,
    infusion_id="mn",
    drug=("norepinephrine",),
    phase=("started", "changed", "stopped"),
    rate=(None, 0.0, 1.0, 2.0),
)


def as_one(several):
    """As one sort among others; `one_of` would count each of them."""
    return st.builds(lambda one: one, several)


ARRIVALS = as_one(st.one_of(CAME, MOVED, VENTILATED, INFUSED))
"""What tells anchors."""


def mostly(own):
    """A kind's own facts, and now and then one that tells an anchor."""
    return st.one_of(as_one(own), as_one(own), ARRIVALS)


CULTURES = st.one_of(
    fact(
        CultureCollected,
        culture_id="kl",
        specimen=("BLOOD CULTURE", "URINE"),
        flags=DATED,
    ),
    fact(
        CultureResult,
        culture_id="kl",
        status=("preliminary", "final"),
        positive=(None, True, True, False),
        organism=(
            *(None, "STAPHYLOCOCCUS AUREUS", "GRAM +"),
            *("STAPHYLOCOCCUS EPIDERMIDIS",) * 2,
        ),
        susceptibilities=(
            (),
            (Susceptibility(antimicrobial="OXACILLIN", interpretation="R"),),
            (Susceptibility(antimicrobial="OXACILLIN"),),
        ),
    ),
)
DOSES = fact(
    Medication,
    stage=("given", "given", "given", "ordered", "ordered", "stopped", "home"),
    order_id=(None, "o"),
    sent_drug=("hydrocortisone", "x"),
    antimicrobial=(None, True, False),
    flags=DATED,
)
FLUIDS = fact(
    Fluid,
    direction=("in", "out"),
    substance=("crystalloid", "urine", "urine"),
    volume_ml=(None, 0.0, *(100.0,) * 6),
    started_at=(None, NOW - timedelta(hours=3)),
    flags=DATED,
)
WEIGHTS = fact(
    Measurement,
    concept=("weight",),
    value=(50.0, 100.0),
)
VOLUMES = st.one_of(FLUIDS, as_one(FLUIDS), as_one(FLUIDS), WEIGHTS)


def one_of(*values):
    return st.sampled_from(values)


def told(fact):
    """The same fact, with all that was unknown of it told: one of the ways it can be."""
    ways = {"flags": st.just(())} if Flag.DATE_ONLY in fact.flags else {}
    if ways:
        end = min(fact.happened_at + timedelta(days=1) - INSTANT, NOW)
        latest = max(fact.happened_at, end)
        ways["happened_at"] = st.datetimes(
            fact.happened_at.replace(tzinfo=None),
            latest.replace(tzinfo=None),
            timezones=st.just(UTC),
        )
    match fact:
        case Measurement(comparator=None, specimen=None):
            ways["specimen"] = one_of("arterial", "venous")
        case Measurement(comparator=("<" | ">") as sign):
            more = 1 if sign == ">" else -1
            ways["value"] = one_of(fact.value + more / 2, fact.value + more)
            ways["comparator"] = st.none()
            ways["specimen"] = one_of(fact.specimen or "arterial")
        case Biomarker(comparator=">"):
            ways["value"] = one_of(fact.value + 0.5, fact.value + 5)
            ways["comparator"] = st.none()
        case Medication(antimicrobial=None):
            ways["antimicrobial"] = st.booleans()
        case Infusion(rate=None):
            ways["rate"] = one_of(0.5, 2.0)
        case Fluid(volume_ml=None):
            ways["volume_ml"] = one_of(0.0, 100.0)
        case CultureResult(organism="GRAM +"):
            ways["organism"] = one_of(
                "STAPHYLOCOCCUS AUREUS", "STAPHYLOCOCCUS EPIDERMIDIS"
            )
        case CultureResult(susceptibilities=(one,)) if one.interpretation is None:
            answers = one_of(*(replace(one, interpretation=a) for a in "SR"))
            ways["susceptibilities"] = answers.map(lambda answer: (answer,))
    return st.fixed_dictionaries(ways).map(lambda known: replace(fact, **known))
