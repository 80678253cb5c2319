"""What holds of the course and of the covariates, in whatever order facts came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.course.immune import immune_course
from streams.clinical.course.immune_policy import ImmunePolicy
from streams.clinical.course.secondary_infection import secondary_infection
from streams.clinical.course.secondary_policy import SecondaryPolicy
from streams.clinical.definitions.septic_shock import septic_shock
from streams.clinical.definitions.shock_policies import SHOCK_POLICIES
from streams.clinical.heterogeneity.factors import covariates, freeze
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Biomarker,
    Condition,
    Correction,
    CultureCollected,
    CultureResult,
    Death,
    Encounter,
    Fluid,
    Infusion,
    Measurement,
    Medication,
)
from streams.vocabulary.truth import TRUE


DAY = datetime(2150, 3, 1, tzinfo=UTC)
ONSET = DAY + timedelta(hours=30)

measured = st.tuples(
    st.sampled_from(
        [
            ("ferritin", [900.0, 4420.0, 9000.0]),
            ("lactate", [1.0, 2.0, 3.5]),
            ("weight", [80.0]),
            ("platelets", [300.0, 40.0]),
            ("neutrophils_abs", [0.4, 3.0]),
        ]
    ).flatmap(lambda c: st.tuples(st.just(c[0]), st.sampled_from(c[1]))),
    st.sampled_from([None, None, "<", ">"]),
).map(
    lambda t: (
        Measurement,
        {"concept": t[0][0], "value": t[0][1], "comparator": t[1]},
    )
)
assayed = st.sampled_from([2000.0, 5000.0, 20000.0]).map(
    lambda value: (
        Biomarker,
        {
            "concept": "mhla_dr_molecules",
            "value": value,
            "unit": "{molecules}/{cell}",
            "assay": "quantibrite",
            "assay_version": "1",
        },
    )
)
grown = st.sampled_from(
    [
        (CultureCollected, {"culture_id": "c1", "specimen": "BLOOD CULTURE"}),
        (CultureCollected, {"culture_id": "c2", "specimen": "SPUTUM"}),
        *(
            (
                CultureResult,
                {
                    "culture_id": culture,
                    "status": status,
                    "positive": name is not None,
                    "organism": name,
                },
            )
            for culture in ("c1", "c2")
            for status in ("preliminary", "final")
            for name in (None, "STAPHYLOCOCCUS AUREUS", "CANDIDA", "COAGULASE NEGATIVE")
        ),
    ]
)
given_drugs = st.sampled_from(
    [
        (Medication, {"stage": stage, "sent_drug": drug, "antimicrobial": True})
        for stage in ("given", "ordered")
        for drug in ("ceftriaxone", "meropenem", "ganciclovir")
    ]
)
infused = st.sampled_from(
    [
        (Infusion, {"phase": "started", "rate": 0.1}),
        (Infusion, {"phase": "changed", "rate": 0.0}),
        (Infusion, {"phase": "stopped"}),
    ]
).map(lambda t: (t[0], {**t[1], "infusion_id": "i", "drug": "norepinephrine"}))
poured = st.sampled_from([400.0, 2500.0]).map(
    lambda volume: (
        Fluid,
        {"direction": "in", "substance": "crystalloid", "volume_ml": volume},
    )
)
about = st.sampled_from(
    [
        (Death, {"place": "hospital"}),
        (Encounter, {"phase": "admitted", "encounter_class": "inpatient"}),
        (Encounter, {"phase": "discharged", "encounter_class": "inpatient"}),
        (Condition, {"code": "http://hl7.org/fhir/sid/icd-10-cm|C92.0"}),
    ]
)
moments = st.integers(0, 40 * 24).map(lambda h: DAY + timedelta(hours=h))


@st.composite
def facts(draw):
    kind, content = draw(
        st.one_of(
            measured,
            measured,
            assayed,
            grown,
            grown,
            given_drugs,
            infused,
            poured,
            about,
        )
    )
    at = draw(
        st.one_of(moments, st.integers(24, 60).map(lambda h: DAY + timedelta(hours=h)))
    )
    return kind(
        event_id="",
        happened_at=at,
        known_at=at,
        encounter=draw(st.sampled_from(["h", None])),
        **content,
    )


records = st.lists(facts(), max_size=20).map(
    lambda found: [replace(one, event_id=f"e{n}") for n, one in enumerate(found)]
)


def folded(events):
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


immune_policies = st.builds(
    ImmunePolicy,
    combine=st.sampled_from(["any_measured", "all_needed"]),
    half_known=st.sampled_from(["unknown", "what_is_known"]),
    days=st.sampled_from(["since_onset", "calendar"]),
)
secondary_policies = st.builds(
    SecondaryPolicy,
    same_organism=st.sampled_from(["not_new", "new"]),
    commensals=st.sampled_from(["two_cultures", "contaminant", "infection"]),
    open_sites=st.sampled_from(["if_treated", "infection", "colonisation"]),
    antimicrobials=st.sampled_from(["after_pause", "new_drug", "ignored"]),
)
shock_policies = st.sampled_from(sorted(SHOCK_POLICIES)).map(SHOCK_POLICIES.get)


def everything(timeline, at, immune, secondary, shock):
    return (
        immune_course(timeline, ONSET, at, immune),
        secondary_infection(timeline, ONSET, at, secondary, encounter="h"),
        septic_shock(timeline, policy=shock, now=at),
        covariates(timeline, at, index=ONSET, encounter="h"),
    )


@settings(deadline=None, max_examples=60)
@given(records, moments, immune_policies, secondary_policies, shock_policies, st.data())
def test_neither_order_nor_duplicates_nor_mended_errors_change_anything(
    events, at, immune, secondary, shock, data
):
    mended = []
    for event in events:
        mended += [event] * data.draw(st.integers(1, 2))
        if data.draw(st.integers(0, 3)) == 0:
            wrong = replace(data.draw(facts()), event_id=event.event_id)
            mended[-1:] = [
                wrong,
                Correction(
                    event_id=f"{event.event_id}#",
                    happened_at=event.happened_at,
                    known_at=event.known_at,
                    version=1,
                    corrects=event.event_id,
                    event=event,
                ),
            ]
            mended = [one for one in mended if one is not event]
    again = folded(data.draw(st.permutations(mended)))
    policies = (immune, secondary, shock)
    assert everything(folded(events), at, *policies) == everything(again, at, *policies)


@settings(deadline=None, max_examples=60)
@given(records, moments, immune_policies, secondary_policies, shock_policies)
def test_what_happens_later_is_not_seen(events, at, immune, secondary, shock):
    past = [event for event in events if event.happened_at <= at]
    policies = (immune, secondary, shock)
    assert everything(folded(events), at, *policies) == everything(
        folded(past), at, *policies
    )


@settings(deadline=None)
@given(records, moments, st.data())
def test_what_became_known_later_is_never_frozen(events, at, data):
    """A result is known hours after its specimen, a code weeks after its diagnosis."""
    told = [
        replace(one, known_at=one.happened_at + timedelta(hours=hours))
        for one in events
        for hours in [data.draw(st.sampled_from([0, 3, 24, 300]))]
    ]
    known = [one for one in told if one.known_at <= at]
    frozen = freeze(folded(told), at, index=ONSET, encounter="h")
    assert frozen == freeze(folded(known), at, index=ONSET, encounter="h")
    assert frozen.covariates == covariates(
        folded(known), at, index=ONSET, encounter="h"
    )


@given(records, moments, immune_policies)
def test_days_follow_each_other_and_a_state_is_among_the_possible(events, at, policy):
    days = immune_course(folded(events), ONSET, at, policy)
    assert [day.day for day in days] == list(range(len(days)))
    for before, after in pairwise(days):
        assert before.ends == after.starts
    for day in days:
        assert day.starts <= at
        if day.state != "unknown":
            assert day.state in day.possible
        assert len(day.possible) > 1 or day.state == day.possible[0]


@given(records, moments, secondary_policies)
def test_nothing_comes_before_what_ended_it(events, at, policy):
    found = secondary_infection(folded(events), ONSET, at, policy, encounter="h")
    opens, closes = ONSET + policy.after, ONSET + policy.until
    for one in (*found.infections, *found.viral):
        assert opens <= one.at <= min(at, closes)
        assert one.at <= one.told_at <= at
    if found.ending == "infection":
        assert found.ended_at == found.infections[0].at
    elif found.ended_at is not None:
        assert all(one.at > found.ended_at for one in found.infections)
    if found.status == "confirmed":
        assert found.final_at <= at


@settings(deadline=None)
@given(records, moments, secondary_policies, st.integers(0, 20 * 24))
def test_a_confirmed_ending_is_not_changed_by_time_alone(events, at, policy, hours):
    timeline = folded([event for event in events if event.happened_at <= at])
    found = secondary_infection(timeline, ONSET, at, policy, encounter="h")
    later = secondary_infection(
        timeline, ONSET, at + timedelta(hours=hours), policy, encounter="h"
    )
    if found.status == "confirmed":
        assert (later.ending, later.ended_at) == (found.ending, found.ended_at)


@settings(deadline=None, max_examples=60)
@given(records, moments, shock_policies)
def test_shock_rests_on_facts_that_are_there(events, at, policy):
    timeline = folded(events)
    for one in septic_shock(timeline, policy=policy, now=at):
        assert all(timeline.fact(name) for name in one.evidence)
        if one.met is TRUE:
            assert one.onset_at <= at
            assert one.lactate is one.vasopressor is TRUE
            assert one.status == "confirmed"


@settings(deadline=None, max_examples=60)
@given(records, moments, st.sampled_from(["sepsis3", "rhee", "reduce"]))
def test_a_higher_lactate_never_ends_shock(events, at, name):
    policy = SHOCK_POLICIES[name]
    higher = [
        replace(event, value=event.value + 1)
        if isinstance(event, Measurement)
        and event.concept == "lactate"
        and event.comparator != "<"
        else event
        for event in events
    ]
    before = septic_shock(folded(events), policy=policy, now=at)
    after = septic_shock(folded(higher), policy=policy, now=at)
    for one, other in zip(before, after, strict=True):
        if one.met is TRUE:
            assert other.met is TRUE
            assert other.onset_at <= one.onset_at
