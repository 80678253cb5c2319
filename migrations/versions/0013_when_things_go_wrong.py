"""Broken blinds, randomisations in error, sealed lists and what was
opened of them, rehearsals.

Revision: 0013.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = ("unblinding", "misrandomisation", "sealed_list", "sealed_opening", "rehearsal")


def upgrade() -> None:
    """Make the tables; all of them only grow."""
    op.create_table(
        "unblinding",
        _text("unblinding_id", "Identity."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _text("participant", "Participant."),
        _text("randomisation_id", "Whose arm was told."),
        _number("number", "Number for this randomisation, from 1."),
        _text("reason", "Why."),
        _text("actor", "To whom the arm was told."),
        _text("authenticated_by", "How they showed that it is them."),
        _flag("sponsor_told", "Whether the sponsor knew before."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("unblinding_id", name=op.f("pk_unblinding")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_unblinding_randomisation_id_randomisation"),
        ),
        sa.UniqueConstraint(
            "randomisation_id",
            "number",
            name=op.f("uq_unblinding_randomisation_id_number"),
        ),
        comment="For whom the blind was broken, by whom and why; never an arm.",
    )
    op.create_index(
        op.f("ix_unblinding_trial_domain"), "unblinding", ["trial", "domain"]
    )
    op.create_table(
        "misrandomisation",
        _text("misrandomisation_id", "Identity."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _text("participant", "Participant."),
        _number("number", "Number for this randomisation, from 1."),
        _text("kind", "What went wrong."),
        _text("randomisation_id", "Which randomisation."),
        _text("deviation_id", "The deviation that tells of it."),
        _flag("in_error", "Whether it counts no more where counts steer draws."),
        _text("true_values", "What was true, name and value, JSON."),
        _text("received", "What was given instead; no arm if hidden.", optional=True),
        _text("first", "The participant whose allocation counts.", optional=True),
        _text("actor", "Who recorded it."),
        _moment("recorded_at", "When, UTC."),
        sa.PrimaryKeyConstraint("misrandomisation_id", name=op.f("pk_misrandomisation")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_misrandomisation_randomisation_id_randomisation"),
        ),
        sa.ForeignKeyConstraint(
            ["deviation_id"],
            ["deviation.deviation_id"],
            name=op.f("fk_misrandomisation_deviation_id_deviation"),
        ),
        sa.UniqueConstraint(
            "randomisation_id",
            "number",
            name=op.f("uq_misrandomisation_randomisation_id_number"),
        ),
        comment="What went wrong in a randomisation, and what was true.",
    )
    op.create_index(
        op.f("ix_misrandomisation_trial_domain"),
        "misrandomisation",
        ["trial", "domain"],
    )
    op.create_table(
        "sealed_list",
        _text("list_id", "Identity; it is on every page."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _number("first_no", "Number of the first page."),
        _text("ratio", "Arms and shares it was drawn by, JSON."),
        _flag("blinded", "Whether the arms are hidden."),
        _text("key_commitment", "SHA-256 of the custodian's key."),
        _text("commitments", "SHA-256 of nonce and arm of each page, JSON."),
        _text("actor", "Who made it."),
        _moment("made_at", "When, UTC."),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_sealed_list")),
        sa.UniqueConstraint(
            *("trial", "domain", "site", "first_no"),
            name=op.f("uq_sealed_list_trial_domain_site_first_no"),
        ),
        comment="Lists a custodian holds on paper; what commits to them, never an arm.",
    )
    op.create_table(
        "sealed_opening",
        _text("opening_id", "Identity."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _text("list_id", "Its list."),
        _number("envelope", "Number of the page."),
        _text("participant", "Participant, as told."),
        _moment("opened_at", "When it was opened, as told, UTC."),
        _text("opened_by", "Who opened it, as told."),
        _text("told_commitment", "SHA-256 of nonce and arm as told."),
        _moment("outage_from", "Begin of the outage, as told, UTC."),
        _moment("outage_until", "Its end, as told, UTC."),
        _text("findings", "What does not fit, JSON."),
        _text("randomisation_id", "What it was entered as.", optional=True),
        sa.Column(
            "counts_from_no",
            sa.Integer(),
            nullable=True,
            comment="Number of the domain from which on minimisation counts it.",
        ),
        _text("actor", "Who entered it."),
        _moment("recorded_at", "When it was entered, UTC."),
        sa.PrimaryKeyConstraint("opening_id", name=op.f("pk_sealed_opening")),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["sealed_list.list_id"],
            name=op.f("fk_sealed_opening_list_id_sealed_list"),
        ),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_sealed_opening_randomisation_id_randomisation"),
        ),
        sa.UniqueConstraint(
            "randomisation_id", name=op.f("uq_sealed_opening_randomisation_id")
        ),
        comment="Pages of sealed lists as they were told to be opened; never an arm.",
    )
    op.create_index(
        op.f("ix_sealed_opening_list_id"), "sealed_opening", ["list_id"]
    )
    op.create_table(
        "rehearsal",
        _text("rehearsal_id", "Identity."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _text("code", "Code of the decoy."),
        _number("number", "Number of the decoy at the site, from 1."),
        _text("act", "What was rehearsed."),
        _number("turn", "Number of the act with this decoy, from 1."),
        _text("ratio", "Arms and shares as they stood, JSON."),
        _flag("blinded", "Whether the domain hides its arms."),
        _text("kit", "Code of a kit that is on no shelf."),
        _text("reason", "Why; empty of a draw."),
        _text("actor", "Who rehearsed."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("rehearsal_id", name=op.f("pk_rehearsal")),
        sa.UniqueConstraint("code", "turn", name=op.f("uq_rehearsal_code_turn")),
        comment="Acts rehearsed with decoys; counted nowhere, true of nobody.",
    )
    for table in _TABLES:
        _only_append(table)


def downgrade() -> None:
    """Take them back; who broke a blind is then in the audit alone."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _text(name: str, comment: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional, comment=comment)


def _number(name: str, comment: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, comment=comment)


def _flag(name: str, comment: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, comment=comment)


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
        op.execute(
            f"CREATE TRIGGER append_only_{table}_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
