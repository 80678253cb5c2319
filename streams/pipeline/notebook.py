"""What is remembered of one patient's screenings, so that little is judged twice.

A judgement stands until a lane that it read is touched, or a flag, an enrolment or an
anchor that it read moves, or its own moment comes.  So what an event costs grows with
the rules it can touch, and not with the protocols in force.

Nothing here is stored: a fresh notebook says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from streams.clinical.criteria.judge import combined, judge
from streams.clinical.criteria.judgement import (
    DECLINED,
    FLAG,
    ONSET,
    ROSTER,
    Judgement,
)
from streams.clinical.criteria.opening import Openings, openings
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.pipeline.case import Case, Sight
from streams.pipeline.plan import Plan
from streams.pipeline.state import PatientState
from streams.vocabulary.ids import screening_identity
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not


@dataclass(slots=True, eq=False)
class Notebook:
    """The judgements that stand, the screenings, and when each is due."""

    plan: Plan
    timeline: Timeline
    now: datetime
    flags: dict[str, SepsisOnset] = field(default_factory=dict)
    """As they were when last looked at."""
    roster: tuple[RosterEntry, ...] = ()
    declined: tuple[RosterEntry, ...] = ()
    opened: dict[int, Openings] = field(default_factory=dict)
    """By number of the entry."""
    shared: dict[str, dict[int, Judgement]] = field(default_factory=dict)
    """By hospital stay and number of the rule, what was said whatever the screening."""
    cases: dict[int, dict[str, Case]] = field(default_factory=dict)
    """By number of the domain and hospital stay."""
    _stirred: set[Case] = field(default_factory=set)
    _dues: list[tuple[datetime, int, Case | int]] = field(default_factory=list)
    """A heap of cases and numbers of entries; what has moved since stays in it."""
    _pushed: int = 0
    _fresh: set[tuple[int, int]] = field(default_factory=set)
    """What was judged at this very look."""

    def stir(self, state: PatientState, now: datetime) -> list[Case]:
        """The screenings of which something may be new at `now`, in a fixed order."""
        self.now = now
        self._fresh.clear()
        entries = self._heard(self._news(state)) | self._fallen_due(now)
        if len(self.opened) < len(self.plan.entries):
            entries.update(range(len(self.plan.entries)))
        for number in sorted(entries):
            self._open(number, state, now)
        stirred, self._stirred = self._stirred, set()
        return sorted(stirred, key=_order)

    def judgements(self, seen: Sight, *, anew: bool = False) -> list[Judgement]:
        """What each rule of the domain says; `anew`: by what is there at this look."""
        return [self._say(seen, n, anew=anew) for n in seen.case.planned.rules]

    def wait(self, case: Case, until: datetime | None) -> None:
        """Look at the case again at that moment."""
        case.due = until
        self._push(until, case)

    @property
    def due(self) -> datetime | None:
        """When time alone may change something."""
        dues = self._dues
        while dues and not self._is_due_then(*dues[0]):
            heappop(dues)
        return dues[0][0] if dues else None

    # -- what is new -------------------------------------------------------------------

    def _news(self, state: PatientState) -> set[str]:
        """What was touched since: lanes, and what is none."""
        touched = self.timeline.touched()
        flags = state.flags
        if len(flags) != len(self.flags) or any(
            self.flags.get(name) is not flag for name, flag in flags.items()
        ):
            touched.add(ONSET)
            touched |= {
                f"{FLAG}{flag.definition}"
                for name, flag in (*flags.items(), *self.flags.items())
                if self.flags.get(name) is not flags.get(name)
            }
            self.flags = dict(flags)
        roster = state.taking_part
        if roster != self.roster:
            self.roster = roster
            touched.add(ROSTER)
        declined = state.declined
        if declined != self.declined:
            self.declined = declined
            touched.add(DECLINED)
        return touched

    def _heard(self, touched: Iterable[str]) -> set[int]:
        """Let go of what rested on these; the entries that have to be read again."""
        plan, entries = self.plan, set[int]()
        readers, others = set[int](), set[int]()
        for name in touched:
            entries.update(n for n in plan.openers.of(name) if self._reopens(n, name))
            if not self.cases:
                continue
            numbers = set(plan.readers.of(name))
            readers |= numbers
            if name.startswith("@"):
                others |= numbers
            for number in plan.counters.of(name):
                self._stirred.update(self.cases.get(number, {}).values())
            if name == ROSTER:
                self._stirred.update(self._every_case())
        if readers:
            self._drop(readers, others)
        return entries

    def _fallen_due(self, now: datetime) -> set[int]:
        """Stir the cases whose moment has come; the entries whose has."""
        entries = set[int]()
        while self._dues and self._dues[0][0] <= now:
            at, pushed, what = heappop(self._dues)
            if not self._is_due_then(at, pushed, what):
                continue
            if isinstance(what, Case):
                self._stirred.add(what)
            else:
                entries.add(what)
        return entries

    def _drop(self, readers: set[int], others: set[int]) -> None:
        """Let go of what rested on what was touched; `others`: on no lane but these."""
        gone = dict[int, bool]()

        def is_gone(number: int) -> bool:
            if number not in gone:
                of = [is_gone(n) for n in self.plan.made_of[number] if n in readers]
                gone[number] = self._is_gone(number, surely=any(of) or number in others)
            return gone[number]

        for number in readers:
            if is_gone(number):
                self._stirred.update(c for c in self._asking(number) if not c.over)

    def _is_gone(self, number: int, *, surely: bool) -> bool:
        """Let go of what that rule said, unless what it rests on is still the same."""
        if self.plan.made_of[number] and not surely:
            return False
        own = (case.own for case in self._asking(number))
        kept = [b for b in (*self.shared.values(), *own) if number in b]
        fell = [b for b in kept if surely or not _untouched(b[number])]
        for book in fell:
            del book[number]
        return bool(fell)

    def _asking(self, number: int) -> Iterator[Case]:
        for domain in self.plan.asked_by[number]:
            yield from self.cases.get(domain, {}).values()

    def _every_case(self) -> Iterator[Case]:
        for by_episode in self.cases.values():
            yield from by_episode.values()

    # -- what opens a screening --------------------------------------------------------

    def _reopens(self, number: int, touched: str) -> bool:
        """Whether an entry has to be read again; not for a fact that opens nothing."""
        held = self.opened.get(number)
        if held is None or touched.startswith("@"):
            return True
        return not held.stand(self.timeline)

    def _open(self, number: int, state: PatientState, now: datetime) -> None:
        """Read an entry again, and stir the cases it opens, moves or takes back."""
        entry = self.plan.entries[number]
        found = openings(entry, self.timeline, state.flags.values(), now)
        self.opened[number] = found
        self._push(found.changes_at, number)
        for domain in self.plan.opened_by[number]:
            cases = self.cases.get(domain, {})
            for episode in {*found.by_episode, *cases}:
                case = cases.get(episode) or self.case(domain, episode, state)
                opening = found.by_episode.get(episode)
                if case.opening != opening:
                    case.opening, case.over = opening, False
                    case.own.clear()
                    self._stirred.add(case)

    def case(self, domain: int, episode: str, state: PatientState) -> Case:
        """A case that is not known yet."""
        planned = self.plan.domains[domain]
        asked = planned.question
        name = screening_identity(
            site=state.site,
            patient=state.patient,
            trial=asked.protocol.id,
            domain=asked.domain.id,
            episode=episode,
        )
        made = Case(planned, episode, name)
        self.cases.setdefault(domain, {})[episode] = made
        self._stirred.add(made)
        return made

    # -- judgements --------------------------------------------------------------------

    def _remembered(self, case: Case, number: int) -> dict[int, Judgement]:
        """Where the judgement of that rule is kept."""
        if number in self.plan.of_one_screening:
            return case.own
        return self.shared.setdefault(case.episode, {})

    def _say(self, seen: Sight, number: int, *, anew: bool) -> Judgement:
        """What was said, if it still stands; else, or if it is older, judged."""
        remembered = self._remembered(seen.case, number)
        said, mark = remembered.get(number), (id(remembered), number)
        if said is not None and (mark in self._fresh if anew else _stands(said, seen)):
            return said
        rule, parts = self.plan.rules[number], self.plan.made_of[number]
        if isinstance(rule, AllOf | AnyOf | AtLeast | Not):
            judged = [self._say(seen, part, anew=anew) for part in parts]
            said = combined(rule, judged, seen.now)
        else:
            if said is None or said.foresight is None:
                said = judge(rule, seen.view, seen.now)
            if said.foresight is not None:
                said = said.foresight.at(seen.now, glance=not anew)
        remembered[number] = said
        if anew or not (parts or said.foresight):
            self._fresh.add(mark)
        return said

    # -- the due list ------------------------------------------------------------------

    def _push(self, at: datetime | None, what: Case | int) -> None:
        if at is not None:
            self._pushed += 1
            heappush(self._dues, (at, self._pushed, what))

    def _is_due_then(self, at: datetime, _pushed: int, what: Case | int) -> bool:
        if isinstance(what, Case):
            return what.due == at
        return self.opened[what].changes_at == at


def _untouched(said: Judgement) -> bool:
    return said.foresight is not None and said.foresight.stands()


def _stands(said: Judgement, seen: Sight) -> bool:
    return said.changes_at is None or said.changes_at > seen.now


def notebook_of(state: PatientState, plan: Plan, now: datetime) -> Notebook:
    """The patient's notebook; a new one where what it rests on is another."""
    held = state.notebook
    if (
        isinstance(held, Notebook)
        and held.plan is plan
        and held.timeline is state.timeline
        and held.now <= now
    ):
        return held
    book = state.notebook = Notebook(plan, state.timeline, now)
    for said in state.screenings.values():
        domain = plan.by_name.get((said.trial, said.domain))
        if domain is not None:
            book.case(domain, said.episode, state)
    return book


def _order(case: Case) -> tuple[int, datetime, str]:
    first = case.opening
    at = ALWAYS if first is None else first.happened_at
    return case.planned.number, at, case.episode
