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


NO_ORDER = Order(key="none")


def order_of(
    reading: Reading, meanings: Meanings, obr: Segment, orc: Segment | None
) -> Order:
    """The order of an OBR, with what its ORC tells beside it."""
    asked = meanings.of(obr.raw(4), obr.delimiters)
    collected = reading.when(obr, 7)
    number = _number(obr, 3) or _number(obr, 2)
    if not number and orc is not None:
        number = _number(orc, 3) or _number(orc, 2)
    if number:
        key = reading.reference(number)
    else:
        second = int(collected.at.timestamp()) if collected else ""
        key = f"{asked.local}@{second}"
    parent = obr.text(29, 2) or obr.text(29, 1)
    return Order(
        key=key,
        asked=asked,
        status=obr.text(25),
        collected=collected,
        reported=reading.when(obr, 22),
        specimen=_specimen(obr, 15),
        section=obr.text(24).upper(),
        parent=reading.reference(parent) if parent else None,
        parent_sub_id=obr.text(26, 2),
        parent_organism=obr.text(26, 3),
        control=orc.text(1).upper() if orc else "",
    )


def with_specimen(reading: Reading, order: Order, spm: Segment) -> Order:
    """The order with the specimen of an SPM."""
    number = spm.text(2, 2) or spm.text(2, 1) or spm.text(3, 2) or spm.text(3, 1)
    return replace(
        order,
        specimen=(spm.text(4, 2) or spm.text(4, 1) or order.specimen),
        specimen_key=reading.reference(number) if number else None,
        collected=reading.when(spm, 17) or order.collected,
    )


def _number(segment: Segment, field: int) -> str:
    return segment.text(field, 1)


def _specimen(obr: Segment, field: int) -> str | None:
    """OBR-15.1, the source's name or else its code, which versions before 2.7 have."""
    return obr.text(field, 1, 2) or obr.text(field, 1) or obr.text(field, 2) or None
