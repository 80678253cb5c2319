"""`hosp/labevents`: laboratory results, with the fluid `d_labitems` names."""

from __future__ import annotations

from collections.abc import Iterator

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.items import Item, items
from streams.adapters.mimic_iv.known_at import LAB_LAG, filed
from streams.adapters.mimic_iv.oxygen import oxygen_percent
from streams.adapters.mimic_iv.quantities import censored, in_canonical_unit, judged
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import Row, number
from streams.adapters.tabular.table import Table
from streams.vocabulary.concepts import concept
from streams.vocabulary.events import Event, Measurement
from streams.vocabulary.facts import Comparator, Flag


LABEVENTS = Table(
    name="hosp/labevents",
    columns=(
        "labevent_id",
        "subject_id",
        "hadm_id",
        "specimen_id",
        "itemid",
        "charttime",
        "storetime",
        "value",
        "valuenum",
        "valueuom",
    ),
    code="itemid",
)
D_LABITEMS = Table(
    name="hosp/d_labitems", columns=("itemid", "label", "fluid"), patient="itemid"
)

_COMMENT_KEPT = 200
"""Characters; a comment may be pages of reference ranges."""


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table."""
    fluids = _fluids(reading)
    known = items("labevents")

    def mapping(row: Row) -> Iterator[Event]:
        item = known[row.raw("itemid")]
        yield _result(row, item, fluids.get(item.itemid))

    return reading.mapped(LABEVENTS, mapping, codes=known)


def _fluids(reading: Reading) -> dict[str, str]:
    """Fluid by item id; the dictionary holds no facts about patients."""
    fluids = {}
    counts = reading.report.table(D_LABITEMS.name)
    for row in reading.dictionary(D_LABITEMS):
        counts.filed_unread += 1
        fluids[row.raw("itemid")] = row.raw("fluid").strip().lower()
    return fluids


def _result(row: Row, item: Item, fluid: str | None) -> Measurement:
    taken = row.needed_instant("charttime")
    known = filed(row, taken, lag=LAB_LAG)
    value, comparator, flags = _value(row, item)
    sent = row.raw("valuenum")
    changed = value is not None and number(sent) not in (None, value)
    # A bound told in words only (`<0.2` in the comment) is kept as it was written:
    # mimic-code, which reads the number column alone, sees nothing there.
    in_words = value is not None and not sent
    return Measurement(
        event_id=f"labevents:{row.needed_identifier('labevent_id')}",
        happened_at=taken,
        known_at=known.at,
        encounter=row.identifier("hadm_id"),
        flags=known.flags + flags,
        concept=item.concept,
        value=value,
        comparator=comparator,
        text=_words(row) if value is None else None,
        sent_value=_words(row) if in_words else sent if changed else None,
        sent_unit=row.text("valueuom") if changed else None,
        specimen=fluid,
        specimen_id=row.identifier("specimen_id"),
        method=item.method,
        code=item.code,
    )


def _value(
    row: Row, item: Item
) -> tuple[float | None, Comparator | None, tuple[Flag, ...]]:
    """The number in the concept's unit, what stands before it, what is odd about it."""
    if item.kind == "text":
        return None, None, ()
    bound = censored(row.raw("value") or row.raw("comments"))
    written = row.number("valuenum")
    if written is None and bound is not None:
        written = bound[1]
    if written is None:
        return None, None, ()
    measure = concept(item.concept)
    if item.kind == "gas_fio2":
        percent, odd = oxygen_percent(row, "valuenum", measure, written)
        return percent, None, odd
    unit = item.unit_of(row.raw("valueuom"))
    value = in_canonical_unit(row, "valueuom", measure, written, unit)
    flags = judged(row, "valuenum", measure, value)
    # A comparator in a comment beside a number may be about anything.
    told = bound is not None and (row.raw("value") or not row.raw("valuenum"))
    return value, bound[0] if told and bound else None, flags


def _words(row: Row) -> str | None:
    return row.text("value") or row.raw("comments").strip()[:_COMMENT_KEPT] or None
