"""Apart from the rest: words that may name an arm, and what was given instead of one.

Revision: 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_GIVEN = "misrandomisation_received"


def upgrade() -> None:
    """Reasons of before become notes, and their code is `other`; nothing is lost."""
    _make_notes()
    op.execute(
        f"INSERT INTO {_notes()} SELECT unblinding_id, reason, '' FROM unblinding"
    )
    _change("UPDATE unblinding SET reason = 'other'", "unblinding", "update")
    _explain("unblinding.reason", "Why, by its code.")
    _make_given()
    op.execute(
        f"INSERT INTO {_GIVEN} SELECT misrandomisation_id, received "
        "FROM misrandomisation WHERE received IS NOT NULL"
    )
    op.drop_column("misrandomisation", "received")


def downgrade() -> None:
    """Put them back; notes beside a code are lost, and their digests dangle."""
    op.add_column(
        "misrandomisation",
        sa.Column(
            "received",
            sa.Text(),
            nullable=True,
            comment="What was given instead; no arm if hidden.",
        ),
    )
    _change(
        f"UPDATE misrandomisation SET received = (SELECT given.received FROM {_GIVEN} "
        "AS given WHERE given.misrandomisation_id = misrandomisation.misrandomisation_id)",
        "misrandomisation",
        "update",
    )
    op.drop_table(_GIVEN)
    notes = _notes()
    _change(
        f"UPDATE unblinding SET reason = (SELECT kept.note FROM {notes} AS kept "
        "WHERE kept.unblinding_id = unblinding.unblinding_id) "
        f"WHERE unblinding_id IN (SELECT unblinding_id FROM {notes} WHERE nonce = '')",
        "unblinding",
        "update",
    )
    _explain("unblinding.reason", "Why.")
    if _postgresql():
        op.execute("DROP VIEW seen.unblinding_note")
    op.execute(f"DROP TABLE {notes}")


_SEEN = """
    CREATE VIEW seen.unblinding_note WITH (security_barrier) AS
    SELECT kept.unblinding_id, kept.note
    FROM sealed.unblinding_note AS kept
    JOIN public.unblinding AS broken USING (unblinding_id)
    WHERE EXISTS (
        SELECT FROM public.ember_scope(ARRAY['unblinded_statistician', 'dsmb']) AS held
        WHERE held.site IN ('*', broken.site) AND held.trial IN ('*', broken.trial)
    )
"""


def _make_notes() -> None:
    name = "unblinding_note" if _postgresql() else "sealed_unblinding_note"
    op.create_table(
        name,
        _text("unblinding_id", "Which broken blind."),
        _text("note", "Why, in words."),
        _text(
            "nonce",
            "What hides the words in their digest; empty of a reason of before codes.",
        ),
        sa.PrimaryKeyConstraint("unblinding_id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(
            ["unblinding_id"],
            ["unblinding.unblinding_id"],
            name=op.f(f"fk_{name}_unblinding_id_unblinding"),
        ),
        schema="sealed" if _postgresql() else None,
        comment="Why a blind was broken, in words, which may name an arm.",
    )
    _only_append(_notes())
    if _postgresql():
        op.execute(_SEEN)


def _make_given() -> None:
    op.create_table(
        _GIVEN,
        _text("misrandomisation_id", "Which randomisation in error."),
        _text("received", "What was given instead; no arm if hidden."),
        sa.PrimaryKeyConstraint("misrandomisation_id", name=op.f(f"pk_{_GIVEN}")),
        sa.ForeignKeyConstraint(
            ["misrandomisation_id"],
            ["misrandomisation.misrandomisation_id"],
            name=op.f(f"fk_{_GIVEN}_misrandomisation_id_misrandomisation"),
        ),
        comment="What was given instead of what was assigned, for who may know arms.",
    )
    _only_append(_GIVEN)


def _notes() -> str:
    return "sealed.unblinding_note" if _postgresql() else "sealed_unblinding_note"


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _text(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _explain(column: str, words: str) -> None:
    if _postgresql():
        op.execute(f"COMMENT ON COLUMN {column} IS '{words}'")


def _change(statement: str, table: str, act: str) -> None:
    """What the triggers refuse to everybody else."""
    if _postgresql():
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        op.execute(statement)
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
        return
    op.execute(f"DROP TRIGGER append_only_{table}_{act}")
    op.execute(statement)
    _refuse(table, act.upper())


def _only_append(table: str) -> None:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if _postgresql():
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
        _refuse(table, act)


def _refuse(table: str, act: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only_{table}_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
