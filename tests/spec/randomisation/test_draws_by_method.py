"""Each method's draw, as the signer makes it, against the theory of its design."""

import json
import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.adaptive import mass_weighted
from registry.domain.randomisation.coins import BiasedCoin, BigStick, FairCoin, WeiUrn
from registry.domain.randomisation.drawing import drawn
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import (
    Adaptive,
    Limit,
    Minimised,
    PermutedBlocks,
    Simple,
    method_document,
    read_method,
)
from registry.domain.randomisation.predictability import (
    correct_guesses,
    predictability_of_coin,
)
from registry.domain.randomisation.vector import Vector, by_ratio, in_billionths
from registry.domain.stratum import across_domain, stratum_key
from streams.vocabulary.errors import BrokenInvariant, ProtocolError


KEY = bytes(range(32))
TWO = (ArmDesign("a"), ArmDesign("b"))
TWO_THIRDS = Fraction(2, 3)


def design(method, arms=TWO):
    return DomainDesign(domain="fluids", arms=arms, method=method)


def position(number, stratum="s"):
    return Position("T", "fluids", stratum, number)


def sequence(of, count, stratum="s"):
    """The arms one stratum gets, each drawn after those before it."""
    held, arms = Counter(), []
    for number in range(1, count + 1):
        history = KnownHistory(in_schedule=held)
        arm = drawn(KEY, position(number, stratum), design=of, history=history).arm
        held[arm] += 1
        arms.append(arm)
    return arms


def minimised(of, levels):
    """The arms of a domain, and the state of each draw."""
    held, told = Counter(), []
    for number, pairs in enumerate(levels, start=1):
        stratum = across_domain(stratum_key(pairs))
        history = KnownHistory(in_domain=held)
        done = drawn(KEY, position(number, stratum), design=of, history=history)
        held[stratum, done.arm] += 1
        told.append((done.arm, json.loads(done.state)))
    return told


COINS = [
    (BiasedCoin(TWO_THIRDS), BiasedCoin(TWO_THIRDS)),
    (BiasedCoin(TWO_THIRDS, 3), BiasedCoin(TWO_THIRDS, 3)),
    (BigStick(3), BigStick(3)),
    (WeiUrn(), WeiUrn()),
    (Simple(), FairCoin()),
]


@pytest.mark.parametrize(("method", "theory"), COINS)
def test_a_guesser_of_the_drawn_arms_does_as_the_design_says(method, theory):
    """Four hundred strata of fifty: within three standard errors of the exact share."""
    told = predictability_of_coin(theory, 50)
    strata = [sequence(design(method), 50, f"s{n}") for n in range(400)]

    right = [correct_guesses(arms, ratio={"a": 1, "b": 1}) for arms in strata]
    apart = [abs(arms.count("a") - arms.count("b")) for arms in strata]
    assert float(sum(right) / 400) == pytest.approx(float(told.correct), abs=0.011)
    assert sum(apart) / 400 == pytest.approx(float(told.difference), rel=0.2)


@pytest.mark.parametrize("method", [BigStick(3), BiasedCoin(TWO_THIRDS, 3)])
def test_no_stratum_ever_passes_its_limit(method):
    for stratum in range(40):
        ahead = 0
        for arm in sequence(design(method), 60, f"s{stratum}"):
            ahead += 1 if arm == "a" else -1
            assert abs(ahead) <= 3


def test_simple_allocation_keeps_the_ratio_and_forgets_the_past():
    arms = (ArmDesign("a", 3), ArmDesign("b", 1))
    found = Counter(sequence(design(Simple(), arms), 2000))
    history = KnownHistory(in_schedule={"a": 100})

    assert found["a"] == pytest.approx(1500, abs=60)
    one = drawn(KEY, position(7), design=design(Simple(), arms), history=history)
    again = drawn(
        KEY, position(7), design=design(Simple(), arms), history=KnownHistory()
    )
    assert one == again


def test_an_arm_that_is_certain_is_what_the_history_leaves():
    full = KnownHistory(in_schedule={"a": 5, "b": 2})
    for number in range(50):
        done = drawn(KEY, position(number), design=design(BigStick(3)), history=full)
        assert done.arm == "b"
        assert json.loads(done.state)["held"] == {"a": 5, "b": 2}


def test_arms_of_another_design_weigh_nothing_in_a_coin():
    seen = KnownHistory(in_schedule={"old": 9, "a": 1, "b": 1})
    done = drawn(KEY, position(1), design=design(BigStick(1)), history=seen)

    assert json.loads(done.state)["held"] == {"a": 1, "b": 1}


EVEN = Minimised(
    weights=(("sex", Fraction(1)), ("age", Fraction(1))), spread="range", p=Fraction(1)
)
LEVELS = [
    (("sex", sex), ("age", age))
    for sex, age in zip("FMFFMMFMFMFF", "ooyoyyoyoyyo", strict=True)
]


def test_minimisation_without_a_coin_gives_the_arm_of_least_imbalance_or_a_tie():
    for arm, state in minimised(design(EVEN), LEVELS):
        assert arm in state["preferred"]


def test_minimisation_keeps_every_level_even():
    """With p = 1 and two arms no margin is ever more than two apart here."""
    held = Counter()
    told = minimised(design(EVEN), LEVELS * 5)
    for (arm, _), pairs in zip(told, LEVELS * 5, strict=True):
        held.update((pair, arm) for pair in pairs)
        for pair in (("sex", "F"), ("sex", "M"), ("age", "o"), ("age", "y")):
            assert abs(held[pair, "a"] - held[pair, "b"]) <= 2


def test_what_minimisation_rested_on_is_kept_whole():
    (_, first), (_, second) = minimised(design(EVEN), LEVELS[:1] * 2)

    assert first["alike"] == {"age": {"a": 0, "b": 0}, "sex": {"a": 0, "b": 0}}
    assert first["preferred"] == ["a", "b"]
    assert sum(sum(arms.values()) for arms in second["alike"].values()) == 2
    assert sorted(second["imbalance"].values()) == ["0", "4"]
    assert second["p"] == "1"
    assert set(second) >= {"draw", "chances", "method"}


def test_a_run_in_is_drawn_by_the_ratio():
    begins = Minimised(weights=EVEN.weights, spread="sd", p=Fraction(1), run_in=5)
    states = [state for _, state in minimised(design(begins), LEVELS)]

    assert ["run_in" in state for state in states] == [True] * 5 + [False] * 7
    assert states[4]["run_in"] == 4


def test_unequal_shares_do_not_drift_under_minimisation():
    arms = (ArmDesign("a", 2), ArmDesign("b", 1))
    method = Minimised(weights=EVEN.weights, spread="range", p=Fraction(17, 20))
    found = Counter(arm for arm, _ in minimised(design(method, arms), LEVELS * 25))

    assert found["a"] == pytest.approx(200, abs=8)


def test_who_lacks_a_factor_is_never_guessed():
    with pytest.raises(BrokenInvariant, match="'age'"):
        minimised(design(EVEN), [(("sex", "F"),)])


THREE = tuple(ArmDesign(name) for name in "abc")
HALVES = Adaptive(initial=by_ratio((arm.name, 1) for arm in THREE))


def test_a_vector_is_drawn_by_to_its_shares():
    vector = Vector("v", in_billionths({"a": 0.6, "b": 0.3, "c": 0.1}))
    found = Counter(sequence(design(HALVES, THREE).by(vector), 3000))

    for arm, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        assert found[arm] / 3000 == pytest.approx(share, abs=0.03)


def test_arms_that_are_left_share_a_vector_in_proportion():
    vector = Vector("v", in_billionths({"a": 0.6, "b": 0.3, "c": 0.1}))
    narrowed = design(HALVES, THREE).by(vector).among({"a", "c"})
    done = drawn(KEY, position(1), design=narrowed, history=KnownHistory())

    assert json.loads(done.state)["chances"] == {"a": "6/7", "c": "1/7"}
    assert json.loads(done.state)["vector"] == "v"


@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=5),
    st.integers(1, 6),
    st.integers(1, 40),
)
def test_no_arm_outruns_its_share_by_more_than_the_urn_allows(weights, alpha, count):
    arms = tuple(ArmDesign(f"a{k}") for k in range(len(weights)))
    shares = by_ratio((a.name, w) for a, w in zip(arms, weights, strict=True))
    urn = design(Adaptive(initial=shares, alpha=alpha), arms)
    held = Counter(sequence(urn, count))

    for arm, share in shares:
        assert held[arm] < Fraction(share, 10**9) * (count - 1 + alpha) + 1


def test_a_mass_weighted_urn_of_no_past_leans_as_its_vector_and_then_back():
    """Shares 2/3 and 1/3, alpha 2: after one of the first, mass is 1 and 1."""
    shares = {"a": Fraction(2, 3), "b": Fraction(1, 3)}

    assert mass_weighted(shares, {"a": 0, "b": 0}, alpha=2) == shares
    assert mass_weighted(shares, {"a": 1, "b": 0}, alpha=2) == {
        "a": Fraction(1, 2),
        "b": Fraction(1, 2),
    }


def test_before_any_analysis_the_protocols_own_vector_stands():
    done = drawn(KEY, position(1), design=design(HALVES, THREE), history=KnownHistory())
    assert json.loads(done.state)["vector"] == "initial"


@pytest.mark.parametrize(
    ("p_best", "method", "expected"),
    [
        ((0.7, 0.2, 0.1), {"floor": "1/5"}, (0.6, 0.2, 0.2)),
        ((0.96, 0.03, 0.01), {"floor": "1/10"}, (0.8, 0.1, 0.1)),
        ((0.96, 0.03, 0.01), {"power": "1/2"}, (0.781959, 0.138232, 0.079808)),
    ],
)
def test_vectors_reckoned_by_a_protocols_limits_are_those_published(
    p_best, method, expected
):
    floor = method.get("floor")
    limits = (
        () if floor is None else tuple((a, Limit(floor=Fraction(floor))) for a in "abc")
    )
    adaptive = Adaptive(
        initial=HALVES.initial,
        limits=limits,
        power=Fraction(method.get("power", "1")),
    )
    shares = adaptive.reckoned(dict(zip("abc", p_best, strict=True)))

    assert sum(share for _, share in shares) == 10**9
    for (_, share), told in zip(shares, expected, strict=True):
        assert share / 10**9 == pytest.approx(told, abs=1e-6)
    assert adaptive.outside(shares) == ()


def test_shares_outside_the_limits_are_named():
    fixed = Adaptive(
        initial=HALVES.initial,
        limits=(("a", Limit(fixed=Fraction(1, 3))), ("b", Limit(cap=Fraction(1, 2)))),
    )

    assert (
        fixed.outside(in_billionths({"a": 1 / 3, "b": 0.4, "c": 1 - 1 / 3 - 0.4})) == ()
    )
    assert fixed.outside(in_billionths({"a": 0.3, "b": 0.6, "c": 0.1})) == ("a", "b")


METHODS = [
    Simple(),
    PermutedBlocks((1, 2)),
    BigStick(3),
    BiasedCoin(TWO_THIRDS, None),
    WeiUrn(),
    EVEN,
    Adaptive(
        initial=by_ratio([("a", 1), ("b", 2)]),
        limits=(("a", Limit(floor=Fraction(1, 5), cap=Fraction(1, 2))),),
        match_control="a",
        power=Fraction(1, 2),
    ),
    Adaptive(initial=by_ratio([("a", 1), ("b", 2)]), alpha=3),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_a_method_is_read_as_it_was_written(method):
    told = json.loads(json.dumps(method_document(method)))

    assert read_method(told) == method
    assert len({design(one).schedule() for one in METHODS}) == len(METHODS)


def test_a_method_of_a_later_version_is_told():
    with pytest.raises(ProtocolError, match="no allocation method 'dice'"):
        read_method({"method": "dice"})


@pytest.mark.parametrize("method", [BigStick(3), WeiUrn(), BiasedCoin(TWO_THIRDS)])
@pytest.mark.parametrize("arms", [THREE, (ArmDesign("a", 2), ArmDesign("b"))])
def test_no_coin_has_three_sides_or_an_unequal_ratio(method, arms):
    with pytest.raises(ProtocolError, match="two arms of equal shares"):
        design(method, arms)


def test_another_vector_is_another_schedule_and_the_design_is_not():
    of = design(HALVES, THREE)
    one = of.by(Vector("v1", HALVES.initial))
    two = of.by(Vector("v2", HALVES.initial))

    assert len({of.schedule(), one.schedule(), two.schedule()}) == 3
    assert one.by(None).schedule() == of.schedule()


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=8),
    st.integers(1, 1000),
)
def test_shares_in_billionths_sum_to_one_and_miss_by_less_than_one(weights, number):
    total = sum(weights)
    exact = {f"a{k}": Fraction(weight, total) for k, weight in enumerate(weights)}
    shares = dict(in_billionths(exact))

    assert sum(shares.values()) == 10**9
    assert all(abs(shares[arm] - share * 10**9) < 1 for arm, share in exact.items())
    arms = tuple(ArmDesign(arm) for arm in shares)
    of = design(Adaptive(initial=tuple(shares.items())), arms)
    done = drawn(KEY, position(number), design=of, history=KnownHistory())
    number_drawn, whole = json.loads(done.state)["draw"]
    before = math.fsum(
        share for arm, share in list(shares.items())[: list(shares).index(done.arm)]
    )
    assert before <= number_drawn * 10**9 / whole <= before + shares[done.arm]
