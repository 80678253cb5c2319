"""Which of a patient's and a stay's identifiers Ember goes by (decision 10).

A site that names its authorities goes by their identifiers, as its HL7 v2 messages do;
any other by the resource's own id on the server.
Both are one name for one person, whatever arrives first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.adapters.fhir import elements
from streams.adapters.fhir.references import authority_of
from streams.adapters.identity.pseudonyms import Identifier
from streams.adapters.site.configuration import SiteConfiguration, VisitKind


def patient_identifiers(
    identifiers: Sequence[elements.Identifier], site: SiteConfiguration
) -> list[Identifier]:
    """Those of the site's authorities, the one to go by first."""
    ranked = sorted(_ranked(identifiers, site))
    return [Identifier(authority, value) for *_, authority, value in ranked]


def visit(
    identifiers: Sequence[elements.Identifier], site: SiteConfiguration
) -> tuple[Identifier, VisitKind] | None:
    """The identifier of a stay by the first of the site's visit authorities."""
    told = {
        authority_of(one.system or "", site): one.value
        for one in reversed(identifiers)
        if one.value
    }
    for authority, kind in site.visits.items():
        if value := told.get(authority):
            return Identifier(authority, value), kind
    return None


def any_identifier(
    identifiers: Sequence[elements.Identifier], site: SiteConfiguration
) -> Identifier | None:
    """The first identifier with a value: of a specimen or an order."""
    for one in identifiers:
        if one.value:
            return Identifier(authority_of(one.system or "", site), one.value)
    return None


def _ranked(
    identifiers: Sequence[elements.Identifier], site: SiteConfiguration
) -> Iterator[tuple[int, bool, str, str]]:
    for one in identifiers:
        if not one.value or one.use == "old":
            continue
        authority = authority_of(one.system or "", site)
        types = {c.code for c in (one.type.coding if one.type else [])}
        for rank, pattern in enumerate(site.authorities):
            kind, at, of = pattern.partition("@")
            wanted = of if at else pattern
            if (not at or kind in types) and wanted in ("", authority):
                yield rank, one.use not in ("usual", "official"), authority, one.value
                break
