"""The flow at any past moment, on both databases."""

import pytest

from registry.domain.consent import ConsentState
from registry.domain.flow import Box
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import RecordConsent, record_consent
from streams.vocabulary.clock import HOUR
from streams.vocabulary.messages import CriterionVerdict


BLINDED = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("active"), ArmDesign("placebo")),
    method=PermutedBlocks((2,)),
    blinded=True,
)


def told(registry, at, **asked):
    """The one domain's boxes that are not empty."""
    with registry.reading() as views:
        (row,) = views.flow_at(at, **asked)
    return {box.value: number for box, number in row.boxes if number}


def heard(bedside, *messages, at):
    with bedside.registry.transaction() as uow:
        record_batch(RecordBatch(messages=messages, recorded_at=at), uow)


def says(bedside, state, *, patient="p1", at, deadline=None):
    command = RecordConsent(
        trial="TIDE",
        site="A",
        patient=patient,
        episode="e1",
        state=state,
        basis="written" if state is ConsentState.GIVEN else None,
        deadline=deadline,
        decided_at=at,
        actor="nurse",
        at=at,
    )
    with bedside.registry.transaction() as uow:
        return record_consent(command, uow)


def test_each_patient_is_in_one_box_at_each_moment(lived, registry):
    noon = lived.noon

    assert told(registry, noon + HOUR / 2) == {
        "assessed": 2,
        "candidates": 2,
        "approached": 2,
        "consented": 2,
        "not_yet_randomised": 2,
    }
    assert told(registry, noon + HOUR)["randomised"] == 2
    with registry.reading() as views:
        assert views.flow_at(noon - HOUR) == ()
        assert views.flow_at(noon, trial="OTHER") == ()
        assert views.flow_at(noon, domain="other") == ()


def test_what_is_recorded_later_was_not_known_before(bedside, registry):
    bedside.open_trial()
    noon = bedside.noon
    heard(bedside, bedside.verdict(status="needs_data"), at=noon)
    heard(bedside, bedside.verdict(revision=1), at=noon + HOUR)
    says(bedside, ConsentState.REFUSED, at=noon + 2 * HOUR)

    ends = ("awaiting_data", "not_yet_approached", "declined")
    for hours, end in enumerate(ends):
        assert told(registry, noon + hours * HOUR)[end] == 1


def test_a_window_that_closed_is_closed_by_the_clock_alone(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict("p1"), bedside.verdict("p2", status="needs_data"))
    bedside.hear(bedside.verdict("p3", status="ineligible", window_open=False))
    closed = bedside.noon + 6 * HOUR

    assert told(registry, closed) == {
        "assessed": 3,
        "never_in_window": 1,
        "awaiting_data": 1,
        "candidates": 1,
        "not_yet_approached": 1,
    }
    assert told(registry, closed + HOUR / 60) == {
        "assessed": 3,
        "never_in_window": 1,
        "never_decided": 1,
        "candidates": 1,
        "not_approached": 1,
    }


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("deferred", ConsentState.DEFERRED),
        ("waiver", ConsentState.WAIVED),
        ("opt_out", ConsentState.INFORMED),
    ],
)
def test_what_stands_in_the_place_of_consent_counts_as_it(
    bedside, registry, model, state
):
    consent = {"model": model, "text": "A test."}
    bedside.declare(
        consent=consent | ({"within": "72 h"} if model == "deferred" else {})
    )
    bedside.hear(bedside.verdict())
    says(bedside, state, at=bedside.noon)

    assert told(registry, bedside.noon)["not_yet_randomised"] == 1
    with registry.reading() as views:
        assert views.flow()[0].consented == 1


def test_a_deferral_past_its_deadline_is_no_consent_any_more(bedside, registry):
    bedside.declare(consent={"model": "deferred", "text": "A test.", "within": "3 h"})
    bedside.hear(bedside.verdict())
    says(bedside, ConsentState.DEFERRED, at=bedside.noon)

    assert told(registry, bedside.noon + 3 * HOUR)["not_yet_randomised"] == 1
    assert told(registry, bedside.noon + 4 * HOUR)["awaiting_answer"] == 1
    assert told(registry, bedside.noon + 7 * HOUR)["unanswered"] == 1


def test_who_was_randomised_stays_so_whatever_they_say_later(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.randomise("p1")
    says(bedside, ConsentState.WITHDRAWN, at=bedside.noon + 2 * HOUR)

    with registry.reading() as views:
        before, after = (
            views.flow_at(bedside.noon + hours * HOUR)[0] for hours in (1, 2)
        )
    assert before.number(Box.RANDOMISED) == after.number(Box.RANDOMISED) == 1
    assert [s.value for s, _ in before.standing] == ["written"]
    assert [s.value for s, _ in after.standing] == ["withdrawn"]


def test_an_opt_out_and_an_answer_against_are_reasons_of_their_own(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict("p1"), bedside.needs_human("p2"))
    bedside.opt_out("p1", at=bedside.noon + HOUR)
    bedside.answer("dying", "TRUE", "p2")

    assert told(registry, bedside.noon)["not_yet_approached"] == 2
    after = told(registry, bedside.noon + HOUR)
    assert (after["opted_out"], after["ruled_out_by_answer"]) == (1, 1)


def test_the_first_criterion_that_speaks_against_is_the_reason(bedside, registry):
    bedside.open_trial()
    said = [
        CriterionVerdict(criterion_id="adult", role="inclusion", truth="TRUE"),
        CriterionVerdict(criterion_id="dying", role="exclusion", truth="TRUE"),
        CriterionVerdict(criterion_id="shock", role="inclusion", truth="FALSE"),
    ]
    bedside.hear(bedside.verdict(status="ineligible", criteria=tuple(said)))

    with registry.reading() as views:
        (row,) = views.flow_at(bedside.noon, reasons=True)
        (bare,) = views.flow_at(bedside.noon)
    assert row.reasons == (("dying", 1),)
    assert bare.reasons is None


def test_arms_are_counted_only_where_nobody_is_blinded(lived, registry):
    with registry.reading() as views:
        (row,) = views.flow_at(lived.noon + HOUR)
    assert sorted(row.by_arm) == [("restrictive", 1), ("standard", 1)]
    assert row.arm_not_shown == 0


def test_a_blinded_domain_counts_no_arm(bedside, registry):
    bedside.open_trial(BLINDED, mode=Mode.DEMO)
    bedside.hear(bedside.verdict(provenance="simulated"))
    bedside.consent()
    bedside.randomise()

    with registry.reading() as views:
        (row,) = views.flow_at(bedside.noon + HOUR)
    assert (row.by_arm, row.arm_not_shown) == ((), 1)


def test_outcomes_of_those_randomised_are_told_as_of_then(lived, registry):
    heard(
        lived,
        lived.outcome("p1", 1, status="final", value=0.0),
        at=lived.noon + 2 * HOUR,
    )

    with registry.reading() as views:
        before, after = (
            views.flow_at(lived.noon + hours * HOUR)[0].outcomes for hours in (1, 2)
        )
    assert [(o.pending, o.final, o.untold) for o in before] == [(1, 0, 1)]
    assert [(o.pending, o.final, o.untold) for o in after] == [(0, 1, 1)]
