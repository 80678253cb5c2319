"""Events of table-wise sources in the order in which they became known, or by patient.

A hospital's tables are each in an order of their own; a replay needs them as they
came in.
Both orders are the same whatever the order of the tables and of their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice

from streams.adapters.intake import SourcedEvent
from streams.adapters.spill import CHUNK_SIZE, externally_sorted
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import message_identity
from streams.vocabulary.messages import EhrMessage, Provenance


EVENTS_PER_MESSAGE = 500
"""A message is at most 256 KB; an event takes about 400 bytes."""


def messages_in_known_order(
    events: Iterable[SourcedEvent],
    *,
    site: str,
    provenance: Provenance,
    source: str,
    chunk_size: int = CHUNK_SIZE,
) -> Iterator[EhrMessage]:
    """Messages by `(known_at, patient, table)`.

    What one table told of one patient at one instant is one message, split at 500
    events; its `source` is `source/table`, and its id follows from all these.
    """
    ordered = externally_sorted(events, _by_known_at, chunk_size)
    for (known_at, patient, table), group in groupby(ordered, _told):
        facts = (sourced.event for sourced in group)
        part = 0
        while some := tuple(islice(facts, EVENTS_PER_MESSAGE)):
            origin = f"{source}/{table}"
            name = f"{patient}|{iso(known_at)}|{part}"
            yield EhrMessage(
                message_id=message_identity(site, origin, name),
                site=site,
                patient=patient,
                happened_at=min(fact.happened_at for fact in some),
                known_at=known_at,
                source=origin,
                provenance=provenance,
                events=some,
            )
            part += 1


def events_by_patient(
    events: Iterable[SourcedEvent], *, chunk_size: int = CHUNK_SIZE
) -> Iterator[tuple[str, list[SourcedEvent]]]:
    """Each patient with all events, in the order in which they became known."""
    ordered = externally_sorted(events, _by_patient, chunk_size)
    for patient, group in groupby(ordered, lambda sourced: sourced.patient):
        yield patient, list(group)


def _told(sourced: SourcedEvent) -> tuple[datetime, str, str]:
    return sourced.event.known_at, sourced.patient, sourced.source


def _by_known_at(
    sourced: SourcedEvent,
) -> tuple[datetime, str, str, datetime, str]:
    event = sourced.event
    return (
        event.known_at,
        sourced.patient,
        sourced.source,
        event.happened_at,
        event.event_id,
    )


def _by_patient(
    sourced: SourcedEvent,
) -> tuple[str, datetime, str, datetime, str]:
    event = sourced.event
    return (
        sourced.patient,
        event.known_at,
        sourced.source,
        event.happened_at,
        event.event_id,
    )
