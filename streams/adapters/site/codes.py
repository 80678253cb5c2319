"""From a source's codes to concepts: the site's map first, then the systems we ship."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from streams.adapters.site.configuration import CodeEntry, SiteConfiguration
from streams.vocabulary.codes import SYSTEMS, Loinc
from streams.vocabulary.concepts import concept_of_code, concepts
from streams.vocabulary.events import SupportCategory


LOINC = {"LN", "LOINC", "LNC", Loinc.system, "2.16.840.1.113883.6.1"}
"""How sources write LOINC's name."""

_ARTERIAL = {"2703-7", "2019-8", "2744-1", "2518-9", "2708-6"}
"""LOINC codes that name arterial blood themselves."""


@dataclass(frozen=True, slots=True)
class Coding:
    """One code as a source wrote it."""

    system: str
    code: str
    label: str = ""

    def __str__(self) -> str:
        """As `system|code`, with LOINC under its one name."""
        system = Loinc.system if self.system in LOINC else self.system
        if system not in SYSTEMS:
            return f"urn:ember:local|{system}:{self.code}" if system else self._local
        return f"{system}|{self.code}"

    @property
    def _local(self) -> str:
        return f"urn:ember:local|{self.code}"


_SUPPORT: dict[str, SupportCategory] = {one: one for one in get_args(SupportCategory)}


class CodeMap:
    """The codes of one site."""

    def __init__(self, site: SiteConfiguration) -> None:
        self._entries = {(e.system, e.code): e for e in site.codes}

    def find(self, *codings: Coding) -> CodeEntry | None:
        """What the first of the codings that is known means; None: in no map.

        All are looked up in the site's map before any is looked up in LOINC: the
        site knows better.
        """
        for one in codings:
            for system, code in (
                (one.system, one.code),
                ("", one.code),
                (one.system, "*"),
            ):
                if found := self._entries.get((system, code)):
                    return found
        for one in codings:
            if one.system in LOINC and (found := self._shipped.get(one.code)):
                return found
        return None

    def support(self, *codings: Coding) -> SupportCategory | None:
        """How breathing is supported by what the codings name, where the site says so.

        A device is often the answer to a question (`O2 device`: `Nasal cannula`), so
        both the question's codes and the answer's are asked for.
        """
        for one in codings:
            entry = self.find(one)
            if entry is not None and entry.kind == "support":
                category = _SUPPORT.get(entry.concept)
                if category is not None:
                    return category
        return None

    @cached_property
    def _shipped(self) -> dict[str, CodeEntry]:
        """By LOINC code, the concepts of the dictionary."""
        return {
            code.partition("|")[2]: CodeEntry(
                code=code,
                concept=concepts()[name].name,
                specimen="arterial" if code.partition("|")[2] in _ARTERIAL else None,
            )
            for code, name in concept_of_code().items()
            if code.startswith(f"{Loinc.system}|")
        }
