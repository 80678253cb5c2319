"""No order of words and commands randomises or calls about who said no last."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.app.trials import give_green_light
from registry.domain.consent import ConsentBasis, ConsentState, Scope, Standing
from registry.domain.consent_terms import Terms, fault, recorded, stand
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import ActivateProtocol, activate_protocol
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import (
    ConsentRecorded,
    RecordConsent,
    record_consent,
)
from registry.usecases.record_opt_out import (
    OptOutRecorded,
    RecordOptOut,
    record_opt_out,
)
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.ids import revision_identity, screening_identity
from streams.vocabulary.messages import TrialScreening


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MODELS = ("prospective", "deferred", "opt_out", "waiver")

words = st.fixed_dictionaries(
    {
        "state": st.sampled_from(ConsentState),
        "basis": st.sampled_from([None, *ConsentBasis]),
        "scopes": st.frozensets(st.sampled_from(Scope)).map(sorted).map(tuple),
        "document_version": st.sampled_from([None, "1.0", "2.0"]),
        "deadline": st.sampled_from([None, NOON + 3 * MINUTE, NOON + timedelta(9)]),
        "back": st.sampled_from([timedelta(0), 2 * MINUTE]),
    }
)
opt_outs = st.fixed_dictionaries(
    {"trial": st.sampled_from(["", "TIDE"]), "stands": st.booleans()}
)
commands = st.lists(st.one_of(words, words, opt_outs), max_size=9)


def said(number, told):
    at = NOON + number * MINUTE
    given = told["state"] in (ConsentState.GIVEN, ConsentState.REFUSED)
    return Consent(
        consent_id=str(number),
        participant="TIDE-A-0001",
        revision=number,
        state=told["state"],
        basis=told["basis"] if given else None,
        document_version=told["document_version"],
        decided_at=at - told["back"],
        recorded_at=at,
        actor="nurse",
        reason=None,
        deadline=told["deadline"] if told["state"] is ConsentState.DEFERRED else None,
        scopes=told["scopes"] or None,
    )


@given(
    st.sampled_from(MODELS),
    st.lists(words, max_size=12),
    st.sampled_from([(), ("withdrawn",), ("refused_later", "opted_out")]),
    st.booleans(),
)
def test_a_withdrawal_only_shrinks_what_may_be_done(model, told, rules, opted_out):
    terms = Terms(model=model, not_used_after=frozenset(map(Standing, rules)))
    kept: list[Consent] = []
    for number, one in enumerate(told):
        word = said(number, one)
        if fault(recorded(kept), word, terms) is not None:
            continue
        at = word.recorded_at
        before = stand(recorded(kept), terms, at=at, opted_out=opted_out)
        kept.append(word)
        after = stand(recorded(kept), terms, at=at, opted_out=opted_out)
        noes = (ConsentState.REFUSED, ConsentState.WITHDRAWN)
        if word.state in noes:
            assert after.permits.within(before.permits)
        if before.standing is Standing.WITHDRAWN:
            assert after.permits.within(before.permits)


@given(st.sampled_from(MODELS), st.lists(words, max_size=12))
def test_a_no_is_always_taken(model, told):
    """Unless one stands already, or the person has died."""
    kept: list[Consent] = []
    for number, one in enumerate(told):
        no = said(number, one | {"state": ConsentState.REFUSED})
        now = recorded(kept)
        stands_already = now.standing in (
            Standing.REFUSED,
            Standing.REFUSED_LATER,
            Standing.DIED,
        ) or set(now.scopes) == set(Scope)
        assert stands_already or fault(now, no, Terms(model=model)) is None
        word = said(number, one)
        if fault(now, word, Terms(model=model)) is None:
            kept.append(word)


class House:
    """A live registry that begins anew with each patient."""

    def __init__(self, folder):
        url = f"sqlite:///{folder / 'house.sqlite'}"
        migrate(url)
        self.book = open_registry(url)
        self.signer = KeyedSigner({model: bytes(range(32)) for model in MODELS})
        self.numbers = count()
        with self.book.transaction() as uow:
            set_mode(
                SetMode(mode=Mode.LIVE, reason="a test", actor="admin", at=NOON), uow
            )
        for trial in MODELS:
            self._open(trial)

    def _open(self, trial):
        """A trial of each model of consent, by its name."""
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

    def hear(self, patient, trial, episode, at):
        name = screening_identity(
            site="A", patient=patient, trial=trial, domain="fluids", episode=episode
        )
        verdict = TrialScreening(
            message_id=revision_identity(name, 0),
            site="A",
            patient=patient,
            happened_at=NOON,
            known_at=NOON,
            source="screen",
            provenance="live",
            screening_id=name,
            revision=0,
            status="eligible",
            trial=trial,
            domain="fluids",
            episode=episode,
            protocol_version="1.0",
            protocol_hash=trial,
            software_version="1",
            definition_version="1",
            anchor="onset.known_at",
            anchor_at=NOON,
            deadline=NOON + timedelta(hours=6),
            window_open=True,
        )
        with self.book.transaction() as uow:
            record_batch(RecordBatch(messages=(verdict,), recorded_at=at), uow)

    def consents(self, patient, trial, told, at):
        state = told["state"]
        based = state in (ConsentState.GIVEN, ConsentState.REFUSED)
        command = RecordConsent(
            trial=trial,
            site="A",
            patient=patient,
            episode="e1",
            state=state,
            basis=told["basis"] if based else None,
            document_version=told["document_version"],
            deadline=told["deadline"],
            scopes=told["scopes"],
            decided_at=at - told["back"],
            actor="nurse",
            at=at,
        )
        with self.book.transaction() as uow:
            return isinstance(record_consent(command, uow), ConsentRecorded)

    def opts_out(self, patient, trial, told, at):
        command = RecordOptOut(
            site="A",
            patient=patient,
            trial=trial if told["trial"] else "",
            stands=told["stands"],
            decided_at=at,
            actor="nurse",
            at=at,
        )
        with self.book.transaction() as uow:
            return isinstance(record_opt_out(command, uow), OptOutRecorded)

    def randomised(self, patient, trial, at):
        command = Randomise(
            idempotency_key=patient,
            site="A",
            patient=patient,
            trial=trial,
            domain="fluids",
            episode="e1",
            actor="doctor",
            at=at,
        )
        with self.book.transaction() as uow:
            return isinstance(randomise(command, uow, signer=self.signer), Randomised)

    def calls(self, patient, episode):
        with self.book.reading() as views:
            return any(
                alert.status == "open"
                for alert in views.alerts()
                if (alert.patient, alert.episode) == (patient, episode)
            )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.book.close()


class Word:
    """What a person said last, told apart from how the registry keeps it."""

    def __init__(self):
        self.no = False
        self.own = False
        self.out: set[str] = set()

    def hear(self, told):
        if "stands" in told:
            (self.out.add if told["stands"] else self.out.discard)(told["trial"])
        elif told["state"] in (ConsentState.REFUSED, ConsentState.WITHDRAWN):
            self.no = True
            self.own |= told["basis"] is not ConsentBasis.PROXY
        elif told["state"] is ConsentState.GIVEN:
            if told["basis"] is not ConsentBasis.PROXY:
                self.own = False
            self.no = self.own


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(model=st.sampled_from(MODELS), told=commands)
def test_nobody_is_randomised_or_called_about_whose_last_word_was_no(
    house, model, told
):
    patient, word = f"p{next(house.numbers)}", Word()
    house.hear(patient, model, "e1", NOON)
    for number, command in enumerate(told, 1):
        at = NOON + number * MINUTE
        act = house.opts_out if "stands" in command else house.consents
        if act(patient, model, command, at):
            word.hear(command)
    at = NOON + (len(told) + 1) * MINUTE
    house.hear(patient, model, "e2", at)

    if word.no or word.out:
        assert not house.calls(patient, "e1")
        assert not house.calls(patient, "e2")
        assert not house.randomised(patient, model, at)
