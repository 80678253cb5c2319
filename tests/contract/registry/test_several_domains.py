"""One act over the domains of a platform: all or nothing, and an answer for each."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from made_up.role_holders import let
from sqlalchemy import event
from sqlalchemy.engine import Engine
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.commands.asking import opened_as
from registry.domain.extracts import COLUMNS, Cut, Extract
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks, Simple
from registry.domain.roles import Role, Surface
from registry.store.engine import database_url, make_engine
from registry.store.extracts import Wanted
from registry.store.roles import grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise_domains import RandomiseDomains, randomise_domains
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, ProtocolError, Refused
from streams.vocabulary.messages import InterventionVerdict


DRUG = DomainDesign(
    domain="Drug",
    arms=(ArmDesign("nothing"), ArmDesign("something")),
    method=PermutedBlocks((2,)),
)
CARE = DomainDesign(
    domain="care", arms=(ArmDesign("usual"), ArmDesign("early")), method=Simple()
)


@pytest.fixture
def platform(bedside):
    bedside.open_trial(DRUG, CARE, bedside.fluids)
    return bedside


def hear(bedside, *patients, domains=("Drug", "care", "fluids"), **changed):
    bedside.hear(
        *(bedside.verdict(p, domain=d, **changed) for p in patients for d in domains)
    )
    for patient in patients:
        bedside.consent(patient)


def asked(bedside, patient="p1", *domains, key="act-1"):
    return RandomiseDomains(
        idempotency_key=key,
        site="A",
        patient=patient,
        trial="TIDE",
        domains=domains,
        episode="e1",
        actor="doctor",
        at=bedside.noon + HOUR,
    )


def act(bedside, patient="p1", *domains, key="act-1"):
    command = asked(bedside, patient, *domains, key=key)
    with bedside.registry.transaction() as uow:
        return randomise_domains(command, uow, signer=bedside.signer)


def told(done):
    return {one.domain: one.answer.value for one in done.answers}


def arms(done):
    return {one.domain: one.drawn and one.drawn.arm for one in done.answers}


def test_every_domain_that_lets_the_participant_in_is_drawn_at_once(platform):
    hear(platform, "p1", "p2")

    done = act(platform)

    assert told(done) == {"Drug": "drawn", "care": "drawn", "fluids": "drawn"}
    alone = platform.randomise("p1", domain="care")
    assert (alone.arm, alone.repeated) == (arms(done)["care"], True)
    assert platform.randomise("p2", domain="care").sequence_no == 2
    assert not platform.broken_chains()


def test_each_domain_says_what_became_of_it_and_what_could_have_been_drawn(platform):
    platform.hear(
        platform.verdict(domain="Drug", status="ineligible"),
        platform.verdict(domain="care", stratum=(("shock", "UNKNOWN"),)),
        platform.verdict(
            interventions=(
                InterventionVerdict(intervention="restrictive", status="eligible"),
                InterventionVerdict(intervention="standard", status="ineligible"),
            )
        ),
    )
    platform.consent()
    with platform.registry.transaction() as uow:
        paused = SetPause(
            trial="TIDE",
            place=Place(domain="care", arm="early"),
            paused=True,
            reason="safety",
            actor="sponsor",
            at=platform.noon,
        )
        set_pause(paused, uow)

    done = act(platform)

    stood = {one.domain: one.availability for one in done.answers}
    assert told(done) == {
        "Drug": "not_eligible",
        "care": "paused",
        "fluids": "not_eligible",
    }
    assert stood == {
        "Drug": (("nothing", True, False), ("something", True, False)),
        "care": (("usual", True, True), ("early", False, True)),
        "fluids": (("restrictive", True, False), ("standard", True, False)),
    }
    with platform.registry.inspection() as uow:
        kept = uow.domain_answers.of_act("act-1")
    assert {one.domain: one.availability for one in kept} == stood
    assert not platform.broken_chains()


def offers(book):
    """By domain and arm: what became of the domain, and whether the arm could be given."""
    at = datetime.now(UTC)
    cut = Cut(recorded_until=at, happened_until=at)
    names = [one.name for one in COLUMNS[Extract.AVAILABILITY]]
    with book.extracts() as extracts:
        rows = list(extracts.rows(Wanted(extract=Extract.AVAILABILITY, cut=cut)))
    told = [dict(zip(names, row, strict=True)) for row in rows]
    return {
        (one["domain"], one["arm_of_domain"]): (
            one["answer"],
            one["available"],
            one["eligible"],
        )
        for one in told
    }


def test_an_extract_tells_what_could_be_given_whether_drawn_or_not(
    platform, registry_url
):
    """Of acts that drew nothing only to who sees open arms: why may be one."""
    hear(platform, "p1", domains=("care",))
    platform.hear(platform.verdict(domain="Drug", status="ineligible"))
    act(platform)
    let(platform.registry, "team", roles=(Role.COORDINATOR,))
    let(platform.registry, "blinded", roles=(Role.BLINDED_STATISTICIAN,))
    if platform.registry.dialect == "postgresql":
        grant_roles(registry_url)

    def seen_by(who):
        with closing(opened_as(registry_url, who, Surface.PARTICIPANTS)) as book:
            return offers(book)

    drawn = {
        ("care", "usual"): ("drawn", True, True),
        ("care", "early"): ("drawn", True, True),
    }
    assert seen_by("blinded") == drawn
    assert seen_by("team") == drawn | {
        ("Drug", "nothing"): ("not_eligible", True, False),
        ("Drug", "something"): ("not_eligible", True, False),
        ("fluids", "restrictive"): ("waiting", True, None),
        ("fluids", "standard"): ("waiting", True, None),
    }


def test_the_same_act_gets_the_same_answers_though_a_domain_opened_since(platform):
    hear(platform, "p1", domains=("Drug", "fluids"))
    platform.hear(platform.verdict(domain="care", stratum=(("shock", "UNKNOWN"),)))
    first = act(platform)
    platform.hear(platform.verdict(domain="care", revision=1))

    again = act(platform)
    later = act(platform, key="act-2")

    assert again.repeated
    assert (
        told(again)
        == told(first)
        == {
            "Drug": "drawn",
            "care": "waiting",
            "fluids": "drawn",
        }
    )
    assert arms(again) == arms(first)
    assert told(later) == {
        "Drug": "drawn_before",
        "care": "drawn",
        "fluids": "drawn_before",
    }
    assert arms(later) | {"care": None} == arms(first)
    assert not platform.broken_chains()


def test_only_the_domains_that_are_named_are_answered(platform):
    hear(platform, "p1")

    assert told(act(platform, "p1", "care", "Drug")) == {
        "Drug": "drawn",
        "care": "drawn",
    }


def test_an_unknown_domain_and_a_key_in_use_are_refused(platform):
    hear(platform, "p1", "p2")
    act(platform, "p1", "care")

    for command, code in (
        (("p1", "cares"), ErrorCode.UNKNOWN_PART),
        (("p2", "care"), ErrorCode.REQUEST_REUSED),
        (("p1", "Drug"), ErrorCode.REQUEST_REUSED),
    ):
        key = "act-2" if code is ErrorCode.UNKNOWN_PART else "act-1"
        with pytest.raises(Refused) as fault:
            act(platform, *command, key=key)
        assert fault.value.code is code


def test_a_key_names_an_act_of_one_domain_or_of_several_and_never_both(platform):
    """Else a domain that opened since would be drawn by an act that was answered."""
    hear(platform, "p1", domains=("Drug", "fluids"))
    act(platform)
    platform.hear(platform.verdict(domain="care"))
    hear(platform, "p2")
    platform.randomise("p2", domain="Drug", key="act-2")

    for again in (
        lambda: platform.randomise("p1", domain="care", key="act-1"),
        lambda: platform.randomise("p1", domain="Drug", key="act-1"),
        lambda: act(platform, "p2", key="act-2"),
    ):
        with pytest.raises(Refused) as fault:
            again()
        assert fault.value.code is ErrorCode.REQUEST_REUSED
    assert told(act(platform, key="act-3"))["care"] == "drawn"


def test_who_was_never_asked_gets_an_answer_that_is_kept(platform):
    platform.hear(platform.verdict())

    done = act(platform, "p1", "fluids", "care")

    assert told(done) == {"care": "no_consent", "fluids": "no_consent"}
    (care, fluids) = done.answers
    assert {eligible for _, _, eligible in care.availability} == {None}
    assert {eligible for _, _, eligible in fluids.availability} == {True}
    assert not platform.broken_chains()


@pytest.mark.parametrize("together", [True, False], ids=["one act", "two acts"])
def test_an_arm_of_one_domain_shuts_another_where_the_protocol_says_so(
    bedside, together
):
    """By each of its arms in turn: who was drawn to it is not drawn there."""
    excluded = {}
    care = replace(CARE, domain="a-care", not_with=(("Drug", "something"),))
    bedside.open_trial(DRUG, care)
    patients = [f"p{n}" for n in range(6)]
    hear(bedside, *patients, domains=("Drug", "a-care"))
    for patient in patients:
        if together:
            done = act(bedside, patient, key=patient)
        else:
            first = act(bedside, patient, "Drug", key=f"{patient}-1")
            second = act(bedside, patient, "a-care", key=f"{patient}-2")
            done = replace(first, answers=first.answers + second.answers)
        excluded.setdefault(arms(done)["Drug"], set()).add(told(done)["a-care"])

    assert excluded == {"something": {"excluded"}, "nothing": {"drawn"}}
    assert not bedside.broken_chains()


@pytest.mark.parametrize("third", [(), (ArmDesign("other"),)], ids=["two", "three"])
def test_in_no_order_is_anybody_given_what_the_protocol_keeps_apart(bedside, third):
    """The shut domain first: the arm that shuts it is drawn no more."""
    drug = replace(DRUG, arms=(*DRUG.arms, *third), method=Simple())
    bedside.open_trial(drug, replace(CARE, not_with=(("Drug", "something"),)))
    patients = [f"p{n}" for n in range(12)]
    hear(bedside, *patients, domains=("Drug", "care"))
    found = set()
    for patient in patients:
        act(bedside, patient, "care", key=f"{patient}-1")
        done = act(bedside, patient, key=f"{patient}-2")
        (one,) = (answer for answer in done.answers if answer.domain == "Drug")
        assert {arm: may for arm, _, may in one.availability} == {
            arm.name: arm.name != "something" for arm in drug.arms
        }
        found.add((one.answer.value, arms(done)["Drug"]))

    assert found == (
        {("drawn", "nothing"), ("drawn", "other")} if third else {("excluded", None)}
    )
    assert not bedside.broken_chains()


def test_domains_that_wait_for_each_other_are_refused(bedside):
    first = replace(DRUG, not_with=(("care", "early"),))
    second = replace(CARE, not_with=(("Drug", "something"),))
    with pytest.raises(ProtocolError):
        bedside.open_trial(first, second)


KEPT = """
    SELECT 'drawn', count(*) FROM randomisation
    UNION ALL SELECT 'asked', count(*) FROM randomisation_request
    UNION ALL SELECT 'answered', count(*) FROM domain_answer
    UNION ALL SELECT 'audited', count(*) FROM audit_event
    UNION ALL SELECT 'numbers', count(*) FROM allocator WHERE next_no > 1
"""


class BrokenError(Exception):
    """The machine, at one step."""


def test_a_fault_at_any_statement_leaves_nothing_half_done(platform, registry_url):
    hear(platform, "p1")
    engine = make_engine(database_url(registry_url))
    left = [0]

    def kept():
        with engine.connect() as connection:
            return connection.exec_driver_sql(KEPT).all()

    def step(*_):
        left[0] -= 1
        if left[0] == 0:
            raise BrokenError

    before, broken, done = kept(), 0, None
    event.listen(Engine, "after_cursor_execute", step)
    try:
        while done is None:
            left[0] = 3 * broken + 1
            try:
                done = act(platform)
            except BrokenError:
                broken += 1
                left[0] = 0
                assert kept() == before
    finally:
        event.remove(Engine, "after_cursor_execute", step)
        engine.dispose()

    assert broken > 10
    assert set(told(done).values()) == {"drawn"}
    assert not platform.broken_chains()


def test_twenty_equal_acts_at_once_are_one(platform):
    hear(platform, "p1")

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: act(platform), range(20)))

    assert sum(not one.repeated for one in results) == 1
    assert len({str(arms(one)) for one in results}) == 1
    assert not platform.broken_chains()


@pytest.mark.postgres
def test_acts_of_one_domain_of_many_and_pauses_wait_for_each_other_and_never_in_a_ring(
    postgres, bedside_of
):
    """Sites apart share no chain: only domains and strata order them."""
    with postgres.database() as url:
        registry = open_registry(url, pool_size=25)
        bedside = bedside_of(registry)
        bedside.open_trial(DRUG, CARE, bedside.fluids)
        patients = [f"p{n}" for n in range(18)]
        hear(bedside, *patients)

        def one(number):
            patient = patients[number % 18]
            if number >= 18:
                return pause(bedside, paused=number % 2 == 0)
            if number % 3:
                return act(bedside, patient, key=patient)
            return bedside.randomise(
                patient, domain=("Drug", "care", "fluids")[number % 9 // 3]
            )

        with ThreadPoolExecutor(22) as pool:
            done = list(pool.map(one, range(22)))

        assert all(done)
        with psycopg.connect(url) as owner:
            query = "SELECT domain, count(*), max(sequence_no) FROM randomisation GROUP BY 1"
            rows = owner.execute(query).fetchall()
        assert all(count == last for _, count, last in rows)
        assert not bedside.broken_chains()
        registry.close()


def pause(bedside, *, paused):
    command = SetPause(
        trial="TIDE",
        place=Place(domain="care", arm="early"),
        paused=paused,
        reason="safety",
        actor="sponsor",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        return set_pause(command, uow)


@pytest.fixture
def command_line(platform, registry_url, tmp_path, monkeypatch):
    if registry_url.startswith("postgresql"):
        pytest.skip("on PostgreSQL the signer is asked: `test_signer.py`")
    (tmp_path / "TIDE.key").write_bytes(bytes(range(32)))
    monkeypatch.setenv("EMBER_ALLOCATION_KEYS", str(tmp_path))
    monkeypatch.setenv("EMBER_REGISTRY", registry_url)
    let(platform.registry, "dr")
    far = platform.noon + timedelta(days=36_500)
    hear(platform, "p1", domains=("Drug", "fluids"), deadline=far)
    platform.hear(platform.verdict(domain="care", status="ineligible", deadline=far))

    let(platform.registry, "dr")

    def ran(*words, patient="A/p1"):
        return CliRunner().invoke(
            ember, ["randomise", patient, "--actor", "dr", *words]
        )

    return ran


def test_the_command_line_tells_each_domain_and_repeats_an_act(command_line):
    one = json.loads(command_line("--domain", "Drug", "--json").stdout)
    several = json.loads(command_line("--json", "--request", "r1").stdout)
    words = command_line("--request", "r1")

    answers = {d["domain"]: (d["answer"], d["arm"]) for d in several["domains"]}
    assert answers["Drug"] == ("drawn_before", one["arm"])
    assert answers["care"] == ("not_eligible", None)
    assert answers["fluids"][0] == "drawn"
    assert several["domains"][1]["arms"][0] == {
        "arm": "usual",
        "available": True,
        "eligible": False,
    }
    assert (words.exit_code, "answered before" in words.stdout) == (0, True)
    assert "fluids: drawn at" in words.stdout
    assert "EMB-306" in words.stdout


def test_the_command_line_fails_where_no_gate_is_open(command_line):
    done = command_line("--domain", "care", "--domain", "care")

    assert done.exit_code == 1
    assert "care: not eligible" in done.stdout


def test_the_command_line_tells_that_what_was_heard_is_simulated(
    command_line, platform
):
    unknown = (("shock", "UNKNOWN"),)
    hear(platform, "p9", domains=("Drug",), provenance="simulated", stratum=unknown)

    done = command_line("--domain", "Drug", "--domain", "fluids", patient="A/p9")

    assert done.exit_code == 1
    assert "Drug: shut" in done.stdout
    assert "EMB-319 mode_forbids (provenance_simulated)" in done.stdout
    assert "is simulated, and the registry is live" in done.stdout
