"""Lists of diagnosis codes by condition, as data: prefixes and ranges of prefixes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


_SYSTEM = "http://hl7.org/fhir/sid/"
_READ = ("icd-9-cm", "icd-10-cm")
"""The coding systems that the lists are of."""


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Codes whose first characters lie between two ends, both included.

    A single prefix has equal ends; characters compare as text, so that `175` lies
    between `1740` and `1958` (as SQL has it).
    """

    first: str
    last: str

    def holds(self, code: str) -> bool:
        """Whether a code without its dot belongs here."""
        return self.first <= code[: len(self.first)] <= self.last


CodeList = MappingProxyType[str, tuple[CodeRange, ...]]
"""By coding system (`icd-9-cm`, `icd-10-cm`)."""


@cache
def code_lists(name: str) -> MappingProxyType[str, CodeList]:
    """The lists of one file, by condition in its order; read once, never changed."""
    found: dict[str, dict[str, tuple[CodeRange, ...]]] = {}
    for row in table(f"{name}_codes.csv"):
        ranges = tuple(_range(written) for written in row["codes"].split())
        found.setdefault(row["condition"], {})[row["system"]] = ranges
    return MappingProxyType({k: MappingProxyType(v) for k, v in found.items()})


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one data file of this folder; lines that begin with # are notes."""
    text = (files("streams.clinical.comorbidity") / name).read_text("utf-8")
    return tuple(csv.DictReader(li for li in text.splitlines() if li[:1] != "#"))


def can_be_read(code: str) -> bool:
    """Whether a code (`system|code`) is of a system that the lists are of.

    A problem list in another system shows nothing here, and denies nothing.
    """
    system, _, _ = code.partition("|")
    return system.startswith(_SYSTEM) and system.removeprefix(_SYSTEM) in _READ


@cache
def conditions_of(name: str, code: str) -> tuple[str, ...]:
    """The conditions a code (`system|code`) stands for in the lists of that name."""
    system, _, value = code.partition("|")
    if not system.startswith(_SYSTEM):
        return ()
    short, bare = system.removeprefix(_SYSTEM), value.replace(".", "")
    return tuple(
        condition
        for condition, lists in code_lists(name).items()
        if any(one.holds(bare) for one in lists.get(short, ()))
    )


def _range(written: str) -> CodeRange:
    first, dash, last = written.partition("-")
    return CodeRange(first, last if dash else first)
