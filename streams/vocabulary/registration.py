"""What a trial's public registration says: the WHO data set, version 1.3.1, 24 items.

The names of the items are those of the data set; what is asked is said in our own
words.
Source: WHO, International Clinical Trials Registry Platform, Trial Registration Data
Set 1.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from streams.vocabulary.document import Document


Words = Annotated[str, Field(min_length=1)]


class Identifier(Document):
    """A number, and who issued it."""

    authority: Words
    """Who issued it: a registry, a sponsor, a regulator, an ethics committee."""
    number: Words
    """As it was issued."""


class Registration(Document):
    """The 24 items; what is left out is missing, an empty list says there is none."""

    primary_registry: Identifier | None = None
    """1: the primary registry, and the number it gave the trial."""
    registered_on: date | None = None
    """2: when the primary registry registered it."""
    secondary_ids: tuple[Identifier, ...] | None = None
    """3: all other numbers of the trial."""
    support: tuple[Words, ...] | None = None
    """4: who gives money or material."""
    primary_sponsor: Words | None = None
    """5: who answers for the trial."""
    secondary_sponsors: tuple[Words, ...] | None = None
    """6: who shares in it by agreement."""
    public_contact: Words | None = None
    """7: whom the public asks."""
    scientific_contact: Words | None = None
    """8: whom scientists ask."""
    public_title: Words | None = None
    """9: the title for the public."""
    scientific_title: Words | None = None
    """10: the title as the protocol has it, with the acronym."""
    countries: tuple[Words, ...] | None = None
    """11: where participants are, or will be, recruited."""
    conditions: tuple[Words, ...] | None = None
    """12: the health conditions or problems studied."""
    interventions: tuple[Words, ...] | None = None
    """13: what each arm gets; taken from the arms where it is left out."""
    key_criteria: Words | None = None
    """14: the key criteria; taken from the criteria where it is left out."""
    study_type: Words | None = None
    """15: type, allocation, masking, assignment, purpose and phase."""
    first_enrolment: date | None = None
    """16: the first enrolment, planned or past."""
    sample_size: int | None = Field(default=None, ge=1)
    """17: how many are planned in all."""
    recruitment_status: (
        Literal["pending", "recruiting", "suspended", "complete", "other"] | None
    ) = None
    """18: whether it recruits."""
    primary_outcomes: tuple[Words, ...] | None = None
    """19: each with its measure and its time point."""
    key_secondary_outcomes: tuple[Words, ...] | None = None
    """20: each with its measure and its time point."""
    ethics_review: Words | None = None
    """21: state of the review, its date, and the committee."""
    completion_date: date | None = None
    """22: when the last data are, or were, collected."""
    summary_results: Words | None = None
    """23: where the results are; due once recruitment is complete."""
    ipd_sharing: Words | None = None
    """24: whether and how data of single participants are shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationItem:
    """One of the 24 as a protocol has it."""

    number: int
    key: str
    """The name it has in `registration`."""
    name: str
    """The name it has in the data set."""
    told: bool
    due: bool
    """Whether a registry expects it already."""


NAMES = {
    "primary_registry": "Primary registry and trial identifying number",
    "registered_on": "Date of registration in primary registry",
    "secondary_ids": "Secondary identifying numbers",
    "support": "Source(s) of monetary or material support",
    "primary_sponsor": "Primary sponsor",
    "secondary_sponsors": "Secondary sponsor(s)",
    "public_contact": "Contact for public queries",
    "scientific_contact": "Contact for scientific queries",
    "public_title": "Public title",
    "scientific_title": "Scientific title",
    "countries": "Countries of recruitment",
    "conditions": "Health condition(s) or problem(s) studied",
    "interventions": "Intervention(s)",
    "key_criteria": "Key inclusion and exclusion criteria",
    "study_type": "Study type",
    "first_enrolment": "Date of first enrolment",
    "sample_size": "Sample size",
    "recruitment_status": "Recruitment status",
    "primary_outcomes": "Primary outcome(s)",
    "key_secondary_outcomes": "Key secondary outcome(s)",
    "ethics_review": "Ethics review",
    "completion_date": "Completion date",
    "summary_results": "Summary results",
    "ipd_sharing": "IPD sharing statement",
}
"""The data set's names by the key of each, in its order."""

_FROM_THE_DOCUMENT = frozenset({"interventions", "key_criteria"})
"""Every protocol has arms and criteria: they say it where the registration does not."""


def registration_items(
    registration: Registration | None,
) -> tuple[RegistrationItem, ...]:
    """All 24, told or not."""
    return tuple(_items(registration or Registration()))


def missing_items(registration: Registration | None) -> tuple[RegistrationItem, ...]:
    """What a registry expects by now and is not told."""
    return tuple(
        item for item in registration_items(registration) if item.due and not item.told
    )


def _items(registration: Registration) -> Iterator[RegistrationItem]:
    complete = registration.recruitment_status == "complete"
    for number, (key, name) in enumerate(NAMES.items(), 1):
        told = getattr(registration, key) is not None or key in _FROM_THE_DOCUMENT
        due = complete or key != "summary_results"
        yield RegistrationItem(number=number, key=key, name=name, told=told, due=due)
