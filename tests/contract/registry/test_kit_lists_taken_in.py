"""Lists of kits: taken in once, and only where no arm can be told apart by them."""

import json
import random
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up.at_the_terminal import alone
from made_up.pharmacy import ARMS, DRUG, Pharmacy, lines
from servers.signer import signer_house
from typer.testing import CliRunner

from registry.app.commands.mode import mode
from registry.domain.audit import canonical, sha256
from registry.domain.kit import arms_digest
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.import_kits import KitListRefused
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


def test_a_list_is_taken_once_and_a_code_never_again(bedside):
    pharmacy = Pharmacy(bedside)
    first, again = pharmacy.import_(), pharmacy.import_(lines()[::-1])
    later = pharmacy.import_(at=bedside.noon + HOUR)
    another = pharmacy.import_((*lines()[:4], *lines(seed=3)[4:]))

    assert (first.kits, first.repeated, again) == (
        20,
        False,
        replace(first, repeated=True),
    )
    assert isinstance(later, KitListRefused)
    assert f"as list {first.list_id}, given by supplier at 2026" in later.faults[0]
    assert isinstance(another, KitListRefused)
    assert "codes are in the registry already" in another.faults[0]
    assert len(pharmacy.kits()) == 20
    assert not bedside.broken_chains()


def go_live(bedside, signer=None):
    command = SetMode(mode=Mode.LIVE, reason="now", actor="admin", at=bedside.noon)
    with bedside.registry.transaction() as uow:
        return set_mode(command, uow, signer=signer or bedside.signer)


def swapped(listed):
    """The same labels, each kit with the arm it does not hold."""
    (one, other) = sorted({line.arm for line in listed})
    to = {one: other, other: one}
    return tuple(replace(line, arm=to[line.arm]) for line in listed)


def rows_of_refusals(bedside):
    with bedside.registry.inspection() as uow:
        rows = uow.audit.rows(site="", trial="TIDE")
        return [row for row in rows if row.action == "kits:refused"]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), at_once=st.booleans())
def test_who_tries_one_list_after_the_other_is_answered_alike(bedside, seed, at_once):
    """The true one too, at whatever moment and in whose name it is tried."""
    true = tuple(replace(one, kit=f"S{seed}{one.kit}") for one in lines(8, seed=2))
    pharmacy = Pharmacy(bedside, true)
    assert not isinstance(pharmacy.import_(), KitListRefused)
    later = bedside.noon if at_once else bedside.noon + HOUR
    shuffled = list(true)
    random.Random(seed).shuffle(shuffled)
    held = [line.arm for line in shuffled]
    guessed = tuple(replace(k, arm=arm) for k, arm in zip(true, held, strict=True))

    answers = [
        pharmacy.import_(listed, at=later) for listed in (true, swapped(true), guessed)
    ]

    assert answers[0] == answers[1] == answers[2]
    assert getattr(answers[0], "repeated", False) is at_once
    assert not bedside.broken_chains()


def test_a_refused_list_is_audited_by_what_only_the_key_opens(bedside):
    pharmacy = Pharmacy(bedside)
    done = pharmacy.import_()

    for listed in (pharmacy.lines, pharmacy.lines, pharmacy.lines[:4], ()):
        told = pharmacy.import_(listed, at=bedside.noon + HOUR)
        assert isinstance(told, KitListRefused)
    assert isinstance(pharmacy.import_(lines(4, seed=9)), KitListRefused)

    rows = rows_of_refusals(bedside)
    details = [json.loads(row.detail) for row in rows]
    assert [detail["kits"] for detail in details] == [20, 20, 4, 0, 4]
    assert done.list_id in details[0]["faults"][0]
    assert details[3]["faults"] == [
        "it has 0 kits, fewer than 8",
        "what its kits hold is not the arms of the domain",
    ]
    assert len({detail["offered"] for detail in details}) == 5
    assert {row.actor for row in rows} == {"supplier"}
    written = canonical(
        sorted([k.kit, k.arm, k.lot, k.expires_on.isoformat()] for k in lines())
    )
    for row, detail in zip(rows[:2], details[:2], strict=True):
        nonce = bedside.signer.secret("TIDE", f"refused list {row.subject}")
        assert detail["offered"] == sha256(nonce.encode(), written)
        assert detail["offered"] != sha256(written)
    assert not any(arm in row.detail for row in rows for arm in ARMS)
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


def others(seed):
    """A list of arms that the domain does not have."""
    return tuple(replace(k, arm=k.arm + "x") for k in lines(seed=seed))


@pytest.mark.postgres
def test_a_live_domain_is_not_activated_with_a_list_of_other_arms(postgres, bedside_of):
    """Nor once the arms it was given for are an amendment's of before."""
    with postgres.database() as url, closing(open_registry(url)) as registry:
        bedside = bedside_of(registry)
        pharmacy = Pharmacy(bedside)
        new = replace(DRUG, domain="new")
        bedside.open_trial()
        pharmacy.import_(others(5), domain="new", ahead=True)
        with pytest.raises(Refused, match="holds the domain's arms") as fault:
            pharmacy.amend(bedside.fluids, new)
        pharmacy.import_(lines(seed=6), domain="new", ahead=True)

        assert fault.value.code is ErrorCode.NO_KIT_LIST
        assert pharmacy.amend(bedside.fluids, new).changed
        third = replace(new, arms=(*new.arms, ArmDesign("onyx")))
        assert pharmacy.amend(bedside.fluids, third, protocol_hash="hash-3").changed
        assert not bedside.broken_chains()


@pytest.mark.postgres
def test_a_registry_does_not_go_live_with_a_list_of_other_arms(postgres, bedside_of):
    with postgres.database() as url, closing(open_registry(url)) as registry:
        bedside = bedside_of(registry)
        pharmacy = Pharmacy(bedside, others(5)).open()
        with pytest.raises(Refused, match="holds the domain's arms") as fault:
            go_live(bedside)
        assert fault.value.code is ErrorCode.NO_KIT_LIST
        pharmacy.import_(lines(seed=6))
        assert go_live(bedside).changed


def imported(registry):
    """What the audit tells of the lists, in order."""
    with registry.inspection() as uow:
        rows = list(uow.audit.rows(site="", trial="TIDE"))
    return [json.loads(row.detail) for row in rows if row.action == "kits:imported"]


def test_the_audit_tells_no_arms_of_a_list_to_who_guesses_them(bedside):
    """Two lists of the same arms have nothing in common; with the key each is known."""
    pharmacy = Pharmacy(bedside)
    lists = [pharmacy.import_(lines(seed=n), ahead=True).list_id for n in (1, 2)]

    told = imported(bedside.registry)

    words = json.dumps(told)
    assert arms_digest(ARMS) not in words
    assert sha256(canonical(list(ARMS))) not in words
    assert not [arm for arm in ARMS if arm in words]
    bound = [one["arms_bound"] for one in told]
    assert len(set(bound)) == 2
    assert bound == [bedside.signer.arms_bound("TIDE", one, ARMS) for one in lists]
    other = KeyedSigner({"TIDE": bytes(range(2, 34))})
    assert bound[0] != other.arms_bound("TIDE", lists[0], ARMS)


@pytest.mark.postgres
def test_the_signer_tells_over_its_socket_whether_a_list_is_of_the_arms(
    postgres, bedside_of
):
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        pharmacy = Pharmacy(bedside, others(5), client=house.client)
        house.start()
        pharmacy.import_(ahead=True)
        bedside.open_trial(DRUG, mode=Mode.DEMO)

        with pytest.raises(Refused, match="holds the domain's arms"):
            go_live(bedside, house.client)
        pharmacy.import_(lines(seed=6))
        ran = CliRunner().invoke(
            alone(mode),
            ["live", "--reason", "now", "--registry", house.app_url],
            env={"EMBER_SIGNER": str(house.socket)},
        )

        assert ran.stdout == "live\n", ran.exception
        app.close()


@pytest.mark.postgres
def test_without_a_signer_nothing_with_bound_lists_goes_live(postgres, bedside_of):
    with postgres.database() as url, closing(open_registry(url)) as registry:
        bedside = bedside_of(registry)
        Pharmacy(bedside).open()
        live = SetMode(mode=Mode.LIVE, reason="now", actor="a", at=bedside.noon)

        with pytest.raises(SettingsError) as fault, registry.transaction() as uow:
            set_mode(live, uow)

        assert fault.value.code is ErrorCode.BAD_SETTING


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("arms", "goes"), [(ARMS, True), (("zephyr", "onyx"), False), (None, True)]
)
def test_a_list_from_before_is_held_against_its_plain_digest(
    postgres, bedside_of, arms, goes
):
    """Or, from before that, against nothing."""
    with postgres.database() as url, closing(open_registry(url)) as registry:
        bedside = bedside_of(registry)
        Pharmacy(bedside).open()
        (told,) = imported(registry)
        del told["arms_bound"]
        if arms is not None:
            told["arms"] = arms_digest(arms)
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("ALTER TABLE audit_event DISABLE TRIGGER append_only")
            owner.execute(
                "UPDATE audit_event SET detail = %s WHERE action = 'kits:imported'",
                (canonical(told).decode(),),
            )

        if goes:
            assert go_live(bedside).changed
        else:
            with pytest.raises(Refused, match="holds the domain's arms"):
                go_live(bedside)


def test_a_list_for_a_domain_that_no_protocol_names_is_taken_only_ahead(pharmacy):
    told = {"listed": lines(seed=8), "domain": "fluid"}

    assert pharmacy.import_(**told).faults == (
        "no version of the protocol names its domain",
    )
    assert pharmacy.import_(**told, ahead=True).kits == 20
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.postgres
def test_a_registry_goes_live_with_lists_of_all_domains_that_give_kits(
    postgres, bedside_of
):
    """A domain that the protocol in force names no more needs none."""
    with postgres.database() as url, closing(open_registry(url)) as registry:
        bedside = bedside_of(registry)
        pharmacy = Pharmacy(bedside)
        dropped = replace(DRUG, domain="dropped")
        bedside.open_trial(DRUG, dropped, mode=Mode.DEMO)

        refused = []
        for _ in ("neither", "one"):
            with pytest.raises(Refused) as fault:
                go_live(bedside)
            refused.append((fault.value.code, fault.value.problem))
            pharmacy.import_()
        pharmacy.amend(DRUG)

        go_live(bedside)
        assert [code for code, _ in refused] == [ErrorCode.NO_KIT_LIST] * 2
        assert "in dropped, fluids," in refused[0][1]
        assert "in dropped," in refused[1][1]
        with registry.inspection() as uow:
            assert uow.modes.current() is Mode.LIVE


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
