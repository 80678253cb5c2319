"""OBR, ORC and SPM: the order that results answer, and the specimen they are of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streams.adapters.hl7v2.meanings import Meaning, Meanings
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as far as it is read; empty where the message says nothing."""

    key: str
    """Its name: of the filler's number, else the placer's, else what was asked when."""
    asked: Meaning | None = None
    status: str = ""
    """OBR-25."""
    collected: Moment | None = None
    reported: Moment | None = None
    """OBR-22."""
    specimen: str | None = None
    """As the laboratory names it."""
    fluid: str | None = None
    """`arterial`, `venous`, `capillary` where it is known, else as `specimen`."""
    specimen_key: str | None = None
    section: str = ""
    """OBR-24, table 0074: `MB` microbiology."""
    parent: str | None = None
    """The order of whose organism this tells the susceptibilities (OBR-29)."""
    parent_sub_id: str = ""
    """OBX-4 of that organism (OBR-26.2)."""
    parent_organism: str = ""
    """OBR-26.3."""
    control: str = ""
    """ORC-1."""

    @property
    def specimen_id(self) -> str | None:
        """What ties the results of one specimen together."""
        return self.specimen_key or self.key or None


NO_ORDER = Order(key="")


def order_of(
    reading: Reading, meanings: Meanings, obr: Segment, orc: Segment | None
) -> Order:
    """The order of an OBR, with what its ORC tells beside it."""
    asked = meanings.of(obr.raw(4), obr.delimiters)
    collected = reading.when(obr, 7)
    number = obr.text(3) or obr.text(2)
    if not number and orc is not None:
        number = orc.text(3) or orc.text(2)
    if number:
        key = reading.reference(number)
    else:
        second = collected.second if collected else ""
        key = f"{asked.local}@{second}"
    code, name = obr.text(15, 1), obr.text(15, 1, 2)
    if code.isdecimal() and not name and obr.text(15, 2):
        code = ""  # a person in the specimen's place: the fields are one off
    parent = obr.text(29, 2) or obr.text(29, 1)
    return Order(
        key=key,
        asked=asked,
        status=obr.text(25),
        collected=collected,
        reported=reading.when(obr, 22),
        specimen=_name(name, code),
        fluid=_fluid(code, name),
        section=obr.text(24).upper(),
        parent=reading.reference(parent) if parent else None,
        parent_sub_id=obr.text(26, 2),
        parent_organism=obr.text(26, 3),
        control=orc.text(1).upper() if orc else "",
    )


_NOT_OF_THE_PATIENT = {"B", "C", "E", "F", "O", "Q", "V"}
"""Table 0369: blind, calibrator, electronic control, proficiency of the laboratory and
of its staff, control, verifying calibrator."""


def of_the_patient(spm: Segment) -> bool:
    """Whether SPM-11 leaves it open that the specimen is the patient's own."""
    return spm.text(11).upper() not in _NOT_OF_THE_PATIENT


def with_specimen(reading: Reading, order: Order, spm: Segment) -> Order:
    """The order with the specimen of an SPM."""
    number = spm.text(2, 2) or spm.text(2, 1) or spm.text(3, 2) or spm.text(3, 1)
    code, name = spm.text(4, 1), spm.text(4, 2)
    return replace(
        order,
        specimen=_name(name, code) or order.specimen,
        fluid=_fluid(code, name) or order.fluid,
        specimen_key=reading.reference(number) if number else None,
        collected=reading.when(spm, 17) or order.collected,
    )


_BLOODS = {
    **dict.fromkeys(("BLDA", "ART", "ABLD", "122552005"), "arterial"),
    **dict.fromkeys(("BLDV", "VEN", "122555007"), "venous"),
    **dict.fromkeys(("BLDC", "CAP", "122554006"), "capillary"),
}
"""Tables 0070 and 0487, and SNOMED CT."""


_SPECIMENS = frozenset(
    {
        *("abscess", "arterial", "aspirate", "aspiration", "biopsy", "blood"),
        *("bone", "bottle", "bottles", "bronchial", "bronchoalveolar"),
        *("capillary", "catheter", "central", "cerebrospinal", "csf", "culture"),
        *("drain", "ear", "eye", "fluid", "lavage", "line", "marrow", "mixed"),
        *("nasal", "nasopharyngeal", "peripheral", "peritoneal", "plasma"),
        *("pleural", "pus", "rectal", "respiratory", "serum", "sputum", "stool"),
        *("swab", "synovial", "throat", "tip", "tissue", "tracheal", "urine"),
        *("venous", "whole", "wound"),
    }
)
"""Words of which a specimen's name may be made where it has no code."""


def _name(label: str, code: str) -> str | None:
    """The label of a code, or the code; a label without one may be anybody's words."""
    known = bool(code) or all(word in _SPECIMENS for word in label.lower().split())
    return (label if known else "") or code or None


def _fluid(code: str, label: str) -> str | None:
    """What the specimen is, in the words that scores ask for."""
    if code.upper() in _BLOODS:
        return _BLOODS[code.upper()]
    told = (label or code).lower()
    mixed = "mixed" in told or " and " in told
    found = [word for word in ("arterial", "venous", "capillary") if word in told]
    return found[0] if len(found) == 1 and not mixed else _name(label, code)
