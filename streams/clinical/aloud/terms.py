"""How consent is sought and a stratum waited for, in words."""

from __future__ import annotations

from streams.vocabulary.consent import Consent, Reconsent
from streams.vocabulary.protocol import Factor
from streams.vocabulary.quantities import write_duration


def consent_terms(consent: Consent) -> str:
    """The model, what it means, and what is declared beside it."""
    told = f"{consent.model.replace('_', ' ')}: {consent.text}"
    if consent.within is not None:
        told += f" Asked within {write_duration(consent.within)}."
    if consent.data_not_used_after:
        after = " or ".join(consent.data_not_used_after).replace("_", " ")
        told += f" Data are not used after: {after}."
    return told


def asked_again(reconsent: Reconsent) -> str:
    """Who is asked again, on which document."""
    whom = reconsent.affects.replace("_", " ")
    return f"consent is sought again on document {reconsent.document} of: {whom}."


def waited_for(factor: Factor) -> str:
    """For how long its level is waited for; nothing where that is not declared."""
    if factor.within is None:
        return ""
    return f" (waited for {write_duration(factor.within)} from the anchor)"
