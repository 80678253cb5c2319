"""The signer's words on the wire, and a desk whose registry fails."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from registry.domain.enrolment import Gate, Obstacle
from registry.domain.randomisation.signer import KeyedSigner
from registry.signing.desk import Desk
from registry.signing.messages import (
    LONGEST,
    AllocationAsked,
    AllocationTold,
    CommitmentAsked,
    CommitmentTold,
    FaultTold,
    GateTold,
    answer_line,
    question_line,
    read_answer,
    read_question,
)
from registry.store.faults import diagnosis
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import RosterEntry


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMAND = Randomise(
    idempotency_key="k",
    site="A",
    patient="p1",
    trial="TIDE",
    domain="fluids",
    episode="e1",
    actor="doctor",
    at=NOON,
)
ROSTER = RosterEntry(
    message_id="m",
    site="A",
    patient="p1",
    happened_at=NOON,
    known_at=NOON,
    source="registry",
    provenance="live",
    trial="TIDE",
    domain="fluids",
    episode="e1",
    participant="TIDE-A-1",
)
RESULT = Randomised(
    randomisation_id="r",
    participant="TIDE-A-1",
    trial="TIDE",
    domain="fluids",
    stratum="shock=yes;centre=Ü",
    sequence_no=7,
    randomised_at=NOON,
    arm=None,
    repeated=False,
    roster=ROSTER,
)
CLOSED = NotRandomised(
    gate=Gate((Obstacle(ErrorCode.NO_CONSENT, "no_consent", "two\nlines"),))
)


@pytest.mark.parametrize(
    "question", [AllocationAsked(command=COMMAND), CommitmentAsked(trial="TI\nDE")]
)
def test_a_question_is_one_line_and_read_as_it_was_asked(question):
    line = question_line(question)

    assert line.count(b"\n") == 1
    assert len(line) < LONGEST
    assert question == read_question(line)


@pytest.mark.parametrize(
    "answer",
    [
        AllocationTold(result=RESULT),
        GateTold(result=CLOSED),
        CommitmentTold(commitment="ab" * 32),
        FaultTold(
            kind="refused", code=ErrorCode.REQUEST_REUSED, problem="Used.", cure=""
        ),
    ],
)
def test_an_answer_is_one_line_and_read_as_it_was_told(answer):
    line = answer_line(answer)

    assert line.count(b"\n") == 1
    assert answer == read_answer(line)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"ask":"arm"}', b"\xff", b"[1]"])
def test_what_is_no_question_is_told_from_one(line):
    with pytest.raises(ValueError, match="validation error"):
        read_question(line)


class FailingBook:
    """A registry whose every transaction fails, in words that hold an arm."""

    def __init__(self, fault):
        self.fault = fault
        self.tried = 0

    @contextmanager
    def transaction(self):
        self.tried += 1
        raise self.fault
        yield

    def diagnosis(self, fault):
        return diagnosis(fault)


class Noted:
    def __init__(self):
        self.outcomes = []
        self.faults = 0

    def on_answer(self, outcome, seconds):
        assert seconds >= 0
        self.outcomes.append(outcome)

    def on_fault(self, _fault):
        self.faults += 1


class AwayError(Exception):
    sqlstate = None


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("zephyr"),
        OperationalError("INSERT", {"arm": "zephyr"}, AwayError()),
    ],
)
def test_a_desk_whose_registry_fails_answers_without_the_faults_words(fault):
    book, noted = FailingBook(fault), Noted()
    desk = Desk(book, KeyedSigner({"TIDE": bytes(32)}), places=1, watch=noted)

    answers = [desk.answer(AllocationAsked(command=COMMAND)) for _ in range(2)]

    assert {answer.code for answer in answers} == {ErrorCode.SIGNER_AWAY}
    assert b"zephyr" not in answer_line(answers[0])
    assert noted.outcomes == ["failed", "failed"]
    assert noted.faults == book.tried >= 2


def test_a_desk_without_the_key_says_so():
    desk = Desk(FailingBook(None), KeyedSigner({}), places=1, watch=Noted())

    answer = desk.answer(CommitmentAsked(trial="TIDE"))

    assert (answer.kind, answer.code) == ("settings", ErrorCode.SECRET_MISSING)
