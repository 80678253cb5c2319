"""Kits of a blinded domain: reserved with the draw, never twice, and telling nothing."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege
from servers.signer import signer_house
from sqlalchemy import event
from sqlalchemy.engine import Engine
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.stock import stock
from registry.domain.consent import ConsentState
from registry.domain.kit import (
    DEPOT,
    KitAct,
    KitLine,
    KitState,
    KitTerms,
    StockOut,
)
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Simple
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.import_kits import ImportKits, KitListRefused, import_kits
from registry.usecases.move_kit import MoveKit, move_kit
from registry.usecases.randomise import NotRandomised
from registry.usecases.replace_kit import ReplaceKit, replace_kit
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused


ARMS = ("zephyr", "quartz")
TERMS = KitTerms(stock_out=StockOut.REFUSE, treatment_days=7)
DRUG = DomainDesign(
    domain="fluids",
    arms=tuple(map(ArmDesign, ARMS)),
    method=Simple(),
    blinded=True,
    kits=TERMS,
)
LATE = date(2027, 3, 31)


def lines(kits=20, seed=1, expires_on=LATE):
    rng = random.Random(seed)
    codes = rng.sample(range(100_000, 1_000_000), kits)
    held = [ARMS[n % 2] for n in range(kits)]
    rng.shuffle(held)
    return tuple(
        KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=expires_on)
        for code, arm in zip(codes, held, strict=True)
    )


class Pharmacy:
    """The bedside's kits; arms are known to the test alone."""

    def __init__(self, bedside, listed=None):
        self.bedside = bedside
        self.lines = lines() if listed is None else listed
        self.arm = {one.kit: one.arm for one in self.lines}

    @property
    def registry(self):
        return self.bedside.registry

    def import_(self, listed=None):
        command = ImportKits(
            trial="TIDE",
            domain="fluids",
            lines=self.lines if listed is None else listed,
            actor="supplier",
            at=self.bedside.noon,
        )
        with self.registry.transaction() as uow:
            return import_kits(command, uow, signer=self.bedside.signer)

    def open(self, design=DRUG):
        """The list, and a domain that gives its kits to the simulated."""
        self.import_()
        self.bedside.open_trial(design, mode=Mode.DEMO)
        return self

    def do(self, act, *kits, site="A", reason="a test"):
        with self.registry.transaction() as uow:
            for kit in kits:
                command = MoveKit(
                    trial="TIDE",
                    kit=kit,
                    act=act,
                    site=site,
                    reason=reason,
                    actor="pharmacist",
                    at=self.bedside.noon,
                )
                done = move_kit(command, uow)
        return done

    def replace(self, kit, site="A"):
        command = ReplaceKit(
            trial="TIDE",
            kit=kit,
            site=site,
            reason="broken vial",
            actor="nurse",
            at=self.bedside.noon + HOUR,
        )
        with self.registry.transaction() as uow:
            return replace_kit(command, uow, signer=self.bedside.signer)

    def receive(self, *arms, of_each=None):
        """Kits of these arms come to the site; `of_each`: so many of each arm."""
        wanted = Counter(arms) if of_each is None else dict.fromkeys(ARMS, of_each)
        chosen = [
            kit
            for arm in wanted
            for kit in [k for k in self.arm if self.arm[k] == arm][: wanted[arm]]
        ]
        self.do(KitAct.RECEIVE, *chosen)
        return chosen

    def admit(self, *patients):
        self.bedside.hear(
            *(self.bedside.verdict(p, provenance="simulated") for p in patients)
        )
        for patient in patients:
            self.bedside.consent(patient)

    def kits(self):
        with self.registry.inspection() as uow:
            return {kit.kit: kit for kit in uow.kits.all_of("TIDE")}

    def sealed_arm(self, done):
        with self.registry.inspection() as uow:
            return uow.allocations.arm(done.randomisation_id)


@pytest.fixture
def pharmacy(bedside):
    return Pharmacy(bedside).open()


def test_the_kit_that_is_told_holds_the_arm_that_was_drawn(pharmacy):
    pharmacy.receive(of_each=5)
    patients = [f"p{n}" for n in range(4)]
    pharmacy.admit(*patients)

    drawn = [pharmacy.bedside.randomise(patient) for patient in patients]
    again = pharmacy.bedside.randomise("p0")

    assert [pharmacy.arm[d.kit] for d in drawn] == list(map(pharmacy.sealed_arm, drawn))
    assert {d.arm for d in drawn} == {None}
    assert again == replace(drawn[0], repeated=True)
    stands = pharmacy.kits()
    assert {stands[d.kit].state for d in drawn} == {KitState.RESERVED}
    assert len({d.kit for d in drawn}) == 4
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.parametrize("lacking", ARMS)
def test_where_one_arm_has_no_kit_nobody_is_randomised_whichever_it_is(
    bedside, lacking, sql
):
    """The refusal is the same, no number is used up, and nothing is drawn again."""
    pharmacy = Pharmacy(bedside).open()
    (other,) = set(ARMS) - {lacking}
    pharmacy.receive(other, other)
    pharmacy.admit("p1")

    done = bedside.randomise("p1")

    assert isinstance(done, NotRandomised)
    (obstacle,) = done.gate.obstacles
    assert (obstacle.code, obstacle.detail) == (ErrorCode.KITS_SHORT, "")
    assert sql("SELECT next_no FROM allocator") == [(1,)]
    told = sql("SELECT detail FROM audit_event WHERE action = 'randomisation:refused'")
    assert not any(arm in str(told) for arm in ARMS)
    pharmacy.receive(lacking)
    assert bedside.randomise("p1").sequence_no == 1


def test_a_kit_that_expires_during_the_treatment_is_no_kit(bedside):
    at = (bedside.noon + HOUR).date()
    short = lines(expires_on=at + timedelta(days=6))
    pharmacy = Pharmacy(bedside, short).open()
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1")
    assert isinstance(bedside.randomise("p1"), NotRandomised)

    enough = Pharmacy(bedside, lines(seed=2, expires_on=at + timedelta(days=7)))
    enough.import_()
    received = enough.receive(of_each=1)

    assert bedside.randomise("p1").kit in received


def test_the_depot_helps_out_where_the_protocol_says_so(bedside):
    elsewhere = replace(TERMS, stock_out=StockOut.ELSEWHERE)
    pharmacy = Pharmacy(bedside).open(replace(DRUG, kits=elsewhere))
    pharmacy.admit("p1", "p2")

    done = bedside.randomise("p1")

    kit = pharmacy.kits()[done.kit]
    assert (kit.site, kit.state) == ("A", KitState.RESERVED)
    assert pharmacy.arm[done.kit] == pharmacy.sealed_arm(done)
    assert not bedside.broken_chains()


def test_a_replacement_holds_the_same_and_is_told_again_when_asked_again(pharmacy):
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1")
    first = pharmacy.bedside.randomise("p1").kit
    pharmacy.do(KitAct.DISPENSE, first)

    second = pharmacy.replace(first)
    again = pharmacy.replace(first)
    third = pharmacy.replace(second.kit)

    assert pharmacy.arm[first] == pharmacy.arm[second.kit] == pharmacy.arm[third.kit]
    assert len({first, second.kit, third.kit}) == 3
    assert again == replace(second, repeated=True)
    assert pharmacy.bedside.randomise("p1").kit == third.kit
    stands = pharmacy.kits()
    assert [stands[k].state for k in (first, second.kit, third.kit)] == [
        KitState.REPLACED,
        KitState.REPLACED,
        KitState.RESERVED,
    ]
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.parametrize("taken_back", ["withdrawn", "opted out"])
def test_who_took_treatment_back_is_handed_no_kit(pharmacy, taken_back):
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1", "p2")
    mine, other = [pharmacy.bedside.randomise(p).kit for p in ("p1", "p2")]
    if taken_back == "withdrawn":
        pharmacy.bedside.consent("p1", ConsentState.WITHDRAWN)
    else:
        pharmacy.bedside.opt_out("p1", trial="TIDE")

    for hand_out in (partial(pharmacy.do, KitAct.DISPENSE), pharmacy.replace):
        with pytest.raises(Refused) as fault:
            hand_out(mine)
        assert fault.value.code is ErrorCode.NO_CONSENT

    assert pharmacy.kits()[mine].state is KitState.RESERVED
    assert pharmacy.do(KitAct.DISPENSE, other).state is KitState.DISPENSED
    pharmacy.do(KitAct.DAMAGE, mine)
    assert not pharmacy.bedside.broken_chains()


def test_a_replacement_too_is_refused_where_any_arm_has_no_kit(pharmacy):
    pharmacy.receive(of_each=1)
    pharmacy.admit("p1")
    first = pharmacy.bedside.randomise("p1").kit

    with pytest.raises(Refused) as fault:
        pharmacy.replace(first)

    assert fault.value.code is ErrorCode.KITS_SHORT
    assert not any(arm in str(fault.value) for arm in ARMS)
    assert pharmacy.kits()[first].state is KitState.RESERVED


@pytest.mark.parametrize("paused", ARMS)
def test_a_replacement_is_refused_alike_where_the_arm_without_kits_is_paused(
    bedside, paused
):
    """Were the paused arm left out, who is on another would be told by their kit."""
    third = replace(DRUG, arms=(*DRUG.arms, ArmDesign("onyx")))
    pharmacy = Pharmacy(bedside, three_arms()).open(third)
    chosen = pharmacy.receive(*ARMS * 6, *("onyx",) * 6)
    patients = [f"p{n}" for n in range(6)]
    pharmacy.admit(*patients)
    given = [bedside.randomise(patient) for patient in patients]
    assert len({pharmacy.sealed_arm(one) for one in given}) > 1
    pause(bedside, paused)
    left = [k for k in chosen if pharmacy.arm[k] == paused]
    for kit in left:
        if pharmacy.kits()[kit].state is KitState.AVAILABLE:
            pharmacy.do(KitAct.QUARANTINE, kit)

    refused = []
    for one in given:
        with pytest.raises(Refused) as fault:
            pharmacy.replace(one.kit)
        refused.append(str(fault.value))

    assert len(set(refused)) == 1


def three_arms(kits=30):
    """A list of three arms by chance."""
    rng = random.Random(5)
    held = [(*ARMS, "onyx")[n % 3] for n in range(kits)]
    rng.shuffle(held)
    codes = rng.sample(range(100_000, 1_000_000), kits)
    return tuple(
        KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=LATE)
        for code, arm in zip(codes, held, strict=True)
    )


def pause(bedside, arm):
    command = SetPause(
        trial="TIDE",
        place=Place(domain="fluids", arm=arm),
        paused=True,
        reason="safety",
        actor="sponsor",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        set_pause(command, uow)


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
        pharmacy.do(act, kit, site=site, reason=reason)

    assert fault.value.code is code
    with pytest.raises(Refused, match="no kit NONE"):
        pharmacy.do(act, "NONE", reason="why")


def test_a_list_is_taken_once_and_a_code_never_again(bedside):
    pharmacy = Pharmacy(bedside)
    first, again = pharmacy.import_(), pharmacy.import_(lines()[::-1])
    another = pharmacy.import_((*lines()[:4], *lines(seed=3)[4:]))

    assert (first.kits, first.repeated, again) == (
        20,
        False,
        replace(first, repeated=True),
    )
    assert isinstance(another, KitListRefused)
    assert "codes are in the registry already" in another.faults[0]
    assert len(pharmacy.kits()) == 20
    assert not bedside.broken_chains()


def test_arms_that_the_domain_does_not_have_are_refused(pharmacy):
    others = tuple(replace(k, arm=k.arm + "x") for k in lines(seed=4))

    assert pharmacy.import_(others).faults == (
        "what its kits hold is not the arms of the domain",
    )


@pytest.mark.postgres
def test_a_live_domain_with_kits_is_not_activated_without_a_list(postgres, bedside_of):
    with postgres.database() as url:
        registry = open_registry(url)
        bedside = bedside_of(registry)
        bedside.open_trial()
        amended = bedside.protocol(DRUG, protocol_hash="hash-2")

        with pytest.raises(Refused) as fault, registry.transaction() as uow:
            activate_protocol(amended, uow, signer=bedside.signer)
        Pharmacy(bedside).import_()
        with registry.transaction() as uow:
            assert activate_protocol(amended, uow, signer=bedside.signer).changed

        assert fault.value.code is ErrorCode.NO_KIT_LIST
        registry.close()


def test_fifty_at_once_for_the_last_ten_kits_get_ten_and_each_its_own(pharmacy):
    """Until an arm has none left: then nobody, though the other has some."""
    received = pharmacy.receive(of_each=5)
    patients = [f"p{n}" for n in range(50)]
    pharmacy.admit(*patients)

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(pharmacy.bedside.randomise, patients))

    given = [one.kit for one in results if not isinstance(one, NotRandomised)]
    left = Counter(pharmacy.arm[kit] for kit in {*received} - {*given})
    assert len(given) == len(set(given))
    assert set(given) <= {*received}
    assert len([arm for arm in ARMS if not left[arm]]) == 1
    stands = Counter(kit.state for kit in pharmacy.kits().values())
    assert stands == {
        KitState.RESERVED: len(given),
        KitState.AVAILABLE: 10 - len(given),
        KitState.DEPOT: 10,
    }
    assert not pharmacy.bedside.broken_chains()


class BrokenError(Exception):
    """The machine, between the reservation and the commit."""


def test_a_fault_between_reservation_and_commit_frees_the_kit(pharmacy, sql):
    pharmacy.receive(of_each=2)
    pharmacy.admit("p1")

    def broken(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO kit_event"):
            raise BrokenError

    event.listen(Engine, "after_cursor_execute", broken)
    try:
        with pytest.raises(BrokenError):
            pharmacy.bedside.randomise("p1")
    finally:
        event.remove(Engine, "after_cursor_execute", broken)

    assert KitState.RESERVED not in {k.state for k in pharmacy.kits().values()}
    assert sql("SELECT count(*) FROM randomisation") == [(0,)]
    done = pharmacy.bedside.randomise("p1")
    assert (done.sequence_no, pharmacy.arm[done.kit]) == (1, pharmacy.sealed_arm(done))
    assert not pharmacy.bedside.broken_chains()


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
                pharmacy.do(act, codes[which], site=site)
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
    pharmacy, registry_url
):
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
    pharmacy = Pharmacy(bedside)
    pharmacy.import_()
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


def test_changed_labels_and_swapped_contents_are_found(pharmacy, tamper, registry):
    sealed = (
        "sealed.kit_content"
        if registry.dialect == "postgresql"
        else "sealed_kit_content"
    )
    kit = pharmacy.lines[0].kit
    assert not pharmacy.bedside.broken_chains()

    tamper(f"UPDATE {sealed} SET arm = 'quartz' WHERE arm = 'zephyr' AND kit = '{kit}'")
    tamper(f"UPDATE {sealed} SET arm = 'x' WHERE kit = '{kit}'")
    (found,) = pharmacy.bedside.broken_chains()
    assert "what the kits of its list hold" in found.break_.reason


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


@pytest.mark.postgres
def test_the_signer_alone_knows_what_kits_hold(postgres, bedside_of):
    """Through the socket: a list, a draw, a replacement; the application reads no arm."""
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        pharmacy = Pharmacy(bedside)
        house.start()
        listed = house.client.import_kits(
            ImportKits(
                trial="TIDE",
                domain="fluids",
                lines=pharmacy.lines,
                actor="supplier",
                at=bedside.noon,
            )
        )
        bedside.open_trial(DRUG)
        pharmacy.receive(of_each=3)
        bedside.admit("p1")

        done = house.client.randomise(bedside.command("p1"))
        pharmacy.do(KitAct.DISPENSE, done.kit)
        instead = house.client.replace_kit(
            ReplaceKit(
                trial="TIDE",
                kit=done.kit,
                site="A",
                reason="dropped",
                actor="nurse",
                at=bedside.noon + HOUR,
            )
        )

        assert (listed.kits, done.arm) == (20, None)
        assert pharmacy.arm[done.kit] == pharmacy.arm[instead.kit]
        assert not bedside.broken_chains()
        with (
            psycopg.connect(house.app_url) as connection,
            pytest.raises(InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM sealed.kit_content")
        words = ("kit", "stock", "--trial", "TIDE", "--unblinded")
        for url, code in ((house.app_url, 1), (house.signer_url, 1)):
            told = CliRunner().invoke(ember, [*words, "--registry", url])
            assert (told.exit_code, told.stdout) == (code, "")
        drill = SetMode(
            mode=Mode.SILENT, reason="a drill", actor="admin", at=bedside.noon
        )
        with app.transaction() as uow:
            set_mode(drill, uow)
        told = CliRunner().invoke(ember, [*words, "--registry", house.app_url])
        assert (told.exit_code, told.stdout) == (2, "")
        told = CliRunner().invoke(ember, [*words, "--registry", house.signer_url])
        assert told.exit_code == 0
        assert "zephyr" in told.stdout
        app.close()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from sqlalchemy.engine import Engine
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, randomise

def die(_connection, _cursor, statement, *_):
    if statement.startswith("UPDATE kit_stock"):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "after_cursor_execute", die)
command = Randomise(
    idempotency_key="request-TIDE-p1-fluids", site="A", patient="p1", trial="TIDE",
    domain="fluids", episode="e1", actor="doctor",
    at=datetime(2026, 3, 1, 13, tzinfo=UTC),
)
with open_registry(sys.argv[1]).transaction() as uow:
    randomise(command, uow, signer=KeyedSigner({"TIDE": bytes(range(32))}))
"""


def test_a_process_killed_between_reservation_and_commit_reserved_nothing(
    pharmacy, registry_url
):
    pharmacy.receive(of_each=1)
    pharmacy.admit("p1")

    died = subprocess.run(
        [sys.executable, "-c", KILLED, registry_url], check=False, timeout=120
    )

    assert died.returncode == -signal.SIGKILL
    assert KitState.RESERVED not in {k.state for k in pharmacy.kits().values()}
    done = pharmacy.bedside.randomise("p1")
    assert (done.sequence_no, done.repeated) == (1, False)
    assert pharmacy.arm[done.kit] == pharmacy.sealed_arm(done)
    assert not pharmacy.bedside.broken_chains()
