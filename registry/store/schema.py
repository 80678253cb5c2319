"""All tables, as each database has them, and which of them only ever grow."""

from __future__ import annotations

from functools import cache

from sqlalchemy import MetaData, Table, Text, column, table

from registry.store.columns import metadata
from registry.store.rows import (
    alerts,
    answered,
    audit,
    conduct,
    identity,
    kits,
    misrandomisations,
    people,
    redactions,
    rehearsals,
    reveals,
    roles,
    sealed_lists,
    signatures,
    sites,
    stream,
    trial,
    unblindings,
    verdicts,
)
from registry.store.rows.allocation import (
    OPEN_LABEL,
    SEALED,
    ExclusionRow,
    RandomisationRow,
    RequestRow,
    VectorRow,
    assignment,
)
from registry.store.rows.base import Row


APPEND_ONLY = (
    verdicts.OnsetRow.__tablename__,
    verdicts.ScreeningRow.__tablename__,
    verdicts.OutcomeRow.__tablename__,
    people.ParticipantRow.__tablename__,
    people.ConsentRow.__tablename__,
    people.AnswerRow.__tablename__,
    people.OptOutRow.__tablename__,
    conduct.JudgedOutcomeRow.__tablename__,
    conduct.DeviationRow.__tablename__,
    sites.GreenLightRow.__tablename__,
    sites.DelegationRow.__tablename__,
    sites.SignatureRow.__tablename__,
    roles.RoleGrantRow.__tablename__,
    signatures.RecordSignatureRow.__tablename__,
    redactions.RedactionRow.__tablename__,
    RequestRow.__tablename__,
    RandomisationRow.__tablename__,
    answered.DomainAnswerRow.__tablename__,
    reveals.RevealRow.__tablename__,
    kits.KitListRow.__tablename__,
    kits.KitRow.__tablename__,
    kits.KitEventRow.__tablename__,
    VectorRow.__tablename__,
    ExclusionRow.__tablename__,
    unblindings.UnblindingRow.__tablename__,
    rehearsals.RehearsalRow.__tablename__,
    sealed_lists.SealedListRow.__tablename__,
    sealed_lists.SealedOpeningRow.__tablename__,
    misrandomisations.MisrandomisationRow.__tablename__,
    misrandomisations.ReceivedRow.__tablename__,
    trial.ModeRow.__tablename__,
    trial.ProtocolRow.__tablename__,
    trial.PauseRow.__tablename__,
    alerts.AlertEventRow.__tablename__,
    audit.AuditRowRow.__tablename__,
    stream.RunRow.__tablename__,
)
"""Tables whose triggers refuse UPDATE and DELETE; those that are sealed are more."""


@cache
def schema(dialect: str) -> MetaData:
    """The tables of this database, the arms among them."""
    tables = metadata()
    for own in Row.metadata.sorted_tables:
        own.to_metadata(tables)
    assignment(tables, schema=_schema(SEALED, dialect))
    kits.kit_content(tables, schema=_schema(SEALED, dialect))
    unblindings.unblinding_note(tables, schema=_schema(SEALED, dialect))
    identity.identifier(tables, schema=_schema(identity.VAULT, dialect))
    return tables


def identifiers(dialect: str) -> Table:
    """The vault as this database has it."""
    name = "vault.identifier" if dialect == "postgresql" else "vault_identifier"
    return schema(dialect).tables[name]


def _schema(name: str, dialect: str) -> str | None:
    return name if dialect == "postgresql" else None


def assignments(dialect: str) -> Table:
    """The arms as this database has them; on PostgreSQL for the signer's role alone."""
    name = f"{SEALED}.assignment" if dialect == "postgresql" else "sealed_assignment"
    return schema(dialect).tables[name]


def kit_contents(dialect: str) -> Table:
    """What kits hold; on PostgreSQL for the signer's role alone."""
    name = f"{SEALED}.{kits.CONTENTS}"
    if dialect != "postgresql":
        name = f"sealed_{kits.CONTENTS}"
    return schema(dialect).tables[name]


def unblinding_notes(dialect: str) -> Table:
    """Why blinds were broken, in words; on PostgreSQL for the signer's role alone."""
    name = f"{SEALED}.{unblindings.NOTES}"
    if dialect != "postgresql":
        name = f"sealed_{unblindings.NOTES}"
    return schema(dialect).tables[name]


OPEN_LABEL_ARMS = table(
    OPEN_LABEL, column("randomisation_id", Text), column("arm", Text)
)
"""The arms that anybody may see who may read the registry."""
