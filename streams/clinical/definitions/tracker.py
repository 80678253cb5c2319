"""Sepsis-3 kept up to date, one event at a time.

`sepsis3` from scratch is a tracker that has seen nothing yet: there is one
implementation, and what a tracker adds is only what it need not compute again.
Rows of SOFA are computed inside windows of suspicion only, and never after an episode
is found, until a fact reaches back before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from itertools import groupby

from streams.clinical.definitions.chronic import (
    HEALTHY,
    Baseline,
    chronic_baseline,
    is_chronic,
)
from streams.clinical.definitions.groups import Group, one_per_moment
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.sepsis3 import (
    Sepsis3Episode,
    Sepsis3Result,
    episode,
)
from streams.clinical.definitions.suspicion import (
    Suspicion,
    further_lanes,
    suspicions,
    touches,
)
from streams.clinical.definitions.window import Search
from streams.clinical.scores.chart import PATIENT, Scope
from streams.clinical.scores.hours import TICK, end_of, hour_of
from streams.clinical.scores.reach import EVER, FOREVER, Reach, sofa_rules
from streams.clinical.scores.sheet import Sheet
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Change, Timeline, lane_name, part
from streams.vocabulary.events import Clinical


_HEART_RATE = "measurement:heart_rate"
_ENCOUNTER = "encounter"
_OTHER_LANES = (
    "medication",
    "culture_collected",
    "location",
    "condition",
    _ENCOUNTER,
    _HEART_RATE,
)
MOST_UNREAD = 200
"""So many changes may wait until something matters; then they are read."""

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@part
def sepsis3(
    timeline: Timeline, *, policy: Sepsis3Policy, now: datetime | None = None
) -> tuple[Sepsis3Episode, ...]:
    """The episodes, of the facts that have happened by `now`; None: of all facts."""
    return Sepsis3Tracker(policy).evaluate(timeline, now).episodes


class Sepsis3Tracker:
    """The episodes of one timeline; everything it holds can be computed again."""

    __slots__ = (
        "_by_stay",
        "_chronic",
        "_dirty",
        "_future",
        "_groups",
        "_inbox",
        "_new_baseline",
        "_new_suspicions",
        "_now",
        "_read_lanes",
        "_result",
        "_rules",
        "_sheets",
        "_stays",
        "policy",
    )

    _now: datetime | None
    _result: Sepsis3Result | None
    """None: nothing has been read yet."""
    _inbox: list[Change]
    _future: list[tuple[datetime, str, Clinical]]
    """A heap of the facts that have not happened yet."""
    _sheets: dict[str | None, Sheet]
    """By ICU stay where rows are counted so; else one, under None."""
    _stays: tuple[UnitStay, ...]
    _groups: dict[str | None, Group]
    _chronic: Baseline
    _dirty: int
    """The first row a fact has touched since the last search."""
    _new_suspicions: bool
    _new_baseline: bool

    def __init__(self, policy: Sepsis3Policy) -> None:
        self.policy = policy
        self._by_stay = policy.per == "icu_stay"
        self._rules = sofa_rules(policy.sofa)
        self._read_lanes = frozenset(self.lanes)
        self._forget_everything()

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes that can touch it."""
        return (*self._rules, *_OTHER_LANES, *further_lanes(self.policy.suspicion))

    def touch(self, change: Change) -> bool:
        """Take note of what a delivery did; whether it may change the episodes."""
        if self._result is None:
            return True
        told = matters = False
        for fact in change.facts():
            lane = lane_name(fact)
            if lane in self._read_lanes and self._matters(fact, lane):
                told = True
                matters = matters or self._may_change(fact, lane)
        if told:
            self._inbox.append(change)
        return matters or len(self._inbox) > MOST_UNREAD

    def evaluate(
        self,
        timeline: Timeline,
        now: datetime | None,
        suspected: Sequence[Suspicion] | None = None,
    ) -> Sepsis3Result:
        """The episodes by `now`; the same object as before where nothing changed.

        `suspected`: the suspicions by `now`, where they are at hand already.
        """
        if self._result is not None and self._runs_back(now):
            self._forget_everything()
        hour_passed = self._hour_passed(now)
        self._now = now
        if self._result is None:
            self._collect_future(timeline)
        for sheet in self._sheets.values():
            sheet.chart.now = now
        self._read_inbox()
        if self._result is not None and not (hour_passed or self._is_touched()):
            return self._still(self._result)
        return self._search(timeline, suspected)

    # -- what came in ----------------------------------------------------------

    def _read_inbox(self) -> None:
        inbox, self._inbox = self._inbox, []
        for change in inbox:
            if change.removed is not None:
                self._unread(change.removed)
            if change.added is not None:
                self._read(change.added)
        while self._future and self._is_past(self._future[0][0]):
            self._apply(heappop(self._future)[2], removed=False)

    def _read(self, fact: Clinical) -> None:
        if self._is_past(fact.happened_at):
            self._apply(fact, removed=False)
        elif self._matters(fact, lane_name(fact)):
            heappush(self._future, (fact.happened_at, fact.event_id, fact))

    def _unread(self, fact: Clinical) -> None:
        if self._is_past(fact.happened_at):
            self._apply(fact, removed=True)
        self._future = [one for one in self._future if one[1] != fact.event_id]
        heapify(self._future)

    def _apply(self, fact: Clinical, *, removed: bool) -> None:
        lane = lane_name(fact)
        rule = self._rules.get(lane)
        if rule is not None:
            self._touch_rows(lane, rule(fact, self.policy.sofa))
        elif lane == _HEART_RATE:
            self._touch_heart_rate(fact, removed=removed)
        elif lane == "location":
            self._touch_stays(fact)
        elif lane == "condition":
            chronic = self.policy.baseline == "prehospital" and is_chronic(fact)
            self._new_baseline = self._new_baseline or chronic
        elif lane == _ENCOUNTER:
            self._new_baseline = self._new_baseline or self._by_admission
            self._new_suspicions = self._new_suspicions or self._suspects(fact)
        elif self._suspects(fact):
            self._new_suspicions = True

    def _touch_rows(self, lane: str, reach: Reach) -> None:
        organ, first, last = reach
        for sheet in self._sheets.values():
            if lane.startswith("infusion:"):
                sheet.forget_drips()
            elif organ == 0 and first == EVER:
                sheet.forget_support()
            sheet.forget(organ, first, last)
        if self._is_minded(first):
            self._dirty = min(self._dirty, first)

    def _touch_heart_rate(self, fact: Clinical, *, removed: bool) -> None:
        """Only rows counted by the ICU stay begin and end with heart rates."""
        sheet = self._sheets.get(fact.stay)
        if not self._by_hours_of_stay or sheet is None:
            return
        if sheet.heart_rate(fact.happened_at, removed=removed):
            self._dirty = EVER
        self._dirty = min(self._dirty, hour_of(fact.happened_at))

    def _touch_stays(self, fact: Clinical) -> None:
        if fact.stay is None:
            return
        self._new_suspicions = True
        if self._by_hours_of_stay:
            self._sheets.clear()
            self._groups.clear()

    def _may_change(self, fact: Clinical, lane: str) -> bool:
        """Whether the episodes may come out otherwise; by rows of no window they do not."""
        rule = self._rules.get(lane)
        if rule is None:
            return True
        _, first, _ = rule(fact, self.policy.sofa)
        return self._is_minded(first)

    def _is_minded(self, row: int) -> bool:
        """Whether a window may turn with this row and later ones."""
        return any(group.minds(row) for group in self._groups.values())

    def _suspects(self, fact: Clinical) -> bool:
        return touches(fact, self.policy.suspicion)

    def _matters(self, fact: Clinical, lane: str) -> bool:
        """Whether a fact of a lane that is read is, or may be, of any use."""
        if lane in self._rules:
            return True
        if lane == _HEART_RATE:
            return self._by_hours_of_stay
        if lane == "location":
            return fact.stay is not None
        if lane == _ENCOUNTER:
            return self._by_admission or self._suspects(fact)
        return is_chronic(fact) or self._suspects(fact)

    # -- what follows from it --------------------------------------------------

    def _search(
        self, timeline: Timeline, suspected: Sequence[Suspicion] | None
    ) -> Sepsis3Result:
        if self._new_suspicions:
            told, now = self.policy.suspicion, self._now
            if suspected is None:
                suspected = suspicions(timeline, policy=told, now=now)
            self._regroup(timeline, suspected)
        if self._new_baseline:
            self._chronic = chronic_baseline(timeline, self._now)
            self._dirty = EVER
        for group in self._groups.values():
            group.search(self._chronic, self._now, dirty=self._dirty)
            self._tell(group)
        self._dirty, self._new_suspicions, self._new_baseline = FOREVER, False, False
        found = (group.episode for group in self._groups.values())
        episodes = sorted((e for e in found if e is not None), key=_order)
        return self._still(Sepsis3Result(tuple(episodes), None))

    def _regroup(self, timeline: Timeline, found: Sequence[Suspicion]) -> None:
        """Sort the suspicions into groups; what was searched stays searched."""
        self._stays = unit_stays(timeline, self._now)
        held, self._groups = self._groups, {}
        for key, group in groupby(sorted(found, key=self._key), key=self._key):
            if self._by_stay and not key:
                continue
            name = key or None
            sheet = self._sheet(timeline, name)
            kept = {s.suspicion: s for s in held[name].tried()} if name in held else {}
            distinct = one_per_moment(group)
            searches = [kept.get(s) or Search(s, self.policy) for s in distinct]
            self._groups[name] = new = Group(sheet, searches, at=len(searches))
            if name in held:
                new.source, new.episode = held[name].source, held[name].episode

    def _tell(self, group: Group) -> None:
        """Tell the episode anew where what was found is new, or the ICU stay."""
        search, told = group.finder, group.episode
        if search is None or search.found is None:
            group.episode = group.source = None
            return
        stay = search.suspicion.stay
        if not self._by_stay:
            stay = self._stay_at(search.found.at)
        if search.found is not group.source or told is None or told.stay != stay:
            group.source = search.found
            group.episode = episode(search, group.sheet, self.policy, stay=stay)

    def _still(self, result: Sepsis3Result) -> Sepsis3Result:
        """This result with what is due now; the last one where both are equal."""
        due = self._due(result.episodes)
        last = self._result
        if last is None or (last.due, last.episodes) != (due, result.episodes):
            self._result = last = Sepsis3Result(result.episodes, due)
        return last

    def _due(self, episodes: tuple[Sepsis3Episode, ...]) -> datetime | None:
        if self._now is None:
            return None
        moments = [
            e.window_closes_at for e in episodes if e.window_closes_at > self._now
        ]
        moments += [self._future[0][0]] if self._future else []
        if self.policy.onset_at == "hour_end" and self._is_waiting():
            moments.append(end_of(hour_of(self._now + TICK)))
        return min(moments, default=None)

    def _is_waiting(self) -> bool:
        """Whether the hour under way may still decide."""
        now = self._now
        return now is not None and any(
            group.is_waiting(now) for group in self._groups.values()
        )

    # -- what is held ----------------------------------------------------------

    def _forget_everything(self) -> None:
        self._now = self._result = None
        self._inbox, self._future = [], []
        self._sheets, self._groups, self._stays = {}, {}, ()
        self._dirty, self._chronic = FOREVER, HEALTHY
        self._new_suspicions = self._new_baseline = True

    def _collect_future(self, timeline: Timeline) -> None:
        if self._now is None:
            return
        for lane in self.lanes:
            for fact in timeline.lane(lane).between(self._now, _END_OF_TIME):
                if self._matters(fact, lane):
                    heappush(self._future, (fact.happened_at, fact.event_id, fact))

    def _sheet(self, timeline: Timeline, name: str | None) -> Sheet:
        stays = {s.stay: Scope(s.stay, s.encounter) for s in self._stays}
        scope = stays.get(name or "", PATIENT) if self._by_hours_of_stay else PATIENT
        sheet = self._sheets.get(scope.stay)
        if sheet is None:
            sheet = Sheet(timeline, self.policy.sofa, scope=scope, now=self._now)
            self._sheets[scope.stay] = sheet
        return sheet

    def _key(self, suspicion: Suspicion) -> str:
        """What the suspicions of one episode have in common."""
        return (suspicion.stay if self._by_stay else suspicion.encounter) or ""

    def _stay_at(self, moment: datetime) -> str | None:
        return next((s.stay for s in self._stays if s.holds(moment)), None)

    @property
    def _by_hours_of_stay(self) -> bool:
        return self.policy.sofa.hours == "icu_stay"

    @property
    def _by_admission(self) -> bool:
        return self.policy.baseline == "admission"

    def _is_touched(self) -> bool:
        return self._new_suspicions or self._new_baseline or self._dirty < FOREVER

    def _is_past(self, moment: datetime) -> bool:
        return self._now is None or moment <= self._now

    def _runs_back(self, now: datetime | None) -> bool:
        if now is None or self._now is None:
            return now is not self._now
        return now < self._now

    def _hour_passed(self, now: datetime | None) -> bool:
        if now is None or self._now is None:
            return False
        return hour_of(now + TICK) != hour_of(self._now + TICK)


def _order(found: Sepsis3Episode) -> tuple[datetime, datetime, str, str]:
    return (found.suspicion_at, found.onset_at, found.encounter, found.stay or "")
