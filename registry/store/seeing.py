"""Let a connection see, until its transaction ends, what one person may see.

On PostgreSQL the transaction takes the role `ember_person`, whose policies are by
`row_rules`. On SQLite views of the same rules stand before the tables.
"""

from __future__ import annotations

from sqlalchemy import Connection, Date, Integer, Text, column, table, text

from registry.domain.role_matrix import MATRIX, places_of
from registry.domain.roles import Person, Surface
from registry.store.blinding import given_outcomes, hidden_outcomes
from registry.store.row_rules import (
    READER_NAME,
    RULES,
    SCOPE,
    UNTOLD,
    RowRule,
    arms_condition,
    condition,
)
from registry.store.rows.allocation import OPEN_LABEL
from registry.store.rows.kits import CONTENTS
from registry.store.rows.unblindings import NOTES
from streams.vocabulary.errors import ErrorCode, Refused


PERSON = "ember_person"
"""The role that sees by policy."""
ANY_ARM = "any_arm"
ANY_ARMS = table(ANY_ARM, column("randomisation_id", Text), column("arm", Text))
"""A view of all arms, the blinded ones among them; in a person's transactions alone."""
SEEN_NOTES = table(NOTES, column("unblinding_id", Text), column("note", Text))
"""A view of why blinds were broken, in words; in a person's transactions alone."""

STOCK = "stock_by_arm"
SEEN_STOCK = table(
    STOCK,
    *(column(name, Text) for name in ("trial", "domain", "site", "arm", "state")),
    column("expires_on", Date),
    column("kits", Integer),
)
"""A view of how many kits of each arm stand where; in a person's transactions alone."""


def see_as(connection: Connection, person: Person) -> None:
    """From here to the end of the transaction, rows of others are as if they were not.

    On SQLite the transaction is to be rolled back, and the views with it. Raises
    `Refused` EMB-399 where PostgreSQL keeps no rights, or the login is another's.
    """
    if connection.dialect.name == "postgresql":
        _take_role(connection, person)
    else:
        _put_views(connection, person)


def _take_role(connection: Connection, person: Person) -> None:
    """A process takes the role for as long as it reads; a person's login has it."""
    if not connection.scalar(_MEMBER):
        raise Refused(
            ErrorCode.ROLES_NOT_KEPT,
            "The database has no role for people, or this login is not one of it.",
            "Run `ember migrate --roles`, and see `deploy/docs/roles.md`.",
        )
    if connection.scalar(_READS_FOR) is None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {PERSON}")
        connection.execute(_SAY, {"name": person.name})
    connection.exec_driver_sql("SET LOCAL search_path = seen, public")
    if connection.scalar(_READS_FOR) != person.name:
        raise Refused(
            ErrorCode.ROLES_NOT_KEPT,
            f"The database's login is not that of {person.name!r}.",
            "Log in as yourself, or say who you are: `--as`.",
        )


_MEMBER = text(
    f"SELECT pg_has_role(session_user, to_regrole('{PERSON}')::oid, 'MEMBER')"
)
_READS_FOR = text("SELECT public.ember_whose()")
_SAY = text("SELECT set_config('ember.person', :name, true)")


def _put_views(connection: Connection, person: Person) -> None:
    _fill(connection, person)
    for name, rule in RULES.items():
        _put(connection, name, f"SELECT * FROM main.{name}", _where(name, rule))
    _put(
        connection,
        OPEN_LABEL,
        f"SELECT arms.* FROM main.{OPEN_LABEL} AS arms "
        "JOIN main.randomisation AS drawn USING (randomisation_id)",
        arms_condition(Surface.OPEN_ARMS, "sqlite"),
    )
    _put(
        connection,
        ANY_ARM,
        "SELECT arms.randomisation_id, arms.arm FROM main.sealed_assignment AS arms "
        "JOIN main.randomisation AS drawn USING (randomisation_id)",
        arms_condition(Surface.BLINDED_ARMS, "sqlite"),
    )
    _put(
        connection,
        NOTES,
        f"SELECT kept.unblinding_id, kept.note FROM main.sealed_{NOTES} AS kept "
        "JOIN main.unblinding AS drawn USING (unblinding_id)",
        arms_condition(Surface.BLINDED_ARMS, "sqlite"),
    )
    _put(
        connection,
        STOCK,
        "SELECT drawn.trial, drawn.domain, drawn.site, held.arm, drawn.state, "
        "label.expires_on, count(*) AS kits FROM main.kit_stock AS drawn "
        f"JOIN main.kit AS label USING (kit) JOIN main.sealed_{CONTENTS} AS held USING (kit)",
        f"{arms_condition(Surface.KIT_CONTENTS, 'sqlite')} GROUP BY 1, 2, 3, 4, 5, 6",
    )
    for sealed in (
        *("sealed_assignment", f"sealed_{CONTENTS}", f"sealed_{NOTES}"),
        "vault_identifier",
    ):
        _put(connection, sealed, f"SELECT * FROM main.{sealed}", "0")


def _where(name: str, rule: RowRule | None) -> str:
    return "0" if rule is None else condition(name, rule, "sqlite")


def _put(connection: Connection, name: str, rows: str, where: str) -> None:
    connection.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {rows} WHERE {where}")


def _fill(connection: Connection, person: Person) -> None:
    """Who reads, where they see what, and which outcomes tell an arm."""
    held = [
        (surface.value, place.site, place.trial)
        for surface in MATRIX
        for place in sorted(places_of(person, surface))
    ]
    hidden = hidden_outcomes(connection)
    untold = [(*one, one in hidden) for one in sorted(given_outcomes(connection))]
    for name, columns, rows in (
        (READER_NAME, ("name",), [(person.name,)]),
        (SCOPE, ("surface", "site", "trial"), held),
        (UNTOLD, ("trial", "outcome", "to_all"), untold),
    ):
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} ({', '.join(columns)})")
        places = ", ".join("?" for _ in columns)
        if rows:
            connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({places})", rows)
