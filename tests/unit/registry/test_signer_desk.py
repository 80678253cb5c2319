"""The signer's words on the wire, and a desk whose registry fails."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from registry.app.settings import signer_settings
from registry.domain.enrolment import Gate, Obstacle
from registry.domain.kit import KitAct
from registry.domain.randomisation.signer import KeyedSigner
from registry.domain.unblinding import UnblindingReason
from registry.signing.desk import Desk
from registry.signing.messages import (
    LONGEST,
    AllocationAsked,
    AllocationTold,
    ArmAsked,
    CommitmentAsked,
    CommitmentTold,
    FaultTold,
    GateTold,
    MovesAsked,
    OpeningAsked,
    RevealAsked,
    answer_line,
    question_line,
    read_answer,
    read_question,
)
from registry.signing.timely import OwnClock
from registry.store.faults import diagnosis
from registry.usecases.break_blind import BreakBlind
from registry.usecases.enter_opening import EnterOpening
from registry.usecases.move_kit import MoveKit
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from registry.usecases.reveal_arm import RevealArm
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError
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


def clock_at(moment):
    return OwnClock(lambda: moment, timedelta(minutes=5))


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
    signer = KeyedSigner({"TIDE": bytes(32)})
    desk = Desk(book, signer, places=1, watch=noted, own_clock=clock_at(NOON))

    answers = [desk.answer(AllocationAsked(command=COMMAND)) for _ in range(2)]

    assert {answer.code for answer in answers} == {ErrorCode.SIGNER_AWAY}
    assert b"zephyr" not in answer_line(answers[0])
    assert noted.outcomes == ["failed", "failed"]
    assert noted.faults == book.tried >= 2


def test_a_desk_without_the_key_says_so():
    desk = Desk(
        FailingBook(None),
        KeyedSigner({}),
        places=1,
        watch=Noted(),
        own_clock=clock_at(NOON),
    )

    answer = desk.answer(CommitmentAsked(trial="TIDE"))

    assert (answer.kind, answer.code) == ("settings", ErrorCode.SECRET_MISSING)


OPENING = OpeningAsked(
    command=EnterOpening(
        list_id="l",
        envelope=901,
        participant="TIDE-A-1",
        opened_at=NOON - timedelta(hours=9),
        opened_by="doctor",
        arm="zephyr",
        nonce="00",
        outage_from=NOON - timedelta(hours=10),
        outage_until=NOON - timedelta(hours=8),
        actor="nurse",
        at=NOON,
    )
)
ARM = ArmAsked(
    command=BreakBlind(
        participant="TIDE-A-1",
        domain="fluids",
        reason=UnblindingReason.TREATMENT,
        actor="doctor",
        sponsor_told=False,
        at=NOON,
    )
)
REVEAL = RevealAsked(
    command=RevealArm(
        trial="TIDE",
        domain="fluids",
        participant="TIDE-A-1",
        reason=None,
        actor="doctor",
        at=NOON,
    )
)
MOVE = MoveKit(
    trial="TIDE",
    kit="K-1",
    act=KitAct.RECEIVE,
    site="A",
    reason=None,
    actor="pharmacist",
    at=NOON,
)
MOVES = MovesAsked(commands=(MOVE, replace(MOVE, kit="K-2")))
BOUND = (AllocationAsked(command=COMMAND), OPENING, REVEAL, MOVES)


@given(seconds=st.integers(-300, 300), question=st.sampled_from((*BOUND, ARM)))
def test_a_question_whose_moment_is_near_the_signers_own_stays_as_it_is(
    seconds, question
):
    clock = clock_at(NOON + timedelta(seconds=seconds))
    assert clock.timely(question) == question


@given(
    seconds=st.integers(301, 10**8) | st.integers(-(10**8), -301),
    question=st.sampled_from(BOUND),
)
def test_a_question_of_another_time_is_refused_and_both_clocks_are_named(
    seconds, question
):
    """Before any transaction: the registry of this desk fails at the first."""
    own = NOON + timedelta(seconds=seconds)
    book = FailingBook(RuntimeError("asked"))
    signer = KeyedSigner({"TIDE": bytes(32)})
    desk = Desk(book, signer, places=1, watch=Noted(), own_clock=clock_at(own))

    answer = desk.answer(question)

    assert (answer.kind, answer.code) == ("refused", ErrorCode.CLOCKS_DIFFER)
    assert iso(NOON) in answer.problem
    assert iso(own) in answer.problem
    assert book.tried == 0


@given(seconds=st.integers(301, 10**8) | st.integers(-(10**8), -301))
def test_who_asks_for_an_arm_at_night_is_answered_as_of_the_signers_clock(seconds):
    own = NOON + timedelta(seconds=seconds)

    timely = clock_at(own).timely(ARM)

    assert timely == ArmAsked(command=replace(ARM.command, at=own))


@pytest.mark.parametrize("late", [0, 1])
def test_one_move_of_another_time_is_enough_to_refuse_them_all(late):
    commands = [MOVE, replace(MOVE, kit="K-2")]
    commands[late] = replace(commands[late], at=NOON + timedelta(hours=1))

    with pytest.raises(Refused) as fault:
        clock_at(NOON).timely(MovesAsked(commands=tuple(commands)))

    assert fault.value.code is ErrorCode.CLOCKS_DIFFER


def test_what_was_opened_on_paper_keeps_its_own_moments():
    entered = clock_at(NOON + timedelta(minutes=5)).timely(OPENING)
    assert entered.command.opened_at == NOON - timedelta(hours=9)


def test_a_commitment_is_told_at_any_time():
    asked = CommitmentAsked(trial="TIDE")
    assert clock_at(NOON).timely(asked) is asked


@pytest.mark.parametrize("told", ["0", "-5", "soon", "1.5"])
def test_a_tolerance_that_is_no_number_of_seconds_is_refused(told):
    named = {"EMBER_SIGNER": "/s.sock", "EMBER_SIGNER_TOLERANCE": told}
    with pytest.raises(SettingsError) as fault:
        signer_settings(named)
    assert fault.value.code is ErrorCode.BAD_SETTING
    assert signer_settings({"EMBER_SIGNER": "/s.sock"}).tolerance.seconds == 300
