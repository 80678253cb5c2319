"""Every box of the flow is the sum of its exits, and its past stands still."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.app.trials import give_green_light
from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.flow import EXITS, Box, Course, boxes, exit_of
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import ActivateProtocol, activate_protocol
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import RecordConsent, record_consent
from registry.usecases.record_opt_out import RecordOptOut, record_opt_out
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.ids import (
    outcome_identity,
    revision_identity,
    screening_identity,
)
from streams.vocabulary.messages import (
    CriterionVerdict,
    OutcomeStatus,
    ScreeningStatus,
    TrialOutcome,
    TrialScreening,
)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODELS = ("prospective", "deferred", "opt_out", "waiver")
STATUSES = ScreeningStatus.__args__

patients = st.integers(0, 3)
acts = st.one_of(
    st.tuples(st.just("verdict"), patients, st.sampled_from(STATUSES), st.booleans()),
    st.tuples(st.just("verdict"), patients, st.just("needs_human"), st.just(True)),
    st.tuples(st.just("verdict"), patients, st.just("eligible"), st.just(True)),
    st.tuples(st.just("word"), patients, st.sampled_from(ConsentState)),
    st.tuples(st.just("word"), patients, st.just(ConsentState.GIVEN)),
    st.tuples(st.just("opt_out"), patients, st.booleans()),
    st.tuples(st.just("answer"), patients, st.sampled_from(["TRUE", "FALSE"])),
    st.tuples(st.just("draw"), patients),
    st.tuples(st.just("draw"), patients),
    st.tuples(st.just("outcome"), patients, st.sampled_from(OutcomeStatus.__args__)),
    st.tuples(st.just("wait"), st.sampled_from([1, 180])),
)


class House:
    """A live registry; each history is of patients nobody has heard of."""

    def __init__(self, folder):
        url = f"sqlite:///{folder / 'house.sqlite'}"
        migrate(url)
        self.book = open_registry(url)
        self.signer = KeyedSigner({model: bytes(range(32)) for model in MODELS})
        self.numbers = count()
        self.begins = NOON
        with self.book.transaction() as uow:
            live = SetMode(mode=Mode.LIVE, reason="a test", actor="admin", at=NOON)
            set_mode(live, uow)
        for trial in MODELS:
            self._open(trial)

    def _open(self, trial):
        fluids = DomainDesign(
            domain="fluids",
            arms=(ArmDesign("less"), ArmDesign("more")),
            method=PermutedBlocks((2,)),
        )
        told = {"evidence": "verified", "consent": {"model": trial, "text": "A test."}}
        command = ActivateProtocol(
            trial=trial,
            version="1.0",
            protocol_hash=trial,
            document=json.dumps(told),
            domains=(fluids,),
            actor="sponsor",
            at=NOON,
        )
        with self.book.transaction() as uow:
            activate_protocol(command, uow, signer=self.signer)
        give_green_light(
            trial, self.book, site="A", reason="a test", actor="admin", at=NOON
        )

    def flow(self, trial, at):
        with self.book.reading() as views:
            return views.flow_at(at, trial=trial, reasons=True)

    def done(self, use_case, command, **rest):
        with self.book.transaction() as uow:
            return use_case(command, uow, **rest)


class History:
    """What happens to four patients of one trial, a minute a step."""

    def __init__(self, house, trial):
        self.house, self.trial = house, trial
        self.now = self.begins = house.begins + timedelta(minutes=1)
        self.names = [f"p{next(house.numbers)}" for _ in range(4)]
        self.revisions = Counter()
        self.drawn = set()

    def verdict(self, patient, status, window_open):
        name = self.screening(patient)
        human = CriterionVerdict(
            criterion_id="equipoise", role="inclusion", truth="UNKNOWN", human=True
        )
        said = TrialScreening(
            message_id=revision_identity(name, self.revisions[name]),
            site="A",
            patient=self.names[patient],
            happened_at=self.begins,
            known_at=self.now,
            source="screen",
            provenance="live",
            screening_id=name,
            revision=self.revisions[name],
            status=status,
            trial=self.trial,
            domain="fluids",
            episode="e1",
            protocol_version="1.0",
            protocol_hash=self.trial,
            software_version="1",
            definition_version="1",
            anchor="onset.known_at",
            anchor_at=self.begins,
            deadline=self.begins + timedelta(hours=6),
            window_open=window_open,
            criteria=(human,) if status == "needs_human" else (),
        )
        self.revisions[name] += 1
        self.house.done(record_batch, self.batch(said))

    def outcome(self, patient, status):
        name = outcome_identity(
            site="A",
            patient=self.names[patient],
            trial=self.trial,
            outcome="death",
            episode="e1",
        )
        said = TrialOutcome(
            message_id=revision_identity(name, self.revisions[name]),
            site="A",
            patient=self.names[patient],
            happened_at=self.begins,
            known_at=self.now,
            source="follow_up",
            provenance="live",
            outcome_id=name,
            revision=self.revisions[name],
            trial=self.trial,
            episode="e1",
            outcome="death",
            definition_version="1",
            status=status,
        )
        self.revisions[name] += 1
        self.house.done(record_batch, self.batch(said))

    def batch(self, message):
        return RecordBatch(messages=(message,), recorded_at=self.now)

    def word(self, patient, state):
        given = state is ConsentState.GIVEN
        command = RecordConsent(
            trial=self.trial,
            site="A",
            patient=self.names[patient],
            episode="e1",
            state=state,
            basis=ConsentBasis.WRITTEN if given else None,
            deadline=self.now + timedelta(hours=2),
            decided_at=self.now,
            actor="nurse",
            at=self.now,
        )
        self.house.done(record_consent, command)

    def opt_out(self, patient, stands):
        command = RecordOptOut(
            site="A",
            patient=self.names[patient],
            trial=self.trial,
            stands=stands,
            decided_at=self.now,
            actor="nurse",
            at=self.now,
        )
        self.house.done(record_opt_out, command)

    def answer(self, patient, truth):
        command = RecordAnswer(
            site="A",
            patient=self.names[patient],
            trial=self.trial,
            domain="fluids",
            episode="e1",
            criterion_id="equipoise",
            truth=truth,
            reason=None,
            actor="doctor",
            at=self.now,
        )
        self.house.done(record_answer, command)

    def draw(self, patient):
        command = Randomise(
            idempotency_key=self.names[patient],
            site="A",
            patient=self.names[patient],
            trial=self.trial,
            domain="fluids",
            episode="e1",
            actor="doctor",
            at=self.now,
        )
        done = self.house.done(randomise, command, signer=self.house.signer)
        if isinstance(done, Randomised):
            self.drawn.add(patient)

    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    def screening(self, patient):
        return screening_identity(
            site="A",
            patient=self.names[patient],
            trial=self.trial,
            domain="fluids",
            episode="e1",
        )

    @property
    def screened(self):
        return {p for p in range(4) if self.revisions[self.screening(p)]}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.book.close()


def counts(rows):
    """The one domain's boxes; zeros where nobody was assessed."""
    return dict(rows[0].boxes) if rows else dict.fromkeys(Box, 0)


def check_sums(rows):
    for row in rows:
        told = dict(row.boxes)
        for box, ways in EXITS.items():
            assert told[box] == sum(told[way] for way in ways)
        drawn = told[Box.RANDOMISED]
        assert drawn == sum(n for _, n in row.by_arm) + row.arm_not_shown
        assert drawn == sum(n for _, n in row.standing)
        assert told[Box.RULED_OUT] == sum(n for _, n in row.reasons)
        for one in row.outcomes:
            parts = (one.final, one.provisional, one.pending, one.missing, one.untold)
            assert drawn == sum(parts)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(trial=st.sampled_from(MODELS), done=st.lists(acts, max_size=14))
def test_the_flow_adds_up_and_its_past_stands_still(house, trial, done):
    history = History(house, trial)
    before = Counter(counts(house.flow(trial, history.begins)))
    told = []
    for act, *rest in done:
        history.wait(1)
        getattr(history, act)(*rest)
        rows = house.flow(trial, history.now)
        check_sums(rows)
        now = counts(rows)
        assert now[Box.ASSESSED] == before[Box.ASSESSED] + len(history.screened)
        assert now[Box.RANDOMISED] == before[Box.RANDOMISED] + len(history.drawn)
        told.append((history.now, rows))
    house.begins = history.now + timedelta(hours=12)

    assert [rows for _, rows in told] == [house.flow(trial, at) for at, _ in told]


courses = st.builds(
    Course,
    status=st.sampled_from([None, *STATUSES]),
    window_open=st.booleans(),
    was_candidate=st.booleans(),
    answered_against=st.booleans(),
    approached=st.booleans(),
    may_randomise=st.booleans(),
    opted_out=st.booleans(),
    randomised=st.booleans(),
)


@given(st.lists(courses))
def test_every_screening_has_one_exit_that_leads_nowhere_further(told):
    ends = Counter(exit_of(course) for course in told)

    assert not set(ends) & set(EXITS)
    assert boxes(ends)[Box.ASSESSED] == len(told)


def test_every_box_but_the_first_is_led_to_once():
    led_to = [way for ways in EXITS.values() for way in ways]

    assert sorted(led_to) == sorted(set(Box) - {Box.ASSESSED})
