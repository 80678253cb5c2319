"""PaO2/FiO2 and SpO2/FiO2, and what oxygen a patient breathed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.gases import arterial_gases
from streams.clinical.scores.inspired import (
    INSPIRED,
    InspiredPolicy,
    clean_fio2,
    fio2_of_flow,
    inspired_oxygen,
)
from streams.clinical.scores.oxygenation import (
    OXYGENATION,
    RICU_OXYGENATION,
    imputed_pf_ratios,
    pf_ratios,
    rice_pf,
    rice_sf,
    severinghaus_ellis_pao2,
    sf_ratios,
)
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Measurement, RespiratorySupport


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(days=1), NOON + timedelta(days=1)


def value(concept, number, hours=0, **told):
    at = NOON + timedelta(hours=hours)
    name = told.pop("name", f"{concept}@{hours}")
    common = {"event_id": name, "happened_at": at, "known_at": at}
    return Measurement(**common, concept=concept, value=number, **told)


def gas(number, hours=0, **told):
    return value("pao2", number, hours, specimen="arterial", **told)


def device(hours, category, name=None):
    at = NOON + timedelta(hours=hours)
    common = {"event_id": f"{category}@{hours}", "happened_at": at, "known_at": at}
    return RespiratorySupport(**common, category=category, device=name)


def cannula(hours):
    return device(hours, "oxygen", "Nasal cannula")


def timeline_of(*facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def pf(*facts, policy=OXYGENATION):
    found = pf_ratios(timeline_of(*facts), BEFORE, AFTER, policy=policy)
    return [round(ratio.range.low, 3) for ratio in found]


def sf(*facts, policy=OXYGENATION):
    found = sf_ratios(timeline_of(*facts), BEFORE, AFTER, policy=policy)
    return [round(ratio.range.low, 3) for ratio in found]


# -- inspired oxygen -----------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "fraction"),
    [
        (0, None),
        (0.2, None),
        (0.21, 0.21),
        (0.205, 0.21),
        (0.4, 0.4),
        (1.0, 1.0),
        (1.01, None),
        (2, None),
        (19.9, None),
        (20, 0.21),
        (21, 0.21),
        (40, 0.4),
        (100, 1.0),
        (100.1, None),
    ],
)
def test_a_number_is_a_fraction_a_percentage_or_neither(number, fraction):
    assert clean_fio2(number) == fraction


@pytest.mark.parametrize("number", [0.2, 0.3, 0.55, 0.8, 1.0, 1.01, 19, 40, 100, 101])
@pytest.mark.parametrize("specimen", ["gas", None])
def test_sofa_and_the_ratio_read_the_same_oxygen(number, specimen):
    timeline = timeline_of(
        value("fio2", number, specimen_id=specimen), gas(70, specimen_id=specimen)
    )
    (by_sofa,) = arterial_gases(Chart(timeline, SofaPolicy()), BEFORE, AFTER)
    alone = [round(one.range.low, 6) for one in pf_ratios(timeline, BEFORE, AFTER)]
    assert alone == ([] if by_sofa.ratio is None else [round(by_sofa.ratio, 6)])
    assert (by_sofa.ratio is None) is (number in {0.2, 1.01, 19, 101})


@pytest.mark.parametrize(
    ("policy", "fraction"),
    [
        (INSPIRED, 0.21),
        (replace(INSPIRED, below_air="as_charted"), 0.20),
        (replace(INSPIRED, lowest_percent=21), None),
    ],
)
def test_twenty_per_cent_is_air_or_as_charted_or_nothing(policy, fraction):
    assert clean_fio2(20, policy) == fraction


@pytest.mark.parametrize(
    ("litres", "clifpy", "sofa2"),
    [
        (0, None, None),
        (0.9, None, None),
        (1, 0.24, 0.24),
        (2, 0.28, 0.28),
        (3, 0.32, 0.32),
        (4, 0.36, 0.36),
        (5, 0.40, 0.40),
        (6, 0.44, 0.44),
        (7, 0.48, 0.50),
        (8, 0.52, 0.50),
        (9, 0.56, 0.50),
        (10, 0.60, 0.50),
        (10.1, None, None),
        (15, None, None),
    ],
)
def test_a_flow_by_cannula_is_a_fraction_by_a_named_table(litres, clifpy, sofa2):
    assert fio2_of_flow(litres, "clifpy") == (clifpy and pytest.approx(clifpy))
    assert fio2_of_flow(litres, "clifpy_sofa2") == (sofa2 and pytest.approx(sofa2))
    assert fio2_of_flow(litres, "none") is None


FLOW = InspiredPolicy(flow="clifpy")


def breathed(*facts, policy=FLOW):
    said = inspired_oxygen(timeline_of(*facts), NOON, policy)
    return None if said is None else (round(said.fraction, 3), said.told_from)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([], None),
        ([device(-1, "none")], (0.21, "room_air")),
        ([value("fio2", 40, -1)], (0.4, "charted")),
        ([cannula(-1), value("o2_flow", 2, -1)], (0.28, "flow")),
        ([cannula(-2), value("o2_flow", 2, -1)], (0.28, "flow")),
        # a table of cannulas is for cannulas
        ([value("o2_flow", 2, -1)], None),
        ([device(-1, "oxygen", "Face tent"), value("o2_flow", 2, -1)], None),
        ([cannula(-2), value("o2_flow", 2, -2), device(-1, "hfnc", "High flow")], None),
        ([cannula(-1), value("o2_flow", 15, -1)], None),
        # air lasts until something else is charted
        ([device(-2, "none"), device(-1, "oxygen")], None),
        ([device(-2, "none"), value("o2_flow", 4, -1)], None),
        ([device(-2, "none"), value("o2_flow", 0, -1)], (0.21, "room_air")),
        (
            [cannula(-2), value("o2_flow", 2, -2), device(-1, "none")],
            (0.21, "room_air"),
        ),
        # the later word counts, and of one moment the fraction
        ([value("fio2", 40, -2), device(-1, "none")], (0.21, "room_air")),
        ([device(-2, "none"), value("fio2", 40, -1)], (0.4, "charted")),
        (
            [value("fio2", 40, -1), cannula(-1), value("o2_flow", 2, -1)],
            (0.4, "charted"),
        ),
        (
            [value("fio2", 40, -1, name="a"), value("fio2", 60, -1, name="b")],
            (0.6, "charted"),
        ),
        # what cannot be a fraction is none, and what comes later is not seen
        ([value("fio2", 50, -2), value("fio2", 6, -1)], (0.5, "charted")),
        ([value("fio2", 50, 1)], None),
    ],
)
def test_what_a_patient_breathed(facts, said):
    assert breathed(*facts) == said


@pytest.mark.parametrize(("hours", "said"), [(4, (0.4, "charted")), (4.01, None)])
def test_a_charting_speaks_for_four_hours(hours, said):
    assert breathed(value("fio2", 40, -hours)) == said


def test_nothing_charted_is_air_only_where_the_policy_says():
    air = replace(INSPIRED, unsaid="room_air")
    assert breathed(policy=air) == (0.21, "assumed")
    assert breathed(device(-1, "oxygen"), policy=air) is None


def test_flows_count_for_nothing_by_default():
    facts = [cannula(-1), value("o2_flow", 2, -1)]
    assert breathed(*facts, policy=INSPIRED) is None


# -- P/F -----------------------------------------------------------------------


def test_a_gas_and_the_oxygen_before_it():
    assert pf(gas(80), value("fio2", 40, -1)) == [200.0]


def test_the_gas_own_oxygen_goes_before_what_was_charted():
    own = value("fio2", 50, specimen_id="s", method="blood_gas", name="own")
    assert pf(gas(80, specimen_id="s"), own, value("fio2", 40, -1)) == [160.0]


def test_another_gas_oxygen_is_not_this_ones():
    other = value("fio2", 50, specimen_id="t", method="blood_gas", name="other")
    assert pf(gas(80, specimen_id="s"), other) == []


def test_a_venous_gas_has_no_ratio():
    assert pf(value("pao2", 40, specimen="venous"), value("fio2", 40, -1)) == []


def test_what_was_charted_of_the_specimen_goes_before_the_catalogue():
    word = Measurement(
        event_id="w",
        happened_at=NOON,
        known_at=NOON,
        concept="blood_gas_specimen",
        text="ART.",
        specimen_id="s",
    )
    blood = value("pao2", 80, specimen="blood", specimen_id="s")
    assert pf(blood, value("fio2", 40, -1)) == []
    assert pf(blood, word, value("fio2", 40, -1)) == [200.0]


def test_each_gas_has_the_oxygen_of_its_own_moment():
    """The window's worst PaO2 over its highest FiO2 would be 60."""
    facts = [value("fio2", 30, -9), gas(60, -8), value("fio2", 100, -1), gas(150)]
    assert pf(*facts) == [200.0, 150.0]


@pytest.mark.parametrize(
    ("hours", "mimic", "ricu"),
    [(2, [200.0], [200.0]), (3, [200.0], [380.952]), (5, [], [380.952])],
)
def test_how_old_oxygen_may_be_and_what_none_means(hours, mimic, ricu):
    facts = [gas(80), value("fio2", 40, -hours)]
    assert (pf(*facts), pf(*facts, policy=RICU_OXYGENATION)) == (mimic, ricu)


def test_a_censored_gas_gives_an_interval():
    timeline = timeline_of(gas(500, comparator=">"), value("fio2", 100, -1))
    (ratio,) = pf_ratios(timeline, BEFORE, AFTER)
    assert (ratio.range.low, ratio.range.low_open) == (500.0, True)
    assert ratio.range.high == float("inf")


# -- S/F -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spo2", "limit", "found"),
    [
        (97, 97, [194.0]),
        (98, 97, []),
        (96, 96, [192.0]),
        (97, 96, []),
        (0, 97, []),
        (100, 97, []),
    ],
)
def test_a_saturation_on_the_flat_of_the_curve_tells_nothing(spo2, limit, found):
    policy = replace(OXYGENATION, spo2_highest=limit)
    assert sf(value("spo2", spo2), value("fio2", 50, -1), policy=policy) == found


def test_a_saturation_that_may_be_above_the_limit_tells_nothing():
    oxygen = value("fio2", 50, -1)
    assert sf(value("spo2", 95, comparator=">"), oxygen) == []
    assert len(sf(value("spo2", 90, comparator="<"), oxygen)) == 1


# -- imputation ----------------------------------------------------------------


@pytest.mark.parametrize(("pf_ratio", "sf_ratio"), [(200, 232), (300, 316)])
def test_rice_reproduces_its_published_cuts(pf_ratio, sf_ratio):
    """The paper prints 235 and 315."""
    assert rice_sf(pf_ratio) == sf_ratio
    assert rice_pf(sf_ratio) == pytest.approx(pf_ratio)


def test_rice_never_goes_below_nothing():
    assert (rice_pf(64), rice_pf(50)) == (0, 0)


@pytest.mark.parametrize(
    ("spo2", "pao2"), [(80, 44.3), (90, 58.7), (94, 70.9), (96, 81.9)]
)
def test_the_inverted_curve_gives_the_published_points(spo2, pao2):
    assert severinghaus_ellis_pao2(spo2) == pytest.approx(pao2, abs=0.05)


@pytest.mark.parametrize(
    ("spo2", "told"), [(0, False), (96.9, True), (97, False), (100, False)]
)
def test_the_inverted_curve_ends_where_it_is_flat(spo2, told):
    assert (severinghaus_ellis_pao2(spo2) is not None) is told


@pytest.mark.parametrize(
    ("imputation", "found"),
    [("none", []), ("rice_2007", [138.095]), ("severinghaus_ellis", [117.311])],
)
def test_an_imputed_ratio_names_its_formula(imputation, found):
    timeline = timeline_of(value("spo2", 90), value("fio2", 50, -1))
    policy = replace(OXYGENATION, imputation=imputation)
    ratios = imputed_pf_ratios(timeline, BEFORE, AFTER, policy=policy)
    assert [round(ratio.range.low, 3) for ratio in ratios] == found
    assert {ratio.imputation for ratio in ratios} <= {imputation}
    assert all(ratio.evidence == ("spo2@0", "fio2@-1") for ratio in ratios)


def test_at_97_the_curve_says_nothing_where_rice_does():
    timeline = timeline_of(value("spo2", 97), value("fio2", 30, -1))
    told = [
        len(imputed_pf_ratios(timeline, BEFORE, AFTER, policy=policy))
        for formula in ("rice_2007", "severinghaus_ellis")
        for policy in (replace(OXYGENATION, imputation=formula),)
    ]
    assert told == [1, 0]
