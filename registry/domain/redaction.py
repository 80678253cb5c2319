"""Taking personal content out of a record, so that a tombstone tells it was there.

A name that somebody wrote into free text goes on lawful request; who, when, what and
why stay, and so does the digest of the record as it was. The chain still verifies: it
remembers the old digest, the tombstone leads from there to the new one.

A digest of so little text may be guessed by whoever knows the rest of the record and
tries all names: what it keeps is evidence, not a secret.

Reference: ICH E6(R3) 4.2.2(b); GDPR Art. 17.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import record_digest
from registry.domain.conduct import Deviation


TOMBSTONE = "[redacted]"
"""What stands where something was taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """One record whose free text was taken out; a record has one at most."""

    redaction_id: str
    record_id: str
    """Identity of the deviation: the only text the audit does not hold itself."""
    site: str
    trial: str
    digest_before: str
    """SHA-256 of the record with its text; see `audit.record_digest`."""
    digest_after: str
    """SHA-256 of the record with the tombstone."""
    reason: str
    """On whose request and by which law; no name."""
    actor: str
    at: datetime

    def leads(self, before: str, after: str) -> bool:
        """Whether it tells how a record came from that digest to this one."""
        return (before, after) == (self.digest_before, self.digest_after)


def redacted(deviation: Deviation) -> Deviation:
    """The deviation with the tombstone in place of its description."""
    return replace(deviation, description=TOMBSTONE)


def is_redacted(deviation: Deviation) -> bool:
    """Whether the tombstone stands there."""
    return deviation.description == TOMBSTONE


def digests(deviation: Deviation) -> tuple[str, str]:
    """Before and after."""
    return record_digest(deviation), record_digest(redacted(deviation))
