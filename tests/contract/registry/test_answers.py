"""Human answers stand beside the machine's verdict, and never over it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.record_answer import AnswerRecorded, AnswerRefused
from streams.vocabulary.messages import CriterionVerdict


HOUR = timedelta(hours=1)


def criterion(name, rule, **rest):
    return {"id": name, "text": name, "rule": rule, **rest}


CONFIRM = {"kind": "confirm", "name": "e", "question": "?", "by": "treating_clinician"}
SEX = {"kind": "sex", "is": "male"}
DOMAIN = {
    "inclusion": [
        criterion("equipoise", {"kind": "all", "of": [CONFIRM, SEX]}),
    ],
    "arms": [
        {
            "exclusion": [
                criterion(
                    "dying",
                    SEX,
                    ask={"by": "investigator", "holds_for": "2 h"},
                )
            ]
        }
    ],
}


@pytest.fixture
def asking(bedside):
    """Of TIDE, which says who may answer, and for how long one answer holds."""
    bedside.declare(domains=[DOMAIN])
    bedside.hear(bedside.needs_human())
    bedside.consent()
    return bedside


def test_only_who_the_protocol_asks_may_answer(asking):
    told = asking.answer("equipoise", "TRUE", answered_as="investigator")
    nobody = asking.answer("dying", "FALSE")

    assert isinstance(told, AnswerRefused)
    assert isinstance(nobody, AnswerRefused)
    assert (told.obstacle.code, told.obstacle.detail) == (
        "EMB-325",
        "treating_clinician",
    )
    assert nobody.obstacle.detail == "investigator"


def test_an_answer_older_than_it_holds_is_no_answer(asking):
    asking.answer("equipoise", "TRUE", answered_as="treating_clinician")
    asking.answer("dying", "FALSE", answered_as="investigator", at=asking.noon + HOUR)
    last = asking.noon + 3 * HOUR

    late = asking.randomise(at=last + timedelta.resolution)

    assert isinstance(late, NotRandomised)
    told = [(o.name, o.detail) for o in late.gate.obstacles]
    assert told == [("human_answer_missing", "dying")]
    assert isinstance(asking.randomise(at=last), Randomised)


def test_what_is_said_of_a_decided_criterion_is_an_opinion(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()

    told = bedside.answer("adult", "FALSE")

    assert isinstance(told, AnswerRecorded)
    assert told.is_opinion
    assert told.status == "eligible"
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


def test_an_opinion_is_no_answer_once_the_machine_cannot_say(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.answer("adult", "TRUE")
    asked = CriterionVerdict(
        criterion_id="adult", role="inclusion", truth="UNKNOWN", human=True
    )
    bedside.hear(bedside.verdict(revision=1, status="needs_human", criteria=(asked,)))
    bedside.consent()

    told = bedside.randomise()

    assert isinstance(told, NotRandomised)
    assert [o.name for o in told.gate.obstacles] == ["human_answer_missing"]


def test_an_opinion_does_not_take_an_answers_place(bedside):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.answer("equipoise", "TRUE")
    decided = bedside.needs_human().criteria
    said = (replace(decided[0], truth="FALSE", human=False), decided[1])
    bedside.hear(bedside.needs_human(revision=1, criteria=said))
    bedside.answer("equipoise", "FALSE")
    bedside.hear(bedside.needs_human(revision=2))

    last = bedside.answer("dying", "FALSE")

    assert last.status == "eligible"


def test_a_criterion_nobody_knows_is_not_answered(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())

    assert bedside.answer("no-such", "TRUE").obstacle.name == "no_such_criterion"


def test_agreement_counts_where_both_have_spoken(bedside, registry):
    bedside.open_trial()
    bedside.hear(*(bedside.verdict(p) for p in ("p1", "p2", "p3")))
    bedside.hear(bedside.needs_human("p4"))
    for patient, truth in (("p1", "TRUE"), ("p2", "FALSE"), ("p3", "UNKNOWN")):
        bedside.answer("adult", truth, patient)
    bedside.answer("adult", "TRUE", "p2")  # the last word counts
    bedside.answer("equipoise", "FALSE", "p4")
    bedside.answer("dying", "FALSE", "p4")
    said = bedside.needs_human().criteria
    later = (replace(said[0], truth="TRUE", human=False), said[1])
    bedside.hear(bedside.needs_human("p4", revision=1, criteria=later))

    with registry.reading() as views:
        rows = {r.criterion: r for r in views.agreement("TIDE")}

    assert {n: (r.answered, r.both, r.agree) for n, r in rows.items()} == {
        "adult": (2, 2, 2),
        "equipoise": (1, 1, 0),
        "dying": (1, 0, 0),
    }
    assert rows["equipoise"].human_false_machine_true == 1
    assert rows["adult"].agreement == 1.0
    assert rows["dying"].agreement is None
