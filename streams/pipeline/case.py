"""One patient before one domain, in one hospital stay: what opened it, and for how long.

- An entry is known since the facts that make it were first known: their revisions do
  not move that, and what was taken back and stands again is known anew.
- `onset` is the flag that opened the screening or, where no flag did, the Sepsis-3 flag
  of the stay that stands.
- What is enrolled stays as it was last said; what is over is said once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from streams.clinical.criteria.anchors import anchor_reads, anchored
from streams.clinical.criteria.judgement import Judgement, PatientView, ahead, soonest
from streams.clinical.criteria.opening import Opening
from streams.pipeline.plan import Plan, Planned
from streams.pipeline.state import PatientState
from streams.vocabulary.errors import BrokenInvariant
from streams.vocabulary.messages import SepsisOnset, TrialScreening
from streams.vocabulary.protocol import Recruitment


KNOWN_AT = "onset_known_at"
"""The covariate that kept the moment of knowledge before `entry_known_at` did."""


@dataclass(slots=True, eq=False)
class Case:
    """What is remembered of one screening between two looks at it."""

    planned: Planned
    episode: str
    screening_id: str
    opening: Opening | None = None
    """None once the facts that made it are gone."""
    own: dict[int, Judgement] = field(default_factory=dict)
    """By number of the rule, what was said by what opened this screening."""
    due: datetime | None = None
    """When it has to be looked at again though nothing happens."""
    said: TrialScreening | None = None
    """The revision that was found to stand when last looked at."""
    gist: tuple[object, ...] = ()
    """What it was found to stand by."""
    over: bool = False
    """Whether no fact can change it, as long as its opening and its anchor stand."""

    @property
    def recruitment(self) -> Recruitment:
        """What opens the window, anchors it, and how long it is open."""
        return self.planned.question.domain.recruitment


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The case at one moment: its clocks, its window, and what a rule may look at."""

    case: Case
    held: TrialScreening | None
    """What was last said."""
    now: datetime
    view: PatientView
    happened_at: datetime
    """Of the entry."""
    known_at: datetime
    """Of the entry."""
    anchor_at: datetime
    stands: bool
    """Whether the entry is still on record, and the anchor with it."""
    flag: SepsisOnset | None
    """The flag that opened it, though it may be withdrawn."""
    evidence: tuple[str, ...]

    @property
    def deadline(self) -> datetime:
        """The last moment at which the window is open."""
        return self.anchor_at + self.case.recruitment.window

    @property
    def window_open(self) -> bool:
        """Whether there is time left."""
        return self.now <= self.deadline

    @property
    def settled(self) -> bool:
        """Whether nothing that may still happen to the record is of any account."""
        held = self.held
        if held is None:
            return not self.stands
        if not self.stands:
            return not stood(held)
        over = not held.window_open and not self.window_open
        return over and held.anchor_at == self.anchor_at and stood(held)


def anchor_turns_at(case: Case, state: PatientState, now: datetime) -> datetime | None:
    """When a fact that is known already will have happened, and may move the anchor."""
    lanes = (n for n in anchor_reads(case.recruitment.anchor) if not n.startswith("@"))
    return soonest(now, *(ahead(state.timeline, lane, now) for lane in lanes))


def sight(case: Case, state: PatientState, plan: Plan, now: datetime) -> Sight | None:
    """The case as it is now; None where nothing was said, and nothing can be yet."""
    held = state.screenings.get(case.screening_id)
    opening = case.opening
    if opening is None and held is None:
        return None
    happened, known = _clocks(case, held)
    view = _view(case, state, plan, held, happened=happened, known=known)
    anchor = anchored(case.recruitment.anchor, view, now)
    if anchor is None and held is None:
        return None
    stands = opening is not None and anchor is not None
    if anchor is not None and stands:
        anchor_at = anchor.at
    else:
        anchor_at = known if held is None else held.anchor_at
    return Sight(
        case=case,
        held=held,
        now=now,
        view=view,
        happened_at=happened,
        known_at=known,
        anchor_at=anchor_at,
        stands=stands,
        flag=_opened_by(case, state, held),
        evidence=_evidence(opening, held),
    )


def stood(held: TrialScreening) -> bool:
    """Whether what opened the screening stood when this was said."""
    return held.entry_stands and dict(held.covariates).get("onset") != "withdrawn"


def _clocks(case: Case, held: TrialScreening | None) -> tuple[datetime, datetime]:
    """When the entry happened, and since when it is known without a break."""
    opening, entry = case.opening, case.recruitment.entry.kind
    if held is None:
        if opening is None:
            raise BrokenInvariant("A case has neither an opening nor a verdict.")
        return opening.happened_at, opening.known_at
    if opening is None:
        return held.entry_at or held.anchor_at, _known(held) or held.anchor_at
    kept = _known(held) if stood(held) and held.entry == entry else None
    return opening.happened_at, kept or opening.known_at


def _known(held: TrialScreening) -> datetime | None:
    if held.entry_known_at is not None:
        return held.entry_known_at
    told = dict(held.covariates).get(KNOWN_AT)
    return None if told is None else datetime.fromisoformat(told)


def _opened_by(
    case: Case, state: PatientState, held: TrialScreening | None
) -> SepsisOnset | None:
    if case.opening is not None:
        return case.opening.flag
    return None if held is None else state.flags.get(held.flag_id or "")


def _evidence(opening: Opening | None, held: TrialScreening | None) -> tuple[str, ...]:
    if opening is not None:
        return opening.evidence
    return () if held is None else held.entry_evidence


def _view(
    case: Case,
    state: PatientState,
    plan: Plan,
    held: TrialScreening | None,
    *,
    happened: datetime,
    known: datetime,
) -> PatientView:
    opened_by = _opened_by(case, state, held)
    flag = opened_by or _standing(case.episode, state)
    anchors = {"entry.happened_at": happened, "entry.known_at": known}
    if flag is not None and (opened_by or flag.status != "withdrawn"):
        since = known if opened_by else flag.stands_since or flag.known_at
        anchors |= {"onset.happened_at": flag.happened_at, "onset.known_at": since}
    if case.opening is not None and case.opening.culture is not None:
        taken, reported = case.opening.culture
        anchors |= {"culture.happened_at": taken, "culture.known_at": reported}
    return PatientView(
        timeline=state.timeline,
        episode=case.episode,
        onset=flag,
        anchors=anchors,
        flags=tuple(state.flags.values()),
        roster=state.taking_part,
        declined=state.declined,
        zone=plan.zone,
        glance=True,
    )


def _standing(episode: str, state: PatientState) -> SepsisOnset | None:
    """The Sepsis-3 flag of the stay: one that stands, if there is one."""
    told = [flag for flag in state.anchors if flag.episode == episode]
    first = sorted(told, key=lambda f: (f.status == "withdrawn", f.happened_at))
    return next(iter(first), None)
