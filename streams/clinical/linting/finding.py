"""What a check finds: its stable name, how grave it is, where, what, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from streams.vocabulary.places import Path, Place


Severity = Literal["error", "warning"]


class Check(StrEnum):
    """Every check, by the name that a finding carries."""

    UNKNOWN_NAME = "unknown_name"
    """A score, policy, component, label or marker that the catalogue does not have."""
    NEVER_TRUE = "never_true"
    """No patient can fulfil it."""
    NEVER_FALSE = "never_false"
    """Every patient of whom enough is known fulfils it."""
    PART_NEVER_TRUE = "part_never_true"
    """One part of it no patient can fulfil."""
    CONTRADICTION = "contradiction"
    """Two inclusions that no patient fulfils together."""
    INCLUDED_IS_EXCLUDED = "included_is_excluded"
    """An exclusion that holds for everybody whom an inclusion lets in."""
    NOBODY = "nobody"
    """All criteria together leave nobody."""
    DUPLICATE = "duplicate"
    """The same rule twice among what one patient is asked."""
    DUPLICATE_PART = "duplicate_part"
    """The same rule twice in one compound."""
    REDUNDANT = "redundant"
    """An exclusion of nobody whom the inclusions let in."""
    INCLUDED_BY_ABSENCE = "included_by_absence"
    """An inclusion that holds for a patient of whom nothing is known."""
    EXCLUDED_BY_ABSENCE = "excluded_by_absence"
    """An exclusion that holds for a patient of whom nothing is known."""
    SAFE_BY_ABSENCE = "safe_by_absence"
    """A criterion for safety that is passed where nothing is on record."""
    UNVERIFIED = "unverified"
    """A rule of the catalogue whose evidence is unverified: refused in live mode."""
    NO_CUT_OFF = "no_cut_off"
    """A marker of the table that is always unknown."""
    WRONG_AGE = "wrong_age"
    """A rule for children in a trial of adults, or the other way round."""
    MARKER_ROLE = "marker_role"
    """Nothing published supports the role the criterion gives the marker."""
    NO_ASSAY = "no_assay"
    """A predictive criterion compares a marker's results of any assay."""
    OTHER_ASSAY = "other_assay"
    """The assay declared and the assay compared differ."""
    RESULT_TOO_LATE = "result_too_late"
    """The result of the marker comes after the recruitment window has closed."""
    OUTLASTS_WINDOW = "outlasts_window"
    """Something must last longer than there is time since its anchor."""
    WINDOW_WITHOUT_EFFECT = "window_without_effect"
    """`within` reaches further back than the anchor ever lies."""
    NO_TIME_OF_DAY = "no_time_of_day"
    """A window of hours over facts of which sources give the date alone."""
    LATE_CODES = "late_codes"
    """A diagnosis of this stay that is coded only once the stay is over."""
    HOLDS_FOR_EVER = "holds_for_ever"
    """A human's answer that never grows old."""
    ASKED_TWICE = "asked_twice"
    """One name of a human's answer, and two questions."""
    ASKED_IN_VAIN = "asked_in_vain"
    """`if_unknown: ask` on what is a question already."""
    UNDECIDABLE = "undecidable"
    """Hardly any source tells what would decide it."""
    NEEDLESS = "needless"
    """A compound of one rule, or a double negation."""
    ANCHOR_UNSURE = "anchor_unsure"
    """The window counts from what the entry does not bring about."""
    GUESSABLE = "guessable"
    """Who sees past arms knows too well which comes next."""
    NO_FLOOR = "no_floor"
    """Nothing keeps an arm's share in response-adaptive allocation above nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found, by the path to it."""

    check: Check
    severity: Severity
    path: Path
    sentence: str
    cure: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What a check found, by its place in the text."""

    place: Place
    code: str
    severity: Severity
    path: str
    """As every fault names it: `domains[0].inclusion[2].rule`."""
    sentence: str
    cure: str

    def __str__(self) -> str:
        """One line: grave or not, where, what, and what would mend it."""
        return (
            f"{self.severity} {self.code} at {self.place}: {self.sentence} {self.cure}"
        )


def error(check: Check, path: Path, sentence: str, cure: str) -> Found:
    """What must be mended before the protocol can be activated."""
    return Found(check, "error", path, sentence, cure)


def warning(check: Check, path: Path, sentence: str, cure: str) -> Found:
    """What its authors should look at."""
    return Found(check, "warning", path, sentence, cure)
