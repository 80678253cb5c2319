"""What of a record may leave the house, by profile.

`safe_harbor` follows 45 CFR 164.514(b)(2): no identifier, no date but its year, no age
above 89, no place within a state; its ids are drawn with a key of the export's own and
lead nowhere without it.
`limited` follows 164.514(e): dates stay, nothing that names a person.
`identified` is the record with the vault's identifiers.
What is no known kind of value cannot be declared, so nothing leaves by default.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from registry.domain.audit import canonical
from registry.domain.particulars import PLAINLY
from registry.domain.stratum import levels_of, stratum_key


class Profile(StrEnum):
    """To whom an export may go."""

    IDENTIFIED = "identified"
    """Who may open the vault, and is written down as having done so."""
    LIMITED = "limited"
    """Who signed an agreement on the use of the data."""
    SAFE_HARBOR = "safe_harbor"
    """Anybody the trial gives it to."""


class Kind(StrEnum):
    """What a column discloses."""

    PLAIN = "plain"
    """Nothing of a person: a status, a version, a number of the trial's own."""
    NAME = "name"
    """A pseudonym, a code, or an id made of them."""
    PLACE = "place"
    """A site."""
    STAFF = "staff"
    """Who acted, as the audit names them."""
    MOMENT = "moment"
    MONTH = "month"
    """A year and month."""
    ORDER = "order"
    """A running number, which tells who came before whom."""
    WORDS = "words"
    """Words that a person wrote, which may hold anything."""
    PARTICULARS = "particulars"
    """What an act was of: a JSON object, a person's words among it."""
    FACTORS = "factors"
    """Factors with their levels, `factor=level;…`."""
    COVARIATES = "covariates"
    """Names with values, a JSON object."""
    DIGEST = "digest"
    """A hash over what is left out."""
    ARM = "arm"
    """An arm, of a domain whose arms are hidden from nobody."""
    IDENTIFIERS = "identifiers"
    """What the vault holds."""


Treatment = Literal[
    "kept", "left_out", "withheld", "without_words", "renamed", "year", "pooled"
]
"""`withheld`: the column is there, and empty; `without_words`: with what is known to be
no person's words; `renamed`: an id of this export's own; `pooled`: ages above 89 are
90, no places or births."""

Form = Literal["text", "integer", "number", "boolean", "moment"]
Value = str | int | float | bool | datetime | None

_LIMITED: Mapping[Kind, Treatment] = MappingProxyType(
    {
        Kind.WORDS: "left_out",
        Kind.PARTICULARS: "left_out",
        Kind.IDENTIFIERS: "left_out",
    }
)
_SAFE_HARBOR: Mapping[Kind, Treatment] = MappingProxyType(
    {
        **_LIMITED,
        Kind.NAME: "renamed",
        Kind.PLACE: "renamed",
        Kind.STAFF: "left_out",
        Kind.MOMENT: "year",
        Kind.MONTH: "year",
        Kind.ORDER: "left_out",
        Kind.FACTORS: "pooled",
        Kind.COVARIATES: "pooled",
        Kind.DIGEST: "left_out",
    }
)
_FOR_THE_BLIND: Mapping[Kind, Treatment] = MappingProxyType(
    {Kind.WORDS: "withheld", Kind.PARTICULARS: "without_words"}
)
TREATMENTS: Mapping[Profile, Mapping[Kind, Treatment]] = MappingProxyType(
    {
        Profile.IDENTIFIED: {},
        Profile.LIMITED: _LIMITED,
        Profile.SAFE_HARBOR: _SAFE_HARBOR,
    }
)
"""By profile, what is not `kept`."""

OLDEST = 89
"""The highest age that is told; 164.514(b)(2)(i)(C)."""
_PLACES = frozenset(
    {
        "address",
        "center",
        "centre",
        "city",
        "clinic",
        "county",
        "department",
        "district",
        "hospital",
        "municipality",
        "postcode",
        "region",
        "room",
        "site",
        "street",
        "town",
        "unit",
        "ward",
        "zip",
    }
)
_BIRTHS = frozenset({"birth", "birthdate", "birthday", "birthyear", "born", "dob"})
"""Even their year tells an age above 89."""
_A_YEAR = {
    "years": 1.0,
    "months": 12.0,
    "weeks": 52.18,
    "days": 365.25,
    "hours": 8766.0,
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_AGES = frozenset({"age", "aged", "ages"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""`age_band`, `age-band` and `ageBand` are of an age alike."""
_YEAR = r"((?:19|20)\d\d)"
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}-\d\d(?!\d)"
    rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d{{1,3}}(?!\d))"
    rf"|\d{{1,2}}[./-]\d{{1,2}}[./-]{_YEAR}(?!\d))"
)
"""Year and month first, HL7's digits, or the day and month first."""
_HEX_DIGITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an export."""

    name: str
    form: Form
    kind: Kind
    meaning: str
    within: tuple[str, ...] = ()
    """The columns without which a name of this one is ambiguous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A column as a profile shows it."""

    column: Column
    treatment: Treatment

    @property
    def shown(self) -> Column:
        """With the form its values have after treatment."""
        if self.treatment == "year":
            return replace(self.column, form="integer")
        return self.column


def told(
    columns: tuple[Column, ...], profile: Profile, *, arms: bool, words: bool
) -> tuple[Told, ...]:
    """Every column with what becomes of it.

    `arms`: whether the reader may see any; `words`: whether they may read what a person
    wrote, which may name an arm, spelt as nobody would look for it.
    """
    return tuple(
        Told(
            column=one,
            treatment=_treatment(one.kind, profile, arms=arms, words=words),
        )
        for one in columns
    )


def discloser(
    columns: Sequence[Told], key: bytes
) -> Callable[[tuple[Value, ...]], tuple[Value, ...]]:
    """What turns a row of the columns into what is shown of it, with ids by this key."""
    places = {one.column.name: i for i, one in enumerate(columns)}
    kept = [
        (i, one, [places[name] for name in (*one.column.within, one.column.name)])
        for i, one in enumerate(columns)
        if one.treatment != "left_out"
    ]

    def shown(row: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(
            new_name(*(str(row[p]) for p in whole), of=one.column.name, key=key)
            if one.treatment == "renamed" and row[i] not in (None, "")
            else _shown(row[i], one)
            for i, one, whole in kept
        )

    return shown


def new_name(*names: str, of: str, key: bytes) -> str:
    """The id that stands for a name of this sort in one export; no way leads back."""
    digest = hmac.digest(key, "\x00".join((of, *names)).encode(), "sha256")
    return digest.hex()[:_HEX_DIGITS]


def pooled(name: str, value: str) -> str | None:
    """A level or covariate without what would single out; None of a place or a birth."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not (_PLACES | _BIRTHS).isdisjoint(words):
        return None
    dated = _DATE.search(value)
    if dated is not None:
        year: str = next(filter(None, dated.groups()))
        return year
    return value if _AGES.isdisjoint(words) else _pooled_age(words, value)


def by_name(pairs: Mapping[str, str]) -> str:
    """Covariates as every profile writes them: a JSON object, names in order."""
    return json.dumps(dict(pairs), sort_keys=True, ensure_ascii=False)


def without_words(detail: str) -> str:
    """The particulars of an act that are known to be nobody's words."""
    told = json.loads(detail)
    return canonical({name: told[name] for name in told if name in PLAINLY}).decode()


def _treatment(kind: Kind, profile: Profile, *, arms: bool, words: bool) -> Treatment:
    if kind is Kind.ARM and not arms:
        return "left_out"
    treatment = TREATMENTS[profile].get(kind, "kept")
    if treatment == "kept" and not words:
        return _FOR_THE_BLIND.get(kind, treatment)
    return treatment


def _shown(value: Value, one: Told) -> Value:
    if one.treatment == "withheld":
        return None
    if value is None or value == "" or one.treatment == "kept":
        return value
    if one.treatment == "without_words":
        return without_words(str(value))
    if one.treatment == "year":
        return value.year if isinstance(value, datetime) else int(str(value)[:4])
    return _factors(str(value), one.column.kind)


def _factors(value: str, kind: Kind) -> str:
    if kind is Kind.FACTORS:
        return stratum_key(_pooled_pairs(levels_of(value)).items())
    return by_name(_pooled_pairs(json.loads(value)))


def _pooled_pairs(pairs: Mapping[str, str]) -> dict[str, str]:
    told = ((name, pooled(name, str(value))) for name, value in pairs.items())
    return {name: value for name, value in told if value is not None}


def _pooled_age(words: list[str], value: str) -> str:
    """The age, or 90 where anything in it is above 89 years; also of a band."""
    limit = (OLDEST + 1) * _A_YEAR.get(words[-1], 1.0)
    numbers = (float(found) for found in _NUMBER.findall(value))
    return f"{limit:g}" if any(number >= limit for number in numbers) else value
