"""Electronic signatures under records: who, when, with which meaning, under what.

A signature is bound to the record's digest: whoever changes the record, or moves the
signature to another, undoes it.
Where a record is followed by a newer revision, the signature stays under the old one;
the new one is signed anew.

Reference: 21 CFR 11.50 and 11.70; ICH E6(R3) 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from registry.domain.audit import Account


class Meaning(StrEnum):
    """What the signer says by signing."""

    AUTHORED = "authored"
    """I wrote it, and it is what I meant."""
    REVIEWED = "reviewed"
    """I read it and know of nothing against it."""
    APPROVED = "approved"
    """It may be acted on."""
    RESPONSIBLE = "responsible"
    """I answer for it."""


class Signable(StrEnum):
    """The sorts of record that can be signed, each with an identity of its own."""

    PARTICIPANT = "participant"
    CONSENT = "consent"
    ANSWER = "answer"
    OPT_OUT = "opt-out"
    OUTCOME = "outcome"
    """What a human says of one; derived outcomes are signed by nobody."""
    DEVIATION = "deviation"
    GREEN_LIGHT = "green-light"
    DELEGATION = "delegation"
    ELIGIBILITY = "eligibility"
    RANDOMISATION = "randomisation"
    PAUSE = "pause"
    VECTOR = "vector"
    EXCLUSION = "exclusion"
    DOMAIN_ANSWER = "domain-answer"
    REVEAL = "reveal"
    KIT_LIST = "kit-list"
    KIT_EVENT = "kit-event"
    ROLE_GRANT = "role-grant"
    UNBLINDING = "unblinding"
    REHEARSAL = "rehearsal"
    SEALED_LIST = "sealed-list"
    SEALED_OPENING = "sealed-opening"
    MISRANDOMISATION = "misrandomisation"

    @property
    def account(self) -> Account:
        """Under which the audit knows them."""
        return _ACCOUNTS[self]


_ACCOUNTS = {
    Signable.PARTICIPANT: Account.PARTICIPANTS,
    Signable.CONSENT: Account.CONSENTS,
    Signable.ANSWER: Account.ANSWERS,
    Signable.OPT_OUT: Account.OPT_OUTS,
    Signable.OUTCOME: Account.JUDGED_OUTCOMES,
    Signable.DEVIATION: Account.DEVIATIONS,
    Signable.GREEN_LIGHT: Account.GREEN_LIGHTS,
    Signable.DELEGATION: Account.DELEGATIONS,
    Signable.ELIGIBILITY: Account.SIGNATURES,
    Signable.RANDOMISATION: Account.RANDOMISATIONS,
    Signable.PAUSE: Account.PAUSES,
    Signable.VECTOR: Account.VECTORS,
    Signable.EXCLUSION: Account.EXCLUSIONS,
    Signable.DOMAIN_ANSWER: Account.DOMAIN_ANSWERS,
    Signable.REVEAL: Account.REVEALS,
    Signable.KIT_LIST: Account.KIT_LISTS,
    Signable.KIT_EVENT: Account.KIT_EVENTS,
    Signable.ROLE_GRANT: Account.ROLE_GRANTS,
    Signable.UNBLINDING: Account.UNBLINDINGS,
    Signable.REHEARSAL: Account.REHEARSALS,
    Signable.SEALED_LIST: Account.SEALED_LISTS,
    Signable.SEALED_OPENING: Account.SEALED_OPENINGS,
    Signable.MISRANDOMISATION: Account.MISRANDOMISATIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignature:
    """One signature under one record."""

    signature_id: str
    kind: Signable
    record_id: str
    number: int
    """Of the signatures under this record, from 1."""
    site: str
    """Of the chain that accounts for the record; empty for the whole registry."""
    trial: str
    signed_digest: str
    """SHA-256 of the record as the signer had it; see `audit.record_digest`."""
    meaning: Meaning
    signer: str
    """As the audit names them."""
    printed_name: str
    authenticated_by: str
    """How the signer showed, at signing, that it is them."""
    signed_at: datetime


class Standing(StrEnum):
    """How a signature stands now."""

    HOLDS = "holds"
    REDACTED = "record_redacted"
    """What was signed was taken out since, and a tombstone tells so."""
    RECORD_CHANGED = "record_changed"
    """The record is not what was signed."""
    RECORD_GONE = "record_gone"
    UNREADABLE = "record_unreadable"


MOST_FAILURES = 5
"""Failures to show who one is after which nobody may sign under that name."""
LOCKED_FOR = timedelta(minutes=15)
"""How long a failure counts."""


def is_locked(failures: int) -> bool:
    """Whether so many failures within `LOCKED_FOR` close the name."""
    return failures >= MOST_FAILURES
