"""Observation: vital signs, results, panels with components, volumes, support.

Every value passes as a number in the concept's unit, as one of the known words, or as
a coded answer; a text that is neither stays behind.
"""

from __future__ import annotations

from streams.adapters.fhir import microbiology
from streams.adapters.fhir.cultures import Cultures
from streams.adapters.fhir.observed import (
    UNTOLD,
    effective,
    gathered,
    specimen_of,
    status_of,
)
from streams.adapters.fhir.quantities import (
    has_value,
    millilitres,
    reported,
    written_value,
)
from streams.adapters.fhir.resources import Observation, Valued
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, at
from streams.adapters.measured import Measured, measured
from streams.adapters.site.codes import Coding
from streams.adapters.site.configuration import CodeEntry
from streams.adapters.values import NOTHING, Reported
from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    Assessment,
    Fluid,
    Measurement,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


_ASSESSED = {"score", "finding", "category"}


def read(telling: Telling, resource: Observation, cultures: Cultures) -> None:
    """The events of one Observation."""
    if not telling.whose(resource.subject, resource.encounter):
        return
    codings = telling.desk.codings(resource.code)
    entry = telling.meaning(codings)
    step = microbiology.step_of(resource, codings, entry)
    if step is not None:
        microbiology.read(telling, resource, codings, step, cultures)
        return
    if (resource.status or "") in UNTOLD:
        return
    when = effective(telling, resource)
    if when is None:
        return
    reading = _Reading(telling, resource, when)
    if has_value(resource) or not (resource.component or resource.has_member):
        reading.take(resource, codings, entry, "", "")
    elif entry is None and not resource.component:
        telling.leave_unmapped(codings)
    for number, part in enumerate(resource.component):
        codes = telling.desk.codings(part.code)
        suffix = f":{codes[0].system}|{codes[0].code}" if codes else f":{number}"
        meant = telling.meaning(codes)
        reading.take(part, codes, meant, suffix, f"component[{number}].")


class _Reading:
    """What the parts of one Observation share."""

    def __init__(self, telling: Telling, resource: Observation, when: When) -> None:
        self.telling = telling
        self.when = when
        self.resource = resource
        self.status = status_of(resource.status)
        self.specimen_id, self.specimen = specimen_of(telling, resource)

    def take(
        self,
        part: Valued,
        codings: tuple[Coding, ...],
        entry: CodeEntry | None,
        suffix: str,
        place: str,
    ) -> None:
        """Tell what one part says."""
        said, unit = reported(part, self.telling.desk.site.units)
        if entry is None:
            self._keep(part, codings, said, unit, suffix)
            return
        try:
            if entry.kind == "observation":
                self._measure(part, codings[0], entry, said, unit, suffix, place)
            elif entry.kind == "fluid":
                self._volume(codings[0], entry, said, unit, suffix, place)
            elif entry.kind == "support":
                self._support(part, entry, suffix)
        except InputError as error:
            self.telling.fault_of(f"{place}value", error)

    def _keep(
        self,
        part: Valued,
        codings: tuple[Coding, ...],
        said: Reported,
        unit: str,
        suffix: str,
    ) -> None:
        """A result whose code is in no map."""
        self.telling.leave_unmapped(codings, unit)
        self.telling.tell(
            Measurement(
                **self.telling.common(self.when, suffix, (Flag.UNMAPPED,)),
                concept="unmapped",
                text=said.word or self._answer(part),
                sent_value=written_value(said),
                sent_unit=unit or None,
                specimen=self.specimen,
                specimen_id=self.specimen_id,
                code=str(codings[0]) if codings else None,
                status=self.status,
            )
        )

    def _answer(self, part: Valued) -> str | None:
        """A coded answer by its code's own name, or why there is none."""
        for told in (part.value_codeable_concept, part.data_absent_reason):
            for one in self.telling.desk.codings(told):
                return one.label or one.code
        return None

    def _measure(
        self,
        part: Valued,
        coding: Coding,
        entry: CodeEntry,
        said: Reported,
        unit: str,
        suffix: str,
        place: str,
    ) -> None:
        what = concept(entry.concept)
        value = self._measured(entry, said, unit)
        text = said.word or (self._answer(part) if value.value is None else None)
        if said == NOTHING and text is None:
            self._note_unread(place)
        if what.category in _ASSESSED:
            self.telling.tell(
                Assessment(
                    **self.telling.common(self.when, suffix, value.flags),
                    concept=what.name,
                    value=value.value,
                    text=text,
                    code=str(coding),
                )
            )
            return
        changed = value.value is None or value.sent_unit is not None
        self.telling.tell(
            Measurement(
                **self.telling.common(self.when, suffix, value.flags),
                concept=what.name,
                value=value.value,
                comparator=value.comparator,
                upper=value.upper,
                text=text,
                sent_value=written_value(said) if changed else None,
                sent_unit=(unit or None) if changed else None,
                specimen=entry.specimen or self.specimen,
                specimen_id=self.specimen_id,
                method=entry.method,
                code=str(coding),
                status=self.status,
            )
        )

    def _measured(self, entry: CodeEntry, said: Reported, unit: str) -> Measured:
        what = concept(entry.concept)
        if said.value is not None:
            self.telling.units.append((what.name, unit))
        plain = unit or entry.unit
        return measured(what, said, plain, aliases=self.telling.desk.site.units)

    def _volume(
        self,
        coding: Coding,
        entry: CodeEntry,
        said: Reported,
        unit: str,
        suffix: str,
        place: str,
    ) -> None:
        if said.value is None:
            self._note_unread(place)
            return
        self.telling.units.append((entry.concept, unit))
        volume, flags = millilitres(self.telling, said.value, unit or entry.unit or "")
        since, until = gathered(self.telling, self.resource) or (None, self.when)
        if since is not None and since.at > until.at:
            since, flags = None, (*flags, Flag.STOP_BEFORE_START)
        self.telling.tell(
            Fluid(
                **self.telling.common(until, suffix, flags),
                direction="in" if entry.method == "in" else "out",
                substance=entry.concept,
                volume_ml=volume,
                started_at=at(since),
                code=str(coding),
            )
        )

    def _note_unread(self, place: str) -> None:
        self.telling.fault(
            f"{place}value",
            ErrorCode.VALUE_NOT_READ,
            "It is no number, known word or coded answer.",
            "Send a Quantity or a code; free text is not read.",
        )

    def _support(self, part: Valued, entry: CodeEntry, suffix: str) -> None:
        desk = self.telling.desk
        answered = desk.codings(part.value_codeable_concept)
        asked = Coding(entry.system, entry.code)
        category = desk.codes.support(*answered, asked)
        odd = () if category else (Flag.UNMAPPED,)
        self.telling.tell(
            RespiratorySupport(
                **self.telling.common(self.when, suffix, odd),
                category=category,
                device=self._answer(part),
            )
        )
