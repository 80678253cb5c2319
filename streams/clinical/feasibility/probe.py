"""A protocol with every moved number beside the criterion it was moved in.

Moving one number changes the truth of one criterion alone.  So all moved criteria are
judged in one pass, beside the written ones, and what the domain would have said is put
together from the truths of each moment.  What recruits is another matter: another
window or entry is another screening, so there the whole protocol is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from streams.clinical.feasibility.numbers import (
    Shift,
    Written,
    numbers,
    shifted,
    shifts,
    with_shift,
)
from streams.vocabulary.protocol import Criterion, Domain, Protocol


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
    others: tuple[Protocol, ...]
    variants: tuple[Variant, ...]
    unmoved: tuple[tuple[str, str], ...]
    """Domain, and the number that no step moves."""

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """All of them."""
        return (self.written, *self.others)


def plan(protocol: Protocol, steps: Sequence[float]) -> Plan:
    """Everything that is to be judged of one protocol; no step, nothing is moved."""
    if not steps:
        return Plan(written=protocol, others=(), variants=(), unmoved=())
    probe = f"{protocol.id}--probe"
    beside = [v for d in protocol.domains for v in _of_criteria(d, steps, probe)]
    others: list[Protocol] = [_probe(protocol, probe, beside)] if beside else []
    whole: list[Variant] = []
    for index, domain in enumerate(protocol.domains):
        for shift in _of_recruitment(domain, index, steps):
            name = f"{protocol.id}--{len(others)}"
            moved = with_shift(protocol, shift, name=name)
            others.append(_alone(moved, domain.id))
            whole.append(
                Variant(
                    domain=domain.id,
                    line=RECRUITMENT,
                    shift=shift,
                    trial=name,
                    judged_as=RECRUITMENT,
                )
            )
    return Plan(
        written=protocol,
        others=tuple(others),
        variants=(*whole, *beside),
        unmoved=tuple(_unmoved(protocol, steps)),
    )


def _of_criteria(
    domain: Domain, steps: Sequence[float], probe: str
) -> Iterator[Variant]:
    for criterion in (*domain.inclusion, *domain.exclusion):
        moved = (s for number in _within(criterion) for s in shifts(number, steps))
        for count, shift in enumerate(moved):
            yield Variant(
                domain=domain.id,
                line=criterion.id,
                shift=shift,
                trial=probe,
                judged_as=f"{criterion.id}--{count}",
            )


def _of_recruitment(
    domain: Domain, index: int, steps: Sequence[float]
) -> Iterator[Shift]:
    for number in numbers(domain.recruitment, ("domains", index, RECRUITMENT)):
        yield from shifts(number, steps)


def _probe(protocol: Protocol, name: str, variants: Sequence[Variant]) -> Protocol:
    domains = tuple(
        domain.model_copy(
            update={
                "inclusion": _with_moved(domain.inclusion, domain.id, variants),
                "exclusion": _with_moved(domain.exclusion, domain.id, variants),
            }
        )
        for domain in protocol.domains
    )
    return protocol.model_copy(update={"id": name, "domains": domains})


def _with_moved(
    criteria: Iterable[Criterion], domain: str, variants: Sequence[Variant]
) -> tuple[Criterion, ...]:
    written = {criterion.id: criterion for criterion in criteria}
    moved = (
        shifted(written[v.line], v.shift, name=v.judged_as)
        for v in variants
        if v.domain == domain and v.line in written
    )
    return (*written.values(), *moved)


def _alone(protocol: Protocol, domain: str) -> Protocol:
    """Only that domain, so that the others are not judged once more."""
    kept = tuple(d for d in protocol.domains if d.id == domain)
    return protocol.model_copy(update={"domains": kept})


def _unmoved(
    protocol: Protocol, steps: Sequence[float]
) -> Iterator[tuple[str, str]]:
    for domain in protocol.domains:
        for criterion in (*domain.inclusion, *domain.exclusion):
            for number in _within(criterion):
                if not shifts(number, steps):
                    yield domain.id, f"{criterion.id}: {number.what} {number}"


def _within(criterion: Criterion) -> Iterator[Written]:
    return numbers(criterion.rule, ("rule",))
