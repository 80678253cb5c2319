"""What each arm received, where arms may be seen; both databases alike."""

import json
from dataclasses import replace

import pytest

from registry.app.received import separation
from registry.domain.randomisation.signer import KeyedSigner
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.randomise import Randomised
from streams.app.protocols import shipped_protocols
from streams.vocabulary.ids import outcome_identity, revision_identity
from streams.vocabulary.messages import TrialOutcome
from streams.vocabulary.protocol import Protocol


TRIAL = "tide"


def protocol():
    """The demonstration's, with the made-up domain of this bedside."""
    (demo,) = (p for p in shipped_protocols() if p.id == "ember-demo")
    told = demo.model_dump(mode="json")
    domain = told["domains"][0]
    arms = [{**domain["arms"][0], "id": a} for a in ("restrictive", "standard")]
    for arm, criteria in zip(arms, ("a", "b"), strict=True):
        arm["inclusion"], arm["exclusion"], arm["title"] = [], [], criteria
    fluids = {**domain, "id": "fluids", "arms": arms, "blinding": "open_label"}
    compared = {
        "kind": "treatment_received",
        "id": "steroid_days",
        "drugs": ["hydrocortisone"],
        "within": 7,
        "domain": "fluids",
        "expected": [
            {"arm": "restrictive", "at_most": 0},
            {"arm": "standard", "at_least": 3},
        ],
    }
    return Protocol.model_validate(
        {
            **told,
            "evidence": "verified",
            "id": TRIAL,
            "domains": [fluids],
            "outcomes": [compared],
        }
    )


def received(bedside, patient, days):
    outcome_id = outcome_identity(
        site="A", patient=patient, trial=TRIAL, outcome="steroid_days", episode="e1"
    )
    return TrialOutcome(
        message_id=revision_identity(outcome_id, 0),
        site="A",
        patient=patient,
        happened_at=bedside.noon,
        known_at=bedside.noon,
        source="follow_up",
        provenance="live",
        outcome_id=outcome_id,
        revision=0,
        trial=TRIAL,
        episode="e1",
        outcome="steroid_days",
        definition_version="1.0",
        status="final",
        value=days,
    )


@pytest.fixture
def four(bedside):
    """Four participants, two an arm; each received 5 days of it."""
    bedside.open_trial()
    bedside = replace(bedside, signer=KeyedSigner({TRIAL: bytes(range(32))}))

    def lived(blinded):
        design = replace(bedside.fluids, blinded=blinded)
        document = json.loads(protocol().model_dump_json())
        with bedside.registry.transaction() as uow:
            activate_protocol(
                bedside.protocol(design, trial=TRIAL, document=document),
                uow,
                signer=bedside.signer,
            )
        bedside.light(TRIAL)
        for patient in ("p1", "p2", "p3", "p4"):
            bedside.hear(bedside.verdict(patient, trial=TRIAL))
            bedside.consent(patient, trial=TRIAL)
            done = bedside.randomise(patient, trial=TRIAL)
            assert isinstance(done, Randomised), done
            bedside.hear(received(bedside, patient, 5.0))
        with bedside.registry.reading() as views:
            return separation(views, TRIAL)

    return lived


def test_who_may_see_arms_sees_adherence_and_crossover(four):
    rows = {row.received.arm: row.received for row in four(blinded=False)}
    assert set(rows) == {"restrictive", "standard"}
    assert (rows["standard"].as_allocated, rows["standard"].crossed_over) == (2, 0)
    assert (rows["restrictive"].as_allocated, rows["restrictive"].crossed_over) == (
        0,
        2,
    )
    assert {row.mean_days for row in rows.values()} == {5}


@pytest.mark.usefixtures("registry")
def test_a_blinded_domain_makes_no_row_for_anybody(four, registry):
    if registry.dialect == "sqlite":
        pytest.skip("SQLite refuses a live blinded trial")
    assert four(blinded=True) == ()
