"""Codes of the field's own systems, each a type that checks its shape.

LOINC codes are shipped under the LOINC licence notice in `deploy/docs/licences.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from streams.vocabulary.errors import ErrorCode, InputError


@dataclass(frozen=True, slots=True)
class Code:
    """A code of one system; a subclass names the system and its shape."""

    value: str

    system: ClassVar[str]
    shape: ClassVar[re.Pattern[str]]

    def __post_init__(self) -> None:
        """Refuse what cannot be a code of this system."""
        if not self.shape.fullmatch(self.value) or not self.is_consistent():
            name = type(self).__name__
            raise InputError(
                ErrorCode.MALFORMED_CODE,
                f"{self.value!r} is not a code of {name} ({self.system}).",
                "Check the code against its system, or map it as a local code.",
            )

    def is_consistent(self) -> bool:
        """Whether the check digit, where the system has one, is right."""
        return True

    def __str__(self) -> str:
        """The code as it is written between systems: `system|code`."""
        return f"{self.system}|{self.value}"


class Loinc(Code):
    """An observation identifier; its last digit is a mod-10 check digit."""

    system = "http://loinc.org"
    shape = re.compile(r"\d{1,7}-\d")

    def is_consistent(self) -> bool:
        """Luhn's check over the digits before the hyphen (LOINC Users' Guide)."""
        body, check = self.value.split("-")
        doubled = [int(d) * 2 if i % 2 == 0 else int(d) for i, d in _from_right(body)]
        return (10 - sum(d // 10 + d % 10 for d in doubled) % 10) % 10 == int(check)


class RxNorm(Code):
    """A drug identifier (RXCUI) of source SAB=RXNORM."""

    system = "http://www.nlm.nih.gov/research/umls/rxnorm"
    shape = re.compile(r"[1-9]\d{0,7}")


class Icd9Cm(Code):
    """A diagnosis of ICD-9-CM, with or without its dot."""

    system = "http://hl7.org/fhir/sid/icd-9-cm"
    shape = re.compile(r"(\d{3}|V\d{2}|E\d{3})\.?\d{0,2}")


class Icd10Cm(Code):
    """A diagnosis of ICD-10-CM, with or without its dot."""

    system = "http://hl7.org/fhir/sid/icd-10-cm"
    shape = re.compile(r"[A-Z]\d[0-9A-Z]\.?[0-9A-Z]{0,4}")


class Snomed(Code):
    """A single SNOMED CT concept; Ember ships no part of the terminology."""

    system = "http://snomed.info/sct"
    shape = re.compile(r"[1-9]\d{5,17}")


class LocalCode(Code):
    """A code of the site itself, or of Ember where no system has one."""

    system = "urn:ember:local"
    shape = re.compile(r"\S.{0,254}", re.DOTALL)


SYSTEMS: dict[str, type[Code]] = {
    cls.system: cls for cls in (Loinc, RxNorm, Icd9Cm, Icd10Cm, Snomed, LocalCode)
}


def parse_code(text: str) -> Code:
    """Read `system|code`; a system nobody knows is an error, never a guess."""
    system, bar, value = text.partition("|")
    if not bar or system not in SYSTEMS:
        raise InputError(
            ErrorCode.MALFORMED_CODE,
            f"{text!r} does not name a coding system Ember knows.",
            f"Write system|code with one of: {', '.join(SYSTEMS)}.",
        )
    return SYSTEMS[system](value)


def _from_right(digits: str) -> enumerate[str]:
    return enumerate(reversed(digits))
