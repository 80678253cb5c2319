"""On PostgreSQL the arms have a role of their own."""

from datetime import UTC, datetime
from fractions import Fraction

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from registry.domain.delegation import Duty
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Adaptive, Minimised, PermutedBlocks
from registry.domain.randomisation.vector import by_ratio
from registry.store.migrate import migrate
from registry.store.roles import READER, REGISTRY, SIGNER, grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.exclude_allocation import (
    ExcludeAllocation,
    exclude_allocation,
)
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.sign_eligibility import SignEligibility, sign_eligibility
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import SettingsError


pytestmark = pytest.mark.postgres

BLINDED = DomainDesign(
    domain="steroids",
    arms=(ArmDesign("zephyr"), ArmDesign("quartz")),
    method=PermutedBlocks((2,)),
    blinded=True,
)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARMS = ("restrictive", "standard", "albumin")
ADAPTIVE = DomainDesign(
    domain="fluids",
    arms=tuple(map(ArmDesign, ARMS)),
    method=Adaptive(initial=by_ratio([(arm, 1) for arm in ARMS]), limits=()),
)
MINIMISED = DomainDesign(
    domain="steroids",
    arms=(ArmDesign("zephyr"), ArmDesign("quartz")),
    method=Minimised(weights=(("shock", Fraction(1)),), spread="range", p=Fraction(1)),
)
DELEGATION = AddDelegation(
    trial="TIDE",
    site="A",
    person="doctor",
    duties=(Duty.SIGN_ELIGIBILITY,),
    starts_at=NOON,
    actor="principal",
    at=NOON,
)
PAUSE = SetPause(
    trial="TIDE",
    place=Place(domain="fluids", arm="albumin"),
    paused=True,
    reason="safety",
    actor="sponsor",
    at=NOON,
)
VECTOR = PublishVector(
    trial="TIDE",
    domain="fluids",
    stratum=None,
    analysis_id="interim-1",
    data_cut=NOON,
    p_best=None,
    shares={"restrictive": 0.5, "standard": 0.3, "albumin": 0.2},
    actor="statistician",
    at=NOON,
)


def signature(patient, domain):
    return SignEligibility(
        site="A",
        patient=patient,
        trial="TIDE",
        domain=domain,
        episode="e1",
        actor="doctor",
        at=NOON,
    )


def exclusion(participant):
    return ExcludeAllocation(
        trial="TIDE",
        domain="steroids",
        participant=participant,
        reason="randomised twice",
        actor="trial manager",
        at=NOON,
    )


@pytest.fixture
def shared_out(postgres):
    """A registry whose roles have their grants; gives the URL of its owner."""
    with postgres.database() as url:
        grant_roles(url)
        grant_roles(url)
        yield url


def as_role(url, role, statement):
    with psycopg.connect(url) as connection:
        connection.execute(f"SET ROLE {role}")
        return connection.execute(statement)


@pytest.mark.parametrize("role", [REGISTRY, READER])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT arm FROM sealed.assignment",
        "SELECT count(*) FROM sealed.assignment",
        "INSERT INTO sealed.assignment VALUES ('x', 'y')",
        "INSERT INTO randomisation SELECT * FROM randomisation",
        "INSERT INTO randomisation_request SELECT * FROM randomisation_request",
        "UPDATE allocator SET next_no = 1",
        "CREATE OR REPLACE VIEW open_label_arm AS SELECT 1",
    ],
)
def test_randomisations_and_arms_are_closed_to_whoever_is_not_the_signer(
    shared_out, role, statement
):
    with pytest.raises(InsufficientPrivilege):
        as_role(shared_out, role, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO mode_revision SELECT * FROM mode_revision",
        "INSERT INTO protocol_version SELECT * FROM protocol_version",
        "UPDATE trial_domain SET is_open = true",
        "INSERT INTO consent_revision SELECT * FROM consent_revision",
        "INSERT INTO screening_revision SELECT * FROM screening_revision",
        "INSERT INTO human_answer SELECT * FROM human_answer",
        "INSERT INTO recruitment_pause SELECT * FROM recruitment_pause",
        "INSERT INTO allocation_vector SELECT * FROM allocation_vector",
        "INSERT INTO allocation_exclusion SELECT * FROM allocation_exclusion",
        "INSERT INTO green_light SELECT * FROM green_light",
        "INSERT INTO delegation SELECT * FROM delegation",
        "INSERT INTO eligibility_signature SELECT * FROM eligibility_signature",
        "SELECT count(*) FROM vault.identifier",
        "DELETE FROM sealed.assignment",
    ],
)
def test_the_signer_may_do_nothing_that_randomising_does_not_need(
    shared_out, statement
):
    with pytest.raises(InsufficientPrivilege):
        as_role(shared_out, SIGNER, statement)


@pytest.mark.parametrize("role", [REGISTRY, SIGNER, READER])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE screening_revision",
        "UPDATE randomisation SET stratum = 'x'",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_no_role_may_rewrite_the_record_or_switch_off_its_triggers(
    shared_out, role, statement
):
    with pytest.raises(InsufficientPrivilege):
        as_role(shared_out, role, statement)


def test_a_reader_writes_nothing(shared_out):
    with pytest.raises(InsufficientPrivilege):
        as_role(shared_out, READER, "INSERT INTO inbox VALUES ('m', 't', now())")


@pytest.fixture
def opened(shared_out, postgres):
    """The registry as the application, the signer and a reader open it."""
    roles = {"the_app": REGISTRY, "the_signer": SIGNER, "the_reader": READER}
    for login, role in roles.items():
        postgres.run(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
    registries = [
        open_registry(shared_out.replace("ember@", f"{login}@")) for login in roles
    ]
    yield registries
    for each in registries:
        each.close()
    for login in roles:
        postgres.run(f"DROP ROLE {login}")


def test_the_registry_runs_the_trial_the_signer_randomises_and_a_reader_reads(
    opened, bedside_of
):
    app, signer, reader = opened
    bedside, at_the_signer = bedside_of(app), bedside_of(signer)
    bedside.open_trial(bedside.fluids, BLINDED)
    bedside.hear(bedside.onset(), bedside.outcome(), bedside.needs_human("p3"))
    bedside.admit("p1", "p2")
    bedside.hear(bedside.verdict("p1", domain="steroids"))
    first = at_the_signer.randomise("p1")
    hidden = at_the_signer.randomise("p1", domain="steroids")
    assert at_the_signer.randomise("p1").arm == first.arm
    assert hidden.arm is None
    for role in (app, reader):
        with role.reading() as views:
            assert views.may_see_arms()
            seen = {
                (row.participant, row.domain): row.arm
                for row in views.participants(may_see_arms=True)
            }
            counted = {d.domain: d.by_arm for d in views.flow(may_see_arms=True)}
            then = {d.domain: d.by_arm for d in views.flow_at(bedside.noon + HOUR)}
        assert seen[first.participant, "fluids"] == first.arm
        assert seen[first.participant, "steroids"] is None
        assert counted == {"fluids": ((first.arm, 1),), "steroids": ()}
        assert then == counted
    assert not bedside.broken_chains()


def test_the_signer_sees_all_that_people_decided_and_the_application_kept(
    opened, bedside_of
):
    """A pause, a vector, an exclusion, a delegation and a signature of the application.

    The signer draws by them, and can verify its draws.
    """
    app, signer, _ = opened
    bedside, at_the_signer = bedside_of(app), bedside_of(signer)
    with app.transaction() as uow:
        told = bedside.protocol(ADAPTIVE, MINIMISED, document={"requires_signature": 1})
        activate_protocol(told, uow, signer=bedside.signer)
        live = SetMode(mode=Mode.LIVE, reason="opened", actor="admin", at=bedside.noon)
        set_mode(live, uow)
        add_delegation(DELEGATION, uow)
        set_pause(PAUSE, uow)
        vector = publish_vector(VECTOR, uow).vector
    bedside.light()
    bedside.admit("p1", "p2")
    for patient in ("p1", "p2"):
        bedside.hear(bedside.verdict(patient, domain="steroids"))
        for domain in ("fluids", "steroids"):
            with app.transaction() as uow:
                sign_eligibility(signature(patient, domain), uow)

    first = at_the_signer.randomise("p1", domain="steroids")
    with app.transaction() as uow:
        exclude_allocation(exclusion(first.participant), uow)
    at_the_signer.randomise("p2", domain="steroids")
    by_vector = at_the_signer.randomise("p1")

    with signer.inspection() as uow:
        kept = uow.allocations.one(by_vector.randomisation_id)
        report = verify_randomisation("TIDE", uow, signer=bedside.signer)
    assert kept.vector_id == vector.vector_id
    assert ("albumin", False, True) in kept.availability
    assert report.holds
    assert report.checked == 3
    assert not bedside.broken_chains()


@pytest.mark.parametrize("role", [REGISTRY, READER, SIGNER])
def test_a_role_of_before_lost_what_it_had(shared_out, role):
    """`ember_allocator` once stood for the signer and the application together."""
    with psycopg.connect(shared_out, autocommit=True) as owner:
        owner.execute("CREATE ROLE ember_allocator NOLOGIN")
        try:
            owner.execute("GRANT USAGE ON SCHEMA sealed TO ember_allocator")
            owner.execute("GRANT SELECT ON sealed.assignment TO ember_allocator")
            grant_roles(shared_out)
            with pytest.raises(InsufficientPrivilege):
                as_role(
                    shared_out, "ember_allocator", "SELECT * FROM sealed.assignment"
                )
            as_role(shared_out, role, "SELECT count(*) FROM randomisation")
        finally:
            owner.execute("DROP ROLE ember_allocator")


def test_sqlite_has_no_roles(tmp_path):
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    migrate(url)

    with pytest.raises(SettingsError, match="no roles"):
        grant_roles(url)
