"""Microbiology: a specimen taken for culture, what grew, and what it withstands.

An organism's susceptibilities come as OBX of its own report with the organism's sub-id,
or as a child report that names its parent in OBR-26 and OBR-29.
What one message tells of one isolate is one fact; susceptibilities that come without
their organism are a fact of their own, so that neither takes the other's place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from streams.adapters.hl7v2.answers import UNREADABLE, Answer, answer
from streams.adapters.hl7v2.meanings import Meaning, Meanings
from streams.adapters.hl7v2.orders import Order
from streams.adapters.hl7v2.organisms import Grown, grown, organism_in
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.status import RANK, report_standing, standing
from streams.adapters.hl7v2.times import Moment
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Susceptibility,
)


Status = Literal["preliminary", "final", "corrected"]

_SECTIONS = {"MB", "MCB", "MYC"}
"""Table 0074: microbiology, mycobacteriology, mycology."""
_INTERPRETATIONS = {"S", "I", "R", "SDD", "NS", "MS", "VS", "DD"}
_CULTURE = re.compile(r"[ck]ultur", re.IGNORECASE)
"""What microbiology calls a culture; its other tests have other names."""
_SUSCEPTIBILITY = "suscept"
"""What the name of a test of susceptibility has in it."""
_MEANT = {
    **dict.fromkeys(("susceptible", "sensitive"), "S"),
    **dict.fromkeys(("not susceptible", "non-susceptible", "nonsusceptible"), "NS"),
    "intermediate": "I",
    "resistant": "R",
}
_IN_WORDS = re.compile(rf"({'|'.join(_MEANT)})\b", re.IGNORECASE)
_ORDERING = {"ORM", "OML", "OMG", "ORL", "ORG"}


@dataclass(slots=True)
class Isolate:
    """One organism, or that nothing grew, as one OBX tells it."""

    obx: Segment
    meaning: Meaning
    order: Order
    culture_id: str
    sub_id: str
    tried: list[Susceptibility] = field(default_factory=list)


@dataclass(slots=True)
class Cultures:
    """The microbiology of one patient's part of one message."""

    isolates: list[Isolate] = field(default_factory=list)
    orphans: dict[tuple[str, str], list[tuple[Segment, Order, Susceptibility]]] = field(
        default_factory=dict
    )
    """Susceptibilities whose organism is in another message, by culture and sub-id."""
    names: dict[str, str] = field(default_factory=dict)
    """Culture by order."""


def is_culture(order: Order, observed: Sequence[tuple[Segment, Meaning]]) -> bool:
    """Whether an order is of microbiology by culture."""
    if order.asked is not None and (order.asked.culture or order.section in _SECTIONS):
        return True
    child = order.parent is not None
    for _, meaning in observed:
        if meaning.culture:
            return True
        if meaning.antimicrobial and (
            child or _SUSCEPTIBILITY in meaning.label.lower()
        ):
            return True
    return False


def read_culture(
    reading: Reading,
    cultures: Cultures,
    order: Order,
    observed: Sequence[tuple[Segment, Meaning]],
) -> list[tuple[Segment, Meaning]]:
    """Take the order's results in; those that are no microbiology are handed back."""
    culture_id = _culture_id(cultures, order)
    if order.parent is None:
        _collected(reading, order, culture_id)
    left = []
    for obx, meaning in observed:
        tried = _tried(obx, meaning, order)
        if tried is not None:
            _withstands(cultures, obx, order, culture_id, tried)
        elif _names_organisms(meaning, order):
            isolate = Isolate(obx, meaning, order, culture_id, _sub_id(obx))
            cultures.isolates.append(isolate)
        else:
            left.append((obx, meaning))
    return left


def tell_cultures(reading: Reading, cultures: Cultures) -> None:
    """The facts, once the whole message is read."""
    if not cultures.isolates and not cultures.orphans:
        return
    _gather(cultures)
    for isolate in cultures.isolates:
        told = grown(isolate.obx)
        if told is not None:
            _result(reading, isolate, told)
        else:
            reading.fault(
                isolate.obx, 5, ErrorCode.MISSING_VALUE, "The result has no value."
            )
    for (culture_id, sub_id), tried in cultures.orphans.items():
        _orphaned(reading, culture_id, sub_id, tried)


def _culture_id(cultures: Cultures, order: Order) -> str:
    """A child's is its parent's; else the specimen's number, else the order's."""
    if order.parent is not None:
        known = cultures.names.get(order.parent)
        return known or order.specimen_key or order.parent
    found = order.specimen_key or order.key
    cultures.names[order.key] = found
    return found


def _collected(reading: Reading, order: Order, culture_id: str) -> None:
    asking = reading.header.message_type in _ORDERING
    if order.collected is None or (asking and order.specimen_key is None):
        return
    event_id = f"culture:{culture_id}"
    if report_standing(order.status) == "deleted":
        _cancel(reading, event_id, order.collected, order.status)
        return
    at, asked = order.collected, order.asked
    reading.events.append(
        CultureCollected(
            event_id=event_id,
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            culture_id=culture_id,
            specimen=order.specimen or "",
            test=(asked.label or asked.local) if asked and asked.code else None,
        )
    )


def _names_organisms(meaning: Meaning, order: Order) -> bool:
    if meaning.culture:
        return True
    if meaning.entry is not None or order.parent is not None or order.asked is None:
        return False
    asked = order.asked
    named = order.section in _SECTIONS and _CULTURE.search(asked.label) is not None
    of_culture = asked.culture or named
    return bool(meaning.code) and of_culture and meaning.local == asked.local


def _tried(obx: Segment, meaning: Meaning, order: Order) -> Susceptibility | None:
    """The susceptibility that an OBX is; None where it is none."""
    if meaning.culture:
        return None
    said = answer(obx)
    told = _interpretation(obx, said)
    name = meaning.antimicrobial
    if name is None and not (order.parent is not None and told):
        return None
    if (
        not told
        and order.parent is None
        and _SUSCEPTIBILITY not in meaning.label.lower()
    ):
        return None
    number = said.reported if said is not None else None
    mic = number.value if number is not None and not number.titre else None
    return Susceptibility(
        antimicrobial=_drug(meaning),
        interpretation=told or None,
        mic=mic,
        comparator=number.comparator if number and mic is not None else None,
    )


def _interpretation(obx: Segment, said: Answer | None) -> str:
    """By OBX-8, else as OBX-5 has it, coded or in a word; empty where nothing says."""
    flagged = [value.text().upper() for value in obx.repetitions(8)]
    coded = said.code.rpartition("|")[2].upper() if said is not None else ""
    for told in (*flagged, coded):
        if told in _INTERPRETATIONS:
            return told
    if said is None or obx.text(2).upper() in UNREADABLE:
        return ""
    told = obx.text(5)
    if told.upper() in _INTERPRETATIONS:
        return told.upper()
    found = _IN_WORDS.match(told)
    return _MEANT[found[1].lower()] if found else ""


def _drug(meaning: Meaning) -> str:
    """As the laboratory's code calls it; LOINC's names say more than the drug."""
    plain = meaning.label.partition("[")[0].strip()
    return plain or meaning.antimicrobial or meaning.local


def _withstands(
    cultures: Cultures,
    obx: Segment,
    order: Order,
    culture_id: str,
    tried: Susceptibility,
) -> None:
    sub_id = order.parent_sub_id or _sub_id(obx)
    key = (culture_id, sub_id)
    cultures.orphans.setdefault(key, []).append((obx, order, tried))


def _gather(cultures: Cultures) -> None:
    """Give each isolate of this message what it withstands."""
    by_culture: dict[str, list[Isolate]] = {}
    for one in cultures.isolates:
        by_culture.setdefault(one.culture_id, []).append(one)
    for key in list(cultures.orphans):
        culture_id, sub_id = key
        of_culture = by_culture.get(culture_id, [])
        isolate = next((i for i in of_culture if i.sub_id == sub_id), None)
        if isolate is None and len(of_culture) == 1:
            isolate = of_culture[0]
        if isolate is not None:
            isolate.tried += [tried for _, _, tried in cultures.orphans.pop(key)]


def _sub_id(obx: Segment) -> str:
    """The organism's part of OBX-4: `1` of `1.2`."""
    return obx.text(4).partition(".")[0]


def _result(reading: Reading, isolate: Isolate, told: Grown) -> None:
    obx, order = isolate.obx, isolate.order
    how = standing(obx.text(11), order.status)
    if how == "none":
        return
    at = _known(reading, obx, order)
    if at is None:
        reading.fault(obx, 14, ErrorCode.MISSING_VALUE, "Nothing tells when this was.")
        return
    sub_id = reading.sub_id(isolate.sub_id)
    event_id = reading.distinct(
        f"culture:{isolate.culture_id}:{isolate.meaning.local}:{sub_id}"
    )
    if how == "deleted" or obx.deleted(5):
        _cancel(reading, event_id, at, obx.text(11))
        return
    if how == "unknown":
        reading.fault(
            obx,
            11,
            ErrorCode.UNKNOWN_STATUS,
            "The status of this result is none of table 0085.",
        )
        how = "preliminary"
    if not told.read:
        reading.fault(
            obx,
            5,
            ErrorCode.UNREAD_WORDS,
            "What grew is told in words that may not pass.",
            "Send a coded organism.",
        )
    asked = order.asked
    reading.events.append(
        CultureResult(
            event_id=event_id,
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(RANK[how]),
            encounter=reading.encounter,
            flags=reading.flags(at),
            culture_id=isolate.culture_id,
            status=how,
            positive=told.positive,
            organism=told.organism,
            organism_code=told.code,
            susceptibilities=tuple(isolate.tried),
            test=(asked.label if asked else "") or isolate.meaning.label or None,
        )
    )


def _orphaned(
    reading: Reading,
    culture_id: str,
    sub_id: str,
    tried: Sequence[tuple[Segment, Order, Susceptibility]],
) -> None:
    obx, order, _ = tried[0]
    how = standing(obx.text(11), order.status)
    at = _known(reading, obx, order)
    if how == "none" or at is None:
        return
    if how == "unknown":
        how = "preliminary"
    event_id = f"culture:{culture_id}:susceptibility:{reading.sub_id(sub_id)}"
    if how == "deleted":
        _cancel(reading, event_id, at, obx.text(11))
        return
    reading.events.append(
        CultureResult(
            event_id=event_id,
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(RANK[how]),
            encounter=reading.encounter,
            flags=reading.flags(at),
            culture_id=culture_id,
            status=how,
            positive=True,
            organism=organism_in(order.parent_organism),
            susceptibilities=tuple(one for _, _, one in tried),
            test=(order.asked.label if order.asked else "") or None,
        )
    )


def _known(reading: Reading, obx: Segment, order: Order) -> Moment | None:
    """When the laboratory knew: the analysis, or what lies after the collection."""
    collected = order.collected
    told = (
        reading.when(obx, 19),
        reading.when(obx, 14),
        order.reported,
        reading.header.issued,
    )
    for one in told:
        if one is not None and (collected is None or one.at > collected.at):
            return one
    return collected


def _cancel(reading: Reading, event_id: str, at: Moment, status: str) -> None:
    reason = status if status.isalpha() and len(status) == 1 else ""
    reading.cancel(event_id, at.at, rank=RANK["deleted"], reason=reason)


def meanings_of(
    meanings: Meanings, results: Sequence[Segment]
) -> list[tuple[Segment, Meaning]]:
    """Each OBX with what its code stands for."""
    return [(obx, meanings.of(obx.raw(3), obx.delimiters)) for obx in results]
