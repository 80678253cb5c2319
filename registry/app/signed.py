"""How signatures are told: printed name, moment and meaning, always together.

Reference: 21 CFR 11.50(b): wherever a signed record is shown, these three are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from registry.domain.signature import Meaning, Signable, Standing
from registry.usecases.sign_record import StandingSignature
from streams.vocabulary.clock import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureTold:
    """One signature as `ember signature show --json` tells it."""

    signature_id: str
    kind: Signable
    record_id: str
    number: int
    site: str
    trial: str
    signed_digest: str
    meaning: Meaning
    signer: str
    printed_name: str
    authenticated_by: str
    signed_at: datetime
    standing: Standing


SIGNATURES = TypeAdapter(tuple[SignatureTold, ...])


def signature_told(standing: StandingSignature) -> SignatureTold:
    """The signature, and how it stands."""
    given = standing.signature
    told = {name: getattr(given, name) for name in type(given).__slots__}
    return SignatureTold(**told, standing=standing.standing)


def signature_in_words(told: SignatureTold) -> str:
    """One line."""
    stands = told.standing.value.replace("_", " ")
    return (
        f"{told.kind} {told.record_id}: {told.meaning} by {told.printed_name} "
        f"({told.signer}), {iso(told.signed_at)}; {stands}"
    )
