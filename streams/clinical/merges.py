"""Who is one person, by all that was said of it: statements in, survivors out.

A merge says that `retired` and its survivor are one person, an unmerge that this was a
mistake.
Whatever the order in which statements come, the same ones leave the same survivors:

- of the statements about one retired patient and one survivor, the latest holds;
- who was merged into several belongs to whom the latest of these merges names;
- where merges would lead in a ring, the oldest of them is void;
- a statement that was cancelled, in this version or a later one, never was.

The latest is the one that happened last at the source; an unmerge goes before a merge
of the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from streams.vocabulary.events import PatientMerge, PatientUnmerge


Said = PatientMerge | PatientUnmerge
_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = -1
NONE_CANCELLED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Statement:
    """One merge or unmerge; when it became known is not part of it."""

    survivor: str
    said: Said

    @property
    def rank(self) -> tuple[datetime, bool, int, str, str]:
        """Which of two statements is the later one."""
        told = self.said
        undoes = isinstance(told, PatientUnmerge)
        return told.happened_at, undoes, told.version, told.event_id, repr(told)

    def event(self, known_at: datetime) -> Said:
        """The statement for another patient's log: its origin is the survivor."""
        return replace(self.said, origin=self.survivor, known_at=known_at)


def statement(said: Said, patient: str) -> Statement:
    """What an event of this patient's log states."""
    return Statement(
        said.origin or patient, replace(said, origin=None, known_at=_NO_MOMENT)
    )


def survivors(
    statements: Iterable[Statement], cancelled: Mapping[str, int] = NONE_CANCELLED
) -> dict[str, str]:
    """By retired patient, the last survivor; who is not in it is nobody else.

    `cancelled` are versions by the event id of the statement that never was.
    """
    latest: dict[tuple[str, str], Statement] = {}
    for one in statements:
        if one.said.version <= cancelled.get(one.said.event_id, _NEVER):
            continue
        pair = (one.said.retired, one.survivor)
        if pair not in latest or latest[pair].rank < one.rank:
            latest[pair] = one
    standing = [s for s in latest.values() if isinstance(s.said, PatientMerge)]
    into: dict[str, str] = {}
    for one in sorted(standing, key=lambda s: s.rank, reverse=True):
        retired, survivor = one.said.retired, one.survivor
        if retired not in into and _end(into, survivor) != retired:
            into[retired] = survivor
    return {retired: _end(into, retired) for retired in into}


def _end(into: dict[str, str], name: str) -> str:
    while name in into:
        name = into[name]
    return name
