"""What the contract suite cannot reach: obstacles that stand together, and odd verdicts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.alert import calls, window_is_over
from registry.domain.consent import Standing
from registry.domain.enrolment import Case, gate, status_with_answers
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import CriterionVerdict, TrialScreening


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANT = timedelta.resolution


def criterion(name, role="inclusion", truth="TRUE", *, human=False):
    return CriterionVerdict(criterion_id=name, role=role, truth=truth, human=human)


def verdict(**changed):
    usual = TrialScreening(
        message_id="m",
        site="A",
        patient="p",
        happened_at=NOON,
        known_at=NOON,
        source="screen",
        provenance="live",
        screening_id="s",
        revision=0,
        status="eligible",
        trial="T",
        domain="d",
        episode="e",
        protocol_version="1",
        protocol_hash="h",
        software_version="1",
        definition_version="1",
        anchor="onset.known_at",
        anchor_at=NOON,
        deadline=NOON + 6 * HOUR,
        window_open=True,
        criteria=(criterion("adult"),),
    )
    return replace(usual, **changed)


def case(**changed):
    usual = Case(
        at=NOON + HOUR,
        mode=Mode.LIVE,
        screening=verdict(),
        answers={},
        consent=Standing.WRITTEN,
        design=DomainDesign(
            domain="d",
            arms=(ArmDesign("a"), ArmDesign("b")),
            method=PermutedBlocks((1,)),
        ),
        protocol_hash="h",
        can_seal=False,
    )
    return replace(usual, **changed)


def named(case_):
    return [obstacle.name for obstacle in gate(case_).obstacles]


def test_the_gate_is_open_where_nothing_stands_in_the_way():
    assert gate(case()).open


def test_all_obstacles_are_told_at_once():
    shut = case(
        consent=Standing.NOT_ASKED,
        design=None,
        screening=verdict(status="ineligible", provenance="history", window_open=False),
    )
    assert named(shut) == [
        "domain_closed",
        "no_consent",
        "mode_forbids",
        "window_closed",
        "not_eligible",
    ]


def test_a_patient_nobody_screened_is_not_randomised():
    (obstacle,) = gate(case(screening=None)).obstacles
    assert obstacle.code is ErrorCode.UNKNOWN_SCREENING


def test_nobody_is_randomised_before_the_verdict_was_known():
    early = verdict(known_at=NOON + 2 * HOUR)
    assert named(case(screening=early)) == ["before_the_verdict"]


@pytest.mark.parametrize(
    ("past", "expected"),
    [(-HOUR, []), (0 * HOUR, []), (INSTANT, ["window_closed"])],
)
def test_the_last_moment_of_the_window_belongs_to_it(past, expected):
    assert named(case(at=case().screening.deadline + past)) == expected


@pytest.mark.parametrize(
    ("past", "expected"),
    [(-HOUR, []), (0 * HOUR, []), (INSTANT, ["verdict_out_of_date"])],
)
def test_a_verdict_that_time_may_have_changed_lets_nobody_in(past, expected):
    until = NOON + 3 * HOUR
    stale = gate(case(at=until + past, screening=verdict(valid_until=until)))

    assert [obstacle.name for obstacle in stale.obstacles] == expected
    assert {o.code for o in stale.obstacles} <= {ErrorCode.VERDICT_OUT_OF_DATE}


@pytest.mark.parametrize(("past", "over"), [(0 * HOUR, False), (INSTANT, True)])
def test_an_alert_is_raised_in_the_last_moment_of_the_window_too(past, over):
    late = verdict(known_at=NOON + 6 * HOUR + past)

    assert window_is_over(late) is over
    assert calls(late) is not over


@pytest.mark.parametrize(
    ("mode", "can_seal", "expected"),
    [
        (Mode.LIVE, False, ["blinded_needs_postgresql"]),
        (Mode.LIVE, True, []),
    ],
)
def test_a_live_blinded_domain_wants_a_sealed_store(mode, can_seal, expected):
    blinded = replace(case().design, blinded=True)
    assert named(case(mode=mode, can_seal=can_seal, design=blinded)) == expected


def test_needs_human_that_names_no_question_stays_shut():
    odd = verdict(status="needs_human", criteria=(criterion("adult"),))

    assert status_with_answers(odd, {}) == "needs_human"
    assert named(case(screening=odd)) == ["human_answer_missing"]


def test_an_open_question_of_an_eligible_verdict_must_be_signed_too():
    asked = verdict(criteria=(criterion("equipoise", human=True),))

    assert status_with_answers(asked, {}) == "needs_human"
    assert status_with_answers(asked, {"equipoise": "TRUE"}) == "eligible"


@pytest.mark.parametrize(
    ("role", "answer", "status"),
    [
        ("inclusion", "TRUE", "eligible"),
        ("inclusion", "FALSE", "ineligible"),
        ("inclusion", "UNKNOWN", "needs_human"),
        ("exclusion", "TRUE", "ineligible"),
        ("exclusion", "FALSE", "eligible"),
        ("exclusion", "UNKNOWN", "needs_human"),
    ],
)
def test_whether_true_is_good_depends_on_the_role(role, answer, status):
    asked = verdict(
        status="needs_human",
        criteria=(criterion("q", role, "UNKNOWN", human=True),),
    )
    assert status_with_answers(asked, {"q": answer}) == status


@pytest.mark.parametrize("status", ["ineligible", "needs_data"])
def test_no_answer_makes_up_for_what_the_record_says(status):
    asked = verdict(
        status=status, criteria=(criterion("q", truth="UNKNOWN", human=True),)
    )
    assert status_with_answers(asked, {"q": "TRUE"}) == status
