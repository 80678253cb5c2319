"""What is held of one patient between two messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from streams.clinical.catalogue.answer import Episode
from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.definitions.sepsis3 import Sepsis3Result
from streams.clinical.definitions.tracker import Sepsis3Tracker
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.patient import PatientTracker
from streams.pipeline.kin import Kin
from streams.vocabulary.messages import (
    Message,
    Provenance,
    RosterEntry,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


@dataclass(slots=True)
class PatientState:
    """The timeline, and the latest revision of everything said about the patient."""

    site: str
    patient: str
    timeline: Timeline = field(default_factory=Timeline)
    """The facts that are this patient's; a merge or unmerge puts another one here."""
    kin: Kin | None = None
    """Whom the patient was merged with; None for nearly everybody."""
    flags: dict[str, SepsisOnset] = field(default_factory=dict)
    """By flag id; withdrawn ones stay."""
    screenings: dict[str, TrialScreening] = field(default_factory=dict)
    """By screening id."""
    outcomes: dict[str, TrialOutcome] = field(default_factory=dict)
    """By outcome id."""
    roster: dict[str, RosterEntry] = field(default_factory=dict)
    """By message id; see `taking_part` for those that count."""
    clock: datetime | None = None
    """The moment of the last evaluation; it never runs backwards."""
    due: datetime | None = None
    """When time alone may change something."""
    stirred: bool = True
    """Whether an outcome may have moved since it was last derived."""
    outcomes_due: datetime | None = None
    """When time alone may move an outcome."""
    followed: object | None = None
    """By what the outcomes were last derived; never stored."""
    provenance: Provenance = "history"
    """Of the last message; what is emitted inherits it."""
    live: bool = False
    """Whether anything live was ever heard: then real time passes for the patient."""
    unjudged: datetime | None = None
    """The instant of which a part was taken in, and the rest is to follow."""
    heard: datetime | None = None
    """When the record last changed: what a patient at rest is measured from."""
    tracker: Sepsis3Tracker | None = None
    """What the last evaluation left to build upon; never stored, always rebuildable."""
    judged: Sepsis3Result | None = None
    """The result the flags were last revised by; never stored."""
    further: PatientTracker | None = None
    """The further definitions kept up to date; never stored, always rebuildable."""
    episodes: dict[tuple[str, str], tuple[Episode, ...]] = field(default_factory=dict)
    """By definition and policy, what its flags were last revised by; never stored."""

    notebook: object | None = None
    """What screening remembers (`streams.pipeline.notebook`, which rests on this
    module); never stored, always rebuildable."""

    @property
    def taking_part(self) -> tuple[RosterEntry, ...]:
        """The entries of the roster by which this patient takes part."""
        return tuple(e for e in self._entries() if e.refusal is None)

    @property
    def declined(self) -> tuple[RosterEntry, ...]:
        """What this patient refused or opted out of, as far as it still stands."""
        latest: dict[tuple[str, str, str], RosterEntry] = {}
        for entry in self._entries():
            key = (entry.origin or self.patient, entry.trial, entry.participant)
            if entry.refusal and entry.revision >= latest.get(key, entry).revision:
                latest[key] = entry
        return tuple(e for e in latest.values() if e.refusal != "lifted")

    def leaves_unread(self, entry: RosterEntry) -> bool:
        """Whether the record is read no further for this one, who takes part."""
        return any(
            not no.collect
            and no.trial in ("", entry.trial)
            and no.participant in ("", entry.participant)
            for no in self.declined
        )

    def _entries(self) -> tuple[RosterEntry, ...]:
        entries = tuple(self.roster.values())
        if self.kin is None:
            return entries
        return tuple(e for e in entries if self.kin.counts(e.origin or self.patient))

    @property
    def anchors(self) -> tuple[SepsisOnset, ...]:
        """The flags that screening and outcomes count from; withdrawn ones among them."""
        return tuple(f for f in self.flags.values() if f.definition == ANCHORING)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step has to say, and when it wants to be asked again."""

    messages: tuple[Message, ...] = ()
    due: datetime | None = None


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return min(known, default=None)
