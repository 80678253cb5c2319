"""What a trial is to be drawn by, as its audit tells that it was published.

The tables that a draw is steered by can be written past the audit by whoever acts as
the application's account; what the audit tells cannot be unsaid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from registry.domain.audit import (
    AuditAction,
    AuditRow,
    UnreadableRow,
    first_break,
    head_after,
)
from registry.domain.protocol import DomainDesign, read_design
from streams.vocabulary.errors import EmberError


Designs = Mapping[str, DomainDesign]
"""By domain, each that a trial ever had; open only where its last version has it so."""

UNTELLABLE = (LookupError, TypeError, ValueError, AttributeError, EmberError)
"""What a design that no act ever wrote runs into when it is read."""


def published_designs(
    rows: Iterable[AuditRow | UnreadableRow], versions: Sequence[str]
) -> Designs | None:
    """The designs by the rows of a trial's own chain.

    `versions`: the digest of each of its protocol versions, in order. None where the
    rows tell of other versions than these, or are no unbroken chain.
    """
    chain = tuple(rows)
    if not _holds(chain):
        return None
    activated = [
        row
        for row in chain
        if isinstance(row, AuditRow) and row.action == AuditAction.PROTOCOL_ACTIVATED
    ]
    try:
        details = [json.loads(row.detail) for row in activated]
        told = [(one["revision"], one["record"]) for one in details]
        if told != list(enumerate(versions, start=1)):
            return None
        return stand(designs_told(row) for row in activated)
    except UNTELLABLE:
        return None


def designs_told(row: AuditRow) -> tuple[DomainDesign, ...]:
    """The designs that an activation published; raises as `UNTELLABLE` says."""
    return tuple(read_design(told) for told in json.loads(row.detail)["domains"])


def stand(versions: Iterable[Iterable[DomainDesign]]) -> Designs:
    """How the domains stand after these versions: what the last does not name is shut."""
    standing: dict[str, DomainDesign] = {}
    for designs in versions:
        shut = {name: replace(one, open=False) for name, one in standing.items()}
        standing = shut | {one.domain: one for one in designs}
    return standing


def _holds(chain: Sequence[AuditRow | UnreadableRow]) -> bool:
    if not chain:
        return True
    last = chain[-1]
    return isinstance(last, AuditRow) and not first_break(chain, head=head_after(last))
