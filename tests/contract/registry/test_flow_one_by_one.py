"""The flow of a moment is what comes out where each screening is read by itself.

The reference reads every revision, word, answer and draw, and counts in Python.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from registry.domain.consent import ConsentState, Standing
from registry.domain.consent_terms import Terms, recorded, stand
from registry.domain.enrolment import status_with_answers
from registry.domain.flow import Course, boxes, exit_of
from registry.store.engine import database_url, make_engine
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow, ConsentRow, OptOutRow, ParticipantRow
from registry.store.rows.verdicts import ScreeningRow
from registry.usecases.record_batch import RecordBatch, record_batch
from streams.vocabulary.clock import HOUR
from streams.vocabulary.messages import TRIAL_SCREENING, ScreeningStatus, decode


STEP = timedelta(minutes=20)
STATUSES = ScreeningStatus.__args__
numbers = count()

patients = st.integers(0, 2)
truths = st.sampled_from(["TRUE", "FALSE"])
asked = st.sampled_from(["equipoise", "dying"])
words = st.sampled_from(
    [
        ConsentState.ASKED,
        ConsentState.GIVEN,
        ConsentState.GIVEN,
        ConsentState.REFUSED,
        ConsentState.WITHDRAWN,
    ]
)
acts = st.one_of(
    st.tuples(st.just("verdict"), patients, st.sampled_from(STATUSES), st.booleans()),
    st.tuples(
        st.just("verdict"), patients, st.just("needs_human"), st.just(value=True)
    ),
    st.tuples(st.just("verdict"), patients, st.just("eligible"), st.just(value=True)),
    st.tuples(st.just("word"), patients, words),
    st.tuples(st.just("word"), patients, st.just(ConsentState.GIVEN)),
    st.tuples(st.just("answer"), patients, asked, truths),
    st.tuples(st.just("answer"), patients, st.just("equipoise"), st.just("TRUE")),
    st.tuples(
        st.just("opt_out"), patients, st.sampled_from(["", "TIDE"]), st.booleans()
    ),
    st.tuples(st.just("draw"), patients),
    st.tuples(st.just("draw"), patients),
)
ASKED = ("verdict", 0, "needs_human", True)
NEXT_ASKED = ("verdict", 1, "needs_human", True)
CALLED_ELIGIBLE = ("verdict", 0, "eligible", True)
CLOSED = ("verdict", 0, "ineligible", False)
AGAINST = ("answer", 0, "equipoise", "FALSE")
AGAINST_TOO = ("answer", 0, "dying", "TRUE")
CONSENTED = ("word", 0, ConsentState.GIVEN)
DRAWN = ("draw", 0)


class Told:
    """What a day brings to three patients nobody has heard of, an act every 20 minutes."""

    def __init__(self, bedside):
        self.bedside = bedside
        self.names = [f"p{next(numbers)}" for _ in range(3)]
        self.revisions = Counter()
        self.now = bedside.noon

    def verdict(self, patient, status, window_open):
        name = self.names[patient]
        said = (
            self.bedside.needs_human
            if status == "needs_human"
            else self.bedside.verdict
        )
        message = said(
            name,
            self.revisions[name],
            status=status,
            window_open=window_open,
            known_at=self.now,
            deadline=self.bedside.noon + 3 * HOUR,
        )
        self.revisions[name] += 1
        command = RecordBatch(messages=(message,), recorded_at=self.now)
        with self.bedside.registry.transaction() as uow:
            record_batch(command, uow)

    def word(self, patient, state):
        self.bedside.consent(self.names[patient], state, at=self.now)

    def answer(self, patient, criterion, truth):
        self.bedside.answer(criterion, truth, self.names[patient], at=self.now)

    def opt_out(self, patient, trial, stands):
        self.bedside.opt_out(self.names[patient], trial, stands=stands, at=self.now)

    def draw(self, patient):
        self.bedside.randomise(self.names[patient], at=self.now)


class Reference:
    """All that was ever recorded, and at any moment what was by then."""

    def __init__(self, connection):
        self.rows = {kind: everything(connection, kind) for kind in KINDS}

    def flow(self, at):
        """Of the one domain: boxes, how who was drawn stands, who was told, answered."""
        ends, standing = Counter(), Counter()
        drawn = {one.patient for one in self._by(RandomisationRow, "randomised_at", at)}
        for history in self._histories(at).values():
            course = self._course(history, at, drawn)
            ends[exit_of(course)] += 1
            if course.randomised:
                standing[course.standing] += 1
        return [(boxes(ends), standing, *self._touched(at))] if ends else []

    def _touched(self, at):
        of = {one.alert_id: one.screening_id for one in self.rows[AlertRow]}
        told = {of[e.alert_id] for e in self._by(AlertEventRow, "at", at) if e.told}
        signed = {a.screening_id for a in self._by(AnswerRow, "answered_at", at)}
        return len(told), len(signed)

    def _course(self, history, at, drawn):
        last, while_open = history[-1], [one for one in history if one.window_open]
        said = while_open[-1] if while_open else None
        words = self._words(last.patient, at)
        opted_out = self._opted_out(last.patient, at)
        randomised = last.patient in drawn
        now = stand(words, Terms(), at=at, opted_out=opted_out, randomised=randomised)
        return Course(
            status=said and said.status,
            window_open=last.window_open and last.deadline >= at,
            was_candidate=any(
                one.status in ("needs_human", "eligible") for one in while_open
            ),
            answered_against=said is not None and self._against(said, history, at),
            approached=words.standing is not Standing.NOT_ASKED,
            standing=now.standing,
            may_randomise=now.permits.randomise,
            opted_out=opted_out,
            randomised=randomised,
        )

    def _against(self, said, history, at):
        """Whether the answers of its time make ineligible what the machine does not."""
        later = [one.known_at for one in history if one.revision > said.revision]
        ends = min([said.deadline, at, *later[:1]])
        answers = {
            one.criterion_id: one.truth
            for one in self._by(AnswerRow, "answered_at", ends)
            if one.screening_id == said.screening_id
            if one.machine_truth not in ("TRUE", "FALSE")
        }
        verdict = decode(TRIAL_SCREENING, said.document.encode())
        with_answers = status_with_answers(verdict, answers)
        return verdict.status != "ineligible" and with_answers == "ineligible"

    def _words(self, patient, at):
        mine = {
            p.participant for p in self.rows[ParticipantRow] if p.patient == patient
        }
        said = self._by(ConsentRow, "recorded_at", at)
        return recorded(one for one in said if one.participant in mine)

    def _opted_out(self, patient, at):
        said = self._by(OptOutRow, "recorded_at", at)
        return any({o.trial: o.stands for o in said if o.patient == patient}.values())

    def _histories(self, at):
        found = defaultdict(list)
        for row in self._by(ScreeningRow, "recorded_at", at):
            found[row.screening_id].append(row)
        return found

    def _by(self, kind, moment, at):
        return [one for one in self.rows[kind] if getattr(one, moment) <= at]


KINDS = (
    ScreeningRow,
    ParticipantRow,
    ConsentRow,
    OptOutRow,
    AnswerRow,
    AlertRow,
    AlertEventRow,
    RandomisationRow,
)


def everything(connection, kind):
    table = kind.__table__
    order = [table.c[name] for name in ("revision",) if name in table.c]
    return connection.execute(select(table).order_by(*order)).all()


@pytest.fixture
def engine(registry_url):
    made = make_engine(database_url(registry_url))
    yield made
    made.dispose()


@pytest.fixture
def ward(bedside):
    bedside.open_trial()
    return bedside


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(done=st.lists(acts, min_size=3, max_size=14))
@example(done=[ASKED, AGAINST, AGAINST_TOO, CALLED_ELIGIBLE])
@example(done=[ASKED, CLOSED, AGAINST])
@example(done=[CALLED_ELIGIBLE, CONSENTED, CLOSED, NEXT_ASKED])
@example(done=[CALLED_ELIGIBLE, CONSENTED, DRAWN, CLOSED])
def test_each_screening_counts_as_if_it_were_read_by_itself(ward, engine, done):
    told = Told(ward)
    moments = [told.now - STEP, told.now + 5 * HOUR]
    for act, *rest in done:
        told.now += STEP
        getattr(told, act)(*rest)
        moments.append(told.now)

    with engine.connect() as connection, ward.registry.reading() as views:
        plain = Reference(connection)
        for at in moments:
            found = [
                (dict(row.boxes), dict(row.standing), row.alerted, row.answered)
                for row in views.flow_at(at)
            ]
            assert found == plain.flow(at)
