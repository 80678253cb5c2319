"""What a secondary infection is, as named arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryPolicy:
    """How new infections are told from what only grew."""

    after: timedelta = timedelta(hours=48)
    """How long after onset an infection is a new one (the usual bound)."""

    until: timedelta = timedelta(days=28)
    """How long after onset it is looked for (ours)."""

    same_organism: Literal["not_new", "new"] = "not_new"
    """An organism that grew before: the first infection going on, or a new one."""

    first_since: timedelta = timedelta(days=14)
    """How long before onset what grew counts as the first infection (ours; as long as
    the toolkit lets pass between two events).  What grew years ago is not it."""

    commensals: Literal["two_cultures", "contaminant", "infection"] = "two_cultures"
    """A skin commensal from a sterile site: infection if two specimens grew it
    (NHSN), a contaminant always, or an infection always."""

    pair_within: timedelta = timedelta(hours=48)
    """How far apart those two specimens may be (NHSN says the same or the next
    calendar day; from memory)."""

    open_sites: Literal["if_treated", "infection", "colonisation"] = "if_treated"
    """Growth from airway, urine, wounds or stool: an infection if an antimicrobial was
    begun for it, always, or never (ours)."""

    treated_before: timedelta = timedelta(hours=24)
    treated_after: timedelta = timedelta(hours=72)
    """How long before and after the specimen that antimicrobial may begin (the windows
    of Seymour 2016)."""

    candida: Literal["sterile_sites_only", "as_others"] = "sterile_sites_only"
    """Yeast from airway or urine: colonisation, treated or not; or as any other."""

    viral: Literal["apart", "infection"] = "apart"
    """Herpesviruses that wake up (CMV, HSV, EBV, HHV-6, VZV): told apart, or an
    infection like others."""

    antimicrobials: Literal["after_pause", "new_drug", "ignored"] = "after_pause"
    """Which antimicrobial course alone tells of an infection: one after a time without
    any; any drug not had in that time (de-escalation counts too); or none."""

    pause: timedelta = timedelta(hours=48)
    """How long without."""

    course_days: int = 2
    """On how many days it must be given: a single dose is prophylaxis (ours)."""

    stages: frozenset[str] = frozenset({"ordered", "given"})
    """What counts as the antimicrobial (Seymour 2016)."""

    pending: timedelta = timedelta(days=7)
    """After so long a specimen without a result is not waited for (ours)."""


DEFAULT = SecondaryPolicy()
