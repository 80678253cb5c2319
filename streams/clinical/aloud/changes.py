"""What differs between two versions of a protocol, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streams.clinical.aloud.document import Passage, passages
from streams.clinical.aloud.entries import recruitment
from streams.clinical.aloud.rules import lines
from streams.clinical.aloud.terms import (
    asked_again,
    consent_terms,
    hiding_terms,
    waited_for,
)
from streams.vocabulary.allocation import Allocation
from streams.vocabulary.protocol import Domain, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs."""

    place: str
    """`protocol`, `platform`, `domain ID` or `arm ID of ID`."""
    what: str
    """A criterion's id, or what else of the place differs."""
    before: str | None
    """None where it is new."""
    after: str | None
    """None where it is gone."""

    @property
    def in_words(self) -> str:
        """One line, or three."""
        if self.before is None:
            return f"{self.place}: {self.what} is new: {self.after}"
        if self.after is None:
            return f"{self.place}: {self.what} is gone; it was: {self.before}"
        return (
            f"{self.place}: {self.what} changed\n  was: {self.before}\n"
            f"  is:  {self.after}"
        )


def changes(old: Protocol, new: Protocol) -> tuple[Change, ...]:
    """Every difference that bears on a patient or a reader, in order."""
    return (
        *_compared("protocol", _of_protocol(old), _of_protocol(new)),
        *_domains(old, new),
        *_criteria(old, new),
    )


def _criteria(old: Protocol, new: Protocol) -> Iterator[Change]:
    before = {(p.place, p.criterion): p for p in passages(old)}
    after = {(p.place, p.criterion): p for p in passages(new)}
    for place, criterion in (*before, *(key for key in after if key not in before)):
        was, is_ = before.get((place, criterion)), after.get((place, criterion))
        if was != is_:
            yield Change(
                place=place,
                what=criterion,
                before=None if was is None else _told(was),
                after=None if is_ is None else _told(is_),
            )


def _told(passage: Passage) -> str:
    rule = "; ".join(line.strip() for line in passage.rule).replace(":;", ":")
    notes = f" ({'; '.join(passage.notes)})" if passage.notes else ""
    return f"{passage.part}, {passage.text} = {rule}{notes}"


def _domains(old: Protocol, new: Protocol) -> Iterator[Change]:
    names = [domain.id for domain in old.domains]
    names += [domain.id for domain in new.domains if domain.id not in names]
    for name in names:
        was, is_ = old.domain(name), new.domain(name)
        if was is None or is_ is None:
            yield Change(
                place="protocol",
                what=f"domain {name}",
                before=None if was is None else was.title,
                after=None if is_ is None else is_.title,
            )
        else:
            yield from _compared(f"domain {name}", _of_domain(was), _of_domain(is_))


def _compared(
    place: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Change]:
    for what in (*before, *(key for key in after if key not in before)):
        was, is_ = before.get(what), after.get(what)
        if was != is_:
            yield Change(place=place, what=what, before=was, after=is_)


def _of_protocol(protocol: Protocol) -> dict[str, str]:
    terms = protocol.co_enrolment
    return {
        "id": protocol.id,
        "version": protocol.version,
        "title": protocol.title,
        "evidence": protocol.evidence,
        "consent": consent_terms(protocol.consent),
        **_sites_consent(protocol),
        **_asked_again(protocol),
        "signature of eligibility": "yes" if protocol.requires_signature else "no",
        "outcomes": ", ".join(protocol.outcome_names),
        "co-enrolment": (
            f"excludes {', '.join(terms.excludes) or 'none'}; "
            f"allows {'any' if terms.allows is None else ', '.join(terms.allows)}; "
            f"rank {terms.rank or 'none'}"
        ),
        "sites": ", ".join(f"{s.id} ({s.status})" for s in protocol.sites) or "any",
    }


def _sites_consent(protocol: Protocol) -> dict[str, str]:
    return {
        f"consent at {site.id}": consent_terms(site.consent)
        for site in protocol.sites
        if site.consent is not None
    }


def _asked_again(protocol: Protocol) -> dict[str, str]:
    return {
        f"amendment {made.version}": asked_again(made.reconsent)
        for made in protocol.amendments
        if made.reconsent is not None
    }


def _of_domain(domain: Domain) -> dict[str, str]:
    told = {
        "title": domain.title,
        "status": domain.status,
        "blinding": domain.blinding,
        "recruitment": recruitment(domain.recruitment),
        "allocation": _allocation(domain.allocation),
        "alert": f"{domain.alert.title} {domain.alert.body} to {domain.alert.to}",
    }
    told |= hiding_terms(domain)
    told |= {f"arm {a.id}": f"{a.title} (share {a.ratio})" for a in domain.arms}
    for factor in domain.strata:
        rule = "; ".join(line.strip() for line in lines(factor.rule))
        levels = f"{factor.if_true} or {factor.if_false}"
        told[f"stratum {factor.id}"] = (
            f"{factor.text} = {rule}: {levels}{waited_for(factor)}"
        )
    return told


def _allocation(allocation: Allocation) -> str:
    """The method, and each thing it depends on that is set."""
    told = allocation.model_dump(mode="json", exclude_defaults=True)
    method = told.pop("method")
    set_ = "; ".join(f"{name} {value}" for name, value in told.items())
    return f"{method}: {set_}" if set_ else method
