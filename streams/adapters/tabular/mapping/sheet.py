"""A mapping's phrases bound to the columns of one file: functions of a row.

What a header decides is decided once a file, so that a row costs what its cells cost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from streams.adapters.site.codes import Coding
from streams.adapters.tabular.cells import YEARS, number
from streams.adapters.tabular.mapping.line import (
    UNREADABLE,
    At,
    Holds,
    Line,
    Says,
    Tells,
)
from streams.adapters.tabular.mapping.lookup import Lookup
from streams.adapters.tabular.mapping.phrases import (
    Cell,
    Coded,
    CodingOf,
    Condition,
    Moment,
    Said,
    Times,
    Whole,
)
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.units import UNITS, canonical_unit


Links = Mapping[str, Lookup]

_RATES = {
    "dose_rate_per_mass",
    "dose_rate",
    "unit_rate",
    "volume_rate",
}
_DATE_ALONE = len("2150-03-01")
_UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}


class Sheet:
    """The header of one file, and what the mapping's words become under it."""

    def __init__(
        self,
        header: Iterable[str],
        *,
        name: str,
        file_name: str,
        may_lack: Collection[str],
        missing: Collection[str],
        zone: ZoneInfo,
        links: Links,
    ) -> None:
        self.at = {column.strip(): i for i, column in enumerate(header)}
        self._in_capitals = {name.lower(): i for name, i in self.at.items()}
        self.name = name
        self._file_name = file_name
        self._may_lack = may_lack
        self._missing = frozenset(missing)
        self._zone = zone
        self._links = links
        self._used: set[int] = set()
        self._ever: set[int] = set()

    def nothing(self, missing: Collection[str] = ()) -> frozenset[str]:
        """The cells that say nothing."""
        return self._missing.union(missing, ("",))

    def cells_used(self) -> tuple[int, ...]:
        """The columns asked for since this was asked last."""
        used, self._used = tuple(sorted(self._used)), set()
        return used

    def never_used(self) -> list[str]:
        """The columns nobody asked for."""
        return [name for name, at in self.at.items() if at not in self._ever]

    def column(self, name: str) -> int | None:
        """Where a column stands, in capitals or not.

        Raises `InputError` EMB-102 where it must be there.
        """
        at = self.at.get(name, self._in_capitals.get(name))
        if at is None and name not in self._may_lack:
            raise InputError(
                ErrorCode.MISSING_COLUMN,
                f"The table {self.name} has no column {name}.",
                "Correct the mapping, or list the column under `may_lack`.",
            )
        if at is not None:
            self._ever.add(at)
        return at

    def raw(self, column: str, missing: Collection[str] = ()) -> Says:
        """The cell without outer blanks, empty where it says nothing."""
        at = self.column(column)
        if at is None:
            return _nothing
        self._used.add(at)
        nothing = self.nothing(missing)

        def says(line: Line) -> str:
            text = line.cells[at].strip()
            return "" if text in nothing else text

        return says

    def said(self, told: Said | None) -> Says:
        """The first of the cells that says anything."""
        if told is None:
            return _nothing
        cells = told if isinstance(told, tuple) else (told,)
        says = [self._cell(c if isinstance(c, Cell) else Cell(column=c)) for c in cells]
        return says[0] if len(says) == 1 else _first(says)

    def whole(self, told: Whole | None) -> Says:
        """All the cells in one; empty where the first is."""
        if told is None:
            return _nothing
        cells = told if isinstance(told, tuple) else (told,)
        says = [self._cell(c if isinstance(c, Cell) else Cell(column=c)) for c in cells]

        def joined(line: Line) -> str:
            parts = [say(line) for say in says]
            return "|".join(parts) if parts[0] else ""

        return says[0] if len(says) == 1 else joined

    def codings(self, told: Coded | None) -> Callable[[Line], tuple[Coding, ...]]:
        """The codes a row gives for one thing; empty ones are left out."""
        some = () if told is None else (told,) if isinstance(told, CodingOf) else told
        pairs = [(self.said(one.code), self.said(one.system)) for one in some]

        def codings(line: Line) -> tuple[Coding, ...]:
            found = ((system(line), code(line)) for code, system in pairs)
            return tuple(Coding(system, code) for system, code in found if code)

        return codings

    def label(self, told: Coded | None) -> Says:
        """What the site calls the thing, by the first of its codes that says so."""
        some = () if told is None else (told,) if isinstance(told, CodingOf) else told
        return _first([self.said(one.label) for one in some if one.label is not None])

    def number(self, told: Said | None, column: str) -> Callable[[Line], float | None]:
        """A number; leaves EMB-105 where there is something else."""
        says = self.said(told)

        def reads(line: Line) -> float | None:
            text = says(line)
            value = number(text) if text else None
            if text and value is None:
                line.reject(
                    ErrorCode.MALFORMED_NUMBER,
                    column,
                    "The cell is not a number.",
                    "Write it with a decimal point, or list what stands for nothing "
                    "under `missing`.",
                )
            return value

        return reads

    def told(self, times: Times | None) -> Tells:
        """The first of the moments that is there."""
        if times is None:
            return _never
        some = times if isinstance(times, tuple) else (times,)
        tells = [
            self._moment(m if isinstance(m, Moment) else Moment(column=m)) for m in some
        ]
        return tells[0] if len(tells) == 1 else _earliest_told(tells)

    def holds(self, conditions: Iterable[Condition]) -> Holds | None:
        """Whether all conditions hold; None where there are none."""
        checks = [self._condition(one) for one in conditions]
        if not checks:
            return None
        return (
            checks[0] if len(checks) == 1 else lambda row: all(c(row) for c in checks)
        )

    def _cell(self, cell: Cell) -> Says:
        if cell.constant:
            says: Says = _always(cell.constant)
        elif cell.file_name:
            says = _always(self._file_name)
        else:
            says = self.raw(cell.column)
        column = cell.column or None
        if cell.through:
            says = self._through(says, cell.through, column, cell.otherwise)
        return says if not cell.words else _worded(says, cell, column)

    def _through(
        self, says: Says, link: str, column: str | None, otherwise: str | None
    ) -> Says:
        found = self._links[link]

        def looked_up(line: Line) -> str:
            key = says(line)
            value = found.get(key) if key else ""
            if value is None and otherwise is None:
                line.reject(
                    ErrorCode.UNKNOWN_REFERENCE,
                    column,
                    f"The row speaks of something that {link} does not hold.",
                    "Check that the tables are of one extraction.",
                )
            return value or otherwise or ""

        return looked_up

    def _condition(self, condition: Condition) -> Holds:
        says = self.raw(condition.column)
        if condition.is_in is not None:
            wanted = {word.lower() for word in condition.is_in}
            return lambda line: says(line).lower() in wanted
        if condition.not_in is not None:
            unwanted = {word.lower() for word in condition.not_in}
            return lambda line: says(line).lower() not in unwanted
        if condition.rate is not None:
            rate = condition.rate
            return lambda line: is_rate(says(line)) is rate
        empty = bool(condition.empty)
        return lambda line: (not says(line)) is empty

    def _moment(self, moment: Moment) -> Tells:
        if moment.constant:
            always = At(in_utc(datetime.fromisoformat(moment.constant)))
            return lambda _: always
        says = self.raw(moment.column)
        if moment.through:
            says = self._through(says, moment.through, moment.column, "")
        if moment.since is not None and moment.unit is not None:
            return _since(
                says, moment.column, _UNITS[moment.unit], self.told(moment.since)
            )
        zone = ZoneInfo(moment.zone) if moment.zone else self._zone
        return _written(says, moment.column, moment.format, zone)


def is_rate(unit: str) -> bool:
    """Whether a unit is one of a rate."""
    ucum = canonical_unit(unit) if unit else None
    return ucum is not None and UNITS[ucum].dimension in _RATES


def _nothing(_: Line) -> str:
    return ""


def _never(_: Line) -> None:
    return None


def _always(word: str) -> Says:
    return lambda _: word


def _first(says: list[Says]) -> Says:
    def first(line: Line) -> str:
        for say in says:
            if text := say(line):
                return text
        return ""

    return first


def _worded(says: Says, cell: Cell, column: str | None) -> Says:
    words = {word.lower(): meant for word, meant in cell.words.items()}
    otherwise = cell.otherwise

    def worded(line: Line) -> str:
        text = says(line)
        if not text:
            return ""
        meant = words.get(text.lower(), text if cell.as_sent else otherwise)
        if meant is None:
            line.reject(
                ErrorCode.UNKNOWN_WORD,
                column,
                "The cell holds a word the mapping does not have.",
                "Add it under `words`, or say what any other means under `otherwise`.",
            )
        return meant or ""

    return worded


def _earliest_told(tells: list[Tells]) -> Tells:
    def first(line: Line) -> At | None:
        for tell in tells:
            if (found := tell(line)) is not None:
                return found
        return None

    return first


def _since(says: Says, column: str, unit: timedelta, base: Tells) -> Tells:
    def tells(line: Line) -> At | None:
        text = says(line)
        if not text:
            return None
        start, count = base(line), number(text)
        if start is None:
            return None
        if count is None:
            _malformed(line, column, "The cell is not a number.")
            return UNREADABLE
        try:
            return At(start.moment + count * unit, start.dated)
        except OverflowError:
            _malformed(line, column, "The time lies outside the calendar.")
            return UNREADABLE

    return tells


def _written(says: Says, column: str, form: str, zone: ZoneInfo) -> Tells:
    utc = zone.key == "UTC"
    dated = bool(form) and not any(part in form for part in ("%H", "%I", "%c", "%X"))

    def tells(line: Line) -> At | None:
        text = says(line)
        if not text:
            return None
        try:
            moment = (
                datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes below
                if form
                else datetime.fromisoformat(text)
            )
        except ValueError:
            _malformed(line, column, "The cell is not a time.")
            return UNREADABLE
        if moment.year not in YEARS:
            _malformed(line, column, "No patient lived in that year.")
            return UNREADABLE
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC if utc else zone)
        alone = dated or (not form and len(text) == _DATE_ALONE)
        return At(in_utc(moment), alone)

    return tells


def _malformed(line: Line, column: str, reason: str) -> None:
    line.reject(
        ErrorCode.MALFORMED_TIME,
        column,
        reason,
        "Write it as YYYY-MM-DD HH:MM:SS, or give its `format`.",
    )
