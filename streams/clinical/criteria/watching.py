"""Notes what a judge reads, so that it need not be asked again until that changes.

A judge is a function of what it reads of the view and of time alone.  So what it said
stands until a lane that it read is touched, or until the moment it named itself;
and a judge cannot forget to declare what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from streams.clinical.criteria.judgement import (
    DECLINED,
    ROSTER,
    PatientView,
)
from streams.clinical.timeline import Delivery, FactT, Lane, Timeline
from streams.vocabulary.events import Clinical
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.truth import Truth3


CASE = "@case"
"""Read of the screening itself: its hospital stay, its anchors, its flag."""
FLAGS = "@flags"
ANSWERS = "@answers"
EVERYTHING = "@everything"
"""Any fact, whatever its lane."""


class WatchedTimeline(Timeline):
    """The facts of another timeline, with a note of the lanes that are read.

    A note that ends in `:` stands for all lanes of that sort.
    """

    __slots__ = ("reads",)

    def __init__(self, timeline: Timeline, reads: set[str]) -> None:
        self._standing, self._lanes = timeline._standing, timeline._lanes  # noqa: SLF001 - the same facts, seen by one of its own kind
        self.reads = reads

    def lane(self, name: str) -> Lane:
        """The lane of that name; an empty one where there is no such fact."""
        self.reads.add(name)
        return super().lane(name)

    def lanes(self, prefix: str) -> Iterator[tuple[str, Lane]]:
        """All lanes whose name starts so (`infusion:`), in name order."""
        self.reads.add(prefix if prefix.endswith(":") else EVERYTHING)
        return super().lanes(prefix)

    def sifted(
        self,
        kind: type[FactT],
        lane: str,
        keeps: Callable[[FactT], bool],
        after: datetime,
        until: datetime,
    ) -> Sequence[FactT]:
        """Those of that stretch which `keeps` says to keep; no other fact matters."""
        self.reads.add(lane)
        return super().sifted(kind, lane, keeps, after, until)

    def fact(self, event_id: str) -> Clinical | None:
        """The fact of that id as it stands; None where none does."""
        self.reads.add(EVERYTHING)
        return super().fact(event_id)

    def deliveries(self) -> Iterator[Delivery]:
        """The deliveries from which an equal timeline can be built."""
        self.reads.add(EVERYTHING)
        return super().deliveries()

    def facts(self) -> Iterator[Clinical]:
        """Every fact that stands, lane by lane."""
        self.reads.add(EVERYTHING)
        return super().facts()

    def __len__(self) -> int:
        """How many deliveries stand, cancellations among them."""
        self.reads.add(EVERYTHING)
        return super().__len__()


class WatchedView(PatientView):
    """A view of which it is noted what is read."""

    __slots__ = ("_of", "_watched", "reads")

    _of: PatientView
    _watched: Timeline
    reads: set[str]

    def __init__(self, view: PatientView, reads: set[str]) -> None:
        told: dict[str, object] = {"_of": view, "reads": reads}
        told["_watched"] = WatchedTimeline(view.timeline, reads)
        for name, value in told.items():
            object.__setattr__(self, name, value)

    def over(self, timeline: Timeline) -> PatientView:
        """The same, of another timeline, of which nothing is noted."""
        made = type(self)(self._of, self.reads)
        object.__setattr__(made, "_watched", timeline)
        return made

    @property
    def timeline(self) -> Timeline:
        """Lane by lane."""
        return self._watched

    @property
    def episode(self) -> str:
        """Of this screening."""
        self.reads.add(CASE)
        return self._of.episode

    @property
    def onset(self) -> SepsisOnset | None:
        """Of this screening."""
        self.reads.update((CASE, FLAGS))
        return self._of.onset

    @property
    def anchors(self) -> Mapping[str, datetime]:
        """Of this screening."""
        self.reads.update((CASE, FLAGS))
        return self._of.anchors

    @property
    def flags(self) -> Sequence[SepsisOnset]:
        """Of the patient."""
        self.reads.add(FLAGS)
        return self._of.flags

    @property
    def roster(self) -> Sequence[RosterEntry]:
        """Of the patient."""
        self.reads.add(ROSTER)
        return self._of.roster

    @property
    def declined(self) -> Sequence[RosterEntry]:
        """Of the patient."""
        self.reads.add(DECLINED)
        return self._of.declined

    @property
    def zone(self) -> str | None:
        """The hospital's; it does not change."""
        return self._of.zone

    @property
    def answered_at(self) -> Mapping[str, datetime]:
        """Of the patient."""
        self.reads.add(ANSWERS)
        return self._of.answered_at

    @property
    def answers(self) -> Mapping[str, Truth3]:
        """Of the patient."""
        self.reads.add(ANSWERS)
        return self._of.answers
