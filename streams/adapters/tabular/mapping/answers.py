"""The table of susceptibilities that belongs to a table of cultures."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from streams.adapters.intake import Rejection
from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.facts import (
    CultureResultFact,
    Susceptibilities,
)
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.making.microbiology import Answer, answering
from streams.adapters.tabular.mapping.setting import Setting
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.opening import found_files, opened_table
from streams.vocabulary.errors import ErrorCode


def answered_result(
    table: TableMapping,
) -> tuple[CultureResultFact, Susceptibilities] | None:
    """The result that has answers, and the table they stand in."""
    for fact in table.facts:
        if isinstance(fact, CultureResultFact) and fact.susceptibilities is not None:
            return fact, fact.susceptibilities
    return None


def read_answers(setting: Setting, told: Susceptibilities) -> Iterator[Answer]:
    """The rows of the table of susceptibilities, counted under its name."""
    name = told.files[0]
    counts = setting.report.table(name)
    for path in found_files(setting.folder, told.files):
        with opened_table(path) as (header, stream):
            sheet = Sheet(
                header,
                name=name,
                file_name="",
                may_lack=(),
                missing=setting.missing,
                zone=setting.site.time_zone,
                links=setting.links,
            )
            read = answering(told, sheet)
            for number, cells in stream:
                counts.read += 1
                if isinstance(cells, csv.Error) or len(cells) != len(header):
                    setting.report.reject(
                        name,
                        Rejection(
                            file=name,
                            line=number,
                            column=None,
                            code=ErrorCode.MALFORMED_ROW,
                            reason="The row cannot be read, or has other cells than "
                            "the header.",
                        ),
                    )
                    continue
                counts.mapped += 1
                yield read(Line(cells))
