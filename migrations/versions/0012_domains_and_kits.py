"""What acts over several domains answered, reveals of arms, and kits.

Revision: 0012.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ANSWERS = (
    *("drawn", "drawn_before", "not_eligible", "excluded", "too_late"),
    *("no_consent", "paused", "no_stock", "waiting", "shut"),
)


_STATES = (
    *("depot", "available", "reserved", "dispensed", "returned", "damaged"),
    *("quarantined", "replaced"),
)
_ACTS = (
    *("receive", "reserve", "dispense", "return", "damage", "quarantine"),
    *("release", "replace"),
)


def upgrade() -> None:
    """Make the tables."""
    _make_answers()
    _make_reveals()
    _make_lists()
    _make_stock()
    _make_contents()


def downgrade() -> None:
    """Take them back; what was drawn stays drawn, and of kits nothing is known."""
    if _postgresql():
        op.drop_table("kit_content", schema="sealed")
    else:
        op.drop_table("sealed_kit_content")
    for table in ("kit_event", "kit_stock", "kit", "kit_list", "domain_answer"):
        op.drop_table(table)
    _show_arms("")
    op.drop_table("arm_reveal")
    op.drop_column("randomisation", "deferred")


def _make_reveals() -> None:
    op.add_column(
        "randomisation",
        sa.Column(
            "deferred",
            sa.Boolean(),
            nullable=True,
            comment="Whether the arm is told only when it is revealed.",
        ),
    )
    op.create_table(
        "arm_reveal",
        _text("randomisation_id", "Whose arm."),
        _text("trial", "Trial."),
        _text("site", "Site."),
        _text("domain", "Domain."),
        _text("participant", "Participant."),
        _text("reason", "Why then.", nullable=True),
        _text("actor", "Who revealed it."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("randomisation_id", name=op.f("pk_arm_reveal")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_arm_reveal_randomisation_id_randomisation"),
        ),
        comment="Since when the arm of a deferred domain is told; without it, never.",
    )
    _only_append("arm_reveal")
    no = "NOT r.deferred" if _postgresql() else "r.deferred = 0"
    _show_arms(
        f" AND (r.deferred IS NULL OR {no} OR EXISTS (SELECT 1 FROM arm_reveal v "
        "WHERE v.randomisation_id = r.randomisation_id))"
    )


def _show_arms(only: str) -> None:
    """The view of open arms anew; by its owner's rights it reads what others may not.

    Who was granted it before is granted it again: the grants go with the old view.
    """
    granted = _granted()
    op.execute("DROP VIEW open_label_arm")
    sealed = "sealed.assignment" if _postgresql() else "sealed_assignment"
    barrier = " WITH (security_barrier)" if _postgresql() else ""
    truth = "NOT r.blinded" if _postgresql() else "r.blinded = 0"
    op.execute(
        f"CREATE VIEW open_label_arm{barrier} AS "
        "SELECT a.randomisation_id, a.arm "
        f"FROM {sealed} a JOIN randomisation r "
        f"ON r.randomisation_id = a.randomisation_id WHERE {truth}{only}"
    )
    if _postgresql():
        told = "Arms that anybody may see: of a blinded domain it holds no row."
        op.execute(f"COMMENT ON VIEW open_label_arm IS '{told}'")
    for role in granted:
        op.execute(f'GRANT SELECT ON open_label_arm TO "{role}"')


def _granted() -> list[str]:
    """Who but the owner may read the view."""
    if not _postgresql():
        return []
    query = sa.text(
        "SELECT DISTINCT g.grantee FROM information_schema.role_table_grants g "
        "WHERE g.table_name = 'open_label_arm' AND g.privilege_type = 'SELECT' "
        "AND g.grantee <> g.grantor"
    )
    return [str(role) for role in op.get_bind().scalars(query)]


def _make_lists() -> None:
    op.create_table(
        "kit_list",
        _text("list_id", "Identity."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _text("contents", "SHA-256 that binds what the kits hold."),
        _text("imported_by", "Who imported it."),
        _moment("imported_at", "When, UTC."),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_kit_list")),
        comment="Lists of kits as they were imported.",
    )
    op.create_index(op.f("ix_kit_list_trial_domain"), "kit_list", ["trial", "domain"])
    op.create_table(
        "kit",
        _text("kit", "Code on the label."),
        _text("list_id", "List it came on."),
        _text("lot", "Lot."),
        sa.Column("expires_on", sa.Date(), nullable=False, comment="Last day."),
        sa.PrimaryKeyConstraint("kit", name=op.f("pk_kit")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["kit_list.list_id"], name=op.f("fk_kit_list_id_kit_list")
        ),
        comment="Labels of kits; what a kit holds is kept apart.",
    )
    op.create_index(op.f("ix_kit_list_id"), "kit", ["list_id"])
    _only_append("kit_list")
    _only_append("kit")


def _make_stock() -> None:
    op.create_table(
        "kit_stock",
        _text("kit", "Kit."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        _one_of("state", _STATES, "Where it stands."),
        _text("site", "Site it is at; empty for the depot."),
        _text("randomisation_id", "For whom it is or was reserved.", nullable=True),
        _number("number", "Number of the last event; 0 before the first."),
        sa.PrimaryKeyConstraint("kit", name=op.f("pk_kit_stock")),
        sa.ForeignKeyConstraint(["kit"], ["kit.kit"], name=op.f("fk_kit_stock_kit_kit")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_kit_stock_randomisation_id_randomisation"),
        ),
        sa.CheckConstraint(
            "number >= 0", name=op.f("ck_kit_stock_counts_from_none")
        ),
        comment="Where each kit stands; how it came there is in `kit_event`.",
    )
    op.create_index(
        op.f("ix_kit_stock_trial_domain_site_state"),
        "kit_stock",
        ["trial", "domain", "site", "state"],
    )
    op.create_index(
        op.f("ix_kit_stock_randomisation_id"), "kit_stock", ["randomisation_id"]
    )
    op.create_table(
        "kit_event",
        _text("event_id", "Identity."),
        _text("kit", "Kit."),
        _text("trial", "Trial."),
        _text("site", "Site; empty for the depot."),
        _text("domain", "Domain."),
        _number("number", "Number of the kit's events, from 1."),
        _one_of("act", _ACTS, "What was done."),
        _one_of("state", _STATES, "Where it stands since."),
        _text("randomisation_id", "For whom it is or was reserved.", nullable=True),
        _text("replaces", "Kit in whose place it was reserved.", nullable=True),
        _text("reason", "Why.", nullable=True),
        _text("actor", "Who did it."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_kit_event")),
        sa.UniqueConstraint("kit", "number", name=op.f("uq_kit_event_kit_number")),
        sa.UniqueConstraint("replaces", name=op.f("uq_kit_event_replaces")),
        sa.ForeignKeyConstraint(["kit"], ["kit.kit"], name=op.f("fk_kit_event_kit_kit")),
        comment="What was done with each kit.",
    )
    _only_append("kit_event")


def _make_contents() -> None:
    name = "kit_content" if _postgresql() else "sealed_kit_content"
    op.create_table(
        name,
        _text("kit", "Kit."),
        _text("arm", "The arm it is of."),
        _text("nonce", "What opens the list's commitment, 64 hexadecimal digits."),
        sa.PrimaryKeyConstraint("kit", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["kit"], ["kit.kit"], name=op.f(f"fk_{name}_kit_kit")),
        schema="sealed" if _postgresql() else None,
        comment="What kits hold, kept from whoever may read the rest.",
    )
    _only_append("sealed.kit_content" if _postgresql() else name)


def _postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _number(name: str, comment: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, comment=comment)


def _make_answers() -> None:
    op.create_table(
        "domain_answer",
        _text("answer_id", "Identity."),
        _text("act", "Names the act and its repeats."),
        _text("trial", "Trial."),
        _text("site", "Site."),
        _text("patient", "Pseudonym of the patient."),
        _text(
            "participant", "Participant; null of whom nobody asked.", nullable=True
        ),
        _text("episode", "Hospital stay."),
        _text("domain", "Domain."),
        _text("asked", "Domains that were named; empty for all of the trial."),
        _one_of("answer", _ANSWERS, "What became of the domain."),
        _text("obstacles", "Code, name and detail of what stood in the way, JSON."),
        _text(
            "availability",
            "Each arm, whether it was available, whether the patient was eligible; "
            "JSON.",
        ),
        _text("randomisation_id", "What was drawn, now or before.", nullable=True),
        _text("actor", "Who asked."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_domain_answer")),
        sa.UniqueConstraint("act", "domain", name=op.f("uq_domain_answer_act_domain")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_domain_answer_randomisation_id_randomisation"),
        ),
        comment="What an act over several domains answered for each, whether drawn or "
        "not.",
    )
    op.create_index(
        op.f("ix_domain_answer_trial_domain"), "domain_answer", ["trial", "domain"]
    )
    _only_append("domain_answer")


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, comment=comment)


def _one_of(name: str, members: tuple[str, ...], comment: str) -> sa.Column[str]:
    kind = sa.Enum(
        *members, name=name, native_enum=False, create_constraint=True, length=32
    )
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
