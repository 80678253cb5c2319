"""A made-up trial at a made-up bedside, acted through the use cases alone."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from made_up.pharmacy import Pharmacy
from made_up.role_holders import let

from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.engine import database_url, make_engine
from registry.store.roles import grant_roles
from registry.usecases.activate_protocol import ActivateProtocol, activate_protocol
from registry.usecases.randomise import Randomise, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import RecordConsent, record_consent
from registry.usecases.record_opt_out import RecordOptOut, record_opt_out
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.ids import (
    flag_identity,
    outcome_identity,
    revision_identity,
    screening_identity,
)
from streams.vocabulary.messages import (
    CriterionVerdict,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLUIDS = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("restrictive"), ArmDesign("standard")),
    method=PermutedBlocks((2,)),
)


@dataclass
class Bedside:
    """What happens to patients of site A in trial TIDE."""

    registry: object
    signer: KeyedSigner

    noon = NOON
    fluids = FLUIDS

    def open_trial(self, *designs, mode=Mode.LIVE):
        with self.registry.transaction() as uow:
            set_mode(SetMode(mode=mode, reason="a test", actor="admin", at=NOON), uow)
            done = activate_protocol(
                self.protocol(*(designs or (FLUIDS,))), uow, signer=self.signer
            )
        self.light()
        return done

    def light(self, trial="TIDE", *, given=True, site="A", at=NOON):
        """Give the site the word to recruit, or take it back."""
        command = SetGreenLight(
            trial=trial, site=site, given=given, reason="a test", actor="sponsor", at=at
        )
        with self.registry.transaction() as uow:
            return set_green_light(command, uow)

    def declare(self, trial="TIDE", **document):
        """Put a protocol into force that declares this, in a live registry."""
        with self.registry.transaction() as uow:
            live = SetMode(mode=Mode.LIVE, reason="a test", actor="admin", at=NOON)
            set_mode(live, uow)
            told = self.protocol(FLUIDS, trial=trial, document=document)
            done = activate_protocol(told, uow, signer=self.signer)
        self.light(trial)
        return done

    def protocol(self, *designs, protocol_hash="hash-1", trial="TIDE", document=()):
        return ActivateProtocol(
            trial=trial,
            version="1.0",
            protocol_hash=protocol_hash,
            document=json.dumps({"evidence": "verified", **dict(document)}),
            domains=designs,
            actor="sponsor",
            at=NOON,
        )

    def verdict(self, patient="p1", revision=0, **changed):
        domain = changed.get("domain", "fluids")
        trial, episode = changed.get("trial", "TIDE"), changed.get("episode", "e1")
        screening_id = screening_identity(
            site="A", patient=patient, trial=trial, domain=domain, episode=episode
        )
        usual = TrialScreening(
            message_id=revision_identity(screening_id, revision),
            site="A",
            patient=patient,
            happened_at=NOON,
            known_at=NOON + revision * timedelta(minutes=1),
            source="screen",
            provenance="live",
            screening_id=screening_id,
            revision=revision,
            status="eligible",
            trial="TIDE",
            domain=domain,
            episode="e1",
            protocol_version="1.0",
            protocol_hash="hash-1",
            software_version="0.1.0",
            definition_version="1",
            anchor="onset.known_at",
            anchor_at=NOON,
            deadline=NOON + 6 * HOUR,
            window_open=True,
            stratum=(("shock", "yes"),),
            covariates=(("age", "71"),),
            criteria=(
                CriterionVerdict(criterion_id="adult", role="inclusion", truth="TRUE"),
            ),
        )
        return replace(usual, **changed)

    def needs_human(self, patient="p1", revision=0, **changed):
        asked = (
            CriterionVerdict(
                criterion_id="equipoise", role="inclusion", truth="UNKNOWN", human=True
            ),
            CriterionVerdict(
                criterion_id="dying", role="exclusion", truth="UNKNOWN", human=True
            ),
        )
        usual = {"status": "needs_human", "criteria": asked}
        return self.verdict(patient, revision, **(usual | changed))

    def onset(self, patient="p1", revision=0, **changed):
        flag_id = flag_identity(
            site="A",
            patient=patient,
            definition="sepsis3",
            policy="ember",
            episode="e1",
        )
        usual = SepsisOnset(
            message_id=revision_identity(flag_id, revision),
            site="A",
            patient=patient,
            happened_at=NOON,
            known_at=NOON,
            source="detect",
            provenance="live",
            flag_id=flag_id,
            revision=revision,
            status="provisional",
            definition="sepsis3",
            definition_version="1",
            policy="ember",
            episode="e1",
            score=4,
        )
        return replace(usual, **changed)

    def outcome(self, patient="p1", revision=0, **changed):
        outcome_id = outcome_identity(
            site="A", patient=patient, trial="TIDE", outcome="death28", episode="e1"
        )
        usual = TrialOutcome(
            message_id=revision_identity(outcome_id, revision),
            site="A",
            patient=patient,
            happened_at=NOON,
            known_at=NOON,
            source="follow_up",
            provenance="live",
            outcome_id=outcome_id,
            revision=revision,
            trial="TIDE",
            episode="e1",
            outcome="death28",
            definition_version="1",
            status="pending",
        )
        return replace(usual, **changed)

    def hear(self, *messages, **rest):
        with self.registry.transaction() as uow:
            return self.record(uow, *messages, **rest)

    def record(self, uow, *messages, **rest):
        command = RecordBatch(messages=messages, recorded_at=NOON, **rest)
        return record_batch(command, uow)

    def consent(
        self,
        patient="p1",
        state=ConsentState.GIVEN,
        at=NOON,
        decided_at=None,
        basis=ConsentBasis.WRITTEN,
        trial="TIDE",
    ):
        command = RecordConsent(
            trial=trial,
            site="A",
            patient=patient,
            episode="e1",
            state=state,
            basis=basis if state is ConsentState.GIVEN else None,
            decided_at=decided_at or at,
            actor="nurse",
            at=at,
        )
        with self.registry.transaction() as uow:
            return record_consent(command, uow)

    def opt_out(
        self, patient="p1", trial="", *, stands=True, at=NOON, decided=timedelta(0)
    ):
        command = RecordOptOut(
            site="A",
            patient=patient,
            trial=trial,
            stands=stands,
            decided_at=at + decided,
            actor="nurse",
            at=at,
        )
        with self.registry.transaction() as uow:
            return record_opt_out(command, uow)

    def alerts(self, trial=None):
        """Trial, patient and episode of each alert, with its state and hold."""
        with self.registry.reading() as views:
            return {
                (a.trial, a.patient, a.episode): (a.status.value, a.held_back)
                for a in views.alerts(trial)
            }

    def told(self, topic):
        """What lies in the outbox for a topic, in order."""
        with self.registry.transaction() as uow:
            return [json.loads(i.payload) for i in uow.outbox.waiting([topic], 100)]

    def broken_chains(self):
        with self.registry.inspection() as uow:
            return [r for r in verify_audit(uow) if r.break_ is not None]

    def answer(
        self,
        criterion_id,
        truth,
        patient="p1",
        *,
        at=NOON + HOUR,
        answered_as=None,
        reason="a test",
    ):
        command = RecordAnswer(
            site="A",
            patient=patient,
            trial="TIDE",
            domain="fluids",
            episode="e1",
            criterion_id=criterion_id,
            truth=truth,
            reason=reason,
            actor="doctor",
            at=at,
            answered_as=answered_as,
        )
        with self.registry.transaction() as uow:
            return record_answer(command, uow)

    def command(
        self,
        patient="p1",
        *,
        key=None,
        domain="fluids",
        at=NOON + HOUR,
        trial="TIDE",
        episode="e1",
    ):
        return Randomise(
            idempotency_key=key or f"request-{trial}-{patient}-{domain}",
            site="A",
            patient=patient,
            trial=trial,
            domain=domain,
            episode=episode,
            actor="doctor",
            at=at,
        )

    def randomise(self, patient="p1", **told):
        with self.registry.transaction() as uow:
            return randomise(self.command(patient, **told), uow, signer=self.signer)

    def admit(self, *patients):
        self.hear(*(self.verdict(patient) for patient in patients))
        for patient in patients:
            self.consent(patient)


@pytest.fixture(scope="session")
def bedside_of():
    """The bedside of a registry the test opened itself."""
    keys = {"TIDE": bytes(range(32)), "WAVE": bytes(range(1, 33))}
    return lambda registry: Bedside(registry, KeyedSigner(keys))


@pytest.fixture
def bedside(registry, bedside_of):
    return bedside_of(registry)


@pytest.fixture
def pharmacy(bedside):
    """A blinded domain that gives kits, with its list."""
    return Pharmacy(bedside).open()


@pytest.fixture
def somebody(registry, registry_url, monkeypatch):
    """Who has every role everywhere, and is named by the environment."""
    if registry.dialect == "postgresql":
        grant_roles(registry_url)
    let(registry, "somebody", "doctor", "sponsor", "committee")
    monkeypatch.setenv("EMBER_ACTOR", "somebody")
    return "somebody"


@pytest.fixture
def lived(bedside):
    """A registry in which a little of everything has happened."""
    bedside.open_trial()
    bedside.hear(bedside.onset("p1"), bedside.needs_human("p1"), bedside.outcome("p1"))
    bedside.hear(bedside.onset("p2"), bedside.verdict("p2"))
    bedside.consent("p1")
    bedside.consent("p2")
    bedside.answer("equipoise", "TRUE")
    bedside.answer("dying", "FALSE")
    bedside.randomise("p1")
    bedside.randomise("p2")
    return bedside


@pytest.fixture
def attempt(registry_url):
    """A transaction of somebody whom nothing stops; gone afterwards."""
    engine = make_engine(database_url(registry_url))
    if engine.dialect.name == "sqlite":
        _drop_triggers(engine)

    @contextmanager
    def attempted():
        with engine.connect() as connection, connection.begin() as transaction:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            else:
                connection.exec_driver_sql(
                    "SET LOCAL session_replication_role = replica"
                )
            yield connection
            transaction.rollback()

    yield attempted
    engine.dispose()


def _drop_triggers(engine):
    with engine.begin() as connection:
        named = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        for (name,) in named.fetchall():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
