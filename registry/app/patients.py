"""The states of the patients in house, kept in memory and read back when needed."""

from __future__ import annotations

from collections import OrderedDict

from registry.usecases.ports import UnitOfWork
from registry.usecases.stream_state import StateChunk
from streams.pipeline.head import encode_head, restore_head
from streams.pipeline.joining import take_event
from streams.pipeline.state import PatientState


HEAD = "head"
"""The one chunk that is stored; the timeline is read back from the archive."""

Key = tuple[str, str]
"""Site and patient."""


class Patients:
    """At most `capacity` patients in memory; the others rest in the database.

    A patient is let go only between transactions (`shed`), when what is in memory is
    what is stored.
    """

    def __init__(self, capacity: int = 2_000) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Key, PatientState] = OrderedDict()

    def state(self, key: Key, uow: UnitOfWork) -> PatientState:
        """The patient's state, read back from the database if need be."""
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _read(key, uow)
        self._held.move_to_end(key)
        return held

    def shed(self) -> None:
        """Let the longest unseen go; call it right after a commit."""
        while len(self._held) > self._capacity:
            self._held.popitem(last=False)

    def forget(self) -> None:
        """Let all go; what is in memory is not what is stored."""
        self._held.clear()


def head_chunk(state: PatientState) -> StateChunk:
    """The head of a patient as it is stored."""
    return StateChunk(
        site=state.site, patient=state.patient, chunk=HEAD, payload=encode_head(state)
    )


def _read(key: Key, uow: UnitOfWork) -> PatientState:
    site, patient = key
    state = PatientState(site=site, patient=patient)
    for archived in uow.stream.archived(site, patient):
        take_event(state, archived.event, archived.message_id)
    for chunk in uow.stream.chunks(site, patient):
        if chunk.chunk == HEAD:
            restore_head(state, chunk.payload)
    return state
