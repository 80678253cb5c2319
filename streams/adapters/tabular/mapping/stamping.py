"""When a fact happened, when it was known, and by which name it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from streams.adapters.identity.pseudonyms import Identifier, Identities, Kind
from streams.adapters.tabular.cells import STAND_IN
from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.facts import Shared
from streams.adapters.tabular.mapping.line import At, Happens, Line, Says, Stamp
from streams.adapters.tabular.mapping.phrases import Known
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.vocabulary.clock import DAY, iso
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


Stamps = Callable[[Line, At], Stamp]


class Naming(Protocol):
    """The name of a fact of this moment, with its key and its value."""

    def __call__(
        self, line: Line, moment: datetime, key: str, value: str = "", /
    ) -> str:
        """One name for one fact."""
        ...


AT_ONCE = Known(measurable=True)
"""Of what is known when it happens: coming, going, a rate."""
NOT_SAID = Known()


class Names:
    """The site's names for identifiers, the last of them remembered."""

    def __init__(self, identities: Identities, authority: str) -> None:
        self._identities = identities
        self._authority = authority
        self.name = lru_cache(maxsize=65_536)(self._name)

    def _name(self, kind: Kind, value: str, scope: str = "") -> str:
        authority = self._authority if kind != "reference" else scope
        return self._identities.name(kind, Identifier(authority, value))


@dataclass(slots=True)
class Ordinals:
    """Makes equal names of one patient distinct, where each row is a fact of its own.

    It remembers one patient at a time and refuses rows that do not stand together:
    counted from anew, they would be taken for one another.
    """

    patient: str = ""
    _met: Counter[str] = field(default_factory=Counter)
    _gone: set[str] = field(default_factory=set)

    def distinct(self, patient: str, name: str) -> str:
        """The name, with `#2` and so on from the second time on.

        Raises `InputError` EMB-141 where a patient's rows do not stand together.
        """
        if patient != self.patient:
            self._gone.add(self.patient)
            self.patient = patient
            self._met.clear()
            if patient in self._gone:
                raise InputError(
                    ErrorCode.SCATTERED_ROWS,
                    "Rows of one patient do not stand together, and each counts.",
                    "Sort the table by patient, or give its rows an `id`.",
                )
        self._met[name] += 1
        ordinal = self._met[name]
        return name if ordinal == 1 else f"{name}#{ordinal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A table's mapping under one header, and what facts of it share."""

    table: TableMapping
    sheet: Sheet
    names: Names
    source: str
    ordinals: Ordinals | None = None
    """Only where each row is a fact of its own."""

    def at(self, fact: Shared) -> Happens:
        """When a fact happened; leaves EMB-108 where nothing says so."""
        told = self.sheet.told(fact.at if fact.at is not None else self.table.at)

        def tells(line: Line) -> At:
            found = told(line)
            if found is None:
                line.reject(
                    ErrorCode.MISSING_VALUE,
                    None,
                    "Nothing says when it happened.",
                    "The fact says nothing without it.",
                )
                return At(STAND_IN)
            return found

        return tells

    def stamps(self, fact: Shared, usual: Known = NOT_SAID) -> Stamps:
        """What all facts share, for a fact at a time."""
        known = self._known(fact.known or self.table.known or usual)
        encounter, stay = self.encounter(fact), self.stay(fact)
        issued = self.sheet.told(fact.issued or self.table.issued)

        def stamp(line: Line, at: At) -> Stamp:
            found, flags = known(line, at)
            version = issued(line)
            return Stamp(
                at.moment,
                found,
                flags,
                encounter(line) or None,
                stay(line) or None,
                int(version.moment.timestamp()) if version else 0,
            )

        return stamp

    def encounter(self, fact: Shared) -> Says:
        """The hospital stay's name."""
        told = fact.encounter if fact.encounter is not None else self.table.encounter
        return self._named(self.sheet.said(told), "encounter")

    def stay(self, fact: Shared) -> Says:
        """The unit stay's name."""
        told = fact.stay if fact.stay is not None else self.table.stay
        return self._named(self.sheet.said(told), "reference", "stay")

    def reference(self, says: Says, scope: str) -> Says:
        """The name of what has a number of its own."""
        return self._named(says, "reference", scope)

    def event_id(self, fact: Shared) -> Naming:
        """The fact's name, from its key and its value.

        A row with an id is named by it, so that a later version has the same name.
        """
        table, ordinals = self.table.table, self.ordinals
        whole = self.sheet.whole(fact.id if fact.id is not None else self.table.id)
        record = self._named(whole, "reference", table)

        def event_id(line: Line, moment: datetime, key: str, value: str = "", /) -> str:
            if row := record(line):
                return f"{table}:{row}:{key}"
            name = f"{table}:{line.patient}:{iso(moment)}:{key}"
            if value:
                name = f"{name}:{value}"
            if ordinals is None or line.flaw is not None:
                return name
            return ordinals.distinct(line.patient, name)

        return event_id

    def _named(self, says: Says, kind: Kind, scope: str = "") -> Says:
        name = self.names.name

        def named(line: Line) -> str:
            text = says(line)
            return name(kind, text, scope) if text else ""

        return named

    def _known(
        self, known: Known
    ) -> Callable[[Line, At], tuple[datetime, tuple[Flag, ...]]]:
        filed = self.sheet.told(known.at)
        lag = timedelta(hours=known.lag_hours)
        stand_in = () if known.measurable else (Flag.LAG_UNMEASURABLE,)

        def of(line: Line, at: At) -> tuple[datetime, tuple[Flag, ...]]:
            moment, dated = at
            flags = (Flag.DATE_ONLY,) if dated else ()
            if moment is STAND_IN:
                return moment, flags
            told = filed(line)
            if told is not None:
                if told.dated:
                    told = At(told.moment + DAY)
                if told.moment >= moment:
                    return told.moment, flags
                return (moment + DAY if dated else moment), (*flags, Flag.FUTURE)
            end = moment + DAY if dated else moment
            return end + lag, flags + stand_in

        return of
