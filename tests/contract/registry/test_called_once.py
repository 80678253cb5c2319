"""One person is called about once for one question, in whatever order things come."""

from datetime import timedelta
from itertools import permutations

import pytest

from registry.domain.consent import ConsentState
from registry.usecases.archive_batch import ArchiveBatch, archive_batch
from registry.usecases.outbox import ALERTS, ROSTER
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.stream_state import ArchivedEvent
from registry.usecases.wards import Wards
from streams.vocabulary.events import Cancellation, PatientMerge, PatientUnmerge
from streams.vocabulary.messages import EhrMessage


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(params=["one process", "through Kafka"])
def archive(request, bedside):
    """Archives what the log of the survivor and that of the other say of a merge.

    In one process it is the batch's own; through Kafka it comes by a reader of its own,
    before or after any verdict.
    """
    bedside.open_trial()

    def here(survivor, other, said, told):
        kept = [
            ArchivedEvent("A", survivor, said.event_id, "live", said),
            ArchivedEvent("A", other, f"{said.event_id}:told", "live", told),
        ]
        bedside.hear(archive=kept)

    def apart(survivor, other, said, told):
        for patient, event in ((survivor, said), (other, told)):
            message = EhrMessage(
                message_id=f"{patient}:{event.event_id}",
                site="A",
                patient=patient,
                happened_at=event.happened_at,
                known_at=event.known_at,
                source="adt",
                provenance="live",
                events=(event,),
            )
            command = ArchiveBatch(messages=[message], recorded_at=bedside.noon)
            with bedside.registry.transaction() as uow:
                archive_batch(command, uow, wards=Wards())

    return here if request.param == "one process" else apart


def said(bedside, archive, kind, survivor, other, minute=3, **more):
    at = bedside.noon + minute * MINUTE
    name = f"{kind.__name__}-{survivor}-{other}"
    usual = {"event_id": name, "happened_at": at, "known_at": at, **more}
    archive(survivor, other, kind(**usual), kind(**usual, origin=survivor))


def merge(bedside, archive, survivor, other):
    said(bedside, archive, PatientMerge, survivor, other, retired=other)


def unmerge(bedside, archive, survivor, other):
    said(bedside, archive, PatientUnmerge, survivor, other, minute=9, retired=other)


def raised(bedside, patient):
    with bedside.registry.transaction() as uow:
        waiting = uow.outbox.waiting([ALERTS], 10_000)
    mine = [item for item in waiting if item.key == f"A/{patient}"]
    return sum('"alert.raised"' in item.payload for item in mine)


def calling(bedside, *patients):
    return sorted(
        (patient, episode)
        for (_, patient, episode), (status, _) in bedside.alerts().items()
        if patient in patients and status == "open"
    )


def in_any_order(steps):
    """Twenty of the sixty orders: the revisions of a screening keep their own."""
    orders = [
        order
        for order in permutations(steps)
        if order.index("other is screened") < order.index("other is gone")
    ]
    assert len(orders) == 60
    return orders[1::3]


def acts(bedside, archive, one, other):
    """What may come in any order: what the pipeline says of two names, and the merge."""
    gone = {"status": "ineligible", "known_at": bedside.noon + 3 * MINUTE}
    later = {"known_at": bedside.noon + 3 * MINUTE}
    verdict = bedside.verdict
    return {
        "one is screened": lambda: bedside.hear(verdict(one)),
        "other is screened": lambda: bedside.hear(verdict(other, episode="e2")),
        "merge": lambda: merge(bedside, archive, one, other),
        "other is gone": lambda: bedside.hear(verdict(other, 1, episode="e2", **gone)),
        "one has the other's stay": lambda: bedside.hear(
            verdict(one, episode="e2", **later)
        ),
    }


def test_who_was_screened_under_two_names_is_called_about_once(bedside, archive):
    steps = acts(bedside, archive, "", "")
    for number, order in enumerate(in_any_order(steps)):
        one, other = f"p{number}", f"q{number}"
        mine = acts(bedside, archive, one, other)
        merged = False
        for step in order:
            mine[step]()
            merged = merged or step == "merge"
            if merged:
                assert len(calling(bedside, one, other)) <= 1, order
        assert [who for who, _ in calling(bedside, one, other)] == [one], order
        assert raised(bedside, one) == 1, order
        assert raised(bedside, other) <= (order[0] != "merge"), order
    assert bedside.broken_chains() == []


def test_after_an_unmerge_each_is_called_about_by_their_own_stay(bedside, archive):
    for number, order in enumerate(permutations(range(3))):
        one, other = f"p{number}", f"q{number}"
        for act in acts(bedside, archive, one, other).values():
            act()
        at = {"known_at": bedside.noon + 9 * MINUTE, "episode": "e2"}
        undoing = (
            lambda one=one, other=other: unmerge(bedside, archive, one, other),
            lambda other=other, at=at: bedside.hear(bedside.verdict(other, 2, **at)),
            lambda one=one, at=at: bedside.hear(
                bedside.verdict(one, 1, status="ineligible", **at)
            ),
        )
        for which in order:
            undoing[which]()
        assert calling(bedside, one, other) == [(one, "e1"), (other, "e2")], order
    assert bedside.broken_chains() == []


def test_a_merge_that_never_was_lets_both_be_called_about(bedside, archive):
    bedside.hear(bedside.verdict("p1"), bedside.verdict("p2"))
    merge(bedside, archive, "p1", "p2")
    assert bedside.alerts()["TIDE", "p2", "e1"] == ("suppressed", "retired")

    said(bedside, archive, Cancellation, "p1", "p2", cancels="PatientMerge-p1-p2")

    assert calling(bedside, "p1", "p2") == [("p1", "e1"), ("p2", "e1")]
    assert bedside.broken_chains() == []


def test_the_second_stay_calls_once_the_first_no_longer_does(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict(), bedside.verdict(episode="e2"))
    assert bedside.alerts()["TIDE", "p1", "e2"] == ("suppressed", "called")

    bedside.hear(bedside.verdict(revision=1, status="ineligible"))

    assert calling(bedside, "p1") == [("p1", "e2")]
    assert bedside.broken_chains() == []


def test_another_domain_of_the_trial_is_another_question(bedside):
    bedside.open_trial()

    bedside.hear(bedside.verdict(), bedside.verdict(domain="steroids", episode="e2"))

    assert calling(bedside, "p1") == [("p1", "e1"), ("p1", "e2")]


def test_what_history_would_have_called_about_silences_nobody_who_lives(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict(provenance="history"))

    bedside.hear(bedside.verdict(episode="e2"))

    assert calling(bedside, "p1") == [("p1", "e2")]


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return [(o.code.value, o.name) for o in result.gate.obstacles]


def test_who_was_randomised_is_not_called_about_again_and_the_gate_says_why(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()
    first = bedside.randomise()
    assert isinstance(first, Randomised)
    later = {"at": bedside.noon + 100 * DAY, "episode": "e2"}

    bedside.hear(bedside.verdict(episode="e2", deadline=bedside.noon + 101 * DAY))

    assert bedside.alerts()["TIDE", "p1", "e2"] == ("suppressed", "drawn")
    again = bedside.randomise(key="another", **later)
    assert obstacles(again) == [("EMB-340", "drawn_before")]
    assert bedside.randomise(key="another").randomisation_id == first.randomisation_id
    assert bedside.broken_chains() == []


def test_another_domain_may_call_after_a_randomisation(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()
    bedside.randomise()

    bedside.hear(bedside.verdict(domain="steroids"))

    with bedside.registry.reading() as views:
        (alert,) = [a for a in views.alerts() if a.domain == "steroids"]
    assert (alert.status, alert.held_back) == ("open", None)


def test_who_takes_part_under_another_name_is_held_back_as_the_gate_does(
    bedside, archive
):
    bedside.hear(bedside.verdict("p1"))
    bedside.consent("p2")
    assert calling(bedside, "p1") == [("p1", "e1")]

    merge(bedside, archive, "p1", "p2")

    assert bedside.alerts()["TIDE", "p1", "e1"] == ("suppressed", "takes_part")
    bedside.consent("p1")
    assert obstacles(bedside.randomise("p1")) == [("EMB-330", "takes_part_already")]


def test_an_opt_out_that_is_taken_back_lets_call_at_once(bedside):
    bedside.open_trial()
    bedside.opt_out()
    bedside.hear(bedside.verdict())
    assert bedside.alerts()["TIDE", "p1", "e1"] == ("suppressed", "opted_out")

    bedside.opt_out(stands=False)

    assert calling(bedside, "p1") == [("p1", "e1")]
    assert bedside.broken_chains() == []


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["asked", "given"], []),
        (["given", "withdrawn"], ["withdrawn"]),
        (["asked", "refused", "asked", "given"], ["refused", "lifted"]),
    ],
)
def test_the_workers_hear_of_an_end_only_where_something_was_declined(
    bedside, states, told
):
    bedside.open_trial()
    for state in states:
        bedside.consent(state=ConsentState(state))

    assert [entry["refusal"] for entry in bedside.told(ROSTER)] == told
