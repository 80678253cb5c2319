"""Who may touch what on PostgreSQL: four group roles that own nothing.

| role | may |
| --- | --- |
| `ember_registry` | act on everything but the arms, which it can neither read nor write |
| `ember_allocator` | the same, and add and read arms |
| `ember_reader` | read everything but the arms |
| `ember_vault` | keep and open identifiers, read the archive, and write the audit |

Only `ember_vault` sees identifiers, and then sealed: it opens them with the key.

None may change or remove what is append-only; the triggers refuse it to owners too.
A login role is made a member of one of them by the site's administrator.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from registry.store.engine import database_url, make_engine
from registry.store.migrate import reachable
from registry.store.rows.allocation import SEALED
from registry.store.rows.base import Row
from registry.store.rows.identity import VAULT
from registry.store.schema import APPEND_ONLY
from streams.vocabulary.errors import ErrorCode, SettingsError


REGISTRY = "ember_registry"
ALLOCATOR = "ember_allocator"
READER = "ember_reader"
KEEPER = "ember_vault"


def grant_roles(url: str) -> None:
    """Make the roles where they are missing, and grant them what is theirs.

    Needs the right to make roles, and the owner of the tables; may be repeated.
    Raises `SettingsError` EMB-402 for a database without roles.
    """
    engine = make_engine(database_url(url))
    if engine.dialect.name != "postgresql":
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "SQLite has no roles: one file holds everything.",
            "Use PostgreSQL where the arms must be kept apart.",
        )
    try:
        with reachable(engine) as connection:
            _grant(connection)
            connection.commit()
    finally:
        engine.dispose()


def _grant(connection: Connection) -> None:
    for role in (REGISTRY, ALLOCATOR, READER, KEEPER):
        if not _exists(connection, role):
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
    everybody = f"{REGISTRY}, {ALLOCATOR}, {READER}, {KEEPER}"
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {everybody}")
    for table in sorted(Row.metadata.tables):
        for grant in _grants_on(table):
            connection.exec_driver_sql(grant)
    arms = f"{SEALED}.assignment"
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {SEALED} TO {ALLOCATOR}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT ON {arms} TO {ALLOCATOR}")
    for grant in _OF_THE_VAULT:
        connection.exec_driver_sql(f"GRANT {grant} TO {KEEPER}")


_OF_THE_VAULT = (
    f"USAGE ON SCHEMA {VAULT}",
    f"SELECT, INSERT, UPDATE ON {VAULT}.identifier",
    "SELECT, INSERT ON audit_event, inbox",
    "SELECT, INSERT, UPDATE ON audit_head",
    "SELECT ON clinical_event, participant, randomisation",
)


def _grants_on(table: str) -> tuple[str, ...]:
    """A lock wants the right to update; only what changes is ever locked."""
    changing = table not in APPEND_ONLY
    acts = "SELECT, INSERT, UPDATE" if changing else "SELECT, INSERT"
    acts = f"{acts}, DELETE" if table in _SHRINKING else acts
    return (
        f"GRANT {acts} ON {table} TO {REGISTRY}, {ALLOCATOR}",
        f"GRANT SELECT ON {table} TO {READER}",
    )


_SHRINKING = ("patient_state", "dead_letter")
"""Tables from which rows go, by the pipeline or by their age."""


def _exists(connection: Connection, role: str) -> bool:
    query = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    return connection.scalar(query, {"role": role}) is not None
