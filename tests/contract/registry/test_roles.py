"""On PostgreSQL the arms have a role of their own."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from registry.store.migrate import migrate
from registry.store.roles import ALLOCATOR, READER, REGISTRY, grant_roles
from registry.store.unit_of_work import open_registry
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import SettingsError


pytestmark = pytest.mark.postgres


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
    ],
)
def test_the_arms_are_closed_to_whoever_is_not_the_allocator(
    shared_out, role, statement
):
    with pytest.raises(InsufficientPrivilege):
        as_role(shared_out, role, statement)


@pytest.mark.parametrize("role", [REGISTRY, ALLOCATOR, READER])
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


def test_the_allocator_runs_the_whole_registry_and_a_reader_reads_it(
    shared_out, postgres, bedside_of
):
    for login, role in (("allocator_app", ALLOCATOR), ("reader_app", READER)):
        postgres.run(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
    allocator = open_registry(shared_out.replace("ember@", "allocator_app@"))
    reader = open_registry(shared_out.replace("ember@", "reader_app@"))
    try:
        bedside = bedside_of(allocator)
        bedside.open_trial()
        bedside.hear(bedside.onset(), bedside.outcome())
        bedside.admit("p1", "p2")
        first = bedside.randomise("p1")
        assert bedside.randomise("p1").arm == first.arm
        with reader.reading() as views:
            assert [row.arm for row in views.participants()] == [None, None]
            assert views.flow()[0].randomised == 1
            (then,) = views.flow_at(bedside.noon + HOUR)
            assert (then.by_arm, then.arm_not_shown) == ((), 1)
        with reader.extracts() as extracts:
            assert not extracts.may_see_arms()
        with allocator.extracts() as extracts:
            assert extracts.may_see_arms()
    finally:
        allocator.close()
        reader.close()
        for login in ("allocator_app", "reader_app"):
            postgres.run(f"DROP ROLE {login}")


def test_sqlite_has_no_roles(tmp_path):
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    migrate(url)

    with pytest.raises(SettingsError, match="no roles"):
        grant_roles(url)
