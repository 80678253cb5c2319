"""What opens a screening, as a clause."""

from __future__ import annotations

from streams.clinical.aloud.times import ANCHORS, compared, joined, lasting
from streams.vocabulary.entry import (
    AdmissionEntry,
    AllWithin,
    CultureEntry,
    Entry,
    FirstOf,
    InfusionEntry,
    MedicationEntry,
    OnsetEntry,
    SupportEntry,
    UnitEntry,
)
from streams.vocabulary.protocol import Recruitment


def recruitment(told: Recruitment) -> str:
    """Who is screened, from when, for how long."""
    return (
        f"A screening opens with {entry(told.entry)}. Its window is open for "
        f"{lasting(told.window)} from when {ANCHORS[told.anchor]}, "
        "the last moment included."
    )


def entry(told: Entry) -> str:
    """One entry."""
    match told:
        case OnsetEntry():
            return f"a flag of {told.definition} (policy {told.policy})"
        case AdmissionEntry():
            return "an admission to hospital"
        case UnitEntry():
            return f"the coming to {joined(told.any_of)}"
        case InfusionEntry():
            rate = f" at {compared(told.rate)}" if told.rate else ""
            return f"an infusion of {joined(told.drugs)}{rate}"
        case SupportEntry():
            return f"breathing support ({joined(told.any_of)})"
        case CultureEntry():
            return _culture(told)
        case MedicationEntry():
            return _medication(told)
        case FirstOf():
            return f"the first of: {'; '.join(entry(one) for one in told.of)}"
        case AllWithin():
            each = "; ".join(entry(one) for one in told.of)
            return f"all of these within {lasting(told.within)}: {each}"


def _culture(told: CultureEntry) -> str:
    of = f" of {joined(told.specimens)}" if told.specimens else ""
    grew = f" that grew {joined(told.organisms)}" if told.organisms else ""
    skin = ", skin contaminants ignored" if told.contaminants == "ignore" else ""
    return f"a positive culture{of}{grew}{skin}"


def _medication(told: MedicationEntry) -> str:
    words = [*told.drugs, *told.named]
    what = joined(words) or "an antimicrobial"
    either = " or any antimicrobial" if words and told.antimicrobial else ""
    route = f" by {joined(told.routes)}" if told.routes else ""
    return f"{what}{either} {joined(told.stages)}{route}"
