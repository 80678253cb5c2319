"""`icu/chartevents`: vital signs, scales, weights and ventilation, as charted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import cast

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.items import (
    Item,
    items,
    support_categories,
)
from streams.adapters.mimic_iv.known_at import Known, filed
from streams.adapters.mimic_iv.oxygen import oxygen_percent
from streams.adapters.mimic_iv.quantities import in_canonical_unit, judged
from streams.adapters.mimic_iv.reading import Keys, Reading
from streams.adapters.tabular.cells import Row, number
from streams.adapters.tabular.table import Table
from streams.vocabulary.concepts import concept
from streams.vocabulary.events import (
    Assessment,
    Event,
    Measurement,
    RespiratorySupport,
    SupportCategory,
)
from streams.vocabulary.facts import Flag


CHARTEVENTS = Table(
    name="icu/chartevents",
    columns=(
        "subject_id",
        "hadm_id",
        "stay_id",
        "charttime",
        "storetime",
        "itemid",
        "value",
        "valuenum",
        "valueuom",
    ),
    code="itemid",
)


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table."""
    known, keys = items("chartevents"), Keys()

    def mapping(row: Row) -> Iterator[Event]:
        item = known[row.raw("itemid")]
        charted = row.needed_instant("charttime")
        yield _KINDS[item.kind](row, item, _key(row, keys), charted)

    return reading.mapped(CHARTEVENTS, mapping, codes=known)


def _key(row: Row, keys: Keys) -> str:
    """The table has no key; stay, item, time and what was charted make one."""
    place = row.raw("stay_id") or row.raw("subject_id")
    said = row.raw("value") or row.raw("valuenum")
    key = ":".join(
        ("chartevents", place, row.raw("itemid"), row.raw("charttime"), said)
    )
    return keys.distinct(row.raw("subject_id"), key)


def _known(row: Row, charted: datetime) -> Known:
    if row.raw("storetime") == row.raw("charttime"):
        # Nobody files within the second: the copy lost the filing time.
        return Known(charted, (Flag.LAG_UNMEASURABLE,))
    return filed(row, charted)


def _measurement(row: Row, item: Item, key: str, charted: datetime) -> Measurement:
    known, measure = _known(row, charted), concept(item.concept)
    sent, flags = row.number("valuenum"), known.flags
    value = sent
    if sent is not None:
        unit = item.unit_of(row.raw("valueuom"))
        value = in_canonical_unit(row, "valueuom", measure, sent, unit)
        flags += judged(row, "valuenum", measure, value)
    changed = value != sent
    return Measurement(
        event_id=key,
        happened_at=charted,
        known_at=known.at,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=flags,
        concept=item.concept,
        value=value,
        text=row.text("value") if sent is None else None,
        sent_value=row.raw("valuenum") if changed else None,
        sent_unit=row.text("valueuom") if changed else None,
        method=item.method,
        code=item.code,
    )


def _charted_fio2(row: Row, item: Item, key: str, charted: datetime) -> Measurement:
    known, sent = _known(row, charted), row.number("valuenum")
    percent, flags = None, known.flags
    if sent is not None:
        measure = concept(item.concept)
        percent, odd = oxygen_percent(row, "valuenum", measure, sent)
        flags += odd
    return Measurement(
        event_id=key,
        happened_at=charted,
        known_at=known.at,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=flags,
        concept=item.concept,
        value=percent,
        text=row.text("value") if percent is None else None,
        sent_value=row.text("valuenum") if percent != sent else None,
        method=item.method,
        code=item.code,
    )


def _assessment(row: Row, item: Item, key: str, charted: datetime) -> Assessment:
    known, value = _known(row, charted), row.number("valuenum")
    flags = known.flags
    if value is not None:
        flags += judged(row, "valuenum", concept(item.concept), value)
    words = row.text("value")
    return Assessment(
        event_id=key,
        happened_at=charted,
        known_at=known.at,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=flags,
        concept=item.concept,
        value=value,
        text=words if words is not None and number(words) is None else None,
        code=item.code,
    )


def _device(row: Row, _item: Item, key: str, charted: datetime) -> RespiratorySupport:
    return _support(row, key, charted, device=row.text("value"))


def _mode(row: Row, item: Item, key: str, charted: datetime) -> RespiratorySupport:
    return _support(row, key, charted, mode=row.text("value"), maker=item.method)


def _support(
    row: Row,
    key: str,
    charted: datetime,
    *,
    device: str | None = None,
    mode: str | None = None,
    maker: str | None = None,
) -> RespiratorySupport:
    known = _known(row, charted)
    kind, words = ("device", device) if mode is None else ("mode", mode)
    category = support_categories().get((kind, (words or "").strip()))
    unmapped = (Flag.UNMAPPED,) if words and category is None else ()
    return RespiratorySupport(
        event_id=key,
        happened_at=charted,
        known_at=known.at,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=known.flags + unmapped,
        category=cast("SupportCategory | None", category),
        device=device,
        mode=mode,
        maker=maker,
    )


Reader = Callable[[Row, Item, str, datetime], Event]

_KINDS: dict[str, Reader] = {
    "measurement": _measurement,
    "charted_fio2": _charted_fio2,
    "assessment": _assessment,
    "device": _device,
    "mode": _mode,
}
