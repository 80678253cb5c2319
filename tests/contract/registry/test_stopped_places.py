"""Nobody is called about a patient where nobody is randomised: a pause, a missing light."""

import json
from datetime import timedelta
from random import Random

import pytest

from registry.domain.alert import Hold
from registry.domain.pause import Place
from registry.usecases.outbox import ALERTS
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.verify_audit import verify_audit


HOUR = timedelta(hours=1)
CALLED, MERELY_KEPT = ("open", None), ("suppressed", Hold.PAUSED)
PLACES = [Place(site="A"), Place(domain="fluids")]
P1, P2 = ("TIDE", "p1", "e1"), ("TIDE", "p2", "e1")


@pytest.fixture
def open_ward(bedside):
    bedside.open_trial()
    bedside.hear(bedside.onset())
    return bedside


def stop(bedside, place, *, paused=True, at=None):
    command = SetPause(
        trial="TIDE",
        place=place,
        paused=paused,
        reason="a delivery is late",
        actor="sponsor",
        at=at or bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        return set_pause(command, uow)


def kinds(bedside):
    return [(n["type"], n["data"]["patient"]) for n in bedside.told(ALERTS)]


@pytest.mark.parametrize("place", PLACES, ids=["site", "domain"])
def test_a_pause_takes_calls_back_and_they_come_again_when_it_ends(open_ward, place):
    open_ward.hear(open_ward.verdict("p1"))
    assert open_ward.alerts()[P1] == CALLED

    stop(open_ward, place)
    open_ward.hear(open_ward.verdict("p2"))
    assert open_ward.alerts() == {P1: MERELY_KEPT, P2: MERELY_KEPT}

    stop(open_ward, place, paused=False, at=open_ward.noon + HOUR)
    assert open_ward.alerts() == {P1: CALLED, P2: CALLED}
    assert kinds(open_ward) == [
        ("alert.raised", "p1"),
        ("alert.retracted", "p1"),
        ("alert.raised", "p1"),
        ("alert.raised", "p2"),
    ]
    assert not open_ward.broken_chains()


def test_a_call_whose_window_closed_during_the_pause_does_not_come_again(open_ward):
    open_ward.hear(open_ward.verdict("p1"))
    stop(open_ward, Place(domain="fluids"))
    stop(
        open_ward,
        Place(domain="fluids"),
        paused=False,
        at=open_ward.noon + 7 * HOUR,
    )
    assert open_ward.alerts()[P1] == MERELY_KEPT


def test_a_paused_arm_leaves_others_to_be_drawn_so_the_call_stands(open_ward):
    open_ward.hear(open_ward.verdict("p1"))
    stop(open_ward, Place(domain="fluids", arm="standard"))
    assert open_ward.alerts()[P1] == CALLED


def test_a_pause_elsewhere_takes_nothing_back(open_ward):
    open_ward.declare("WAVE")
    open_ward.hear(open_ward.verdict("p1"), open_ward.verdict("p1", trial="WAVE"))
    stop(open_ward, Place(domain="fluids"))
    assert open_ward.alerts() == {P1: MERELY_KEPT, ("WAVE", "p1", "e1"): CALLED}


def test_a_site_without_its_light_is_not_called_until_it_has_it(open_ward):
    open_ward.light(given=False)
    open_ward.hear(open_ward.verdict("p1"))
    assert open_ward.alerts()[P1] == ("suppressed", Hold.NO_GREEN_LIGHT)

    open_ward.light(at=open_ward.noon + HOUR)
    assert open_ward.alerts()[P1] == CALLED

    open_ward.light(given=False, at=open_ward.noon + 2 * HOUR)
    assert open_ward.alerts()[P1] == ("suppressed", Hold.NO_GREEN_LIGHT)
    with open_ward.registry.inspection() as uow:
        assert all(report.break_ is None for report in verify_audit(uow))


ANYWHERE = [*PLACES, Place(domain="fluids", arm="standard")]


@pytest.mark.parametrize("seed", range(3))
def test_pauses_and_resumptions_of_one_instant_are_all_recorded(open_ward, seed):
    open_ward.hear(open_ward.verdict("p1"))
    paused, stopped, told = set(), False, ["alert.raised"]
    drawn = Random(seed)
    for _ in range(30):
        place, pause = drawn.choice(ANYWHERE), drawn.random() < 0.5

        done = stop(open_ward, place, paused=pause)

        assert done.changed is (pause is not (place in paused))
        (paused.add if pause else paused.discard)(place)
        if stopped is not any(place in paused for place in PLACES):
            stopped = not stopped
            told.append("alert.retracted" if stopped else "alert.raised")
        assert open_ward.alerts()[P1] == (MERELY_KEPT if stopped else CALLED)
    assert [kind for kind, _ in kinds(open_ward)] == told
    assert not open_ward.broken_chains()


def test_a_light_taken_and_given_at_one_instant_is_told_each_time(open_ward):
    open_ward.hear(open_ward.verdict("p1"))
    for given in (False, True) * 3:
        open_ward.light(given=given)
    assert [kind for kind, _ in kinds(open_ward)] == [
        "alert.raised",
        *("alert.retracted", "alert.raised") * 3,
    ]


def test_what_was_told_at_one_instant_is_sent_in_the_order_of_the_acts(open_ward):
    open_ward.hear(open_ward.verdict("p1"))
    for paused in (True, False) * 4:
        stop(open_ward, PLACES[0], paused=paused)

    with open_ward.registry.transaction() as uow:
        due = uow.outbox.claim(
            topic=ALERTS, now=open_ward.noon, lease_until=open_ward.noon + HOUR
        )

    assert [json.loads(item.payload)["type"] for item in due] == [
        "alert.raised",
        *("alert.retracted", "alert.raised") * 4,
    ]
