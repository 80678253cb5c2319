"""Cultures: what was taken, what grew, and what it was tried against.

FHIR tells these in Observations of their own: a test (its code is a culture), what
grew (a coded value of the test, or a member of it whose code is the organism), and
each antimicrobial tried (a member of what grew).
Here a test is one `CultureCollected`, and what grew one `CultureResult` with all that
is known of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from streams.adapters.fhir.cultures import Cultures, Growth, Test, Tried
from streams.adapters.fhir.known import KnownSpecimen
from streams.adapters.fhir.observed import UNTOLD, effective, status_of
from streams.adapters.fhir.quantities import number_of, reported
from streams.adapters.fhir.resources import Observation
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When
from streams.adapters.site.codes import LOINC, Coding
from streams.adapters.site.configuration import CodeEntry
from streams.adapters.values import Reported, read_result
from streams.vocabulary.codes import Snomed
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Cancellation, Event


Step = Literal["culture", "organism", "antimicrobial"]

MEMBERS_TELL_ALL = "members"
"""A site's word, as `method` of a culture: what grew is always a member, so that a
final test without any grew nothing."""

_STEPS: dict[str, Step] = {
    "culture": "culture",
    "organism": "organism",
    "antimicrobial": "antimicrobial",
}
_CULTURES = frozenset(
    [
        "600-7",
        "606-4",
        "624-7",
        "625-4",
        "626-2",
        "630-4",
        "634-6",
        "635-3",
        "580-1",
        "6460-0",
        "6462-6",
        "6463-4",
    ]
)
"""LOINC: bacteria or fungi identified by culture, by specimen."""
_TRIED = re.compile(r"(.+?) \[Susceptibility\]", re.IGNORECASE)
"""How LOINC names an antimicrobial that was tried."""
_MICROBIOLOGY = ("http://terminology.hl7.org/CodeSystem/v2-0074", "MB")
_SAYS = {
    (Snomed.system, "264868006"): False,
    (Snomed.system, "260385009"): False,
    (Snomed.system, "260415000"): False,
    (Snomed.system, "10828004"): True,
    (Snomed.system, "260373001"): True,
}
"""No growth, negative, not detected; positive, detected."""
_INTERPRETED = {"POS": True, "DET": True, "NEG": False, "ND": False}
_WORDS = {
    "POSITIVE": True,
    "DETECTED": True,
    "NEGATIVE": False,
    "NOT DETECTED": False,
}
_FINAL = ("final", "amended", "corrected")
_DILUTION = "/dilution-details"
"""The extension of MIMIC-IV on FHIR."""
CANCELLED = "CANCELLED"
"""What a site's map calls an organism that stands for a cancelled test."""
_NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
_NO_GROWTH = re.compile(r"\s*no growth\b", re.IGNORECASE)


def step_of(
    resource: Observation, codings: tuple[Coding, ...], entry: CodeEntry | None
) -> Step | None:
    """Which step of microbiology an Observation is; None for any other."""
    if entry is not None:
        return _STEPS.get(entry.kind)
    for one in codings:
        if one.system in LOINC and one.code in _CULTURES:
            return "culture"
        if one.system in LOINC and _TRIED.match(one.label):
            return "antimicrobial"
    for concept in resource.category:
        if any((c.system, c.code) == _MICROBIOLOGY for c in concept.coding):
            return "culture"
    return None


def read(
    telling: Telling,
    resource: Observation,
    codings: tuple[Coding, ...],
    step: Step,
    cultures: Cultures,
) -> None:
    """Take one step in, and tell again what follows from it."""
    telling.is_step = True
    when = effective(telling, resource)
    if when is None:
        return
    reading = _Reading(telling, resource, codings, when, cultures)
    taken = {
        "culture": reading.test,
        "organism": reading.growth,
        "antimicrobial": reading.tried,
    }[step]()
    if taken is None:
        return
    mine, told = telling.patient, cultures.patient(taken)
    for event in cultures.told(taken, telling.desk.directory, telling.received_at):
        telling.events.append(event)
        for other in {reading.before, mine} - {told, None}:
            telling.of_others.append((str(other), _taken_back(event)))
    telling.patient = told


class _Reading:
    """One step; each reader returns the key of what is to be told again."""

    def __init__(
        self,
        telling: Telling,
        resource: Observation,
        codings: tuple[Coding, ...],
        when: When,
        cultures: Cultures,
    ) -> None:
        self.telling = telling
        self.resource = resource
        self.codings = codings
        self.when = when
        self.cultures = cultures
        self.key = telling.scope.key
        self.before = cultures.patient(self.key)
        """Whose it was so far."""
        self.entry = telling.meaning(codings)
        issued = telling.time(resource.issued, "issued")
        self.issued = issued.at if issued else None

    def test(self) -> str | None:
        """A specimen put to a test, and what the test itself says."""
        specimen = self.telling.key(self.resource.specimen)
        if specimen is not None:
            self.telling.find(specimen, KnownSpecimen)
        patient = self.telling.patient
        if patient is None or self._must_wait():
            return None
        kept = self.cultures.learn_test(
            self.key,
            Test(
                version=self.telling.version,
                patient=patient,
                encounter=self.telling.encounter,
                stay=self.telling.stay,
                event_id=self.telling.event_id,
                name=self._name(),
                specimen=specimen and self.telling.desk.directory.same(specimen),
                taken=self.when.at,
                flags=self.when.flags,
                known_at=self.telling.received_at,
                void=self.telling.void,
            ),
        )
        if kept:
            self._learn_members()
            self._learn_own_growth()
        return self.key

    def growth(self) -> str | None:
        """An organism, as a member of a test."""
        test = self._parent(self.cultures.tests)
        if test is None or self._must_wait():
            return None
        name = self._name()
        said = _WORDS.get(read_result(name).word or "", True)
        self.cultures.learn_growth(
            self.key,
            Growth(
                version=self.telling.version,
                event_id=self.telling.event_id,
                test=test,
                positive=None if name == CANCELLED else said,
                organism=name,
                organism_code=str(self.codings[0]) if self.codings else None,
                status=status_of(self.resource.status),
                issued=self.issued,
                known_at=self.telling.received_at,
                void=self.telling.void,
            ),
        )
        self._learn_members()
        return self.key

    def tried(self) -> str | None:
        """An antimicrobial, as a member of what grew."""
        growth = self._parent(self.cultures.growths)
        if growth is None or self._must_wait():
            return None
        value = self._concentration()
        self.cultures.learn_member(self.key, growth)
        self.cultures.learn_tried(
            growth,
            self.key,
            Tried(
                version=self.telling.version,
                antimicrobial=self._name(),
                interpretation=self._interpretation(),
                mic=value.value,
                comparator=value.comparator,
                at=self.issued or self.when.at,
                known_at=self.telling.received_at,
                void=self.telling.void,
            ),
        )
        return growth

    def _must_wait(self) -> bool:
        return bool(self.telling.waits_for) and not self.telling.forced

    def _learn_members(self) -> None:
        for one in self.resource.has_member:
            if (member := self.telling.key(one)) is not None:
                self.cultures.learn_member(member, self.key)
                self.telling.brings.append(member_of(member))

    def _parent(self, steps: Mapping[str, object]) -> str | None:
        """The step this one belongs to: what it derives from, or is a member of."""
        keys = [self.telling.key(one) for one in self.resource.derived_from]
        keys.append(self.cultures.parents.get(self.key))
        asked = [key for key in keys if key is not None]
        for key in asked:
            if key in steps:
                return key
        self.telling.waits_for.update(asked or [member_of(self.key)])
        if self.telling.forced:
            self.telling.fault(
                "derivedFrom",
                ErrorCode.REFERENCE_MISSING,
                "What it is a part of has not come.",
                "Send the test and what grew as well.",
            )
        return None

    def _name(self) -> str:
        """The site's name for it, else the code's own."""
        if self.entry is not None and self.entry.concept:
            return self.entry.concept
        for one in self.codings:
            tried = _TRIED.match(one.label)
            return tried[1] if tried else one.label or one.code
        return ""

    def _learn_own_growth(self) -> None:
        """What the test itself says of growth, where its members do not."""
        grown = self._organism()
        pending = (self.resource.status or "") in UNTOLD
        if pending or (grown is None and self.resource.has_member):
            self.cultures.deny(self.key, self.telling.version)
            return
        own = Growth(
            version=self.telling.version,
            event_id=self.telling.event_id,
            test=self.key,
            positive=True if grown else self._positive(),
            organism=(grown.label or grown.code) if grown else None,
            organism_code=str(grown) if grown else None,
            status=status_of(self.resource.status),
            issued=self.issued,
            known_at=self.telling.received_at,
            void=self.telling.void,
        )
        self.cultures.learn_growth(self.key, own)

    def _organism(self) -> Coding | None:
        """The organism that a test's coded value names."""
        for one in self._answers():
            told = (one.system, one.code) in _SAYS or one.system == _NULL
            if not told and read_result(one.label).word is None:
                return one
        return None

    def _answers(self) -> tuple[Coding, ...]:
        return self.telling.desk.codings(self.resource.value_codeable_concept)

    def _positive(self) -> bool | None:
        """Whether a test without organism says that something grew."""
        for one in self._answers():
            if (said := _SAYS.get((one.system, one.code))) is not None:
                return said
        words = [read_result(one.label).word for one in self._answers()]
        words.append(reported(self.resource, self.telling.desk.site.units)[0].word)
        for word in words:
            if word in _WORDS:
                return _WORDS[word]
        for one in self.telling.desk.codings(*self.resource.interpretation):
            if one.code in _INTERPRETED:
                return _INTERPRETED[one.code]
        if _NO_GROWTH.match(self.resource.value_string or ""):
            return False
        closed = self.entry is not None and self.entry.method == MEMBERS_TELL_ALL
        return False if closed and self.resource.status in _FINAL else None

    def _interpretation(self) -> str | None:
        """S, I, R and the like."""
        told = (self.resource.value_codeable_concept, *self.resource.interpretation)
        return next((one.code for one in self.telling.desk.codings(*told)), None)

    def _concentration(self) -> Reported:
        """The least that inhibits growth, where it was measured."""
        said, _ = reported(self.resource, self.telling.desk.site.units)
        for extension in self.resource.extension:
            if said.value is None and extension.url.endswith(_DILUTION):
                said = number_of(extension.value_quantity)
        return said


def _taken_back(event: Event) -> Cancellation:
    """That a fact is not this patient's, for it is another's."""
    fact = event.cancels if isinstance(event, Cancellation) else event.event_id
    return Cancellation(
        event_id=f"{fact}:cancelled",
        happened_at=event.known_at,
        known_at=event.known_at,
        version=event.version,
        cancels=fact,
    )


def member_of(key: str) -> str:
    """What a step waits for that does not know what it is a member of."""
    return f"{key} as a member"
