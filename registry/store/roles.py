"""Who may touch what on PostgreSQL: group roles that own nothing.

| role | may |
| --- | --- |
| `ember_registry` | act on everything but randomisations, which it may read, and the arms, of which it sees those of open-label domains |
| `ember_signer` | randomise: it alone adds randomisations and arms, reads arms, and lets one be seen that is hidden |
| `ember_reader` | read everything but the arms that are hidden |
| `ember_vault` | keep and open identifiers, read the archive, and write the audit |
| `ember_person` | read what the roles of one person in the trial let them see |
| `ember_unblinded` | beside that, read arms of blinded domains, or stock by arm, where such a role lets them |

Only `ember_vault` sees identifiers, and then sealed: it opens them with the key.
The signer may do nothing that randomising does not need: it sets no mode, activates no
protocol, records no consent.

The first four are for processes: row-level security lets them pass. To the last two it
shows the rows of `registry.store.row_rules`, by who is logged in.

None may change or remove what is append-only; the triggers refuse it to owners too.
A login role is made a member of one of them by the site's administrator.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from registry.store.engine import database_url, make_engine
from registry.store.migrate import reachable
from registry.store.row_rules import RULES, condition
from registry.store.rows.allocation import OPEN_LABEL, SEALED
from registry.store.rows.base import Row
from registry.store.rows.identity import VAULT
from registry.store.rows.kits import CONTENTS
from registry.store.rows.unblindings import NOTES
from registry.store.schema import APPEND_ONLY
from registry.store.seeing import ANY_ARM, PERSON, STOCK
from streams.vocabulary.errors import ErrorCode, SettingsError


REGISTRY = "ember_registry"
SIGNER = "ember_signer"
READER = "ember_reader"
KEEPER = "ember_vault"
UNBLINDED = "ember_unblinded"


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
    for role in (REGISTRY, SIGNER, READER, KEEPER):
        if not _exists(connection, role):
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
    _retire(connection)
    everybody = f"{REGISTRY}, {SIGNER}, {READER}, {KEEPER}"
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {everybody}")
    for table in sorted(Row.metadata.tables):
        for grant in _grants_on(table):
            connection.exec_driver_sql(grant)
    seers = f"{REGISTRY}, {READER}, {SIGNER}"
    connection.exec_driver_sql(f"GRANT SELECT ON {OPEN_LABEL} TO {seers}")
    for grant in _OF_THE_SIGNER:
        connection.exec_driver_sql(f"GRANT {grant} TO {SIGNER}")
    for grant in _OF_THE_VAULT:
        connection.exec_driver_sql(f"GRANT {grant} TO {KEEPER}")
    _let_people_see(connection)


def _let_people_see(connection: Connection) -> None:
    """Row-level security on every table: all to processes, to people by the rules."""
    people = f"{PERSON}, {UNBLINDED}"
    for role in (PERSON, UNBLINDED):
        if not _exists(connection, role):
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
    for grant in (
        f"USAGE ON SCHEMA public, seen TO {people}",
        f"SELECT ON alembic_version, seen.{OPEN_LABEL} TO {PERSON}",
        f"SELECT ON seen.{ANY_ARM}, seen.{NOTES}, seen.{STOCK} TO {UNBLINDED}",
        f"{PERSON} TO {REGISTRY}, {READER}, {UNBLINDED}",
    ):
        connection.exec_driver_sql(f"GRANT {grant}")
    processes = f"{REGISTRY}, {SIGNER}, {READER}, {KEEPER}"
    for table in sorted(Row.metadata.tables):
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS of_processes ON {table}",
            f"DROP POLICY IF EXISTS of_people ON {table}",
            f"CREATE POLICY of_processes ON {table} TO {processes} {_ALL}",
        ):
            connection.exec_driver_sql(statement)
        rule = RULES[table]
        if rule is not None:
            shown = condition(table, rule, "postgresql")
            connection.exec_driver_sql(
                f"CREATE POLICY of_people ON {table} FOR SELECT TO {PERSON} "
                f"USING ({shown})"
            )
            connection.exec_driver_sql(f"GRANT SELECT ON {table} TO {PERSON}")


def _retire(connection: Connection) -> None:
    """What the signer does now was once a right of the application beside it."""
    for table in _OF_RANDOMISATION:
        connection.exec_driver_sql(f"REVOKE INSERT, UPDATE ON {table} FROM {REGISTRY}")
    if _exists(connection, _RETIRED):
        for what in (
            f"{SEALED}.assignment",
            f"SCHEMA {SEALED}",
            "ALL TABLES IN SCHEMA public",
        ):
            connection.exec_driver_sql(f"REVOKE ALL ON {what} FROM {_RETIRED}")


_ALL = "USING (true) WITH CHECK (true)"
_RETIRED = "ember_allocator"
_OF_RANDOMISATION = (
    *("randomisation_request", "allocator", "randomisation", "domain_answer"),
    *("kit_list", "kit", "kit_stock", "kit_event"),
    *("unblinding", "sealed_opening", "arm_reveal"),
)
"""Tables that only the signer writes, beside the arms.

A row of `arm_reveal` opens the view of open arms: whoever adds one sees an arm.
Whoever changes a row of `kit_stock`, or holds it, decides between which kits the signer
looks for one of each arm, and a refusal then tells whether these hold the same.
"""

_OF_THE_SIGNER = (
    f"USAGE ON SCHEMA {SEALED}",
    f"SELECT, INSERT ON {SEALED}.assignment",
    "SELECT, INSERT ON randomisation_request, randomisation, domain_answer",
    "SELECT, INSERT ON unblinding, sealed_opening, arm_reveal, rehearsal",
    "SELECT ON sealed_list",
    "SELECT, INSERT, UPDATE ON allocator",
    f"SELECT, INSERT ON {SEALED}.{CONTENTS}, {SEALED}.{NOTES}",
    "SELECT, INSERT ON kit_list, kit, kit_event",
    "SELECT, INSERT, UPDATE ON kit_stock",
    # A lock wants the right to update; a column that none may change will do.
    "SELECT ON trial_domain, participant, consent_revision, human_answer, opt_out",
    "SELECT ON screening_revision, clinical_event, mode_revision, protocol_version",
    "SELECT ON green_light, delegation, eligibility_signature, recruitment_pause",
    "SELECT ON allocation_vector, allocation_exclusion, role_grant",
    "UPDATE (domain) ON trial_domain",
    # The act closes and withholds alerts, tells of it, and is audited.
    "SELECT, INSERT, UPDATE ON alert, outbox, audit_head",
    "SELECT, INSERT ON alert_event, audit_event",
)

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
    acts = "SELECT" if table in _OF_RANDOMISATION else acts
    return (
        f"GRANT {acts} ON {table} TO {REGISTRY}",
        f"GRANT SELECT ON {table} TO {READER}",
    )


_SHRINKING = ("patient_state", "dead_letter")
"""Tables from which rows go, by the pipeline or by their age."""


def _exists(connection: Connection, role: str) -> bool:
    query = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    return connection.scalar(query, {"role": role}) is not None
