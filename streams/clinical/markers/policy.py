"""What the markers leave open, as named arguments, and who reads them how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from streams.clinical.markers.readings import Implausible
from streams.clinical.specification import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerPolicy:
    """What the table leaves open."""

    stale_after: timedelta | None = None
    """In place of the table's (most of which are ours, not published)."""

    which: Literal["latest", "any_fresh"] = "latest"
    """Of several results: the last specimen's (ImmunoSep screens once), or any fresh
    one's."""

    assay: Literal["named", "any"] = "named"
    """A result by another assay than the cut-off's, or one that names none: unknown, or
    taken all the same."""

    implausible: Implausible = "counts"
    """A result flagged as implausible: a ferritin of 300,000 is real in
    hyper-inflammation."""

    population: Literal["by_age_on_record", "proven", "ignored"] = "by_age_on_record"
    """A cut-off of adults in a child, or of children in an adult: unknown where the age
    on record does not prove the patient one of those it was made for (a year of birth
    leaves two ages); unknown too where no age is on record (`proven`); or held against
    anybody."""

    repeat_early: timedelta = timedelta(0)
    """How much sooner than asked the second specimen may be (PROVIDE says 24 h)."""

    repeat_late: timedelta = timedelta(hours=24)
    """How much later it still pairs with the first (ours)."""


DEFAULT = MarkerPolicy()

CHOICES = (
    Choice(
        argument="stale_after",
        default="none",
        readings="none: the marker's own time, which is mostly ours (lactate 6 h: "
        "REDUCE); or a time that a trial names.",
    ),
    Choice(
        argument="which",
        default="latest",
        readings="`latest` specimen (ImmunoSep screens once), or `any_fresh` one that is "
        "positive.",
    ),
    Choice(
        argument="assay",
        default="named",
        readings="Another assay's result is unknown (`named`: ours), or counts (`any`).",
    ),
    Choice(
        argument="implausible",
        default="counts",
        readings="`counts` (ours: the sickest have such values); or `left_out`.",
    ),
    Choice(
        argument="population",
        default="by_age_on_record",
        readings="Cut-offs of adults and of children (from 18 years: the trials of the "
        "table): `by_age_on_record`, where there is one (ours); only where it is "
        "`proven`; or `ignored`.",
    ),
    Choice(
        argument="repeat_early",
        default="0 h",
        readings="How much sooner than asked a second specimen may be: PROVIDE asks for "
        "two samples 24 h apart, with no tolerance named.",
    ),
    Choice(
        argument="repeat_late",
        default="24 h",
        readings="How much later the second specimen may be: ours.",
    ),
)
"""Of every marker and every scheme of markers."""
