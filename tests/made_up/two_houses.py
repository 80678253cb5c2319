"""Two sites, two trials, an open-label and a blinded domain in each, and all the roles.

Every secret has a marker: what belongs to site A in trial tide says so in its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from registry.app.patients import head_chunk
from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.delegation import Duty
from registry.domain.identity import Identifier, Sighted
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.domain.roles import EVERYWHERE, Role
from registry.domain.signature import Meaning, Signable
from registry.usecases.activate_protocol import ActivateProtocol, activate_protocol
from registry.usecases.archive_batch import ArchiveBatch, archive_batch
from registry.usecases.hand_out_roles import GrantRole, RoleKept, grant_role
from registry.usecases.judge_outcome import JudgeOutcome, judge_outcome
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.keep_identities import KeepIdentities, keep_identities
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import RecordConsent, record_consent
from registry.usecases.record_deviation import RecordDeviation, record_deviation
from registry.usecases.record_opt_out import RecordOptOut, record_opt_out
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.sign_record import RecordSigned, SignRecord, sign_record
from registry.usecases.signature_ports import Authenticated
from registry.usecases.wards import Wards
from streams.adapters.identity.sealing import Sealer
from streams.app.protocols import shipped_protocols
from streams.pipeline.state import PatientState
from streams.vocabulary.events import Measurement
from streams.vocabulary.ids import (
    flag_identity,
    outcome_identity,
    revision_identity,
    screening_identity,
)
from streams.vocabulary.messages import (
    CriterionVerdict,
    EhrMessage,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)
from streams.vocabulary.protocol import Protocol


SITES, TRIALS = ("A", "B"), ("tide", "wave")
PLACES = tuple((site, trial) for site in SITES for trial in TRIALS)
AT = datetime(2020, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEAL = Sealer({1: bytes(range(32))})
OPEN_ARMS, BLINDED_ARMS = ("kestrel", "osprey"), ("zephyr", "quartz")
DOMAINS = (
    DomainDesign(
        domain="fluids",
        arms=tuple(map(ArmDesign, OPEN_ARMS)),
        method=PermutedBlocks((2,)),
    ),
    DomainDesign(
        domain="steroids",
        arms=tuple(map(ArmDesign, BLINDED_ARMS)),
        method=PermutedBlocks((2,)),
        blinded=True,
    ),
)
SIGNER = KeyedSigner({trial: bytes(range(n, 32 + n)) for n, trial in enumerate(TRIALS)})


def patient(site, trial, number=1):
    return f"pat-{site}-{trial}-{number}"


def words(site, trial):
    """What somebody wrote of a deviation there."""
    return f"words-{site}-{trial}"


def identifier(site, trial):
    return f"MRN-{site}-{trial}"


class _Known:
    """Knows everybody: what is tried here is what they may see."""

    def authenticated(self, person, _secret):
        return Authenticated(f"Dr {person.title()}", "test")


@dataclass(frozen=True)
class Houses:
    """What happened, through the use cases alone; alike on both databases."""

    registry: object

    def build(self):
        self._open()
        for site, trial in PLACES:
            self._recruit(site, trial)
        self._hand_out()
        return self

    def _open(self):
        with self.registry.transaction() as uow:
            demo = SetMode(mode=Mode.DEMO, reason="a test", actor="admin", at=AT)
            set_mode(demo, uow)
            for trial in TRIALS:
                command = ActivateProtocol(
                    trial=trial,
                    version="1.0",
                    protocol_hash="hash-1",
                    document=protocol(trial).model_dump_json(),
                    domains=DOMAINS,
                    actor="sponsor",
                    at=AT,
                )
                activate_protocol(command, uow, signer=SIGNER)

    def _recruit(self, site, trial):
        with self.registry.transaction() as uow:
            light = SetGreenLight(
                trial=trial, site=site, given=True, reason="w", actor="s", at=AT
            )
            set_green_light(light, uow)
            add_delegation(
                AddDelegation(
                    trial=trial,
                    site=site,
                    person=f"doctor-{site}-{trial}",
                    duties=(Duty.SIGN_ELIGIBILITY,),
                    starts_at=AT,
                    actor="principal",
                    at=AT,
                ),
                uow,
            )
        for number in (1, 2):
            self._treat(site, trial, number)
        self._afterwards(site, trial)

    def _treat(self, site, trial, number):
        who = patient(site, trial, number)
        with self.registry.transaction() as uow:
            archive_batch(
                ArchiveBatch(messages=(_lactate(site, who),), recorded_at=AT),
                uow,
                wards=Wards(),
            )
            uow.stream.save_chunks([head_chunk(PatientState(site=site, patient=who))])
            told = (
                _onset(site, who),
                *(_verdict(site, trial, who, d.domain) for d in DOMAINS),
                *(_outcome(site, trial, who, *one) for one in OUTCOMES),
            )
            record_batch(RecordBatch(messages=told, recorded_at=AT), uow)
        with self.registry.transaction() as uow:
            record_answer(_answer(site, trial, who), uow)
            consent = RecordConsent(
                trial=trial,
                site=site,
                patient=who,
                episode="e1",
                state=ConsentState.GIVEN,
                basis=ConsentBasis.WRITTEN,
                decided_at=AT,
                actor="nurse",
                at=AT,
            )
            record_consent(consent, uow)
        for design in DOMAINS:
            with self.registry.transaction() as uow:
                done = randomise(
                    Randomise(
                        idempotency_key=f"{trial}-{who}-{design.domain}",
                        site=site,
                        patient=who,
                        trial=trial,
                        domain=design.domain,
                        episode="e1",
                        actor="doctor",
                        at=AT + HOUR,
                    ),
                    uow,
                    signer=SIGNER,
                )
            assert isinstance(done, Randomised), done

    def _afterwards(self, site, trial):
        with self.registry.transaction() as uow:
            code = uow.participants.of(
                trial=trial, site=site, patient=patient(site, trial)
            ).participant
            deviation = record_deviation(
                RecordDeviation(
                    participant=code,
                    kind="treatment",
                    important=True,
                    happened_at=AT,
                    description=words(site, trial),
                    actor="nurse",
                    at=AT,
                ),
                uow,
            ).deviation
            signed = sign_record(
                SignRecord(
                    kind=Signable.DEVIATION,
                    record_id=deviation.deviation_id,
                    meaning=Meaning.REVIEWED,
                    signer=f"signer-{site}-{trial}",
                    secret="",
                    at=AT,
                ),
                uow,
                _Known(),
            )
            assert isinstance(signed, RecordSigned)
            judged = JudgeOutcome(
                outcome_id=_outcome_id(site, trial, patient(site, trial), "death28"),
                judged_as="adjudicated",
                value=1.0,
                reason=f"judged-{site}-{trial}",
                decided_at=AT,
                actor="committee",
                at=AT,
            )
            assert judge_outcome(judged, uow).judged
            opted = RecordOptOut(
                site=site,
                patient=patient(site, trial, 9),
                trial=trial if site == "A" else "",
                stands=True,
                decided_at=AT,
                actor="nurse",
                at=AT,
            )
            record_opt_out(opted, uow)
            seen = Sighted(
                site,
                patient(site, trial),
                Identifier("MR", identifier(site, trial)),
            )
            keep_identities(KeepIdentities(sighted=(seen,), at=AT), uow, seal=SEAL)

    def _hand_out(self):
        """Each role to a person of its name, at site A in trial tide."""
        self.give("root", Role.SITE_ADMIN, EVERYWHERE, EVERYWHERE)
        for role in Role:
            self.give(role.value, role, "A", "tide")

    def give(self, person, role, site, trial):
        command = GrantRole(
            person=person,
            role=role,
            site=site,
            trial=trial,
            starts_at=AT,
            reason="a test",
            actor="root",
            at=AT,
        )
        with self.registry.transaction() as uow:
            done = grant_role(command, uow)
        assert isinstance(done, RoleKept), done


OUTCOMES = (("death28", 1.0), ("fluid_days", 5.25), ("steroid_days", 7.75))
"""The last two count what was given: in the open-label domain, in any."""


def protocol(trial):
    """The demonstration's, with the made-up domains of these houses."""
    (demo,) = (p for p in shipped_protocols() if p.id == "ember-demo")
    told = demo.model_dump(mode="json")
    first = told["domains"][0]
    shown = [
        _domain(first, design.domain, [a.name for a in design.arms], blinded=blinded)
        for design, blinded in zip(DOMAINS, ("open_label", "blinded"), strict=True)
    ]
    given = {"kind": "treatment_received", "drugs": ["hydrocortisone"], "within": 7}
    compared = {
        **given,
        "id": "fluid_days",
        "domain": "fluids",
        "expected": [
            {"arm": "kestrel", "at_most": 0},
            {"arm": "osprey", "at_least": 3},
        ],
    }
    hidden = {**given, "id": "steroid_days"}
    return Protocol.model_validate(
        {
            **told,
            "evidence": "verified",
            "id": trial,
            "domains": shown,
            "outcomes": [compared, hidden],
        }
    )


def _domain(told, name, arms, *, blinded):
    shown = [
        {**told["arms"][0], "id": arm, "inclusion": [], "exclusion": [], "title": arm}
        for arm in arms
    ]
    return {**told, "id": name, "arms": shown, "blinding": blinded}


def _lactate(site, who):
    event = Measurement(
        event_id=f"lactate-{who}",
        happened_at=AT - HOUR,
        known_at=AT,
        concept="lactate",
        value=2,
    )
    return EhrMessage(
        message_id=f"message-{who}",
        site=site,
        patient=who,
        happened_at=AT,
        known_at=AT,
        source="lab",
        provenance="simulated",
        events=(event,),
    )


def _usual(site, who, **told):
    return {
        "site": site,
        "patient": who,
        "happened_at": AT,
        "known_at": AT,
        "provenance": "simulated",
        "revision": 0,
        **told,
    }


def _onset(site, who):
    flag = flag_identity(
        site=site, patient=who, definition="sepsis3", policy="ember", episode="e1"
    )
    return SepsisOnset(
        message_id=revision_identity(flag, 0),
        source="detect",
        flag_id=flag,
        status="provisional",
        definition="sepsis3",
        definition_version="1",
        policy="ember",
        episode="e1",
        score=4,
        **_usual(site, who),
    )


def _verdict(site, trial, who, domain):
    screening = screening_identity(
        site=site, patient=who, trial=trial, domain=domain, episode="e1"
    )
    asked = domain == "fluids"
    return TrialScreening(
        message_id=revision_identity(screening, 0),
        source="screen",
        screening_id=screening,
        status="needs_human" if asked else "eligible",
        trial=trial,
        domain=domain,
        episode="e1",
        protocol_version="1.0",
        protocol_hash="hash-1",
        software_version="0.1.0",
        definition_version="1",
        anchor="onset.known_at",
        anchor_at=AT,
        deadline=AT + 6 * HOUR,
        window_open=True,
        stratum=(("shock", "yes"),),
        covariates=(("age", "71"),),
        criteria=(
            CriterionVerdict(
                criterion_id="equipoise",
                role="inclusion",
                truth="UNKNOWN" if asked else "TRUE",
                human=asked,
            ),
        ),
        **_usual(site, who),
    )


def _outcome_id(site, trial, who, outcome):
    return outcome_identity(
        site=site, patient=who, trial=trial, outcome=outcome, episode="e1"
    )


def _outcome(site, trial, who, outcome, value):
    outcome_id = _outcome_id(site, trial, who, outcome)
    return TrialOutcome(
        message_id=revision_identity(outcome_id, 0),
        source="follow_up",
        outcome_id=outcome_id,
        trial=trial,
        episode="e1",
        outcome=outcome,
        definition_version="1",
        status="final",
        value=value,
        **_usual(site, who),
    )


def _answer(site, trial, who):
    return RecordAnswer(
        site=site,
        patient=who,
        trial=trial,
        domain="fluids",
        episode="e1",
        criterion_id="equipoise",
        truth="TRUE",
        reason=f"answered-{site}-{trial}",
        actor="doctor",
        at=AT,
    )
