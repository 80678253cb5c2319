"""What must hold of every rule and every record, not only of those we thought of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import INSTANT, PatientView
from streams.clinical.criteria.medication import OPEN_ORDER
from streams.clinical.criteria.procedure import OPEN_PROCEDURE
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Allergy,
    Assessment,
    Biomarker,
    Classification,
    CodeStatus,
    Condition,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    Pregnancy,
    Procedure,
    RespiratorySupport,
    Susceptibility,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
RULE = TypeAdapter(Rule)

# Ranges are tiny on purpose, so that equalities and edges happen.
HOURS = st.sampled_from(("1 h", "2 h", "3 h"))
NAMES = st.sampled_from("abcd")
TODAY = st.just(0)
ICD = "http://hl7.org/fhir/sid/icd-10-cm|"


def leaf(kind, *, optional=None, **fields):
    return st.fixed_dictionaries(
        {"kind": st.just(kind), **fields}, optional=optional or {}
    )


LACTATES = leaf(
    "value",
    concept=st.just("lactate"),
    within=HOURS,
    which=st.sampled_from(("latest", "first", "highest", "lowest", "any")),
    **{
        "is": st.builds(
            "{} {} mmol/L".format,
            st.sampled_from(("<", "<=", ">", ">=")),
            st.integers(1, 3),
        )
    },
    optional={"since": st.sampled_from(("onset.known_at", "onset.happened_at"))},
)
RUNNING = {"drugs": st.just(["norepinephrine"]), "stale_after": HOURS}
INFUSIONS = st.one_of(
    leaf(
        "infusion",
        **RUNNING,
        optional={
            "rate": st.sampled_from(("> 1 ug/kg/min", ">= 2 ug/kg/min")),
            "within": HOURS,
        },
    ),
    leaf("infusion", **RUNNING, lasting=HOURS, gap=st.sampled_from(("1 min", "1 h"))),
)


def fact(kind, *, days_ago=TODAY, **fields):
    def at(days, hours, number, rest):
        moment = NOW - timedelta(days=days, hours=hours)
        return kind(
            event_id=f"{kind.__name__}-{number}",
            happened_at=moment,
            known_at=moment,
            **rest,
        )

    halves = st.integers(-2, 8).map(lambda n: n / 2)
    rest = st.fixed_dictionaries(fields)
    return st.builds(at, days_ago, halves, st.integers(0, 5), rest)


PAIRS = {
    "value": (
        LACTATES,
        fact(
            Measurement,
            concept=st.just("lactate"),
            value=st.integers(0, 4).map(float),
            comparator=st.sampled_from((None, "<", ">", ">=")),
        ),
    ),
    "infusion": (
        INFUSIONS,
        fact(
            Infusion,
            infusion_id=st.sampled_from("mn"),
            drug=st.just("norepinephrine"),
            phase=st.sampled_from(("started", "changed", "stopped")),
            rate=st.sampled_from((None, 0.0, 1.0, 2.0)),
        ),
    ),
    "age": (
        leaf("age", **{"is": st.sampled_from((">= 18 years", "<= 55 years"))}),
        fact(
            Demographics,
            birth_year=st.sampled_from((None, 2008, 2009, 1970)),
            age_precision=st.sampled_from(("stated", "year")),
        ),
    ),
    "sex": (
        leaf("sex", **{"is": st.sampled_from(("male", "female"))}),
        fact(Demographics, sex=st.sampled_from((None, "male", "female"))),
    ),
    "pregnant": (
        leaf("pregnant", optional={"within": HOURS}),
        fact(Pregnancy, pregnant=st.sampled_from((None, True, False))),
    ),
    "allergy": (
        leaf("allergy", to=st.just(["hydrocortisone"])),
        fact(
            Allergy,
            substance=st.sampled_from(("any", "Hydrocortisone")),
            present=st.booleans(),
        ),
    ),
    "code status": (
        leaf("code_status", any_of=st.just(["comfort_only"])),
        fact(CodeStatus, status=st.sampled_from(("full", "comfort_only"))),
    ),
    "condition": (
        leaf("condition", codes=st.just([f"{ICD}N18"])),
        fact(Condition, code=st.just(f"{ICD}N18.6"), present=st.booleans()),
    ),
    "in hospital": (
        leaf("in_hospital"),
        fact(Encounter, phase=st.sampled_from(("admitted", "discharged"))),
    ),
    "location": (
        leaf("location", any_of=st.just(["icu"])),
        fact(
            Location,
            phase=st.sampled_from(("entered", "left")),
            ward=st.just("w"),
            level=st.sampled_from(("icu", "ward")),
        ),
    ),
    "died": (leaf("died"), fact(Death)),
    "medication": (
        leaf("medication", named=st.just(["cortison"]), within=HOURS),
        fact(
            Medication,
            # About as old as an order may be before it is no longer believed.
            days_ago=st.sampled_from((0, OPEN_ORDER.days)),
            stage=st.sampled_from(("ordered", "given", "stopped")),
            order_id=st.sampled_from((None, "o", "p")),
            sent_drug=st.sampled_from(("hydrocortisone", "x")),
            planned_stop=st.sampled_from((None, NOW - HALF_HOUR, NOW + HALF_HOUR)),
            flags=st.sampled_from(((), (Flag.STOP_BEFORE_START,))),
        ),
    ),
    "breathing": (
        leaf("respiratory_support", any_of=st.just(["invasive"]), within=HOURS),
        fact(
            RespiratorySupport, category=st.sampled_from((None, "invasive", "oxygen"))
        ),
    ),
}


def comparisons(unit, low=0, high=3):
    signs = st.sampled_from(("<", "<=", ">", ">="))
    numbers = st.integers(low, high)
    return st.builds(lambda sign, n: f"{sign} {n} {unit}", signs, numbers)


SINCE = (
    "onset.known_at",
    "hospital.happened_at",
    "icu.happened_at",
    "icu.known_at",
    "vasopressor.happened_at",
    "ventilation.happened_at",
)
WINDOWS = st.one_of(
    st.fixed_dictionaries({"within": HOURS}),
    st.fixed_dictionaries({"since": st.sampled_from(SINCE)}),
    st.fixed_dictionaries({"since": st.sampled_from(SINCE), "within": HOURS}),
    st.fixed_dictionaries(
        {
            "around": st.sampled_from(SINCE),
            "from": st.sampled_from(("-2 h", "-1 h", "0 h")),
        },
        optional={"to": st.sampled_from(("0 h", "1 h", "2 h"))},
    ),
)


def windowed(kind, *, optional=None, **fields):
    """A leaf in any sort of window."""
    return st.builds(
        lambda one, window: {**one, **window},
        leaf(kind, optional=optional, **fields),
        WINDOWS,
    )


DATED = st.sampled_from(((), (), (), (Flag.DATE_ONLY,)))
LACTATE = fact(
    Measurement,
    concept=st.just("lactate"),
    value=st.integers(0, 4).map(float),
    comparator=st.sampled_from((None, None, "<", ">")),
    specimen=st.sampled_from((None, "arterial", "venous")),
    flags=DATED,
)
LACTATE_WHICH = st.sampled_from(("latest", "first", "highest", "lowest", "any"))
ARRIVALS = st.one_of(
    fact(
        Encounter,
        encounter=st.sampled_from("ef"),
        phase=st.sampled_from(("registered", "admitted", "discharged")),
        encounter_class=st.sampled_from(("emergency", "inpatient")),
        disposition=st.sampled_from((None, "acute_hospital", "facility")),
        flags=DATED,
    ),
    fact(
        Location,
        phase=st.sampled_from(("entered", "left")),
        ward=st.just("w"),
        level=st.sampled_from(("icu", "ward")),
    ),
    fact(
        RespiratorySupport,
        category=st.sampled_from((None, "invasive", "oxygen")),
        flags=DATED,
    ),
    fact(
        Infusion,
        infusion_id=st.sampled_from("mn"),
        drug=st.just("norepinephrine"),
        phase=st.sampled_from(("started", "changed", "stopped")),
        rate=st.sampled_from((None, 0.0, 1.0, 2.0)),
    ),
)
CULTURES = st.one_of(
    fact(
        CultureCollected,
        culture_id=st.sampled_from("kl"),
        specimen=st.sampled_from(("BLOOD CULTURE", "URINE")),
        flags=DATED,
    ),
    fact(
        CultureResult,
        culture_id=st.sampled_from("kl"),
        status=st.sampled_from(("preliminary", "final")),
        positive=st.sampled_from((None, True, False)),
        organism=st.sampled_from(
            (None, "STAPHYLOCOCCUS AUREUS", "STAPHYLOCOCCUS EPIDERMIDIS", "GRAM +")
        ),
        susceptibilities=st.sampled_from(
            (
                (),
                (Susceptibility(antimicrobial="OXACILLIN", interpretation="R"),),
                (Susceptibility(antimicrobial="OXACILLIN"),),
            )
        ),
    ),
)
DOSES = fact(
    Medication,
    stage=st.sampled_from(("ordered", "given", "stopped", "home")),
    order_id=st.sampled_from((None, "o")),
    sent_drug=st.sampled_from(("hydrocortisone", "x")),
    antimicrobial=st.sampled_from((None, True, False)),
    flags=DATED,
)
VOLUMES = st.one_of(
    fact(
        Fluid,
        direction=st.sampled_from(("in", "out")),
        substance=st.sampled_from(("crystalloid", "urine")),
        volume_ml=st.sampled_from((None, 0.0, 100.0)),
        started_at=st.sampled_from((None, NOW - timedelta(hours=3))),
        flags=DATED,
    ),
    fact(
        Measurement,
        concept=st.just("weight"),
        value=st.sampled_from((50.0, 100.0)),
    ),
)
PAIRS |= {
    "value of any sort": (
        windowed(
            "value",
            concept=st.just("lactate"),
            which=LACTATE_WHICH,
            **{"is": comparisons("mmol/L", 1)},
            optional={"specimens": st.just(["arterial"])},
        ),
        st.one_of(LACTATE, ARRIVALS),
    ),
    "value sustained": (
        leaf(
            "value",
            concept=st.just("lactate"),
            which=st.sampled_from(("latest", "any")),
            within=st.just("4 h"),
            sustained=HOURS,
            gap=st.sampled_from(("30 min", "1 h")),
            **{"is": comparisons("mmol/L", 1)},
        ),
        LACTATE,
    ),
    "so many values": (
        leaf(
            "value",
            concept=st.just("lactate"),
            within=st.just("4 h"),
            n=st.integers(2, 3),
            optional={"apart": st.just("1 h")},
            **{"is": comparisons("mmol/L", 1)},
        ),
        LACTATE,
    ),
    "trend": (
        leaf(
            "trend",
            concept=st.just("lactate"),
            within=HOURS,
            change=st.one_of(comparisons("mmol/L", -2, 2), comparisons("%", -50, 50)),
            **{
                "from": st.sampled_from(("highest", "lowest", "first", "latest")),
                "to": st.just("latest"),
            },
        ),
        LACTATE,
    ),
    "score": (
        leaf(
            "score",
            score=st.just("qsofa"),
            **{"is": comparisons("{score}")},
            optional={
                "component": st.just("respiratory_rate"),
                "change_since": st.sampled_from(SINCE),
            },
        ),
        st.one_of(
            fact(
                Measurement,
                concept=st.sampled_from(("resp_rate", "sbp")),
                value=st.sampled_from((10.0, 22.0, 120.0)),
            ),
            fact(
                Assessment,
                concept=st.just("gcs_total"),
                value=st.sampled_from((8.0, 15.0)),
            ),
            ARRIVALS,
        ),
    ),
    "marker": (
        leaf(
            "marker",
            marker=st.just("ferritin"),
            within=HOURS,
            **{"is": comparisons("ng/mL")},
            optional={"assay": st.just("abbott")},
        ),
        fact(
            Biomarker,
            concept=st.just("ferritin"),
            value=st.integers(0, 4).map(float),
            comparator=st.sampled_from((None, ">")),
            unit=st.just("ng/mL"),
            assay=st.sampled_from(("Abbott", "Roche")),
            assay_version=st.just("1"),
            collected_at=st.sampled_from((None, NOW - timedelta(hours=2))),
        ),
    ),
    "marker of the table": (
        leaf("marker", marker=st.just("mals"), optional={"within": HOURS}),
        fact(
            Measurement,
            concept=st.just("ferritin"),
            value=st.sampled_from((4420.0, 4421.0)),
        ),
    ),
    "phenotype": (
        leaf(
            "phenotype",
            classifier=st.just("mars"),
            any_of=st.just(["MARS1"]),
            optional={"within": HOURS},
        ),
        fact(
            Classification,
            classifier=st.sampled_from(("mars", "srs")),
            classifier_version=st.sampled_from(("", "1")),
            label=st.sampled_from(("MARS1", "MARS2", "nonsense")),
            assay=st.just("array"),
        ),
    ),
    "culture": (
        windowed(
            "culture",
            result=st.sampled_from(("any", "negative")),
            optional={
                "specimens": st.just(["blood"]),
                "clock": st.just("resulted"),
            },
        ),
        st.one_of(CULTURES, ARRIVALS),
    ),
    "culture that grew": (
        windowed(
            "culture",
            result=st.just("positive"),
            optional={
                "organisms": st.just(["aureus"]),
                "not_organisms": st.just(["epidermidis"]),
                "contaminants": st.just("ignore"),
                "polymicrobial": st.booleans(),
            },
        ),
        st.one_of(CULTURES, ARRIVALS),
    ),
    "susceptibility": (
        windowed(
            "susceptibility",
            organisms=st.just(["aureus"]),
            antimicrobial=st.just("oxacillin"),
            any_of=st.just(["R"]),
        ),
        st.one_of(CULTURES, ARRIVALS),
    ),
    "procedure": (
        windowed(
            "procedure", any_of=st.just(["rrt"]), optional={"running": st.just(True)}
        ),
        st.one_of(
            fact(
                Procedure,
                days_ago=st.sampled_from((0, OPEN_PROCEDURE.days)),
                phase=st.sampled_from(("done", "started", "stopped")),
                procedure_id=st.sampled_from("mn"),
                name=st.sampled_from(("rrt", "x")),
                flags=DATED,
            ),
            ARRIVALS,
        ),
    ),
    "procedure that runs": (
        leaf("procedure", any_of=st.just(["rrt"]), running=st.just(True)),
        fact(
            Procedure,
            days_ago=st.sampled_from((0, OPEN_PROCEDURE.days)),
            phase=st.sampled_from(("done", "started", "stopped")),
            procedure_id=st.sampled_from("mn"),
            name=st.just("rrt"),
        ),
    ),
    "drugs of any sort": (
        windowed(
            "medication",
            antimicrobial=st.just(True),
            stages=st.just(["given"]),
            optional={"doses": comparisons("{dose}")},
        ),
        st.one_of(DOSES, ARRIVALS),
    ),
    "drugs for so long": (
        leaf(
            "medication",
            named=st.just(["cortison"]),
            stages=st.just(["given"]),
            within=st.just("3 h"),
            lasting=HOURS,
        ),
        DOSES,
    ),
    "orders in any window": (
        windowed("medication", named=st.just(["cortison"])),
        st.one_of(DOSES, ARRIVALS),
    ),
    "infusion in any window": (
        windowed(
            "infusion",
            **RUNNING,
            optional={"rate": st.just(">= 2 ug/kg/min")},
        ),
        ARRIVALS,
    ),
    "breathing in any window": (
        windowed("respiratory_support", any_of=st.just(["invasive"])),
        ARRIVALS,
    ),
    "condition in any window": (
        windowed("condition", codes=st.just([f"{ICD}N18"])),
        st.one_of(
            fact(
                Condition,
                code=st.just(f"{ICD}N18.6"),
                present=st.booleans(),
                flags=DATED,
            ),
            ARRIVALS,
        ),
    ),
    "equivalent": (
        leaf(
            "norepinephrine_equivalent",
            **{"is": comparisons("ug/kg/min")},
            optional={"lasting": HOURS, "gap": st.just("1 h")},
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
            direction=st.sampled_from(("in", "out")),
            total=st.one_of(comparisons("mL", 0, 200), comparisons("mL/kg")),
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
            since=st.sampled_from(SINCE),
            **{"is": comparisons("h")},
            optional={"until": st.just("onset.happened_at")},
        ),
        ARRIVALS,
    ),
    "prior stay": (
        leaf("prior_stay", within=HOURS, optional={"facility": st.just(True)}),
        ARRIVALS,
    ),
    "transferred": (leaf("transferred"), ARRIVALS),
}
NO_FACTS = (
    leaf("onset"),
    leaf("enrolled", trials=st.just(["t"])),
    leaf("refused", trials=st.just(["t"]), optional={"within": HOURS}),
)


def silent(rule):
    return st.booleans().map(lambda no: {**rule, "absent_means": False} if no else rule)


DATA = st.one_of(*(rule for rule, _ in PAIRS.values()), *NO_FACTS)
QUESTIONS = leaf("confirm", name=NAMES, question=st.just("Is it so?"))


def trees(leaves, *, negation=True):
    def grow(parts):
        several = st.lists(parts, min_size=1, max_size=3)
        kinds = [
            leaf("all", of=several),
            leaf("any", of=several),
            several.flatmap(
                lambda of: leaf("at_least", n=st.integers(1, len(of)), of=st.just(of))
            ),
        ]
        return st.one_of(*kinds, *([leaf("not", rule=parts)] if negation else ()))

    return st.recursive(leaves, grow, max_leaves=6).map(RULE.validate_python)


def records(facts):
    return st.lists(facts, max_size=8, unique_by=lambda one: one.event_id)


FACTS = records(st.one_of(*(facts for _, facts in PAIRS.values())))
ANSWERS = st.dictionaries(NAMES, st.sampled_from((TRUE, FALSE)))
ANCHORS = {
    "onset.known_at": NOW - timedelta(hours=1),
    "onset.happened_at": NOW - timedelta(hours=2),
}


def view(facts, answers=None):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return PatientView(timeline=timeline, anchors=ANCHORS, answers=answers or {})


@given(trees(DATA | QUESTIONS), st.datetimes(timezones=st.just(UTC)))
def test_of_a_patient_of_whom_nothing_is_known_every_rule_is_unknown(rule, now):
    assume(timedelta(days=200 * 366 + 30) < now - datetime.min.replace(tzinfo=UTC))
    said = judge(rule, PatientView(), now)
    assert said.truth is UNKNOWN
    assert said.evidence == ()
    assert said.would_need


@given(trees(DATA.flatmap(silent) | QUESTIONS, negation=False))
def test_without_negation_absence_fulfils_nothing_whatever_it_means(rule):
    assert judge(rule, PatientView(), NOW).truth is not TRUE


@given(trees(DATA.flatmap(silent) | QUESTIONS), FACTS, ANSWERS, st.sets(NAMES))
def test_an_answer_never_reverses_what_is_decided(rule, facts, answers, withheld):
    some = {name: said for name, said in answers.items() if name not in withheld}
    before = judge(rule, view(facts, some), NOW)
    after = judge(rule, view(facts, answers), NOW)
    assert before.truth in (UNKNOWN, after.truth)


@given(
    trees(DATA.flatmap(silent)),
    FACTS.flatmap(
        lambda facts: st.tuples(st.just(facts), st.permutations(facts + facts))
    ),
)
def test_order_and_repetition_of_facts_change_no_judgement(rule, deliveries):
    clean, messy = deliveries
    assert judge(rule, view(messy), NOW) == judge(rule, view(clean), NOW)


@given(trees(DATA.flatmap(silent)), FACTS)
def test_what_has_not_happened_yet_changes_no_truth(rule, facts):
    past = [one for one in facts if one.happened_at <= NOW]
    ahead, behind = judge(rule, view(facts), NOW), judge(rule, view(past), NOW)
    assert ahead.truth is behind.truth
    assert ahead.evidence == behind.evidence


def assert_time_alone_changes_nothing_unannounced(rule, record, until):
    """Walk from one announced moment to the next; in between nothing may change."""
    now = NOW
    while now < until:
        said = judge(rule, record, now)
        assert said.changes_at is None or said.changes_at > now
        announced = until if said.changes_at is None else said.changes_at
        for moment in (now + (announced - now) / 2, announced - INSTANT):
            assert judge(rule, record, moment).truth is said.truth
        now = announced


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_time_alone_changes_no_truth_unannounced(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(rules.flatmap(silent)))
    record = view(data.draw(records(facts)))
    assert_time_alone_changes_nothing_unannounced(
        rule, record, NOW + timedelta(hours=12)
    )


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_what_was_foreseen_is_what_is_judged_then(pair, data):
    """All of it: the truth, its evidence, and what it would need."""
    rules, facts = pair
    rule = RULE.validate_python(data.draw(rules.flatmap(silent)))
    record = view(data.draw(records(facts)))
    said = judge(rule, record, NOW)
    if said.foresight is None:
        return
    for hours in (0, 1, 7, 31):
        later = NOW + timedelta(hours=hours)
        assert said.foresight.at(later) == judge(rule, record, later)


@given(trees(DATA.flatmap(silent)), FACTS)
def test_nor_that_of_a_compound(rule, facts):
    assert_time_alone_changes_nothing_unannounced(
        rule, view(facts), NOW + timedelta(hours=12)
    )


@given(trees(DATA.flatmap(silent)), FACTS)
def test_a_decided_truth_needs_nothing_and_an_unknown_one_something(rule, facts):
    said = judge(rule, view(facts), NOW)
    assert bool(said.would_need) == (said.truth is UNKNOWN)


# -- what was unknown becomes known, and nothing else changes --------------------


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


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_what_becomes_known_reverses_nothing_that_was_decided(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(rules.flatmap(silent)))
    vague = data.draw(records(facts))
    clear = [data.draw(told(one)) for one in vague]
    before, after = judge(rule, view(vague), NOW), judge(rule, view(clear), NOW)
    assert before.truth in (UNKNOWN, after.truth)
