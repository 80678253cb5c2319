"""Consent as a state machine; green lights, delegation logs, signatures; the epoch.

What was recorded before keeps its words, and with them its digest in the audit: the
states of old are states still.
Going down, words the older version does not have become the nearest that allows less.

Revision: 0007.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OLD = ("asked", "given", "refused", "withdrawn")
_NEW = (
    "asked",
    "waived",
    "informed",
    "deferred",
    "given",
    "regained_capacity",
    "refused",
    "died_before_consent",
    "withdrawn",
)
_NEAREST = {
    "waived": "asked",
    "informed": "asked",
    "deferred": "asked",
    "regained_capacity": "asked",
    "died_before_consent": "withdrawn",
}
_TABLES = ("green_light", "delegation", "eligibility_signature")


def upgrade() -> None:
    """Add words, columns and tables that only grow."""
    op.add_column(
        "consent_revision",
        sa.Column(
            "deadline",
            sa.DateTime(timezone=True),
            comment="Deferred: by when to ask, UTC.",
        ),
    )
    op.add_column(
        "consent_revision",
        sa.Column(
            "scopes",
            sa.Text(),
            comment="Withdrawn: what was taken; null takes everything.",
        ),
    )
    op.add_column(
        "randomisation",
        sa.Column(
            "epoch", sa.Text(), comment="Calendar epoch, frozen: month in UTC."
        ),
    )
    _know_words(_OLD, _NEW)
    _make_green_lights()
    _make_delegations()
    _make_signatures()
    for table in _TABLES:
        _only_append(table)


def downgrade() -> None:
    """Take it back; logs, signatures and green lights are forgotten."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    _with_triggers_off("consent_revision", _become_nearest)
    _know_words(_NEW, _OLD)
    op.drop_column("randomisation", "epoch")
    op.drop_column("consent_revision", "scopes")
    op.drop_column("consent_revision", "deadline")


def _become_nearest() -> None:
    for word, nearest in _NEAREST.items():
        op.execute(
            f"UPDATE consent_revision SET state = '{nearest}' WHERE state = '{word}'"
        )


def _know_words(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let the state be one of these.

    SQLite cannot change a check of a table it has, and to make the table anew would
    cut the references to it; its own way for a check, which touches no row, is to edit
    the schema's text (sqlite.org/lang_altertable.html, section 7).
    """
    if op.get_bind().dialect.name == "postgresql":
        name = op.f("ck_consent_revision_state")
        op.drop_constraint(name, "consent_revision", type_="check")
        op.create_check_constraint(name, "consent_revision", f"state IN {after}")
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    done = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) "
        "WHERE type = 'table' AND name = 'consent_revision' AND instr(sql, ?)",
        (f"state IN {before}", f"state IN {after}", f"state IN {before}"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if done.rowcount != 1:
        raise RuntimeError("The check of consent_revision.state is not as expected.")


def _with_triggers_off(table: str, act: Callable[[], None]) -> None:
    """What only grows is changed by nobody but a migration that goes down."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        act()
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
        return
    op.execute(f"DROP TRIGGER append_only_{table}_update")
    act()
    _refuse("UPDATE", table)


def _make_green_lights() -> None:
    op.create_table(
        "green_light",
        _text("light_id", "Identity of the revision."),
        _text("trial", "Trial."),
        _text("site", "Site."),
        _number("revision", "Number of the revision."),
        sa.Column(
            "given", sa.Boolean(), nullable=False, comment="False where it was revoked."
        ),
        _text("reason", "Why."),
        _text("actor", "Who gave or revoked it."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("light_id", name=op.f("pk_green_light")),
        sa.UniqueConstraint(
            "trial",
            "site",
            "revision",
            name=op.f("uq_green_light_trial_site_revision"),
        ),
        comment="Which site may recruit for which trial; the highest revision counts.",
    )


def _make_delegations() -> None:
    op.create_table(
        "delegation",
        _text("delegation_id", "Identity of the revision."),
        _text("entry", "Identity of the entry."),
        _number("revision", "Number of the revision."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("person", "To whom."),
        _text("duties", "What."),
        _moment("starts_at", "From when, UTC."),
        _moment("ends_at", "First moment it holds no more, UTC.", nullable=True),
        _moment("recorded_at", "When it was recorded, UTC."),
        _text("actor", "By whom."),
        _text("reason", "Reason, where one was told.", nullable=True),
        sa.PrimaryKeyConstraint("delegation_id", name=op.f("pk_delegation")),
        sa.UniqueConstraint(
            "entry", "revision", name=op.f("uq_delegation_entry_revision")
        ),
        comment="Delegation logs; the highest revision of an entry counts.",
    )


def _make_signatures() -> None:
    op.create_table(
        "eligibility_signature",
        _text("signature_id", "Identity."),
        _text("screening_id", "Screening it is under."),
        _number("number", "Number under this screening."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _number("screening_revision", "Revision the signer had before them."),
        _text("protocol_hash", "Protocol it was signed for."),
        _text("signed", "SHA-256 of verdict, answers and stratum as signed."),
        _text("signer", "Who signed."),
        _moment("signed_at", "When, UTC."),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_eligibility_signature")),
        sa.UniqueConstraint(
            "screening_id",
            "number",
            name=op.f("uq_eligibility_signature_screening_id_number"),
        ),
        comment="Signatures under eligibility; the latest of a screening counts.",
    )


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _number(name: str, comment: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, comment=comment)


def _moment(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def _only_append(table: str) -> None:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ember_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ember_refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        _refuse(act, table)


def _refuse(act: str, table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only_{table}_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
