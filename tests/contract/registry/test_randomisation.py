"""Randomisation is serialised, idempotent and gated, on both databases alike."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError

from registry.domain.consent import ConsentState
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return {obstacle.name for obstacle in result.gate.obstacles}


def together(number, act):
    """`act(0)` to `act(number - 1)`, each in a thread, let loose at one moment."""
    ready = Barrier(number)

    def run(index):
        ready.wait()
        return act(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_an_eligible_consenting_patient_gets_the_arm_the_signer_draws(bedside):
    bedside.open_trial()
    bedside.admit("p1")

    done = bedside.randomise()

    assert isinstance(done, Randomised)
    position = Position("TIDE", "fluids", "shock=yes", 1)
    drawn = bedside.signer.arm(position, design=bedside.fluids, history=KnownHistory())
    assert drawn.arm == done.arm
    assert (done.stratum, done.sequence_no, done.repeated) == ("shock=yes", 1, False)
    assert "arm" not in type(done.roster).__dataclass_fields__


def test_a_repeated_request_gets_the_identical_allocation(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    first = bedside.randomise("p1")
    bedside.randomise("p2")

    again = bedside.randomise("p1")
    by_another_key = bedside.randomise("p1", key="another")

    assert replace(first, repeated=True) == again == by_another_key


def test_a_key_that_names_another_request_is_refused(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    bedside.randomise("p1", key="k")

    with pytest.raises(Refused) as fault:
        bedside.randomise("p2", key="k")

    assert fault.value.code is ErrorCode.REQUEST_REUSED


def test_the_same_request_twenty_times_at_once_is_one_allocation(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")

    results = together(20, lambda _: bedside.randomise("p1"))

    assert len({replace(result, repeated=True) for result in results}) == 1
    assert Counter(result.repeated for result in results) == {True: 19, False: 1}
    with registry.reading() as views:
        (row,) = views.participants()
    assert row.sequence_no == 1


def test_fifty_at_once_in_one_stratum_leave_no_gap_no_double_and_full_blocks(
    bedside, registry
):
    bedside.open_trial()
    patients = [f"p{n}" for n in range(50)]
    bedside.admit(*patients)

    results = together(50, lambda n: bedside.randomise(patients[n]))

    in_order = sorted(results, key=lambda result: result.sequence_no)
    assert list(range(1, 51)) == [result.sequence_no for result in in_order]
    for first in range(0, 48, 4):
        block = Counter(result.arm for result in in_order[first : first + 4])
        assert block == {"restrictive": 2, "standard": 2}
    with registry.reading() as views:
        (domain,) = views.flow(may_see_arms=True)
    assert 50 == domain.randomised == sum(number for _, number in domain.by_arm)


def test_strata_count_apart(bedside):
    bedside.open_trial()
    bedside.hear(
        bedside.verdict("p1"), bedside.verdict("p2", stratum=(("shock", "no"),))
    )
    for patient in ("p1", "p2"):
        bedside.consent(patient)

    first, second = bedside.randomise("p1"), bedside.randomise("p2")

    assert (first.stratum, first.sequence_no) == ("shock=yes", 1)
    assert (second.stratum, second.sequence_no) == ("shock=no", 1)


def test_another_design_begins_new_blocks_and_goes_on_counting(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1", "p2", "p3", "p4")
    bedside.randomise("p1")
    three = replace(bedside.fluids, arms=(*bedside.fluids.arms, ArmDesign("albumin")))
    with registry.transaction() as uow:
        amended = bedside.protocol(three, protocol_hash="hash-2")
        activate_protocol(amended, uow, signer=bedside.signer)
    later = [bedside.verdict(p, 1, protocol_hash="hash-2") for p in ("p2", "p3", "p4")]
    bedside.hear(*later)

    results = [bedside.randomise(patient) for patient in ("p2", "p3", "p4")]

    assert [result.sequence_no for result in results] == [2, 3, 4]
    expected = [
        bedside.signer.arm(
            Position("TIDE", "fluids", "shock=yes", n),
            design=three,
            history=KnownHistory(schedule_first_no=2),
        ).arm
        for n in (2, 3, 4)
    ]
    assert expected == [result.arm for result in results]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"status": "ineligible"}, {"not_eligible"}),
        ({"status": "needs_data"}, {"not_eligible"}),
        ({"window_open": False}, {"window_closed"}),
        ({"provenance": "history"}, {"mode_forbids"}),
        ({"provenance": "simulated"}, {"mode_forbids"}),
        ({"stratum": (("shock", "UNKNOWN"),)}, {"stratum_unknown"}),
        ({"protocol_hash": "hash-0"}, {"screened_by_another_protocol"}),
    ],
)
def test_the_gate_names_what_the_verdict_lacks(bedside, changed, expected):
    bedside.open_trial()
    bedside.hear(bedside.verdict(**changed))
    bedside.consent()

    assert expected == obstacles(bedside.randomise())


def test_the_last_moment_to_randomise_is_the_deadline(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    deadline = bedside.verdict().deadline

    too_late = bedside.randomise(at=deadline + timedelta.resolution)

    assert {"window_closed"} == obstacles(too_late)
    assert isinstance(bedside.randomise(at=deadline), Randomised)


def test_nobody_is_randomised_by_a_verdict_that_has_run_out(bedside):
    bedside.open_trial()
    until = bedside.noon + timedelta(hours=3)
    bedside.hear(bedside.verdict(valid_until=until))
    bedside.consent()

    too_late = bedside.randomise(at=until + timedelta.resolution)

    assert {"verdict_out_of_date"} == obstacles(too_late)
    assert isinstance(bedside.randomise(at=until), Randomised)


def test_nobody_is_randomised_without_consent_that_stands(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())

    assert {"no_consent"} == obstacles(bedside.randomise())
    bedside.consent(state=ConsentState.ASKED)
    assert {"no_consent"} == obstacles(bedside.randomise())
    bedside.consent()
    bedside.consent(state=ConsentState.WITHDRAWN)
    assert {"no_consent"} == obstacles(bedside.randomise())


def test_a_refused_request_may_be_made_again_under_its_own_key(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent(state=ConsentState.ASKED)
    bedside.randomise(key="k")
    bedside.consent()

    done = bedside.randomise(key="k")

    assert isinstance(done, Randomised)
    assert done.sequence_no == 1


def test_human_answers_open_the_gate_only_when_all_are_favourable(bedside):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.consent()

    assert {"human_answer_missing"} == obstacles(bedside.randomise())
    assert bedside.answer("equipoise", "TRUE").status == "needs_human"
    assert {"human_answer_missing"} == obstacles(bedside.randomise())
    assert bedside.answer("dying", "TRUE").status == "ineligible"
    assert {"not_eligible"} == obstacles(bedside.randomise())
    assert bedside.answer("dying", "FALSE").status == "eligible"
    assert isinstance(bedside.randomise(), Randomised)


def test_an_answer_given_for_another_protocol_version_does_not_count(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.consent()
    bedside.answer("equipoise", "TRUE")
    bedside.answer("dying", "FALSE")
    with registry.transaction() as uow:
        amended = bedside.protocol(bedside.fluids, protocol_hash="hash-2")
        activate_protocol(amended, uow, signer=bedside.signer)
    bedside.hear(bedside.needs_human(revision=1, protocol_hash="hash-2"))

    assert {"human_answer_missing"} == obstacles(bedside.randomise())


def test_a_closed_domain_allocates_nothing_and_may_be_opened_again(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")

    def set_open(is_open):
        command = SetPause(
            trial="TIDE",
            place=Place(domain="fluids"),
            paused=not is_open,
            reason="safety",
            actor="sponsor",
            at=bedside.noon,
        )
        with registry.transaction() as uow:
            return set_pause(command, uow).changed

    assert set_open(False)
    assert not set_open(False)
    assert {"domain_closed"} == obstacles(bedside.randomise())
    assert set_open(True)
    assert isinstance(bedside.randomise(), Randomised)


@pytest.mark.parametrize(
    ("place", "obstacle"),
    [
        (Place(domain="fluids"), "domain_closed"),
        (Place(site="A"), "site_paused"),
    ],
    ids=["domain", "site"],
)
def test_a_pause_waits_for_those_under_way_and_no_allocation_overtakes_it(
    bedside, registry, place, obstacle
):
    bedside.open_trial()
    patients = [f"p{n}" for n in range(12)]
    bedside.admit(*patients)
    paused = SetPause(
        trial="TIDE",
        place=place,
        paused=True,
        reason="safety",
        actor="sponsor",
        at=bedside.noon,
    )

    def act(index):
        if index < len(patients):
            return bedside.randomise(patients[index])
        with registry.transaction() as uow:
            set_pause(paused, uow)
            return _randomised_so_far(uow)

    *results, count_at_pause = together(13, act)

    allocated = [result for result in results if isinstance(result, Randomised)]
    assert count_at_pause == len(allocated)
    for result in results:
        if isinstance(result, NotRandomised):
            assert {obstacle} == obstacles(result)


def _randomised_so_far(uow):
    """Inside the pause's own transaction: whatever is not there now never comes."""
    allocator = uow.allocations.lock(trial="TIDE", domain="fluids", stratum="shock=yes")
    return allocator.next_no - 1


def test_silent_never_randomises_and_demo_only_the_simulated(bedside):
    bedside.open_trial(mode=Mode.DEMO)
    bedside.hear(bedside.verdict("p1", provenance="simulated"), bedside.verdict("p2"))
    for patient in ("p1", "p2"):
        bedside.consent(patient)

    assert isinstance(bedside.randomise("p1"), Randomised)
    assert {"mode_forbids"} == obstacles(bedside.randomise("p2"))


BLINDED = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("active"), ArmDesign("placebo")),
    method=PermutedBlocks((2,)),
    blinded=True,
)


def test_a_blinded_arm_is_shown_to_nobody(bedside, registry):
    bedside.open_trial(BLINDED, mode=Mode.DEMO)
    bedside.hear(bedside.verdict(provenance="simulated"))
    bedside.consent()

    done = bedside.randomise()

    assert done.arm is None
    assert bedside.randomise().arm is None
    with registry.reading() as views:
        (row,) = views.participants(may_see_arms=True)
        (domain,) = views.flow(may_see_arms=True)
    assert row.arm is None
    assert domain.by_arm == ()


def test_a_live_blinded_trial_needs_a_store_that_seals(bedside, registry):
    if registry.dialect == "postgresql":
        bedside.open_trial(BLINDED)
        bedside.admit("p1")
        assert isinstance(bedside.randomise(), Randomised)
        return
    with pytest.raises(Refused) as fault:
        bedside.open_trial(BLINDED)
    assert fault.value.code is ErrorCode.SEAL_REQUIRED


def test_a_registry_with_a_blinded_trial_goes_live_on_postgresql_only(
    bedside, registry
):
    bedside.open_trial(BLINDED, mode=Mode.DEMO)
    live = SetMode(mode=Mode.LIVE, reason="start", actor="admin", at=bedside.noon)

    if registry.dialect == "postgresql":
        with registry.transaction() as uow:
            assert set_mode(live, uow).changed
        return
    with pytest.raises(Refused), registry.transaction() as uow:
        set_mode(live, uow)
    with registry.reading() as views:
        assert views.mode() is Mode.DEMO


def test_what_is_frozen_stays_what_it_was(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    done = bedside.randomise()
    bedside.hear(bedside.verdict(revision=1, covariates=(("age", "72"),)))

    with registry.transaction() as uow:
        frozen = uow.allocations.stored(
            trial="TIDE", domain="fluids", participant=done.participant
        )

    verdict = bedside.verdict()
    assert frozen.covariates == (("age", "71"),)
    assert frozen.ratio == (("restrictive", 1), ("standard", 1))
    assert (verdict.anchor, verdict.anchor_at) == (frozen.anchor, frozen.anchor_at)
    assert verdict.message_id == frozen.screening_message_id
    assert (
        frozen.protocol_hash,
        frozen.software_version,
        frozen.definition_version,
    ) == ("hash-1", "0.1.0", "1")


def test_a_failed_transaction_leaves_nothing_and_uses_up_no_number(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")

    class PowerCutError(Exception):
        pass

    class DyingSigner(KeyedSigner):
        def arm(self, *_, **__):
            raise PowerCutError

    living, bedside.signer = bedside.signer, DyingSigner({"TIDE": bytes(range(32))})
    with pytest.raises(PowerCutError):
        bedside.randomise("p1")
    bedside.signer = living

    assert bedside.randomise("p2").sequence_no == 1
    assert bedside.randomise("p1").sequence_no == 2


def test_nothing_is_drawn_by_a_key_that_was_not_committed_to(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    rightful, bedside.signer = bedside.signer, KeyedSigner({"TIDE": bytes(32)})

    with pytest.raises(SettingsError) as fault:
        bedside.randomise("p1")
    bedside.signer = rightful

    assert fault.value.code is ErrorCode.KEY_DIFFERS
    assert bedside.randomise("p1").sequence_no == 1


def test_who_is_turned_away_uses_up_no_number_and_opens_no_stratum(bedside, sql):
    bedside.open_trial()
    bedside.hear(bedside.verdict("p1"), bedside.verdict("p2"))
    bedside.consent("p2")

    assert obstacles(bedside.randomise("p1")) == {"no_consent"}
    assert sql("SELECT count(*) FROM allocator") == [(0,)]
    assert bedside.randomise("p2").sequence_no == 1


@pytest.mark.parametrize("act", ["UPDATE {} SET arm = 'x'", "DELETE FROM {}"])
def test_an_arm_cannot_be_changed_or_removed(bedside, registry, sql, act):
    bedside.open_trial()
    bedside.admit("p1")
    done = bedside.randomise()
    sealed = registry.dialect == "postgresql"
    table = "sealed.assignment" if sealed else "sealed_assignment"

    with pytest.raises(DatabaseError, match="append-only"):
        sql(act.format(table))

    assert bedside.randomise().arm == done.arm


@pytest.mark.postgres
def test_a_stratum_that_changes_while_its_lock_is_waited_for_allocates_nothing(
    postgres, bedside_of
):
    """The verdict read before the locks and the one read inside them differ."""
    with postgres.database() as url, ThreadPoolExecutor(1) as pool:
        opened = open_registry(url)
        bedside = bedside_of(opened)
        bedside.open_trial()
        bedside.admit("p1")
        with opened.transaction() as uow:
            uow.audit.lock(site="A", trial="TIDE")
            waiting = pool.submit(bedside.randomise, "p1")
            wait_for_a_waiter(url)
            bedside.record(uow, bedside.verdict(revision=1, stratum=(("shock", "no"),)))

        assert obstacles(waiting.result()) == {"stratum_just_changed"}
        assert bedside.randomise("p1").stratum == "shock=no"
        opened.close()


def wait_for_a_waiter(url):
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while connection.execute(query).fetchone() is None:
            pass
