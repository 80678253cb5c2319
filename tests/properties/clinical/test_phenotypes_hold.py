"""What holds of every phenotype, whatever was measured and in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.clinical.phenotypes.hyperinflammatory import inflammatory, probability
from streams.clinical.phenotypes.seneca import assign, seneca
from streams.clinical.phenotypes.seneca_inputs import Input
from streams.clinical.phenotypes.seneca_policy import SenecaPolicy
from streams.clinical.phenotypes.seneca_table import variables
from streams.clinical.phenotypes.temperature import temperature_course
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Biomarker, Infusion, Measurement


DAY = datetime(2150, 3, 1, tzinfo=UTC)
NAMES = sorted(variables())

policies = st.builds(
    SenecaPolicy,
    compat=st.sampled_from(["all29", "script"]),
    crp=st.sampled_from(["left_out", "mg/L", "mg/dL"]),
    missing=st.sampled_from(["skip", "derivation_mean"]),
    worst=st.sampled_from(["by_table", "farthest_from_mean", "first"]),
    least=st.integers(1, 25),
)
patients = st.dictionaries(st.sampled_from(NAMES), st.floats(0.5, 90), max_size=29)

moments = st.integers(-2 * 60, 100 * 60).map(lambda m: DAY + timedelta(minutes=m))


@st.composite
def measurements(draw):
    variable = variables()[draw(st.sampled_from(NAMES))]
    concept = draw(st.sampled_from(variable.concepts or ("temperature",)))
    at = draw(moments)
    return Measurement(
        event_id="",
        happened_at=at,
        known_at=at,
        concept=concept,
        value=draw(st.sampled_from([0.0, 0.5, 3.0, 36.0, 39.0, 90.0])),
        comparator=draw(st.sampled_from([None, None, None, "<", ">"])),
        specimen="arterial",
    )


records = st.lists(measurements(), max_size=25).map(
    lambda found: [replace(one, event_id=f"e{n}") for n, one in enumerate(found)]
)


def folded(events):
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


@given(patients, policies)
def test_the_label_is_the_nearest_of_enough_variables(patient, policy):
    found = assign([Input(variable=n, value=v) for n, v in patient.items()], policy)
    assert found.count == len(found.used) <= 29
    if found.label is not None:
        assert found.count >= policy.least
        index = ("alpha", "beta", "gamma", "delta").index(found.label)
        assert found.distances[index] == min(found.distances)
        assert found.margin >= 0
    else:
        assert found.refused


@given(patients, policies, st.sampled_from(NAMES))
def test_one_variable_more_never_shortens_a_distance(patient, policy, name):
    """Left out of the sum where it is not seen, that is."""
    policy = replace(policy, missing="skip")
    fewer = [Input(variable=n, value=v) for n, v in patient.items() if n != name]
    more = [*fewer, Input(variable=name, value=patient.get(name, 10.0))]
    before, after = assign(fewer, policy), assign(more, policy)
    if before.distances is not None:
        pairs = zip(before.distances, after.distances, strict=True)
        assert all(b <= a + 1e-9 for b, a in pairs)
    assert after.count in {before.count, before.count + 1}


@given(records, policies, st.data())
def test_neither_order_nor_duplicates_change_a_phenotype(events, policy, data):
    again = data.draw(st.permutations([*events, *events[:3]]))
    at = DAY + timedelta(hours=80)
    one, other = folded(events), folded(again)
    assert seneca(one, DAY, at, policy) == seneca(other, DAY, at, policy)
    assert temperature_course(one, DAY, at) == temperature_course(other, DAY, at)


@given(records, policies, moments)
def test_what_happens_later_is_not_seen(events, policy, at):
    past = folded([event for event in events if event.happened_at <= at])
    assert seneca(folded(events), DAY, at, policy) == seneca(past, DAY, at, policy)
    assert temperature_course(folded(events), DAY, at) == temperature_course(
        past, DAY, at
    )


@given(records)
def test_temperatures_lie_between_their_ends(events):
    found = temperature_course(folded(events), DAY, DAY + timedelta(hours=80))
    if found.refused is None:
        assert found.lowest <= found.mean <= found.highest
        assert found.lowest >= 32
        assert found.highest <= 44
    assert found.count + found.left_out <= len(events)


markers = st.tuples(st.floats(0, 1e5), st.floats(0, 1e5), st.booleans())


def assayed(values, without=()):
    il8, stnfr1, vasopressor = values
    common = {"happened_at": DAY, "known_at": DAY}
    found = [
        Biomarker(
            **common,
            event_id=name,
            concept=name,
            value=value,
            unit="pg/mL",
            assay="x",
            assay_version="1",
        )
        for name, value in (("il8", il8), ("stnfr1", stnfr1))
        if name not in without
    ]
    if "vasopressor" not in without:
        drip = {"infusion_id": "i", "drug": "norepinephrine", "phase": "started"}
        rate = 0.1 if vasopressor else 0.0
        found.append(Infusion(**common, event_id="v", rate=rate, **drip))
    return folded(found)


@given(markers, st.sets(st.sampled_from(["il8", "stnfr1", "vasopressor"])))
def test_any_value_of_what_is_missing_stays_within_the_bounds(values, without):
    il8, stnfr1, vasopressor = values
    truth = probability(il8, stnfr1, vasopressor=vasopressor)
    found = inflammatory(assayed(values, without), DAY)
    assert found.lower - 1e-12 <= truth <= found.upper + 1e-12
    assert set(found.missing) == without
    if found.label is not None:
        assert (found.label == "hyper_inflammatory") == (truth > 0.5)


@given(markers, st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_higher_marker_never_lowers_the_probability(values, more_il8, more_stnfr1):
    il8, stnfr1, vasopressor = values
    before = probability(il8, stnfr1, vasopressor=vasopressor)
    assert probability(il8 + more_il8, stnfr1, vasopressor=vasopressor) >= before
    assert probability(il8, stnfr1 + more_stnfr1, vasopressor=vasopressor) >= before
    assert probability(il8, stnfr1, vasopressor=True) >= before
