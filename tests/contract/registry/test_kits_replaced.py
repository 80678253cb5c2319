"""A kit that cannot be used is replaced by one of the same contents, or by none."""

from dataclasses import replace
from functools import partial

import pytest
from made_up.pharmacy import ARMS, DRUG, Pharmacy, lines, three_arms

from registry.domain.consent import ConsentState
from registry.domain.kit import DEPOT, KitAct, KitState
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Simple
from registry.usecases.randomise import NotRandomised
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.stream_state import ArchivedEvent
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.events import PatientMerge


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


CARE = DomainDesign(
    domain="care", arms=(ArmDesign("usual"), ArmDesign("early")), method=Simple()
)
KITS_OF_DRUG = {"id": "fluids", "kits": {"treatment": "7 d"}}


@pytest.mark.parametrize(
    "designs", [(CARE,), (CARE, replace(DRUG, kits=None))], ids=["domain", "kits"]
)
def test_who_is_treated_gets_kits_though_an_amendment_dropped(bedside, designs):
    """By the terms under which they were randomised; nobody else is given any."""
    pharmacy = Pharmacy(bedside)
    pharmacy.import_()
    bedside.open_trial(mode=Mode.DEMO)
    pharmacy.amend(DRUG, document={"domains": [KITS_OF_DRUG]})
    pharmacy.receive(of_each=1)
    pharmacy.admit("p1", "p2", protocol_hash="hash-2")
    first = bedside.randomise("p1").kit
    pharmacy.do(KitAct.DISPENSE, first)
    depot = [kit.kit for kit in pharmacy.kits().values() if kit.site == DEPOT]

    pharmacy.amend(*designs, protocol_hash="hash-3")
    pharmacy.do(KitAct.RECEIVE, *depot[::2])
    new = Pharmacy(bedside, lines(seed=7))
    new.import_()
    new.receive(of_each=8)
    second = pharmacy.replace(first)
    third = pharmacy.replace(second.kit)

    arm = pharmacy.arm | new.arm
    assert len({first, second.kit, third.kit}) == 3
    assert arm[first] == arm[second.kit] == arm[third.kit]
    assert pharmacy.do(KitAct.DISPENSE, third.kit).state is KitState.DISPENSED
    later = bedside.randomise("p2")
    assert isinstance(later, NotRandomised) or later.kit is None
    assert not bedside.broken_chains()


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


def merge(bedside, survivor, retired):
    """As the pipeline archives it: in the survivor's log, and told to the other."""
    said = {"event_id": "adt", "happened_at": bedside.noon, "known_at": bedside.noon}
    event = PatientMerge(**said, retired=retired)
    told = PatientMerge(**said, retired=retired, origin=survivor)
    bedside.hear(
        archive=[
            ArchivedEvent("A", survivor, "m", "simulated", event),
            ArchivedEvent("A", retired, "m", "simulated", told),
        ]
    )


@pytest.mark.parametrize("taken_back", ["withdrawn", "opted out", "out of all"])
@pytest.mark.parametrize("names", [("p1", "p2"), ("p2", "p1")])
def test_who_took_it_back_by_another_name_is_handed_no_kit(pharmacy, names, taken_back):
    """Once it is known that both are one person; whichever name survives."""
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1", "p2", "p3")
    mine, other = [pharmacy.bedside.randomise(p).kit for p in ("p1", "p3")]
    if taken_back == "withdrawn":
        pharmacy.bedside.consent("p2", ConsentState.WITHDRAWN)
    else:
        pharmacy.bedside.opt_out("p2", trial="TIDE" if "all" not in taken_back else "")
    assert pharmacy.do(KitAct.DISPENSE, mine).state is KitState.DISPENSED

    merge(pharmacy.bedside, *names)

    with pytest.raises(Refused) as fault:
        pharmacy.replace(mine)
    assert fault.value.code is ErrorCode.NO_CONSENT
    assert pharmacy.do(KitAct.DISPENSE, other).state is KitState.DISPENSED
    assert pharmacy.do(KitAct.RETURN, mine).state is KitState.RETURNED
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.parametrize("said", ["out of another", "refused", "back in"])
def test_what_another_name_said_of_something_else_takes_no_treatment_back(
    pharmacy, said
):
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1")
    mine = pharmacy.bedside.randomise("p1").kit
    if said == "refused":
        pharmacy.bedside.consent("p2", ConsentState.REFUSED)
    elif said == "out of another":
        pharmacy.bedside.opt_out("p2", trial="WAVE")
    else:
        pharmacy.bedside.opt_out("p2")
        again = pharmacy.bedside.noon + HOUR
        pharmacy.bedside.opt_out("p2", stands=False, at=again)

    merge(pharmacy.bedside, "p1", "p2")

    assert pharmacy.do(KitAct.DISPENSE, mine).state is KitState.DISPENSED
    assert not pharmacy.replace(mine).repeated


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
