"""A kit may be sent away from a site.

Revision: 0017.
"""

from __future__ import annotations

from collections.abc import Callable

from alembic import op


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ACTS_BEFORE = (
    *("receive", "reserve", "dispense", "return", "damage", "quarantine"),
    *("release", "replace"),
)
_ACTS = (*_ACTS_BEFORE[:-1], "transfer", "replace")


def upgrade() -> None:
    """Let the act be a transfer."""
    _know_acts(_ACTS_BEFORE, _ACTS)


def downgrade() -> None:
    """A transfer becomes the nearest act there is, a return; its state tells the rest.

    The kit stands where it stood; `ember audit verify` finds the event changed.
    """
    _with_triggers_off(
        "kit_event",
        lambda: op.execute("UPDATE kit_event SET act = 'return' WHERE act = 'transfer'"),
    )
    _know_acts(_ACTS, _ACTS_BEFORE)


def _know_acts(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let the act be one of these.

    SQLite cannot change a check of a table it has; its own way, which touches no row,
    is to edit the schema's text (sqlite.org/lang_altertable.html, section 7).
    """
    if op.get_bind().dialect.name == "postgresql":
        name = op.f("ck_kit_event_act")
        op.drop_constraint(name, "kit_event", type_="check")
        op.create_check_constraint(name, "kit_event", f"act IN {after}")
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    done = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) "
        "WHERE type = 'table' AND name = 'kit_event' AND instr(sql, ?)",
        (f"act IN {before}", f"act IN {after}", f"act IN {before}"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if done.rowcount != 1:
        raise RuntimeError("The check of kit_event.act is not as expected.")


def _with_triggers_off(table: str, act: Callable[[], None]) -> None:
    """What only grows is changed by nobody but a migration that goes down."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        act()
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
        return
    op.execute(f"DROP TRIGGER append_only_{table}_update")
    act()
    op.execute(
        f"CREATE TRIGGER append_only_{table}_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
