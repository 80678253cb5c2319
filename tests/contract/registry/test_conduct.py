"""What people say of outcomes and deviations, on both databases alike."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from registry.app.commands.deviation import app as deviation_app
from registry.app.commands.outcome import app as outcome_app
from registry.app.commands.query import app as query_app
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign
from registry.usecases.judge_outcome import (
    JudgeOutcome,
    OutcomeJudged,
    OutcomeNotJudged,
    judge_outcome,
)
from registry.usecases.record_deviation import (
    DeviationRecorded,
    DeviationRefused,
    RecordDeviation,
    record_deviation,
)
from streams.vocabulary.ids import outcome_identity, revision_identity
from streams.vocabulary.messages import TrialOutcome
from streams.vocabulary.outcomes import NAMED, definition_of


DAY = timedelta(days=1)


def outcome(bedside, revision=0, name="mortality_28d", **changed):
    outcome_id = outcome_identity(
        site="A", patient="p1", trial="TIDE", outcome=name, episode="e1"
    )
    usual = {
        "status": "final",
        "value": 0.0,
        "definition": 'mortality {"within":28}',
        "evidence": ("call",),
    }
    return TrialOutcome(
        message_id=revision_identity(outcome_id, revision),
        site="A",
        patient="p1",
        happened_at=bedside.noon,
        known_at=bedside.noon + revision * DAY,
        source="follow_up",
        provenance="live",
        outcome_id=outcome_id,
        revision=revision,
        trial="TIDE",
        episode="e1",
        outcome=name,
        definition_version="1.0",
        **{**usual, **changed},
    )


def judge(bedside, said, judged_as="adjudicated", value=1.0, **changed):
    usual = {
        "reason": "autopsy",
        "decided_at": bedside.noon,
        "actor": "committee",
        "at": bedside.noon + DAY,
    }
    command = JudgeOutcome(
        outcome_id=said.outcome_id,
        judged_as=judged_as,
        value=value,
        **{**usual, **changed},
    )
    with bedside.registry.transaction() as uow:
        return judge_outcome(command, uow)


def shown(bedside):
    with bedside.registry.reading() as views:
        (view,) = views.outcomes("TIDE")
    return view


def test_a_judged_value_stands_beside_the_derived_one_and_both_are_kept(bedside):
    bedside.open_trial()
    said = outcome(bedside)
    bedside.hear(said)

    done = judge(bedside, said)

    assert isinstance(done, OutcomeJudged)
    view = shown(bedside)
    assert (view.value, view.standing_value) == (0, 1)
    judged = view.judged
    assert (judged.actor, judged.reason, judged.of_revision) == (
        "committee",
        "autopsy",
        0,
    )
    assert not view.moved_since
    assert bedside.broken_chains() == []


def test_a_correction_after_final_is_a_revision_that_tells_what_it_amends(bedside):
    bedside.open_trial()
    said = outcome(bedside)
    bedside.hear(said)
    first = judge(bedside, said, "corrected", 1.0, reason="death certificate")
    second = judge(bedside, said, "corrected", None, reason="certificate withdrawn")
    assert (first.judged.number, second.judged.number) == (1, 2)
    assert shown(bedside).standing_value is None
    judge(bedside, said, "taken_back", None, reason="wrong patient")
    assert shown(bedside).judged is None
    assert shown(bedside).standing_value == 0
    assert bedside.broken_chains() == []


def test_what_the_record_says_later_is_shown_and_does_not_overrule(bedside):
    bedside.open_trial()
    said = outcome(bedside)
    bedside.hear(said)
    judge(bedside, said, value=0.0)
    bedside.hear(outcome(bedside, 1, value=1.0, amends=0))

    view = shown(bedside)

    assert (view.value, view.amends, view.standing_value) == (1, 0, 0)
    assert view.moved_since


@pytest.mark.parametrize(
    ("changed", "asked", "fault"),
    [
        ({"status": "pending", "value": None}, {}, "not_matured"),
        (
            {"status": "missing", "value": None},
            {"judged_as": "corrected"},
            "not_final",
        ),
        ({}, {"value": 0.5}, "neither_0_nor_1"),
        ({}, {"value": float("nan")}, "no_number"),
        ({}, {"reason": "  "}, "no_reason"),
        ({}, {"judged_as": "taken_back", "value": None}, "nothing_to_take_back"),
        ({}, {"judged_as": "taken_back"}, "a_value_to_take_back"),
    ],
)
def test_what_cannot_be_judged_so_is_refused(bedside, changed, asked, fault):
    bedside.open_trial()
    said = outcome(bedside, **changed)
    bedside.hear(said)

    done = judge(bedside, said, **asked)

    assert isinstance(done, OutcomeNotJudged)
    assert done.obstacle.name == fault
    assert shown(bedside).judged is None


def test_nobody_judges_in_the_future_or_what_is_not_there(bedside):
    bedside.open_trial()
    said = outcome(bedside)
    assert judge(bedside, said).obstacle.code == "EMB-345"
    bedside.hear(said)
    later = judge(bedside, said, decided_at=bedside.noon + 2 * DAY)
    assert later.obstacle.name == "decided_in_the_future"


def test_nobody_judged_before_the_participant_was_registered(bedside):
    bedside.open_trial()
    bedside.consent("p1")
    said = outcome(bedside)
    bedside.hear(said)

    long_ago = judge(bedside, said, decided_at=bedside.noon - DAY)

    why = "decided_before_the_participant_was_registered"
    assert (long_ago.obstacle.code, long_ago.obstacle.name) == ("EMB-346", why)
    assert shown(bedside).judged is None
    assert isinstance(judge(bedside, said, decided_at=bedside.noon), OutcomeJudged)


def test_days_are_no_yes_or_no(bedside):
    bedside.open_trial()
    said = outcome(
        bedside,
        name="organ_support_free_days",
        value=None,
        status="missing",
        lower=3.0,
        upper=17.0,
        definition=definition_of(NAMED["organ_support_free_days"]),
    )
    bedside.hear(said)
    for impossible in (22.0, 12.5, -3.0):
        refused = judge(bedside, said, value=impossible)
        assert (refused.obstacle.code, refused.obstacle.name) == (
            "EMB-346",
            "no_such_value",
        )
        assert refused.obstacle.detail == "a whole number from 0 to 21, or -1"
    assert isinstance(judge(bedside, said, value=12.0), OutcomeJudged)
    view = shown(bedside)
    assert (view.lower, view.upper, view.standing_value) == (3, 17, 12)


def deviation(bedside, participant, **changed):
    usual = {
        "kind": "treatment",
        "important": True,
        "happened_at": bedside.noon,
        "description": "first dose nine hours late",
        "actor": "monitor",
        "at": bedside.noon + DAY,
    }
    command = RecordDeviation(participant=participant, **{**usual, **changed})
    with bedside.registry.transaction() as uow:
        return record_deviation(command, uow)


@pytest.fixture
def participant(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()
    with bedside.registry.reading() as views:
        return views.participants("TIDE")[0].participant


def test_deviations_are_numbered_listed_and_audited(bedside, participant):
    told = [
        deviation(bedside, participant, domain="fluids"),
        deviation(bedside, participant, kind="consent", important=False),
    ]
    assert [type(one) for one in told] == [DeviationRecorded] * 2
    with bedside.registry.reading() as views:
        listed = views.deviations("TIDE")
    assert {(d.number, d.kind, d.important) for d in listed} == {
        (1, "treatment", True),
        (2, "consent", False),
    }
    assert bedside.broken_chains() == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"description": " "}, "not_described"),
        ({"domain": "none"}, "no_such_domain"),
        ({"at": -DAY}, "happened_in_the_future"),
    ],
)
def test_a_deviation_that_says_nothing_usable_is_refused(
    bedside, participant, changed, fault
):
    if "at" in changed:
        changed = {"at": bedside.noon + changed["at"]}
    done = deviation(bedside, participant, **changed)
    assert isinstance(done, DeviationRefused)
    assert done.obstacle.name == fault


@pytest.mark.parametrize(
    ("domain", "words", "kept"),
    [
        ("mask", "was given ZEPHYR by mistake", False),
        ("", "zephyr, a day late", False),
        ("mask", "the zephyrs blew", True),
        ("fluids", "restrictive fluids a day late", True),
        ("", "restrictive fluids a day late", True),
    ],
)
def test_words_of_a_deviation_name_no_arm_that_is_hidden(bedside, domain, words, kept):
    arms = (ArmDesign("zephyr"), ArmDesign("quartz"))
    hidden = replace(bedside.fluids, domain="mask", arms=arms, blinded=True)
    bedside.open_trial(bedside.fluids, hidden, mode=Mode.DEMO)
    bedside.hear(bedside.verdict(provenance="simulated"))
    bedside.consent("p1")
    drawn = bedside.randomise()

    done = deviation(bedside, drawn.participant, domain=domain, description=words)

    if kept:
        assert isinstance(done, DeviationRecorded)
    else:
        assert done.obstacle.name == "names_an_arm"
        assert done.obstacle.code == "EMB-348"


def test_a_deviation_of_nobody_is_refused(bedside):
    bedside.open_trial()
    assert deviation(bedside, "TIDE-A-0001").obstacle.code == "EMB-347"


@pytest.mark.parametrize("table", ["judged_outcome", "deviation"])
@pytest.mark.parametrize("act", ["DELETE FROM {0}", "UPDATE {0} SET actor = 'x'"])
def test_neither_is_changed_or_removed(bedside, participant, tamper, table, act):
    said = outcome(bedside)
    bedside.hear(said)
    judge(bedside, said)
    deviation(bedside, participant)
    tamper(act.format(table))
    assert [one.site for one in bedside.broken_chains()] == ["A"]


@pytest.mark.parametrize("table", ["judged_outcome", "deviation"])
def test_the_database_itself_refuses_a_change(bedside, participant, sql, table):
    said = outcome(bedside)
    bedside.hear(said)
    judge(bedside, said)
    deviation(bedside, participant)
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"UPDATE {table} SET actor = 'x'")


def ember(app, *arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def one_file(registry_url):
    """A command ends with its process, and its connections with it; here, none are."""
    if not registry_url.startswith("sqlite"):
        pytest.skip("commands in this process leave connections to a server open")
    return registry_url


@pytest.mark.usefixtures("somebody")
def test_the_commands_record_and_list(bedside, participant, one_file):
    said = outcome(bedside)
    bedside.hear(said)
    to = ("--registry", one_file)

    why = ("--reason", "certificate", "--actor", "committee")
    refused = ember(outcome_app, "correct", said.outcome_id, "--value", 2, *why, *to)
    assert str(refused.exception) == (
        "EMB-346: Nothing was recorded: neither 0 nor 1 "
        "(it is a whole number from 0 to 1)."
    )
    judged = ember(
        outcome_app,
        *("correct", said.outcome_id, "--value", 1, "--reason", "certificate"),
        *("--by", "committee", "--decided-at", "2026-03-02T10:00Z", *to),
    )
    assert "corrected, no. 1); the record says 0, final" in judged.output
    back = ember(outcome_app, "take-back", said.outcome_id, *why, *to)
    assert "is taken back (no. 2); the record's own stands again: 0, final." in (
        back.output
    )
    again = ember(outcome_app, "correct", said.outcome_id, "--value", 1, *why, *to)
    assert "1 (corrected, no. 3); the record says 0, final" in again.output
    told = ember(
        deviation_app,
        *("record", participant, "--kind", "treatment", "--important"),
        *("--what", "late dose", "--happened-at", "2026-03-02T10:00Z", *to),
    )
    assert told.output.strip() == f"{participant}: deviation no. 1 is on record."

    (shown,) = json.loads(ember(query_app, "outcomes", "--json", *to).output)
    assert (shown["value"], shown["judged"]["value"]) == (0, 1)
    assert "1, corrected by committee" in ember(query_app, "outcomes", *to).output
    (listed,) = json.loads(ember(query_app, "deviations", "--json", *to).output)
    assert listed["description"] == "late dose"


@pytest.mark.usefixtures("somebody")
def test_a_refusal_is_told_by_its_code(bedside, one_file):
    bedside.open_trial()
    to = ("--registry", one_file)
    no = ember(outcome_app, "adjudicate", "nothing", "--reason", "x", *to)
    assert (no.exception.code, no.exit_code) == ("EMB-345", 1)
    none = ember(
        deviation_app,
        *("record", "nobody", "--kind", "other", "--no-important", "--what", "x"),
        *("--happened-at", "2026-03-02T10:00Z", *to),
    )
    assert none.exception.code == "EMB-347"
