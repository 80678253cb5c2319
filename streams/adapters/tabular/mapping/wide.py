"""The rows of a wide table: each column a result, with what is wrong with it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.facts import Shared
from streams.adapters.tabular.mapping.line import Flaw, Line
from streams.adapters.tabular.mapping.making.results import Results, wide_result
from streams.adapters.tabular.mapping.stamping import Binding, Naming
from streams.vocabulary.events import Event


def wide_reader(
    table: TableMapping, binding: Binding, results: Results
) -> Callable[[Line], Iterator[tuple[Event | None, Flaw | None]]]:
    """The columns of a wide table, each with what is wrong with it alone."""
    shared, sheet = Shared(), binding.sheet
    at, stamps = binding.at(shared), binding.stamps(shared)
    event_id = binding.event_id(shared)
    makes = [
        (
            place,
            sheet.nothing(wide.missing),
            wide_result(name, wide, binding.source, results),
        )
        for name, wide in table.columns.items()
        if wide != "ignored" and (place := sheet.column(name)) is not None
    ]

    def read(line: Line) -> Iterator[tuple[Event | None, Flaw | None]]:
        stamp = stamps(line, at(line))
        if line.flaw is not None:
            yield None, line.flaw
            return
        name = _row_name(binding, line, stamp.happened, event_id)
        cells = line.cells
        for place, nothing, make in makes:
            if cells[place] in nothing or (text := cells[place].strip()) in nothing:
                continue
            line.flaw = None
            event = make(line, text, stamp, name)
            yield event, line.flaw

    return read


def _row_name(
    binding: Binding, line: Line, moment: datetime, event_id: Naming
) -> Callable[[str, str], str]:
    """How facts of this row are named; what the row shares is put together once."""
    if binding.ordinals is not None:
        return lambda key, value: event_id(line, moment, key, value)
    whole = event_id(line, moment, "")
    if binding.table.id is not None:
        return lambda key, _: whole + key
    return lambda key, value: f"{whole}{key}:{value}" if value else whole + key
