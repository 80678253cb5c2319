"""A protocol with every moved number beside the criterion it was moved in.

Moving one number changes the truth of one criterion alone.  So all moved criteria are
judged in one pass, beside the written ones, and what the domain would have said is put
together from the truths of each moment.  What recruits is another matter: another
window or entry is another screening, so there the whole protocol is judged again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from streams.clinical.feasibility.numbers import (
    Shift,
    Written,
    numbers,
    shifted,
    shifts,
    with_shift,
)
from streams.vocabulary.document import Document
from streams.vocabulary.protocol import Arm, Criterion, Domain, Protocol


RECRUITMENT = "recruitment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One moved number of one domain: where it is judged, and under which name."""

    domain: str
    line: str
    """The criterion, or `recruitment`."""
    shift: Shift
    trial: str
    """The protocol that judges it."""
    judged_as: str
    """The criterion's name there; of `recruitment`, its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The protocols to judge by, and what each is for."""

    written: Protocol
    others: tuple[Protocol, ...] = ()
    variants: tuple[Variant, ...] = ()
    unmoved: tuple[tuple[str, str], ...] = ()
    """Domain, and the number that no step moves."""

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """All of them."""
        return (self.written, *self.others)


def plan(
    protocol: Protocol, steps: Sequence[float], *, domains: Collection[str]
) -> Plan:
    """Everything that is to be judged of these domains; no step, nothing is moved.

    They are judged as if they recruited, whatever their status is.
    """
    written = _only(protocol, domains)
    if not steps:
        return Plan(written=written)
    whole = tuple(_recruited_otherwise(protocol, steps, domains))
    probe = _probe(written, steps)
    beside = [v for d in written.domains for v in _beside(written, d, steps, probe.id)]
    return Plan(
        written=written,
        others=(*(moved for moved, _ in whole), *((probe,) if beside else ())),
        variants=(*(variant for _, variant in whole), *beside),
        unmoved=tuple(_unmoved(written, steps)),
    )


def _only(protocol: Protocol, domains: Collection[str]) -> Protocol:
    """The protocol with these domains alone, open."""
    kept = tuple(
        domain.model_copy(update={"status": "open"})
        for domain in protocol.domains
        if domain.id in domains
    )
    return protocol.model_copy(update={"domains": kept})


def _recruited_otherwise(
    protocol: Protocol, steps: Sequence[float], domains: Collection[str]
) -> Iterator[tuple[Protocol, Variant]]:
    """The protocol with another window or entry, of one domain alone."""
    for index, domain in enumerate(protocol.domains):
        if domain.id not in domains:
            continue
        place = ("domains", index, RECRUITMENT)
        for count, shift in enumerate(_all(domain.recruitment, place, steps)):
            name = f"{protocol.id}--{domain.id}--{count}"
            try:
                moved = with_shift(protocol, shift, name=name)
            except ValidationError:
                continue
            variant = Variant(
                domain=domain.id,
                line=RECRUITMENT,
                shift=shift,
                trial=name,
                judged_as=RECRUITMENT,
            )
            yield _only(moved, (domain.id,)), variant


def _beside(
    protocol: Protocol, domain: Domain, steps: Sequence[float], probe: str
) -> Iterator[Variant]:
    """Every moved criterion that this domain is judged by."""
    for criterion in (*protocol.criteria, *domain.criteria):
        for shift, moved in _moved(criterion, steps):
            yield Variant(
                domain=domain.id,
                line=criterion.id,
                shift=shift,
                trial=probe,
                judged_as=moved.id,
            )


def _probe(protocol: Protocol, steps: Sequence[float]) -> Protocol:
    domains = tuple(
        domain.model_copy(
            update={
                **_with_moved(domain, steps),
                "arms": tuple(
                    arm.model_copy(update=_with_moved(arm, steps))
                    for arm in domain.arms
                ),
            }
        )
        for domain in protocol.domains
    )
    own = {"id": f"{protocol.id}--probe", "domains": domains}
    return protocol.model_copy(update={**own, **_with_moved(protocol, steps)})


def _with_moved(
    holder: Protocol | Domain | Arm, steps: Sequence[float]
) -> dict[str, tuple[Criterion, ...]]:
    return {
        "inclusion": _each_with_moved(holder.inclusion, steps),
        "exclusion": _each_with_moved(holder.exclusion, steps),
    }


def _each_with_moved(
    criteria: Iterable[Criterion], steps: Sequence[float]
) -> tuple[Criterion, ...]:
    written = tuple(criteria)
    moved = (moved for c in written for _, moved in _moved(c, steps))
    return (*written, *moved)


def _moved(
    criterion: Criterion, steps: Sequence[float]
) -> Iterator[tuple[Shift, Criterion]]:
    """The criterion with each number at each step that leaves it a criterion."""
    for count, shift in enumerate(_all(criterion.rule, ("rule",), steps)):
        try:
            yield shift, shifted(criterion, shift, name=f"{criterion.id}--{count}")
        except ValidationError:
            continue  # a window shorter than what it must hold: told as unmoved


def _all(
    part: Document, place: tuple[str | int, ...], steps: Sequence[float]
) -> Iterator[Shift]:
    for number in numbers(part, place):
        yield from shifts(number, steps)


def _unmoved(protocol: Protocol, steps: Sequence[float]) -> Iterator[tuple[str, str]]:
    for domain in protocol.domains:
        for criterion in (*protocol.criteria, *domain.criteria):
            moved = {(s.number, s.step) for s, _ in _moved(criterion, steps)}
            for number in numbers(criterion.rule, ("rule",)):
                wanted = shifts(number, steps)
                stuck = [s.step for s in wanted if (number, s.step) not in moved]
                if stuck or not wanted:
                    yield domain.id, _told(criterion, number, stuck)


def _told(criterion: Criterion, number: Written, stuck: Sequence[str]) -> str:
    by = f" by {', '.join(stuck)}" if stuck else ""
    return f"{criterion.id}: {number.what} {number}{by}"
