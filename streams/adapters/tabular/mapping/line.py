"""One row while it is read, and the moments and faults found in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from streams.adapters.tabular.cells import STAND_IN
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


class Unmapped(NamedTuple):
    """A code in no map, what the site calls it, and the unit beside it."""

    code: str
    label: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a fact cannot be used; it quotes no cell, for a cell may name a patient."""

    code: ErrorCode
    column: str | None
    reason: str
    cure: str = ""


class Line:
    """A row's cells, whose it is, and what is wrong with the fact being read.

    As in `tabular.cells`, a cell that cannot be read leaves its flaw here and a
    stand-in in its place; whoever runs the mapping drops such a fact.
    """

    __slots__ = ("cells", "flaw", "patient", "units", "unmapped")

    def __init__(self, cells: list[str]) -> None:
        self.cells = cells
        self.patient = ""
        self.flaw: Flaw | None = None
        self.unmapped: list[Unmapped] = []
        self.units: list[tuple[str, str]] = []
        """Concept and unit as written, of results beside which a unit may stand."""

    def reject(
        self, code: ErrorCode, column: str | None, reason: str, cure: str = ""
    ) -> None:
        """Leave a flaw; the first one stands."""
        if self.flaw is None:
            self.flaw = Flaw(code, column, reason, cure)

    def reject_for(self, column: str | None, error: InputError) -> None:
        """Leave what the vocabulary said of a value."""
        self.reject(error.code, column, error.problem, error.cure)


class At(NamedTuple):
    """A time as told: `dated` where it is a date alone."""

    moment: datetime
    dated: bool = False


UNREADABLE = At(STAND_IN)
"""Stands for a time that could not be read, until its fact is dropped."""


class Stamp(NamedTuple):
    """What all facts have in common, of one fact."""

    happened: datetime
    known: datetime
    flags: tuple[Flag, ...]
    encounter: str | None
    stay: str | None
    version: int


Says = Callable[[Line], str]
"""What is said, empty for nothing."""
Tells = Callable[[Line], At | None]
Happens = Callable[[Line], At]
Holds = Callable[[Line], bool]
