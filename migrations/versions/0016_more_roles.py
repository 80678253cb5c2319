"""Roles of the sponsor, of the custodian and of the adjudication committee.

Revision: 0016.
"""

from __future__ import annotations

from alembic import op


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BEFORE = (
    *("coordinator", "investigator", "pharmacist", "blinded_statistician"),
    *("unblinded_statistician", "dsmb", "monitor", "site_admin", "auditor"),
)
_NEW = ("sponsor", "custodian", "adjudicator")
_AFTER = (*_BEFORE, *_NEW)


def upgrade() -> None:
    """Let a grant be of these, too."""
    _know_roles(_BEFORE, _AFTER)


def downgrade() -> None:
    """Take them back; grants of them are lost, and their rows of the audit dangle."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    forget = f"DELETE FROM role_grant WHERE role IN {_NEW}"
    if postgresql:
        op.execute("ALTER TABLE role_grant DISABLE TRIGGER append_only")
        op.execute(forget)
        op.execute("ALTER TABLE role_grant ENABLE TRIGGER append_only")
    else:
        op.execute("DROP TRIGGER append_only_role_grant_delete")
        op.execute(forget)
        op.execute(
            "CREATE TRIGGER append_only_role_grant_delete BEFORE DELETE ON role_grant "
            "BEGIN SELECT RAISE(ABORT, 'role_grant is append-only'); END"
        )
    _know_roles(_AFTER, _BEFORE)


def _know_roles(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let the role be one of these; SQLite's way as in 0007."""
    if op.get_bind().dialect.name == "postgresql":
        name = op.f("ck_role_grant_role")
        op.drop_constraint(name, "role_grant", type_="check")
        op.create_check_constraint(name, "role_grant", f"role IN {after}")
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    done = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) "
        "WHERE type = 'table' AND name = 'role_grant' AND instr(sql, ?)",
        (f"role IN {before}", f"role IN {after}", f"role IN {before}"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if done.rowcount != 1:
        raise RuntimeError("The check of role_grant.role is not as expected.")
