"""One person under two names takes part once; two who take part are for a human."""

from datetime import timedelta

from registry.usecases.one_person import merges_told, person_of
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.stream_state import ArchivedEvent
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.events import Cancellation, PatientMerge, PatientUnmerge


def said(bedside, kind, survivor, retired, hour):
    """As the pipeline archives it: in the survivor's log, and told to the other."""
    at = bedside.noon + timedelta(hours=hour)
    event = kind(event_id=f"adt-{hour}", happened_at=at, known_at=at, retired=retired)
    told = kind(
        event_id=f"adt-{hour}",
        happened_at=at,
        known_at=at,
        retired=retired,
        origin=survivor,
    )
    bedside.hear(
        archive=[
            ArchivedEvent("A", survivor, f"m{hour}", "live", event),
            ArchivedEvent("A", retired, f"m{hour}", "live", told),
        ]
    )


def conflicts(bedside):
    with bedside.registry.inspection() as uow:
        assert {report.break_ for report in verify_audit(uow)} == {None}
        rows = uow.audit.rows(site="A", trial="TIDE")
        return [r.subject for r in rows if r.action == "participant:merge_in_conflict"]


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return {(o.code.value, o.name, o.detail) for o in result.gate.obstacles}


def test_who_was_merged_away_is_not_randomised(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    said(bedside, PatientMerge, "p1", "p2", 0)

    told = obstacles(bedside.randomise("p2"))

    assert ("EMB-330", "patient_retired", "p1") in told


def test_a_merge_that_never_was_keeps_nobody_out(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    said(bedside, PatientMerge, "p1", "p2", 0)
    void = Cancellation(
        event_id="adt-0:cancelled",
        happened_at=bedside.noon,
        known_at=bedside.noon,
        cancels="adt-0",
        origin="p1",
    )
    bedside.hear(archive=[ArchivedEvent("A", "p2", "m9", "live", void)])

    assert isinstance(bedside.randomise("p2"), Randomised)
    with bedside.registry.inspection() as uow:
        assert merges_told("A", uow) == ()


def test_who_takes_part_under_another_name_is_not_randomised_again(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    assert isinstance(bedside.randomise("p2"), Randomised)
    said(bedside, PatientMerge, "p1", "p2", 0)

    told = obstacles(bedside.randomise("p1"))

    assert [name for code, name, _ in told if code == "EMB-330"] == [
        "takes_part_already"
    ]


def test_a_merge_of_two_who_take_part_is_flagged_and_nothing_is_removed(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2", "p3")
    first, second = bedside.randomise("p1"), bedside.randomise("p2")

    said(bedside, PatientMerge, "p1", "p2", 0)

    assert conflicts(bedside) == ["p1"]
    with bedside.registry.inspection() as uow:
        (person,) = merges_told("A", uow)
    assert person.conflicts == ("TIDE",)
    assert "CONFLICT in TIDE" in person.in_words()
    again = (bedside.randomise("p1"), bedside.randomise("p2"))
    assert [r.participant for r in again] == [first.participant, second.participant]
    assert all(r.repeated for r in again)


def test_a_merge_with_somebody_who_does_not_take_part_is_no_conflict(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.randomise("p1")

    said(bedside, PatientMerge, "p1", "stranger", 0)

    assert conflicts(bedside) == []


def test_after_an_unmerge_both_are_themselves_again(bedside):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    said(bedside, PatientMerge, "p1", "p2", 0)
    said(bedside, PatientUnmerge, "p1", "p2", 1)

    assert isinstance(bedside.randomise("p1"), Randomised)
    assert isinstance(bedside.randomise("p2"), Randomised)
    with bedside.registry.inspection() as uow:
        assert merges_told("A", uow) == ()


def test_one_person_of_three_names_is_found_from_each(bedside):
    said(bedside, PatientMerge, "p2", "p1", 0)
    said(bedside, PatientMerge, "p3", "p2", 1)
    with bedside.registry.inspection() as uow:
        found = [person_of("A", name, uow) for name in ("p1", "p2", "p3", "p4")]
    assert [(one.survivor, one.retired) for one in found] == [
        *[("p3", ("p1", "p2"))] * 3,
        ("p4", ()),
    ]
