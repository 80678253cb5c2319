"""How consent is sought and a stratum waited for, in words."""

from __future__ import annotations

from streams.vocabulary.consent import Consent, Reconsent
from streams.vocabulary.protocol import Domain, Factor
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


def hiding_terms(domain: Domain) -> dict[str, str]:
    """What is declared of hidden arms, of kits, and of arms that shut the domain."""
    told = {}
    if domain.reveal is not None:
        told["reveal"] = "the arm is told once eligibility is confirmed"
    if domain.kits is not None:
        lacking = domain.kits.stock_out.replace("_", " ")
        length = write_duration(domain.kits.treatment)
        told["kits"] = f"used for {length}; where an arm has none: {lacking}"
    if domain.not_with:
        pairs = ", ".join(f"{one.arm} of {one.domain}" for one in domain.not_with)
        told["not with"] = pairs
    return told
