"""OBX: laboratory results, vital signs, settings, scores, fluids.

Source: HL7 v2.8.2 chapter 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from streams.adapters.hl7v2.answers import Answer, answer
from streams.adapters.hl7v2.meanings import Meaning
from streams.adapters.hl7v2.orders import Order
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.states import pregnancy
from streams.adapters.hl7v2.status import RANK, Standing, standing
from streams.adapters.hl7v2.times import Moment
from streams.adapters.measured import Measured
from streams.adapters.rates import of_the_base
from streams.adapters.site.codes import Coding
from streams.adapters.site.configuration import CodeEntry
from streams.adapters.translation import UnmappedCode
from streams.vocabulary.concepts import Concept
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    Assessment,
    Clinical,
    Fluid,
    Infusion,
    Measurement,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


Status = Literal["preliminary", "final", "corrected"]

_IN = {"crystalloid", "colloid", "blood_product", "gu_irrigant", "intake"}


def read_result(reading: Reading, obx: Segment, meaning: Meaning, order: Order) -> None:
    """The fact that an OBX is, if it is one."""
    if not meaning.code:
        reading.fault(obx, 3, ErrorCode.MISSING_VALUE, "The result has no code.")
        return
    if meaning.kind == "ignored":
        return
    how = standing(obx.text(11), order.status)
    if how == "none":
        return
    at = _happened(reading, obx, meaning, order)
    if at is None:
        reading.fault(
            obx,
            14,
            ErrorCode.MISSING_VALUE,
            "Nothing tells when this was observed.",
            "Send its time in OBX-14 or OBR-7.",
        )
        return
    if how == "unknown":
        reading.fault(
            obx,
            11,
            ErrorCode.UNKNOWN_STATUS,
            "The status of this result is none of table 0085.",
            "Send P, F, C or another of the table's.",
        )
        how = "preliminary"
    event_id = _identity(reading, obx, meaning, order, at)
    said = answer(obx)
    if how == "deleted" or obx.deleted(5):
        reading.cancel(event_id, at.at, rank=RANK["deleted"])
    elif said is None:
        reading.fault(
            obx, 5, ErrorCode.MISSING_VALUE, "The result has no value; none was kept."
        )
    else:
        fact = _fact(reading, obx, meaning, order, event_id, at, how, said)
        if fact is not None:
            reading.events.append(fact)
        elif how == "corrected":
            # What it corrects is known to be wrong, though nobody can read the right.
            reading.cancel(event_id, at.at, rank=RANK["deleted"])


def _happened(
    reading: Reading, obx: Segment, meaning: Meaning, order: Order
) -> Moment | None:
    """When it was so: of a specimen its collection, at the bedside the observation.

    Laboratories write the moment of the analysis into OBX-14; what the blood was
    like then is nobody's business.
    """
    if meaning.bedside or order.collected is None:
        found = reading.when(obx, 14)
        if found is not None:
            return found
    if order.collected is not None:
        return order.collected
    if order.reported is not None:
        return order.reported
    return reading.header.issued


def _identity(
    reading: Reading,
    obx: Segment,
    meaning: Meaning,
    order: Order,
    at: Moment,
) -> str:
    """The fact's name: order, code, sub-id, time; what repeats is counted."""
    sub_id = obx.text(4)
    sub_id = reading.sub_id(sub_id) if sub_id else ""
    return reading.distinct(f"result:{order.key}:{meaning.local}:{sub_id}:{at.second}")


def _fact(
    reading: Reading,
    obx: Segment,
    meaning: Meaning,
    order: Order,
    event_id: str,
    at: Moment,
    how: Standing,
    said: Answer,
) -> Clinical | None:
    entry, concept = meaning.entry, meaning.concept
    version = reading.version(RANK[how])
    if meaning.kind == "pregnancy":
        return pregnancy(reading, obx, said, event_id, at, version)
    if entry is None or meaning.kind == "unmapped":
        return _unmapped(reading, obx, meaning, order, event_id, at, how, said)
    if concept is None:
        return _KINDS[meaning.kind](
            reading, obx, entry, meaning, event_id, at, version, said
        )
    value = _measured(reading, obx, concept, entry, said)
    if value is None:
        return None
    if meaning.kind == "assessment":
        return Assessment(
            event_id=event_id,
            happened_at=at.at,
            known_at=reading.received_at,
            version=version,
            encounter=reading.encounter,
            flags=reading.flags(at, *value.flags),
            concept=entry.concept,
            value=value.value,
            text=said.words if value.value is None else None,
            code=meaning.code,
        )
    changed = value.sent_unit is not None
    number = said.reported.value
    return Measurement(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=version,
        encounter=reading.encounter,
        flags=reading.flags(at, *value.flags),
        concept=entry.concept,
        value=value.value,
        comparator=value.comparator,
        upper=value.upper,
        text=said.words if value.value is None else None,
        sent_value=f"{number:.12g}" if changed and number is not None else None,
        sent_unit=value.sent_unit,
        specimen=entry.specimen or order.fluid,
        specimen_id=None if meaning.bedside else order.specimen_id,
        method=entry.method,
        code=meaning.code,
        status=cast("Status", how),
    )


def _measured(
    reading: Reading, obx: Segment, concept: Concept, entry: CodeEntry, said: Answer
) -> Measured | None:
    """The value in the concept's unit; None, and a fault, where it cannot be used."""
    written = reading.site.unit(obx.raw(6), obx.delimiters)
    if written:
        reading.account.units.append((concept.name, written))
    if said.reported.value is None:
        if said.words is None:
            _unread(reading, obx)
        return Measured(None)
    try:
        return reading.site.measure(concept.name, said.reported, written or entry.unit)
    except InputError as error:
        number = 5 if error.code == ErrorCode.IMPOSSIBLE_VALUE else 6
        reading.fault_of(obx, number, error)
        return None


def _unread(reading: Reading, obx: Segment) -> None:
    reading.fault(
        obx,
        5,
        ErrorCode.UNREAD_WORDS,
        "The result is neither a number nor a word that may pass.",
        "Send a coded answer.",
    )


def _unmapped(
    reading: Reading,
    obx: Segment,
    meaning: Meaning,
    order: Order,
    event_id: str,
    at: Moment,
    how: Standing,
    said: Answer,
) -> Measurement:
    written = reading.site.unit(obx.raw(6), obx.delimiters)
    reading.leave_unmapped(
        UnmappedCode(
            system=meaning.system,
            code=meaning.local,
            label=meaning.label,
            unit=written,
        )
    )
    reported = said.reported
    sent = reported.word
    if reported.value is not None and not reported.titre:
        sent = f"{reported.comparator or ''}{reported.value:.12g}"
        sent += f"-{reported.upper:.12g}" if reported.upper is not None else ""
    elif reported.value is not None:
        sent = f"{reported.comparator or ''}1:{reported.value:.12g}"
    return Measurement(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=reading.version(RANK[how]),
        encounter=reading.encounter,
        flags=reading.flags(at, Flag.UNMAPPED),
        concept="unmapped",
        sent_value=sent,
        sent_unit=written if canonical_unit(written) else None,
        specimen_id=order.specimen_id,
        code=meaning.code,
        status=cast("Status", how),
    )


def _fluid(
    reading: Reading,
    obx: Segment,
    entry: CodeEntry,
    meaning: Meaning,
    event_id: str,
    at: Moment,
    version: int,
    said: Answer,
) -> Fluid | None:
    aliases = reading.site.configuration.units
    written = reading.site.unit(obx.raw(6), obx.delimiters) or entry.unit or ""
    unit = canonical_unit(aliases.get(written, written))
    value = said.reported.value
    if value is None:
        _unread(reading, obx)
        return None
    if unit is None or UNITS[unit].dimension != "volume":
        reading.fault(
            obx, 6, ErrorCode.UNKNOWN_UNIT, "This is no unit of volume that is known."
        )
        return None
    if value < 0:
        reading.fault(
            obx, 5, ErrorCode.IMPOSSIBLE_VALUE, "A volume cannot be negative."
        )
        return None
    return Fluid(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=version,
        encounter=reading.encounter,
        flags=reading.flags(at),
        direction="in" if entry.concept in _IN else "out",
        substance=entry.concept,
        volume_ml=convert(value, from_unit=unit, to_unit="mL"),
        code=meaning.code,
    )


def _support(
    reading: Reading,
    _obx: Segment,
    entry: CodeEntry,
    _meaning: Meaning,
    event_id: str,
    at: Moment,
    version: int,
    said: Answer,
) -> RespiratorySupport:
    asked = Coding(entry.system, entry.code)
    answered = Coding(*said.code.rsplit("|", 1)) if said.code else asked
    category = reading.site.codes.support(answered, asked)
    return RespiratorySupport(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=version,
        encounter=reading.encounter,
        flags=reading.flags(at, *(() if category else (Flag.UNMAPPED,))),
        category=category,
        device=said.display if entry.method != "mode" else None,
        mode=said.display if entry.method == "mode" else None,
    )


def _running(
    reading: Reading,
    obx: Segment,
    entry: CodeEntry,
    _meaning: Meaning,
    event_id: str,
    at: Moment,
    version: int,
    said: Answer,
) -> Infusion | None:
    """A pump's or a chart's rate of one drug."""
    rate = said.reported.value
    if rate is None:
        _unread(reading, obx)
        return None
    if rate < 0:
        reading.fault(obx, 5, ErrorCode.IMPOSSIBLE_VALUE, "A rate cannot be negative.")
        return None
    drug = drugs()[entry.concept]
    aliases = reading.site.configuration.units
    written = reading.site.unit(obx.raw(6), obx.delimiters) or entry.unit or ""
    unit = canonical_unit(aliases.get(written, written))
    value = None
    if unit is not None and UNITS[unit].dimension == UNITS[drug.unit].dimension:
        value = convert(rate, from_unit=unit, to_unit=drug.unit)
    value = of_the_base(drug, value, reading.site.configuration.vasoactives)
    return Infusion(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=version,
        encounter=reading.encounter,
        flags=reading.flags(at),
        phase="changed" if rate else "stopped",
        infusion_id=f"charted:{reading.encounter or ''}:{drug.name}",
        drug=drug.name,
        rate=value,
        sent_rate=rate,
        sent_unit=written or None,
    )


_Reader = Callable[
    [Reading, Segment, CodeEntry, Meaning, str, Moment, int, Answer], Clinical | None
]
_KINDS: dict[str, _Reader] = {"fluid": _fluid, "support": _support, "drug": _running}
