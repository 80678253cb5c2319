"""Every method of allocation through the use case, on both databases alike."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from math import nan
from threading import Barrier

import pytest

from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign
from registry.domain.randomisation.coins import BiasedCoin, BigStick, WeiUrn
from registry.domain.randomisation.methods import (
    Adaptive,
    Limit,
    Minimised,
    PermutedBlocks,
    Simple,
)
from registry.domain.randomisation.signer import KeyedSigner
from registry.domain.randomisation.vector import INITIAL, by_ratio
from registry.store.roles import READER, grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.exclude_allocation import (
    ExcludeAllocation,
    exclude_allocation,
)
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError
from streams.vocabulary.messages import InterventionVerdict


MINIMISED = Minimised(
    weights=(("shock", Fraction(1)), ("age", Fraction(2))),
    spread="range",
    p=Fraction(1),
)
TWO = by_ratio([("restrictive", 1), ("standard", 1)])
ADAPTIVE = Adaptive(
    initial=TWO, limits=tuple((arm, Limit(floor=Fraction(1, 10))) for arm, _ in TWO)
)
METHODS = [
    Simple(),
    PermutedBlocks((1, 2)),
    BigStick(2),
    BiasedCoin(Fraction(4, 5), 2),
    WeiUrn(),
    MINIMISED,
    ADAPTIVE,
    replace(ADAPTIVE, alpha=1),
]


def strata(number):
    return (("age", "old" if number % 3 else "young"), ("shock", "yes"))


def admit(bedside, number, revision=0, **rest):
    bedside.hear(
        bedside.verdict(f"p{number}", revision, stratum=strata(number), **rest)
    )
    bedside.consent(f"p{number}")


def by(bedside, method, *more):
    return replace(bedside.fluids, method=method, arms=(*bedside.fluids.arms, *more))


def amend(bedside, registry, design, version):
    with registry.transaction() as uow:
        told = bedside.protocol(design, protocol_hash=version)
        activate_protocol(told, uow, signer=bedside.signer)


def verified(bedside, registry, signer=None):
    with registry.inspection() as uow:
        return verify_randomisation("TIDE", uow, signer=signer or bedside.signer)


def publish(bedside, registry, p_best=None, **changed):
    usual = {
        "trial": "TIDE",
        "domain": "fluids",
        "stratum": None,
        "analysis_id": "interim-1",
        "data_cut": bedside.noon,
        "p_best": p_best,
        "shares": None,
        "actor": "statistician",
        "at": bedside.noon,
    }
    with registry.transaction() as uow:
        return publish_vector(PublishVector(**(usual | changed)), uow)


def pause(bedside, registry, paused=True, trial="TIDE", **place):
    command = SetPause(
        trial=trial,
        place=Place(**place),
        paused=paused,
        reason="safety",
        actor="sponsor",
        at=bedside.noon,
    )
    with registry.transaction() as uow:
        return set_pause(command, uow).changed


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return {(o.code, o.name) for o in result.gate.obstacles}


@pytest.mark.parametrize("method", METHODS, ids=range(8))
def test_every_method_is_balanced_as_it_promises_and_drawn_again_from_the_key(
    bedside, registry, method
):
    bedside.open_trial(by(bedside, method))
    for number in range(12):
        admit(bedside, number)
    done = [bedside.randomise(f"p{number}") for number in range(12)]

    report = verified(bedside, registry)
    assert report.holds
    assert report.checked == 12
    held = Counter((strata(n), d.arm) for n, d in enumerate(done))
    for told in (strata(0), strata(1)):
        apart = abs(held[told, "restrictive"] - held[told, "standard"])
        if isinstance(method, BigStick | BiasedCoin | PermutedBlocks | Minimised):
            assert apart <= 2
    numbers = [d.sequence_no for d in done]
    if isinstance(method, Minimised):
        assert numbers == list(range(1, 13))
        assert {d.stratum.split(";")[0] for d in done} == {"@domain"}
    else:
        assert sorted(numbers) == sorted([*range(1, 5), *range(1, 9)])
    assert bedside.broken_chains() == []


def test_a_design_that_changes_on_the_way_begins_anew_and_is_verified_through(
    bedside, registry
):
    """Blocks, then a coin, then minimisation, then vectors, over the same strata."""
    bedside.open_trial()
    for number in range(16):
        admit(bedside, number)
    done = [bedside.randomise(f"p{n}") for n in range(4)]
    for step, method in enumerate((BigStick(2), MINIMISED, ADAPTIVE), start=1):
        version = f"hash-{step + 1}"
        amend(bedside, registry, by(bedside, method), version)
        for n in range(4 * step, 4 * step + 4):
            told = bedside.verdict(f"p{n}", step, stratum=strata(n))
            bedside.hear(replace(told, protocol_hash=version))
            done.append(bedside.randomise(f"p{n}"))

    assert all(isinstance(d, Randomised) for d in done)
    report = verified(bedside, registry)
    assert (report.differing, report.checked) == ((), 16)
    with registry.transaction() as uow:
        coin = uow.allocations.one(done[4].randomisation_id)
        minimised = uow.allocations.sealed(done[8].randomisation_id)
    assert coin.schedule_first_no == coin.sequence_no > 1
    alike = json.loads(minimised.state)["alike"]["shock"]
    assert sum(alike.values()) == 8


def test_who_was_randomised_in_error_leaves_the_counts_from_then_on_and_never_before(
    bedside, registry
):
    bedside.open_trial(by(bedside, MINIMISED))
    for number in range(7):
        admit(bedside, number)
    done = [bedside.randomise(f"p{number}") for number in range(4)]
    command = ExcludeAllocation(
        trial="TIDE",
        domain="fluids",
        participant=done[1].participant,
        reason="randomised twice",
        actor="trial manager",
        at=bedside.noon,
    )
    with registry.transaction() as uow:
        first = exclude_allocation(command, uow)
    with registry.transaction() as uow:
        again = exclude_allocation(command, uow)
    done += [bedside.randomise(f"p{number}") for number in range(4, 7)]

    assert (first.changed, again.changed) == (True, False)
    assert first.exclusion.from_no == 5
    with registry.transaction() as uow:
        states = [
            json.loads(uow.allocations.sealed(d.randomisation_id).state) for d in done
        ]
        with pytest.raises(Refused, match="was not randomised"):
            exclude_allocation(replace(command, participant="nobody"), uow)
    counted = [sum(state["alike"]["shock"].values()) for state in states]
    assert counted == [0, 1, 2, 3, 3, 4, 5]
    assert verified(bedside, registry).holds
    assert bedside.broken_chains() == []


def tables(registry):
    postgresql = registry.dialect == "postgresql"
    return "sealed.assignment" if postgresql else "sealed_assignment"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (("UPDATE {} SET arm = CASE arm WHEN 'standard' THEN 'restrictive' "
         "ELSE 'standard' END WHERE randomisation_id = '{}'"), "another arm"),
        ("UPDATE {} SET nonce = 'x' WHERE randomisation_id = '{}'", "another nonce"),
        ("UPDATE {} SET state = '{{}}' WHERE randomisation_id = '{}'", "something else"),
        ("DELETE FROM {} WHERE randomisation_id = '{}'", "arm is gone"),
    ],
)  # fmt: skip
def test_one_forged_draw_is_told_once(bedside, registry, tamper, statement, told):
    bedside.open_trial(by(bedside, MINIMISED))
    for number in range(6):
        admit(bedside, number)
    done = [bedside.randomise(f"p{number}") for number in range(6)]
    tamper(statement.format(tables(registry), done[2].randomisation_id))

    report = verified(bedside, registry)

    assert not report.holds
    (only,) = report.differing
    assert only.randomisation_id == done[2].randomisation_id
    assert told in only.what


def test_another_key_is_told_and_so_is_a_number_that_is_missing(
    bedside, registry, tamper
):
    bedside.open_trial(by(bedside, BigStick(2)))
    for number in (1, 2, 4):
        admit(bedside, number)
        bedside.randomise(f"p{number}")
    other = verified(bedside, registry, KeyedSigner({"TIDE": bytes(32)}))
    gone = f"(SELECT randomisation_id FROM randomisation WHERE sequence_no = 2)"  # noqa: F541
    tamper(f"DELETE FROM {tables(registry)} WHERE randomisation_id = {gone}")
    tamper("DELETE FROM randomisation WHERE sequence_no = 2")

    missing = verified(bedside, registry)

    assert not other.key_is_the_one
    assert not other.holds
    assert missing.key_is_the_one
    assert {one.what for one in missing.differing} >= {
        "the number before it is missing or there twice"
    }


def together(number, act):
    ready = Barrier(number)

    def run(index):
        ready.wait()
        return act(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.parametrize("method", [BigStick(2), MINIMISED], ids=["stick", "minimised"])
def test_fifty_at_once_see_each_others_arms_one_after_the_other(
    bedside, registry, method
):
    """A draw that missed one before it would pass the limit, or not be drawn again."""
    bedside.open_trial(by(bedside, method))
    stratum = (("age", "old"), ("shock", "yes"))
    names = [f"p{number}" for number in range(50)]
    bedside.hear(*(bedside.verdict(name, stratum=stratum) for name in names))
    for name in names:
        bedside.consent(name)

    done = together(50, lambda n: bedside.randomise(names[n]))

    ordered = sorted(done, key=lambda d: d.sequence_no)
    assert [d.sequence_no for d in ordered] == list(range(1, 51))
    ahead = 0
    for one in ordered:
        ahead += 1 if one.arm == "standard" else -1
        assert abs(ahead) <= 2
    assert verified(bedside, registry).holds


def test_a_vector_published_in_between_is_each_participants_or_not_and_no_half(
    bedside, registry
):
    bedside.open_trial(by(bedside, ADAPTIVE))
    for number in range(16):
        admit(bedside, number)

    def act(index):
        if index < 16:
            return bedside.randomise(f"p{index}")
        vector = publish(bedside, registry, {"standard": 0.9, "restrictive": 0.1})
        with registry.transaction() as uow:
            so_far = {
                one.randomisation_id
                for one in uow.allocations.of_trial("TIDE")
                if one.vector_id == INITIAL
            }
        return vector.vector.vector_id, so_far

    *done, (vector_id, so_far) = together(17, act)

    with registry.transaction() as uow:
        ids = {
            d.randomisation_id: uow.allocations.one(d.randomisation_id).vector_id
            for d in done
        }
    assert set(ids.values()) <= {INITIAL, vector_id}
    assert {i for i, vector in ids.items() if vector == INITIAL} == so_far
    assert verified(bedside, registry).holds


def test_no_allocation_to_an_arm_commits_after_its_pause(bedside, registry):
    bedside.open_trial(by(bedside, Simple(), ArmDesign("albumin")))
    for number in range(16):
        admit(bedside, number)

    def act(index):
        if index < 16:
            return bedside.randomise(f"p{index}")
        pause(bedside, registry, domain="fluids", arm="albumin")
        with registry.transaction() as uow:
            return {
                one.randomisation_id: uow.allocations.arm(one.randomisation_id)
                for one in uow.allocations.of_trial("TIDE")
            }

    *done, at_pause = together(17, act)

    got = {d.randomisation_id for d in done if d.arm == "albumin"}
    assert got <= {i for i, arm in at_pause.items() if arm == "albumin"}
    with registry.transaction() as uow:
        kept = [uow.allocations.one(d.randomisation_id) for d in done]
    for one in kept:
        available = {arm: there for arm, there, _ in one.availability}
        assert available["standard"]
        assert available["albumin"] is ("albumin" in dict(one.ratio))
    assert verified(bedside, registry).holds


def test_a_pause_outlives_an_amendment_and_only_a_resumption_ends_it(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    assert pause(bedside, registry, domain="fluids")
    assert not pause(bedside, registry, domain="fluids")
    amend(bedside, registry, bedside.fluids, "hash-2")
    bedside.hear(bedside.verdict("p1", 1, protocol_hash="hash-2"))

    assert obstacles(bedside.randomise()) == {
        (ErrorCode.DOMAIN_CLOSED, "domain_closed")
    }
    assert pause(bedside, registry, paused=False, domain="fluids")
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


def test_a_site_pauses_alone(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    pause(bedside, registry, site="A")

    assert obstacles(bedside.randomise()) == {(ErrorCode.SITE_PAUSED, "site_paused")}
    pause(bedside, registry, paused=False, site="A")
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM recruitment_pause",
        "UPDATE recruitment_pause SET reason = 'none'",
        "DELETE FROM allocation_vector",
        "UPDATE allocation_vector SET shares = '[[\"restrictive\",1000000000]]'",
        "DELETE FROM allocation_exclusion",
        "UPDATE allocation_exclusion SET from_no = 9",
    ],
)
def test_what_steers_draws_cannot_be_rewritten_unseen(
    bedside, registry, tamper, statement
):
    bedside.open_trial(by(bedside, ADAPTIVE))
    publish(bedside, registry, {"standard": 0.5, "restrictive": 0.5})
    pause(bedside, registry, domain="fluids", arm="standard")
    pause(bedside, registry, paused=False, domain="fluids", arm="standard")
    admit(bedside, 1)
    done = bedside.randomise("p1")
    command = ExcludeAllocation(
        trial="TIDE",
        domain="fluids",
        participant=done.participant,
        reason="in error",
        actor="trial manager",
        at=bedside.noon,
    )
    with registry.transaction() as uow:
        exclude_allocation(command, uow)
    assert bedside.broken_chains() == []

    tamper(statement)

    assert len(bedside.broken_chains()) == 1


def test_with_one_of_two_arms_paused_there_is_nothing_to_draw(bedside, registry):
    bedside.open_trial(by(bedside, BigStick(2)))
    admit(bedside, 1)
    pause(bedside, registry, domain="fluids", arm="standard")

    assert obstacles(bedside.randomise("p1")) == {
        (ErrorCode.TOO_FEW_ARMS, "too_few_arms")
    }


@pytest.mark.parametrize(
    "place",
    [
        {"site": "Nowhere"},
        {"domain": "fluid"},
        {"domain": "fluids", "arm": "standart"},
        {"domain": "fluid", "arm": "standard"},
    ],
)
def test_a_misspelt_pause_is_refused(bedside, registry, place):
    bedside.open_trial()
    with pytest.raises(Refused) as fault:
        pause(bedside, registry, **place)

    assert fault.value.code is ErrorCode.UNKNOWN_PART


@pytest.mark.parametrize("place", [{"site": "A"}, {"domain": "fluids"}])
def test_a_pause_of_a_misspelt_trial_is_refused(bedside, registry, place):
    """The site is heard of, in another trial: told as paused, it would recruit on."""
    bedside.open_trial()
    bedside.hear(bedside.verdict("p1"))
    with pytest.raises(Refused) as fault:
        pause(bedside, registry, trial="tide", **place)

    assert fault.value.code is ErrorCode.UNKNOWN_PART


def test_a_vector_is_for_its_stratum_until_the_design_changes(bedside, registry):
    bedside.open_trial(by(bedside, ADAPTIVE))
    for number in range(3):
        admit(bedside, number)
    young = publish(
        bedside,
        registry,
        {"standard": 0.8, "restrictive": 0.2},
        stratum="age=young;shock=yes",
    ).vector
    again = publish(
        bedside,
        registry,
        {"restrictive": 0.2, "standard": 0.8},
        stratum="age=young;shock=yes",
    )
    first, second = bedside.randomise("p0"), bedside.randomise("p1")
    tighter = replace(ADAPTIVE, power=Fraction(1, 2))
    amend(bedside, registry, by(bedside, tighter), "hash-2")
    told = bedside.verdict("p2", 1, stratum=strata(0), protocol_hash="hash-2")
    bedside.hear(told)
    third = bedside.randomise("p2")

    assert not again.changed
    assert young.shares == (("restrictive", 200_000_000), ("standard", 800_000_000))
    assert young.limits == (
        ("floor restrictive", "1/10"),
        ("floor standard", "1/10"),
        ("power", "1"),
    )
    with registry.transaction() as uow:
        ids = [
            uow.allocations.one(d.randomisation_id).vector_id
            for d in (first, second, third)
        ]
    assert ids == [young.vector_id, INITIAL, INITIAL]
    assert verified(bedside, registry).holds
    assert bedside.broken_chains() == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"p_best": {"standard": 1.0}}, "give each of restrictive, standard"),
        ({"shares": {"standard": 0.5, "restrictive": 0.4}}, "sum to 0.9"),
        ({"shares": {"standard": 0.95, "restrictive": 0.05}}, "outside its limits"),
        ({"p_best": {"standard": 0.5, "restrictive": 0.5}, "at": "early"}, "future"),
        ({"p_best": {"standard": 0.0, "restrictive": 0.0}}, "sum to 0"),
        ({"p_best": {"standard": 0.6, "restrictive": 0.5}}, "sum to 1.1"),
        ({"p_best": {"standard": 1.5, "restrictive": -0.5}}, "no probability"),
        ({"p_best": {"standard": nan, "restrictive": 1.0}}, "no probability"),
        ({"shares": {"standard": nan, "restrictive": 1.0}}, "no probability"),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(bedside, registry, changed, told):
    bedside.open_trial(by(bedside, ADAPTIVE))
    if "at" in changed:
        changed = {"data_cut": bedside.noon.replace(year=2027), **changed}
        del changed["at"]

    with pytest.raises(Refused, match=told) as fault:
        publish(bedside, registry, **changed)

    assert fault.value.code is ErrorCode.VECTOR_REFUSED


def test_an_analysis_speaks_once_and_a_domain_of_blocks_takes_no_vector(
    bedside, registry
):
    bedside.open_trial(by(bedside, ADAPTIVE))
    publish(bedside, registry, {"standard": 0.5, "restrictive": 0.5})
    with pytest.raises(Refused, match="other numbers before"):
        publish(bedside, registry, {"standard": 0.6, "restrictive": 0.4})
    with pytest.raises(Refused, match="no domain"):
        publish(bedside, registry, {"standard": 1}, domain="fluid")
    amend(bedside, registry, bedside.fluids, "hash-2")
    with pytest.raises(Refused, match="does not draw by vectors"):
        publish(bedside, registry, {"standard": 0.5, "restrictive": 0.5})


def test_an_analysis_is_not_the_same_because_its_limits_make_the_same_shares(
    bedside, registry
):
    bedside.open_trial(by(bedside, ADAPTIVE))
    found = {"standard": 0.96, "restrictive": 0.04}
    first = publish(bedside, registry, found)
    for other in (
        {"p_best": {"standard": 0.98, "restrictive": 0.02}},
        {"shares": {arm: s / 1e9 for arm, s in first.vector.shares}},
        {"p_best": found, "data_cut": bedside.noon.replace(year=2020)},
    ):
        with pytest.raises(Refused, match="other numbers before") as fault:
            publish(bedside, registry, **other)
        assert fault.value.code is ErrorCode.VECTOR_REFUSED
    assert not publish(bedside, registry, found).changed


def test_minimisation_draws_among_the_arms_the_patient_may_get(bedside, registry):
    bedside.open_trial(by(bedside, MINIMISED, ArmDesign("albumin")))
    out = tuple(
        InterventionVerdict(
            intervention=arm, status="ineligible" if arm == "albumin" else "eligible"
        )
        for arm in ("restrictive", "standard", "albumin")
    )
    for number in range(9):
        rest = {"interventions": out} if number % 2 else {}
        admit(bedside, number, **rest)
    done = [bedside.randomise(f"p{number}") for number in range(9)]

    assert [d.sequence_no for d in done] == list(range(1, 10))
    assert "albumin" not in {d.arm for d in done[1::2]}
    assert "albumin" in {d.arm for d in done}
    assert verified(bedside, registry).holds


def test_a_verdict_without_a_factor_of_minimisation_waits(bedside):
    bedside.open_trial(by(bedside, MINIMISED))
    bedside.admit("p1")

    assert obstacles(bedside.randomise("p1")) == {
        (ErrorCode.STRATUM_UNKNOWN, "stratum_unknown")
    }


@pytest.mark.postgres
def test_what_a_draw_rested_on_is_closed_to_readers(postgres, bedside_of):
    with postgres.database() as url:
        grant_roles(url)
        postgres.run(f"CREATE ROLE curious LOGIN IN ROLE {READER}")
        opened, curious = (
            open_registry(address)
            for address in (url, url.replace("ember@", "curious@"))
        )
        try:
            bedside = bedside_of(opened)
            bedside.open_trial(by(bedside, MINIMISED))
            admit(bedside, 1)
            done = bedside.randomise("p1")
            with curious.transaction() as uow:
                assert not uow.allocations.may_read_arms()
                one = uow.allocations.one(done.randomisation_id)
            with pytest.raises(SettingsError, match="may not read the arms"):
                verified(bedside, curious)
            assert "draw" not in repr(one)
        finally:
            opened.close()
            curious.close()
            postgres.run("DROP ROLE curious")
