"""Where kits stand: one step after the other, and no surface names an arm."""

import getpass
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up.pharmacy import ARMS, DRUG, LATE, TERMS, Pharmacy, lines
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.stock import stock
from registry.domain.kit import DEPOT, KitAct, KitState
from registry.domain.mode import Mode
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.import_kits import KitListRefused
from streams.vocabulary.errors import ErrorCode, Refused


LATER = datetime(2026, 3, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("act", "site", "reason", "code"),
    [
        (KitAct.DISPENSE, "A", None, ErrorCode.KIT_STEP),
        (KitAct.RESERVE, "A", None, ErrorCode.KIT_STEP),
        (KitAct.REPLACE, "A", "why", ErrorCode.KIT_STEP),
        (KitAct.RECEIVE, "A", None, ErrorCode.KIT_STEP),
        (KitAct.RECEIVE, "B", None, ErrorCode.UNKNOWN_KIT),
        (KitAct.DAMAGE, "B", "why", ErrorCode.UNKNOWN_KIT),
        (KitAct.DAMAGE, "A", " ", ErrorCode.REASON_MISSING),
        (KitAct.QUARANTINE, "A", None, ErrorCode.REASON_MISSING),
    ],
)
def test_a_step_that_is_none_is_refused(pharmacy, act, site, reason, code):
    kit, *_ = pharmacy.receive(of_each=1)

    with pytest.raises(Refused) as fault:
        pharmacy.do(act, kit, site=site, reason=reason, at=LATER)

    assert fault.value.code is code
    with pytest.raises(Refused, match="no kit NONE"):
        pharmacy.do(act, "NONE", reason="why")


def test_who_got_no_answer_asks_again_and_nothing_is_done_twice(pharmacy):
    """By the same person at the same moment it is the same request; else another."""
    first, second, *_ = pharmacy.receive(of_each=2)

    again = pharmacy.do(KitAct.RECEIVE, first, second)

    assert (again.state, again.number) == (KitState.AVAILABLE, 1)
    with pytest.raises(Refused):
        pharmacy.do(KitAct.RECEIVE, first, second, at=LATER)
    assert not pharmacy.bedside.broken_chains()


def test_a_kit_that_came_to_the_wrong_site_goes_on_to_the_right_one(pharmacy):
    """Each site's chain tells its part; there it is given as any other."""
    chosen = pharmacy.receive(of_each=2)

    there = pharmacy.do(KitAct.TRANSFER, *chosen, to="B", at=LATER)

    assert (there.site, there.state, there.number) == ("B", KitState.AVAILABLE, 3)
    with pharmacy.registry.inspection() as uow:
        events = uow.kits.events_of(there.kit)
    assert [(one.act.value, one.site, one.state.value) for one in events] == [
        ("receive", "A", "available"),
        ("transfer", "A", "depot"),
        ("receive", "B", "available"),
    ]
    assert {one.reason for one in events[1:]} == {"a test"}
    assert pharmacy.do(KitAct.TRANSFER, *chosen, to="B", at=LATER) == there
    pharmacy.do(KitAct.DAMAGE, there.kit, site="B")
    assert not pharmacy.bedside.broken_chains()


def test_a_kit_that_is_set_aside_stays_so_and_is_received_nowhere(pharmacy):
    kit, *_ = pharmacy.receive(of_each=1)
    pharmacy.do(KitAct.QUARANTINE, kit)

    with pytest.raises(Refused) as fault:
        pharmacy.do(KitAct.TRANSFER, kit, to="B", at=LATER)
    assert fault.value.code is ErrorCode.KIT_STEP
    assert pharmacy.kits()[kit].site == "A"
    sent = pharmacy.do(KitAct.TRANSFER, kit, at=LATER)

    assert (sent.site, sent.state) == (DEPOT, KitState.QUARANTINED)
    assert pharmacy.do(KitAct.RELEASE, kit, site=DEPOT).state is KitState.DEPOT
    assert pharmacy.do(KitAct.RECEIVE, kit, site="B").state is KitState.AVAILABLE
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.parametrize("acts", [(), (KitAct.DISPENSE,), (KitAct.DAMAGE,)])
@pytest.mark.parametrize("to", [DEPOT, "B"])
def test_a_kit_that_is_somebodys_is_sent_nowhere(pharmacy, acts, to):
    pharmacy.receive(of_each=2)
    pharmacy.admit("p1")
    kit = pharmacy.bedside.randomise("p1").kit
    for act in acts:
        pharmacy.do(act, kit)
    stands = pharmacy.kits()[kit]

    with pytest.raises(Refused) as fault:
        pharmacy.do(KitAct.TRANSFER, kit, to=to, at=LATER)

    assert fault.value.code is ErrorCode.KIT_STEP
    assert pharmacy.kits()[kit] == stands


@pytest.mark.parametrize(
    ("site", "to", "reason", "code"),
    [
        ("A", "A", "why", ErrorCode.KIT_STEP),
        ("B", "A", "why", ErrorCode.UNKNOWN_KIT),
        (DEPOT, "A", "why", ErrorCode.UNKNOWN_KIT),
        ("A", "B", None, ErrorCode.REASON_MISSING),
    ],
)
def test_a_transfer_that_is_none_is_refused(pharmacy, site, to, reason, code):
    kit, *_ = pharmacy.receive(of_each=1)

    with pytest.raises(Refused) as fault:
        pharmacy.do(KitAct.TRANSFER, kit, site=site, to=to, reason=reason, at=LATER)

    assert fault.value.code is code
    assert pharmacy.kits()[kit].site == "A"


def test_what_two_sites_send_each_other_at_once_arrives(pharmacy):
    """Whoever sends holds both chains, in one order."""
    ours = pharmacy.receive(of_each=2)
    theirs = sorted({*pharmacy.arm} - {*ours})[:4]
    pharmacy.do(KitAct.RECEIVE, *theirs, site="B")

    def send(kit):
        site, to = ("A", "B") if kit in ours else ("B", "A")
        return pharmacy.do(KitAct.TRANSFER, kit, site=site, to=to, at=LATER)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, [*ours, *theirs]))

    assert [one.site for one in sent] == ["B"] * 4 + ["A"] * 4
    assert not pharmacy.bedside.broken_chains()


def test_the_command_sends_kits_back_and_tells_no_arm(pharmacy, registry_url, registry):
    if registry.dialect == "postgresql":
        pytest.skip("the signer keeps stock there: test_signer_keeps_kits.py")
    kit, other = pharmacy.receive(of_each=1)
    words = ("kit", "transfer", "--trial", "TIDE", "--site", "A", "--actor", "me")
    told = ("--reason", "it is not here", "--registry", registry_url)

    back = CliRunner().invoke(ember, [*words, kit, *told])
    on = CliRunner().invoke(ember, [*words, other, "--to", "B", *told])
    again = CliRunner().invoke(ember, [*words, kit, other, *told])

    assert (back.exit_code, back.stdout) == (0, f"{kit}: depot\n")
    assert (on.exit_code, on.stdout) == (0, f"{other}: available\n")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "EMB-383" in again.stderr
    assert pharmacy.kits()[other].site == "B"


ACTS = st.lists(
    st.tuples(
        st.sampled_from([*KitAct, "randomise"]),
        st.integers(0, 7),
        st.sampled_from(["A", "B", DEPOT]),
    ),
    max_size=25,
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, seed=st.integers(0, 10**6))
def test_every_kit_is_in_exactly_one_state_whatever_was_done(bedside, acts, seed):
    """As its events say, each of which is one of the steps; none is lost or made."""
    listed = tuple(replace(one, kit=f"S{seed}{one.kit}") for one in lines(8, seed=2))
    pharmacy = Pharmacy(bedside, listed)
    if isinstance(pharmacy.import_(), KitListRefused):
        pytest.fail("the list is made by chance")
    bedside.open_trial(DRUG, mode=Mode.DEMO)
    before = len(pharmacy.kits())
    codes = [one.kit for one in listed]
    for number, (act, which, site) in enumerate(acts):
        try:
            if act == "randomise":
                patient = f"s{seed}-{number}"
                pharmacy.admit(patient)
                bedside.randomise(patient)
            elif act is KitAct.REPLACE:
                pharmacy.replace(codes[which], site=site)
            else:
                at = bedside.noon + timedelta(minutes=number)
                to = {"A": "B", "B": DEPOT, DEPOT: "A"}[site]
                pharmacy.do(act, codes[which], site=site, to=to, at=at)
        except Refused:
            continue

    stands = pharmacy.kits()
    assert len(stands) == before
    for kit in codes:
        assert stands[kit].state is folded(pharmacy, kit)
    held = [
        k for k in stands.values() if k.state in (KitState.RESERVED, KitState.DISPENSED)
    ]
    assert len({k.randomisation_id for k in held}) == len(held)
    assert all(k.randomisation_id for k in held)
    assert not bedside.broken_chains()


def folded(pharmacy, kit):
    """Where the kit stands by its events alone, numbered without a gap."""
    with pharmacy.registry.inspection() as uow:
        events = uow.kits.events_of(kit)
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    return events[-1].state if events else KitState.DEPOT


def test_stock_is_of_what_can_be_reserved_and_not_of_what_expires_meanwhile(pharmacy):
    pharmacy.receive(of_each=2)
    kits = pharmacy.kits().values()

    def in_stock(treated_from):
        least = {"fluids": TERMS.least_expiry(treated_from)}
        told = stock(kits, today=LATE, below=1, least=least)
        return [(one.in_stock, one.low) for one in told]

    last = datetime(LATE.year, LATE.month, LATE.day, tzinfo=UTC) - timedelta(days=7)
    assert in_stock(last) == [(16, False), (4, False)]
    assert in_stock(last + timedelta(days=1)) == [(0, True), (0, True)]


def test_a_shipment_of_which_one_code_is_wrong_is_told_of_as_nothing_done(
    pharmacy, registry_url, registry
):
    if registry.dialect == "postgresql":
        pytest.skip("the signer keeps stock there: test_signer_keeps_kits.py")
    first, second, *_ = sorted(pharmacy.arm)
    words = (
        "kit",
        "receive",
        "--trial",
        "TIDE",
        "--site",
        "A",
        "--actor",
        "pharmacist",
    )

    wrong = CliRunner().invoke(ember, [*words, first, "K0", "--registry", registry_url])
    right = CliRunner().invoke(
        ember, [*words, first, second, "--registry", registry_url]
    )

    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "EMB-383" in wrong.stderr
    assert (right.exit_code, right.stdout) == (
        0,
        f"{first}: available\n{second}: available\n",
    )


def test_no_kit_comes_to_a_site_that_the_protocol_does_not_name(bedside):
    """One that came there before the protocol named any finds its way back."""
    pharmacy = Pharmacy(bedside)
    pharmacy.import_()
    lost = [*pharmacy.arm][-1]
    pharmacy.do(KitAct.RECEIVE, lost, site="a")
    named = {"sites": [{"id": "A", "status": "open"}]}
    with bedside.registry.transaction() as uow:
        command = bedside.protocol(DRUG, document=named)
        activate_protocol(command, uow, signer=bedside.signer)
    kit, other, *_ = pharmacy.arm

    with pytest.raises(Refused) as fault:
        pharmacy.do(KitAct.RECEIVE, kit, site="a")

    assert fault.value.code is ErrorCode.UNKNOWN_PART
    assert pharmacy.kits()[kit].state is KitState.DEPOT
    assert pharmacy.do(KitAct.RECEIVE, other).state is KitState.AVAILABLE
    with pytest.raises(Refused) as fault:
        pharmacy.do(KitAct.TRANSFER, lost, site="a", to="b")
    assert fault.value.code is ErrorCode.UNKNOWN_PART
    assert pharmacy.kits()[lost].site == "a"
    assert pharmacy.do(KitAct.TRANSFER, lost, site="a", to="A").site == "A"


def test_stock_is_told_of_all_arms_together_and_by_arm_to_the_unblinded(pharmacy):
    received = pharmacy.receive("zephyr", "zephyr", "quartz")
    kits = pharmacy.kits().values()
    today = pharmacy.bedside.noon.date()

    together = stock(kits, today=today, below=4)
    by_arm = stock(kits, today=today, below=2, arms=pharmacy.arm)

    assert [(s.site, s.arm, s.in_stock, s.low) for s in together] == [
        (DEPOT, None, 17, False),
        ("A", None, 3, True),
    ]
    assert [(s.site, s.arm, s.in_stock, s.low) for s in by_arm] == [
        (DEPOT, "quartz", 9, False),
        (DEPOT, "zephyr", 8, False),
        ("A", "quartz", 1, True),
        ("A", "zephyr", 2, False),
    ]
    assert len(received) == 3


@pytest.mark.parametrize(
    ("words", "named"), [(("--as", "ada"), "ada"), ((), getpass.getuser())]
)
def test_who_looks_by_arm_before_any_role_is_given_is_on_record(
    pharmacy, registry_url, monkeypatch, words, named
):
    monkeypatch.delenv("EMBER_ACTOR", raising=False)
    pharmacy.receive(of_each=3)
    told = ("kit", "stock", "--trial", "TIDE", "--registry", registry_url, "--json")

    blind = CliRunner().invoke(ember, [*told, *words])
    assert (blind.exit_code, looks(pharmacy)) == (0, [])
    by_arm = CliRunner().invoke(ember, [*told, *words, "--unblinded"])

    assert by_arm.exit_code == 0
    assert {row["arm"] for row in json.loads(by_arm.stdout)} == set(ARMS)
    assert looks(pharmacy) == [
        (DEPOT, named, '{"kits":14}'),
        ("A", named, '{"kits":6}'),
    ]
    assert not pharmacy.bedside.broken_chains()


def test_a_look_by_arm_that_found_no_kit_is_on_record_for_the_whole_registry(
    bedside, registry, registry_url
):
    bedside.open_trial(mode=Mode.DEMO)
    told = ("kit", "stock", "--trial", "TIDE", "--registry", registry_url)

    done = CliRunner().invoke(ember, [*told, "--as", "ada", "--unblinded"])

    assert done.exit_code == 0
    with registry.inspection() as uow:
        *_, last = uow.audit.rows(site="", trial="")
    assert (last.action, last.actor, last.detail) == (
        "kits:stock_shown",
        "ada",
        '{"kits":0}',
    )


def looks(pharmacy):
    """Where, by whom and at how many kits somebody looked by arm."""
    with pharmacy.registry.inspection() as uow:
        rows = [
            row
            for site in (DEPOT, "A")
            for row in uow.audit.rows(site=site, trial="TIDE")
        ]
    return [
        (row.site, row.actor, row.detail)
        for row in rows
        if row.action == "kits:stock_shown"
    ]


def test_no_surface_of_kits_names_an_arm(pharmacy, registry_url, sql):
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1")
    done = pharmacy.bedside.randomise("p1")
    pharmacy.do(KitAct.DISPENSE, done.kit)
    pharmacy.replace(done.kit)
    ran = [
        CliRunner().invoke(ember, [*words, "--registry", registry_url])
        for words in (
            ("kit", "list", "--trial", "TIDE"),
            ("kit", "list", "--trial", "TIDE", "--json"),
            ("kit", "stock", "--trial", "TIDE", "--json"),
        )
    ]
    said = "".join(one.output for one in ran)
    for table in ("kit", "kit_list", "kit_stock", "kit_event", "audit_event", "outbox"):
        where = (
            " WHERE action <> 'protocol:activated'" if table == "audit_event" else ""
        )
        said += str(sql(f"SELECT * FROM {table}{where}"))
    said += str(done)

    assert [one.exit_code for one in ran] == [0, 0, 0]
    assert len(json.loads(ran[1].stdout)) == 20
    assert done.kit in said
    assert not any(arm in said for arm in ARMS)
