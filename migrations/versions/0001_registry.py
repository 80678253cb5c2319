"""The registry as it begins: trial, people, allocation, verdicts, alerts, audit, stream.

Revision: 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "onset_revision",
    "screening_revision",
    "outcome_revision",
    "participant",
    "consent_revision",
    "human_answer",
    "randomisation",
    "mode_revision",
    "protocol_version",
    "alert_event",
    "audit_event",
    "replay_run",
)
"""What a monitor may ask about is appended, never changed, never removed."""


TABLES = (
    "alert",
    "allocator",
    "audit_event",
    "audit_head",
    "clinical_event",
    "human_answer",
    "inbox",
    "mode_revision",
    "onset_revision",
    "outbox",
    "outcome_revision",
    "participant",
    "patient_state",
    "protocol_version",
    "replay_run",
    "screening_revision",
    "stream_cursor",
    "trial_domain",
    "alert_event",
    "consent_revision",
    "randomisation_request",
    "randomisation",
)
"""In the order in which they can be made."""


def upgrade() -> None:
    """Make the tables, seal the arms, and let the record only grow."""
    _create_tables()
    _create_assignment()
    for table in APPEND_ONLY:
        _only_append("public", table)
    _only_append("sealed", "assignment")


def downgrade() -> None:
    """Remove everything; the triggers go with their tables."""
    if _postgresql():
        op.execute("DROP TABLE sealed.assignment")
        op.execute("DROP SCHEMA sealed")
    else:
        op.drop_table("sealed_assignment")
    for table in reversed(TABLES):
        op.drop_table(table)
    if _postgresql():
        op.execute("DROP FUNCTION ember_refuse_change()")


def _postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _create_assignment() -> None:
    """The arms: a schema of their own on PostgreSQL, which nobody may enter unasked."""
    schema = "sealed" if _postgresql() else None
    if schema:
        op.execute("CREATE SCHEMA sealed")
        op.execute("REVOKE ALL ON SCHEMA sealed FROM PUBLIC")
        op.execute("COMMENT ON SCHEMA sealed IS 'Arms; for the allocator alone.'")
    op.create_table(
        "assignment" if schema else "sealed_assignment",
        sa.Column(
            "randomisation_id", sa.Text(), nullable=False, comment="Whose arm it is."
        ),
        sa.Column("arm", sa.Text(), nullable=False, comment="The arm assigned."),
        sa.Column(
            "nonce",
            sa.Text(),
            nullable=False,
            comment="What opens the commitment to the arm, 64 hexadecimal digits.",
        ),
        sa.ForeignKeyConstraint(
            ["randomisation_id"], ["randomisation.randomisation_id"]
        ),
        sa.PrimaryKeyConstraint("randomisation_id"),
        schema=schema,
        comment="The arms, kept from whoever may read the rest.",
    )


def _only_append(schema: str, table: str) -> None:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if _postgresql():
        _only_append_on_postgresql(f"{schema}.{table}" if schema == "sealed" else table)
        return
    name = f"sealed_{table}" if schema == "sealed" else table
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER append_only_{name}_{act.lower()} BEFORE {act} ON {name} "
            f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
        )


def _only_append_on_postgresql(table: str) -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION ember_refuse_change() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END
        $$
        """
    )
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ember_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ember_refuse_change()"
    )


def _create_tables() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.Text(), nullable=False, comment="Identity."),
        sa.Column(
            "screening_id", sa.Text(), nullable=False, comment="Screening it speaks of."
        ),
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain."),
        sa.Column("episode", sa.Text(), nullable=False, comment="Hospital stay."),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "suppressed",
                "acted",
                "expired",
                "retracted",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where it stands.",
        ),
        sa.Column(
            "suppressed",
            sa.Enum(
                "mode_silent",
                "provenance_history",
                "provenance_simulated",
                "provenance_live",
                name="suppressed",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="Why nobody was told.",
        ),
        sa.Column(
            "verdict",
            sa.Enum(
                "ineligible",
                "needs_data",
                "needs_human",
                "eligible",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Verdict it rests on.",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Revision of the screening it rests on.",
        ),
        sa.Column(
            "deadline",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End of the recruitment window, UTC.",
        ),
        sa.Column(
            "raised_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was raised, UTC.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it last changed, UTC.",
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
        comment="Alerts as they stand; one unclosed per patient, domain and episode.",
    )
    op.create_index(
        op.f("ix_alert_screening_id"), "alert", ["screening_id"], unique=False
    )
    op.create_index(
        "uq_alert_unclosed",
        "alert",
        ["site", "patient", "trial", "domain", "episode"],
        unique=True,
        sqlite_where=sa.text("status IN ('open', 'suppressed')"),
        postgresql_where=sa.text("status IN ('open', 'suppressed')"),
    )
    op.create_table(
        "allocator",
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain."),
        sa.Column("stratum", sa.Text(), nullable=False, comment="Stratum."),
        sa.Column(
            "next_no",
            sa.Integer(),
            nullable=False,
            comment="Number of the next participant.",
        ),
        sa.Column(
            "schedule",
            sa.Text(),
            nullable=False,
            comment="Identity of the design whose blocks are in use.",
        ),
        sa.Column(
            "schedule_first_no",
            sa.Integer(),
            nullable=False,
            comment="Number at which that design took over.",
        ),
        sa.CheckConstraint("next_no >= 1", name=op.f("ck_allocator_counts_from_one")),
        sa.PrimaryKeyConstraint(
            "trial", "domain", "stratum", name=op.f("pk_allocator")
        ),
        comment="Strata and the number each gives next; locked by each allocation.",
    )
    op.create_table(
        "audit_event",
        sa.Column(
            "site",
            sa.Text(),
            nullable=False,
            comment="Site; empty for the whole registry.",
        ),
        sa.Column(
            "trial",
            sa.Text(),
            nullable=False,
            comment="Trial; empty for no single one.",
        ),
        sa.Column(
            "sequence",
            sa.Integer(),
            nullable=False,
            comment="Number in the chain, from 1, no gaps.",
        ),
        sa.Column(
            "action",
            sa.Text(),
            nullable=False,
            comment="What was done, subject:action.",
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who did it."),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, comment="When, UTC."
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="What it was done to."),
        sa.Column(
            "detail",
            sa.Text(),
            nullable=False,
            comment="Particulars as canonical JSON; never an arm.",
        ),
        sa.Column(
            "previous_hash",
            sa.Text(),
            nullable=False,
            comment="Hash of the row before.",
        ),
        sa.Column(
            "row_hash",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the hash before and this row.",
        ),
        sa.PrimaryKeyConstraint(
            "site", "trial", "sequence", name=op.f("pk_audit_event")
        ),
        comment="Hash chain per site and trial; append-only.",
    )
    op.create_table(
        "audit_head",
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column(
            "sequence",
            sa.Integer(),
            nullable=False,
            comment="Number of the last row; 0 before the first.",
        ),
        sa.Column("row_hash", sa.Text(), nullable=False, comment="Its hash."),
        sa.PrimaryKeyConstraint("site", "trial", name=op.f("pk_audit_head")),
        comment="Last link of each chain; locked by each act on a trial at a site.",
    )
    op.create_table(
        "clinical_event",
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "event_id", sa.Text(), nullable=False, comment="Identity of the fact."
        ),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="The source's version of the fact.",
        ),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=False,
            comment="Message that delivered it.",
        ),
        sa.Column(
            "provenance",
            sa.Enum(
                "live",
                "history",
                "simulated",
                name="provenance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the fact is from.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of event."),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Clinical time, UTC.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it could have been acted on, UTC.",
        ),
        sa.Column("payload", sa.Text(), nullable=False, comment="The event as JSON."),
        sa.PrimaryKeyConstraint(
            "site",
            "patient",
            "event_id",
            "version",
            "message_id",
            name=op.f("pk_clinical_event"),
        ),
        comment="Archive of canonical events, for explain and re-derivation.",
    )
    op.create_index(
        op.f("ix_clinical_event_site_patient_known_at"),
        "clinical_event",
        ["site", "patient", "known_at"],
        unique=False,
    )
    op.create_table(
        "human_answer",
        sa.Column(
            "answer_id", sa.Text(), nullable=False, comment="Identity of the answer."
        ),
        sa.Column(
            "screening_id", sa.Text(), nullable=False, comment="Screening it answers."
        ),
        sa.Column(
            "screening_revision",
            sa.Integer(),
            nullable=False,
            comment="Revision the signer had before them.",
        ),
        sa.Column(
            "protocol_hash",
            sa.Text(),
            nullable=False,
            comment="Protocol it was answered for.",
        ),
        sa.Column(
            "criterion_id", sa.Text(), nullable=False, comment="Criterion it answers."
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number of the answer to this criterion.",
        ),
        sa.Column(
            "truth",
            sa.Enum(
                "TRUE",
                "FALSE",
                "UNKNOWN",
                name="truth",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="The answer.",
        ),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Reason, where one was told."
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who signed."),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was signed, UTC.",
        ),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_human_answer")),
        sa.UniqueConstraint(
            "screening_id",
            "criterion_id",
            "revision",
            name=op.f("uq_human_answer_screening_id_criterion_id_revision"),
        ),
        comment="Signed answers to criteria only a human can judge; the latest counts.",
    )
    op.create_index(
        op.f("ix_human_answer_screening_id"),
        "human_answer",
        ["screening_id"],
        unique=False,
    )
    op.create_table(
        "inbox",
        sa.Column(
            "message_id", sa.Text(), nullable=False, comment="Identity of the message."
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="Topic it came by."),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was recorded, UTC.",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbox")),
        comment="Messages that were recorded; each has effect once.",
    )
    op.create_table(
        "mode_revision",
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number; the highest stands.",
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "silent",
                "live",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="demo, silent or live.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it was set."),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who set it."),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, comment="When, UTC."
        ),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_mode_revision")),
        comment="The registry's mode, revision by revision.",
    )
    op.create_table(
        "onset_revision",
        sa.Column(
            "flag_id", sa.Text(), nullable=False, comment="Identity of the flag."
        ),
        sa.Column(
            "status",
            sa.Enum(
                "provisional",
                "confirmed",
                "amended",
                "withdrawn",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What the flag is by this revision.",
        ),
        sa.Column(
            "definition",
            sa.Text(),
            nullable=False,
            comment="Definition of sepsis it was flagged by.",
        ),
        sa.Column(
            "definition_version",
            sa.Text(),
            nullable=False,
            comment="Version of that definition.",
        ),
        sa.Column(
            "policy",
            sa.Text(),
            nullable=False,
            comment="Policy that settles the definition's ambiguities.",
        ),
        sa.Column(
            "stay",
            sa.Text(),
            nullable=True,
            comment="Stay in one unit, where the source says so.",
        ),
        sa.Column(
            "suspicion_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Suspected infection, UTC.",
        ),
        sa.Column(
            "dysfunction_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Organ dysfunction, UTC.",
        ),
        sa.Column(
            "antimicrobial_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="First antimicrobial, UTC.",
        ),
        sa.Column(
            "culture_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Culture, UTC.",
        ),
        sa.Column("score", sa.Integer(), nullable=True, comment="Score at onset."),
        sa.Column(
            "score_lower",
            sa.Integer(),
            nullable=True,
            comment="Least the score can be.",
        ),
        sa.Column(
            "score_upper", sa.Integer(), nullable=True, comment="Most the score can be."
        ),
        sa.Column(
            "baseline",
            sa.Integer(),
            nullable=True,
            comment="Score it is compared with.",
        ),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=False,
            comment="Identity of the revision's message.",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number of the revision; the highest is the latest.",
        ),
        sa.Column("site", sa.Text(), nullable=False, comment="Site the patient is at."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "episode",
            sa.Text(),
            nullable=False,
            comment="Hospital stay; `none` where the source names none.",
        ),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Clinical time, UTC.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it could have been acted on, UTC.",
        ),
        sa.Column(
            "provenance",
            sa.Enum(
                "live",
                "history",
                "simulated",
                name="provenance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the facts are from: live, history or simulated.",
        ),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="Which part of the stream said so.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the registry wrote the row, UTC.",
        ),
        sa.Column(
            "batch_id",
            sa.Text(),
            nullable=False,
            comment="Batch that wrote the row; its audit row has a digest.",
        ),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="The whole message as JSON, as hashed for the audit.",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_onset_revision")),
        sa.UniqueConstraint(
            "flag_id", "revision", name=op.f("uq_onset_revision_flag_id_revision")
        ),
        comment="Revisions of sepsis flags.",
    )
    op.create_index(
        op.f("ix_onset_revision_batch_id"), "onset_revision", ["batch_id"], unique=False
    )
    op.create_index(
        op.f("ix_onset_revision_site_patient"),
        "onset_revision",
        ["site", "patient"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column(
            "outbox_id",
            sa.Text(),
            nullable=False,
            comment="Identity; the same over all retries.",
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="Topic."),
        sa.Column("key", sa.Text(), nullable=False, comment="Key of the topic."),
        sa.Column(
            "payload", sa.Text(), nullable=False, comment="JSON body, byte for byte."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was written, UTC.",
        ),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="How often it was tried."
        ),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Due when, UTC; null when settled.",
        ),
        sa.Column(
            "delivered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was delivered, UTC.",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="What the last try met."),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
        comment="What is to be told outside; written with the act, sent after it.",
    )
    op.create_index(
        op.f("ix_outbox_topic_next_attempt_at"),
        "outbox",
        ["topic", "next_attempt_at"],
        unique=False,
    )
    op.create_table(
        "outcome_revision",
        sa.Column(
            "outcome_id", sa.Text(), nullable=False, comment="Identity of the outcome."
        ),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("outcome", sa.Text(), nullable=False, comment="Which outcome."),
        sa.Column(
            "definition_version",
            sa.Text(),
            nullable=False,
            comment="Version of the outcome's definition.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "provisional",
                "final",
                "missing",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How far it has matured.",
        ),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="Value; mortality: 1 dead, 0 alive.",
        ),
        sa.Column(
            "determinable_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="First moment it can be told, UTC.",
        ),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="Why it is missing or was corrected.",
        ),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=False,
            comment="Identity of the revision's message.",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number of the revision; the highest is the latest.",
        ),
        sa.Column("site", sa.Text(), nullable=False, comment="Site the patient is at."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "episode",
            sa.Text(),
            nullable=False,
            comment="Hospital stay; `none` where the source names none.",
        ),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Clinical time, UTC.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it could have been acted on, UTC.",
        ),
        sa.Column(
            "provenance",
            sa.Enum(
                "live",
                "history",
                "simulated",
                name="provenance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the facts are from: live, history or simulated.",
        ),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="Which part of the stream said so.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the registry wrote the row, UTC.",
        ),
        sa.Column(
            "batch_id",
            sa.Text(),
            nullable=False,
            comment="Batch that wrote the row; its audit row has a digest.",
        ),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="The whole message as JSON, as hashed for the audit.",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outcome_revision")),
        sa.UniqueConstraint(
            "outcome_id",
            "revision",
            name=op.f("uq_outcome_revision_outcome_id_revision"),
        ),
        comment="Revisions of outcomes derived from the events.",
    )
    op.create_index(
        op.f("ix_outcome_revision_batch_id"),
        "outcome_revision",
        ["batch_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_outcome_revision_site_patient"),
        "outcome_revision",
        ["site", "patient"],
        unique=False,
    )
    op.create_table(
        "participant",
        sa.Column(
            "participant",
            sa.Text(),
            nullable=False,
            comment="Code; tells nothing of the patient.",
        ),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="Running number at this site in this trial.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the row was written, UTC.",
        ),
        sa.PrimaryKeyConstraint("participant", name=op.f("pk_participant")),
        sa.UniqueConstraint(
            "trial", "site", "number", name=op.f("uq_participant_trial_site_number")
        ),
        sa.UniqueConstraint(
            "trial", "site", "patient", name=op.f("uq_participant_trial_site_patient")
        ),
        comment="One patient in one trial, from the first consent act on.",
    )
    op.create_table(
        "patient_state",
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "chunk",
            sa.Text(),
            nullable=False,
            comment="Which part: a day, the head record.",
        ),
        sa.Column(
            "payload",
            sa.LargeBinary(),
            nullable=False,
            comment="The part, as the pipeline wrote it.",
        ),
        sa.PrimaryKeyConstraint(
            "site", "patient", "chunk", name=op.f("pk_patient_state")
        ),
        comment="What the pipeline holds of each patient, in chunks.",
    )
    op.create_table(
        "protocol_version",
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number; the trial's highest is active.",
        ),
        sa.Column(
            "version",
            sa.Text(),
            nullable=False,
            comment="Version as the protocol names it.",
        ),
        sa.Column(
            "protocol_hash",
            sa.Text(),
            nullable=False,
            comment="Content hash of the document.",
        ),
        sa.Column(
            "document", sa.Text(), nullable=False, comment="The protocol as JSON."
        ),
        sa.Column(
            "key_commitment",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the allocation key.",
        ),
        sa.Column(
            "activated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was activated, UTC.",
        ),
        sa.Column(
            "activated_by", sa.Text(), nullable=False, comment="Who activated it."
        ),
        sa.PrimaryKeyConstraint("trial", "revision", name=op.f("pk_protocol_version")),
        sa.UniqueConstraint(
            "trial",
            "protocol_hash",
            name=op.f("uq_protocol_version_trial_protocol_hash"),
        ),
        comment="Protocol versions in the order of their activation.",
    )
    op.create_table(
        "replay_run",
        sa.Column("run_id", sa.Text(), nullable=False, comment="Identity."),
        sa.Column("source", sa.Text(), nullable=False, comment="Source."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Start, UTC.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End, UTC.",
        ),
        sa.Column(
            "from_position",
            sa.Text(),
            nullable=False,
            comment="Position it went on from.",
        ),
        sa.Column(
            "to_position", sa.Text(), nullable=False, comment="Position it came to."
        ),
        sa.Column(
            "messages", sa.Integer(), nullable=False, comment="Messages recorded."
        ),
        sa.Column(
            "duplicates", sa.Integer(), nullable=False, comment="Messages seen before."
        ),
        sa.Column(
            "rejected",
            sa.Integer(),
            nullable=False,
            comment="Rows of the source that were rejected.",
        ),
        sa.Column("outcome", sa.Text(), nullable=False, comment="How it ended."),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_replay_run")),
        comment="Log of replay runs.",
    )
    op.create_table(
        "screening_revision",
        sa.Column(
            "screening_id",
            sa.Text(),
            nullable=False,
            comment="Identity of the screening.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "ineligible",
                "needs_data",
                "needs_human",
                "eligible",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="The verdict.",
        ),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain of the trial."),
        sa.Column(
            "protocol_version",
            sa.Text(),
            nullable=False,
            comment="Version of the protocol judged by.",
        ),
        sa.Column(
            "protocol_hash",
            sa.Text(),
            nullable=False,
            comment="Content hash of that protocol.",
        ),
        sa.Column(
            "software_version",
            sa.Text(),
            nullable=False,
            comment="Version of Ember that judged.",
        ),
        sa.Column(
            "definition_version",
            sa.Text(),
            nullable=False,
            comment="Version of the sepsis definition.",
        ),
        sa.Column(
            "flag_id", sa.Text(), nullable=True, comment="Sepsis flag it rests on."
        ),
        sa.Column(
            "anchor",
            sa.Text(),
            nullable=False,
            comment="Anchor of the window with its clock.",
        ),
        sa.Column(
            "anchor_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment of the anchor, UTC.",
        ),
        sa.Column(
            "deadline",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End of the recruitment window, UTC.",
        ),
        sa.Column(
            "valid_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When time alone may change it, UTC.",
        ),
        sa.Column(
            "window_open",
            sa.Boolean(),
            nullable=False,
            comment="Whether the window was open at `known_at`.",
        ),
        sa.Column(
            "stratum",
            sa.Text(),
            nullable=False,
            comment="Stratum, `factor=level` in order.",
        ),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=False,
            comment="Identity of the revision's message.",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number of the revision; the highest is the latest.",
        ),
        sa.Column("site", sa.Text(), nullable=False, comment="Site the patient is at."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "episode",
            sa.Text(),
            nullable=False,
            comment="Hospital stay; `none` where the source names none.",
        ),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Clinical time, UTC.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it could have been acted on, UTC.",
        ),
        sa.Column(
            "provenance",
            sa.Enum(
                "live",
                "history",
                "simulated",
                name="provenance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the facts are from: live, history or simulated.",
        ),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="Which part of the stream said so.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the registry wrote the row, UTC.",
        ),
        sa.Column(
            "batch_id",
            sa.Text(),
            nullable=False,
            comment="Batch that wrote the row; its audit row has a digest.",
        ),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="The whole message as JSON, as hashed for the audit.",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_screening_revision")),
        sa.UniqueConstraint(
            "screening_id",
            "revision",
            name=op.f("uq_screening_revision_screening_id_revision"),
        ),
        comment="Revisions of screening verdicts; the criteria are in the document.",
    )
    op.create_index(
        op.f("ix_screening_revision_batch_id"),
        "screening_revision",
        ["batch_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_screening_revision_site_patient"),
        "screening_revision",
        ["site", "patient"],
        unique=False,
    )
    op.create_index(
        op.f("ix_screening_revision_trial_domain_status"),
        "screening_revision",
        ["trial", "domain", "status"],
        unique=False,
    )
    op.create_table(
        "stream_cursor",
        sa.Column("source", sa.Text(), nullable=False, comment="Source."),
        sa.Column(
            "position",
            sa.Text(),
            nullable=False,
            comment="Position, in the source's own terms.",
        ),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="Fingerprint of the source's content.",
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_stream_cursor")),
        comment="How far each source was read.",
    )
    op.create_table(
        "trial_domain",
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain."),
        sa.Column(
            "is_open", sa.Boolean(), nullable=False, comment="Whether it recruits."
        ),
        sa.Column(
            "blinded",
            sa.Boolean(),
            nullable=False,
            comment="Whether the arm is hidden.",
        ),
        sa.Column(
            "design",
            sa.Text(),
            nullable=False,
            comment="Arms, ratio and block sizes as JSON.",
        ),
        sa.PrimaryKeyConstraint("trial", "domain", name=op.f("pk_trial_domain")),
        comment="Domains of active protocols; its row is locked by each allocation.",
    )
    op.create_table(
        "alert_event",
        sa.Column("alert_id", sa.Text(), nullable=False, comment="Alert."),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="Running number of the step.",
        ),
        sa.Column(
            "step",
            sa.Enum(
                "raised",
                "updated",
                "followed",
                "acted",
                "expired",
                "retracted",
                name="step",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What happened.",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Revision of the screening that made it happen.",
        ),
        sa.Column(
            "suppressed",
            sa.Enum(
                "mode_silent",
                "provenance_history",
                "provenance_simulated",
                "provenance_live",
                name="suppressed",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="Why nobody was told.",
        ),
        sa.Column(
            "told",
            sa.Boolean(),
            nullable=False,
            comment="Whether a notice went to the outbox.",
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, comment="When, UTC."
        ),
        sa.Column(
            "act",
            sa.Text(),
            nullable=False,
            comment="Batch, consent or randomisation that made it happen.",
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.alert_id"], name=op.f("fk_alert_event_alert_id_alert")
        ),
        sa.PrimaryKeyConstraint("alert_id", "number", name=op.f("pk_alert_event")),
        comment="What happened to each alert, in order.",
    )
    op.create_index(op.f("ix_alert_event_act"), "alert_event", ["act"], unique=False)
    op.create_table(
        "consent_revision",
        sa.Column(
            "consent_id", sa.Text(), nullable=False, comment="Identity of the revision."
        ),
        sa.Column("participant", sa.Text(), nullable=False, comment="Participant."),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="Number of the revision."
        ),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "given",
                "refused",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What stands from then on.",
        ),
        sa.Column(
            "basis",
            sa.Enum(
                "written",
                "verbal",
                "proxy",
                name="basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="How it was given.",
        ),
        sa.Column(
            "document_version",
            sa.Text(),
            nullable=True,
            comment="Version of the information and form.",
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was decided, UTC.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was recorded, UTC.",
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who recorded it."),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Reason, where one was told."
        ),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.participant"],
            name=op.f("fk_consent_revision_participant_participant"),
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent_revision")),
        sa.UniqueConstraint(
            "participant",
            "revision",
            name=op.f("uq_consent_revision_participant_revision"),
        ),
        comment="Revisions of consent; the highest stands.",
    )
    op.create_table(
        "randomisation_request",
        sa.Column(
            "idempotency_key",
            sa.Text(),
            nullable=False,
            comment="Names the request and its repeats.",
        ),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain."),
        sa.Column("participant", sa.Text(), nullable=False, comment="Participant."),
        sa.Column("requested_by", sa.Text(), nullable=False, comment="Who asked."),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, UTC.",
        ),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.participant"],
            name=op.f("fk_randomisation_request_participant_participant"),
        ),
        sa.PrimaryKeyConstraint(
            "idempotency_key", name=op.f("pk_randomisation_request")
        ),
        sa.UniqueConstraint(
            "trial",
            "domain",
            "participant",
            name=op.f("uq_randomisation_request_trial_domain_participant"),
        ),
        comment="Requests that led to a randomisation; a repetition finds its own.",
    )
    op.create_table(
        "randomisation",
        sa.Column("randomisation_id", sa.Text(), nullable=False, comment="Identity."),
        sa.Column("idempotency_key", sa.Text(), nullable=False, comment="Its request."),
        sa.Column("trial", sa.Text(), nullable=False, comment="Trial."),
        sa.Column("domain", sa.Text(), nullable=False, comment="Domain."),
        sa.Column("participant", sa.Text(), nullable=False, comment="Participant."),
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column("episode", sa.Text(), nullable=False, comment="Hospital stay."),
        sa.Column(
            "stratum", sa.Text(), nullable=False, comment="Stratum as randomised."
        ),
        sa.Column(
            "sequence_no",
            sa.Integer(),
            nullable=False,
            comment="Number in the stratum, from 1, without gaps.",
        ),
        sa.Column(
            "schedule",
            sa.Text(),
            nullable=False,
            comment="Identity of the design it was drawn by.",
        ),
        sa.Column(
            "schedule_first_no",
            sa.Integer(),
            nullable=False,
            comment="Number at which that design took over.",
        ),
        sa.Column(
            "ratio",
            sa.Text(),
            nullable=False,
            comment="Arms and shares as they stood, JSON.",
        ),
        sa.Column(
            "blinded",
            sa.Boolean(),
            nullable=False,
            comment="Whether the arm is hidden.",
        ),
        sa.Column(
            "randomised_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, UTC.",
        ),
        sa.Column(
            "randomised_by", sa.Text(), nullable=False, comment="Who asked for it."
        ),
        sa.Column(
            "anchor",
            sa.Text(),
            nullable=False,
            comment="Anchor with its clock, frozen.",
        ),
        sa.Column(
            "anchor_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment of the anchor, frozen, UTC.",
        ),
        sa.Column(
            "covariates",
            sa.Text(),
            nullable=False,
            comment="Baseline covariates, frozen, JSON.",
        ),
        sa.Column(
            "protocol_version",
            sa.Text(),
            nullable=False,
            comment="Protocol version, frozen.",
        ),
        sa.Column(
            "protocol_hash", sa.Text(), nullable=False, comment="Protocol hash, frozen."
        ),
        sa.Column(
            "software_version",
            sa.Text(),
            nullable=False,
            comment="Software version, frozen.",
        ),
        sa.Column(
            "definition_version",
            sa.Text(),
            nullable=False,
            comment="Definition version, frozen.",
        ),
        sa.Column(
            "screening_message_id",
            sa.Text(),
            nullable=False,
            comment="Verdict it rests on.",
        ),
        sa.Column(
            "consent_id", sa.Text(), nullable=False, comment="Consent it rests on."
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "silent",
                "live",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Mode of the registry.",
        ),
        sa.Column(
            "provenance",
            sa.Enum(
                "live",
                "history",
                "simulated",
                name="provenance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the verdict's facts are from.",
        ),
        sa.Column(
            "arm_commitment",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of sealed nonce and arm.",
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"],
            ["consent_revision.consent_id"],
            name=op.f("fk_randomisation_consent_id_consent_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["idempotency_key"],
            ["randomisation_request.idempotency_key"],
            name=op.f("fk_randomisation_idempotency_key_randomisation_request"),
        ),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.participant"],
            name=op.f("fk_randomisation_participant_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["screening_message_id"],
            ["screening_revision.message_id"],
            name=op.f("fk_randomisation_screening_message_id_screening_revision"),
        ),
        sa.PrimaryKeyConstraint("randomisation_id", name=op.f("pk_randomisation")),
        sa.UniqueConstraint(
            "trial",
            "domain",
            "participant",
            name=op.f("uq_randomisation_trial_domain_participant"),
        ),
        sa.UniqueConstraint(
            "trial",
            "domain",
            "stratum",
            "sequence_no",
            name=op.f("uq_randomisation_trial_domain_stratum_sequence_no"),
        ),
        comment="Who was randomised, when and as what; the arm is kept apart.",
    )
