"""Made-up names, addresses and numbers for patients who do not exist.

They follow from the patient's name in the simulation alone, so that the same patient
has the same in every format; whoever looks for what intake lets through looks for
these.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


_FAMILY = ("Madeupley", "Fictiva", "Nonesuch", "Simulanda", "Invento", "Fabelmann")
_GIVEN = ("Testina", "Examplo", "Phantasia", "Demolfo", "Placeholda", "Mockbert")
_STREETS = ("Imaginary Lane", "Nowhere Road", "Invented Avenue", "Fable Street")
_TOWNS = ("Notaplace", "Simulaville", "Erewhon-on-Sea")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What names a person in a message, all of it made up."""

    family: str
    given: str
    street: str
    town: str
    phone: str
    """Of the range kept for fiction (North American 555-01xx)."""
    insurance: str
    physician: str

    @property
    def planted(self) -> tuple[str, ...]:
        """Every text that must never pass intake."""
        return (
            *(self.family, self.given, self.street, self.town),
            *(self.phone, self.insurance, self.physician),
        )


def identity_of(patient: str) -> Identity:
    """The person the simulated patient of this name is said to be."""
    drawn = sha256(f"made up: {patient}".encode()).digest()
    return Identity(
        family=f"{_FAMILY[drawn[0] % len(_FAMILY)]}-{drawn[1]:03d}",
        given=_GIVEN[drawn[2] % len(_GIVEN)],
        street=f"{drawn[3]} {_STREETS[drawn[4] % len(_STREETS)]}",
        town=_TOWNS[drawn[5] % len(_TOWNS)],
        phone=f"+1-555-01{drawn[6] % 100:02d}",
        insurance=f"MADEUP{drawn[7:11].hex().upper()}",
        physician=f"Drmadeup{drawn[11]:03d}",
    )
