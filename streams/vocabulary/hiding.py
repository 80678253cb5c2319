"""What of a domain's arms is hidden, and what hidden arms must not do.

Kits are of blinded domains, a deferred reveal of open-label ones; and an arm that shuts
another domain is one that anybody may know, since the shut domain tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

from streams.vocabulary.document import Document, Named
from streams.vocabulary.quantities import Duration


class Kits(Document):
    """How the kits of a blinded domain are given."""

    treatment: Duration
    """How long a kit is used; none is given that expires meanwhile."""
    stock_out: Literal["refuse_domain_at_site", "reserve_elsewhere"] = (
        "refuse_domain_at_site"
    )
    """What becomes of a participant where an arm has no kit at the site: nobody is
    randomised, or a kit of the depot is reserved."""


class GivenArm(Document):
    """An arm that was drawn in another domain."""

    domain: Named
    """The domain, which stands before this one in the document."""
    arm: Named
    """Its arm, which anybody may know."""


class HasId(Protocol):
    """An arm, as far as it is named."""

    id: str


class Hiding(Protocol):
    """A domain, as far as its arms are hidden."""

    id: str
    blinding: Literal["open_label", "blinded"]
    reveal: Literal["deferred"] | None
    kits: Kits | None
    not_with: tuple[GivenArm, ...]

    @property
    def arms(self) -> Sequence[HasId]:
        """Its interventions."""
        ...


def hiding_misfits(domain: Hiding) -> Iterator[str]:
    """What does not go with how the domain hides its arms."""
    if domain.reveal and domain.blinding != "open_label":
        yield f"domain {domain.id} is blinded: it reveals no arm, now or later"
    if domain.kits is not None and domain.blinding != "blinded":
        yield f"domain {domain.id} has kits and hides no arm"


def shut_misfits(domains: Iterable[Hiding]) -> Iterator[str]:
    """The arms by which a domain is shut, and that nobody may know before it."""
    known: set[tuple[str, str]] = set()
    for domain in domains:
        for told in domain.not_with:
            if (told.domain, told.arm) not in known:
                yield (
                    f"{domain.id} is not drawn with {told.arm} of {told.domain}, which "
                    "is no open-label arm of a domain before it"
                )
        if domain.blinding == "open_label" and not domain.reveal:
            known |= {(domain.id, arm.id) for arm in domain.arms}
