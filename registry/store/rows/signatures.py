"""Electronic signatures under records; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.signature import Meaning, Signable
from registry.store.columns import told_by_value
from registry.store.rows.base import Row, comment, said


class RecordSignatureRow(Row):
    """`record_signature`."""

    __tablename__ = "record_signature"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "number"),
        comment("Electronic signatures, each bound to the record it is under."),
    )

    signature_id: Mapped[str] = said("Identity.", key=True)
    kind: Mapped[Signable] = mapped_column(
        told_by_value(Signable), comment="Sort of the record."
    )
    record_id: Mapped[str] = said("Identity of the record.")
    number: Mapped[int] = said("Number under this record, from 1.")
    site: Mapped[str] = said("Site whose chain has the record; empty for none.")
    trial: Mapped[str] = said("Trial whose chain has it; empty for none.")
    signed_digest: Mapped[str] = said("SHA-256 of the record as it was signed.")
    meaning: Mapped[Meaning] = mapped_column(
        told_by_value(Meaning), comment="What the signer says by it."
    )
    signer: Mapped[str] = said("Who signed, as the audit names them.")
    printed_name: Mapped[str] = said("Their name in full.")
    authenticated_by: Mapped[str] = said("How they showed that it is them.")
    signed_at: Mapped[datetime] = said("When, UTC.")
