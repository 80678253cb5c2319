"""The account of a reading, told at its end: what was used, and what was not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from streams.adapters.intake import IntakeReport, Rejection, TableCounts
from streams.app.history.sources import History, named


def account(report: IntakeReport, out: TextIO) -> None:
    """Tell rows per table, rejections by code, and each rejection that was kept."""
    for name, counts in sorted(report.tables.items()):
        print(f"{name}: {_counted(counts)}", file=out)
    by_code: Counter[str] = Counter()
    for counts in report.tables.values():
        by_code.update(counts.rejected)
    for line in _rejections(report):
        print(f"rejected {line}", file=out)
    if by_code:
        told = ", ".join(f"{n} {code}" for code, n in sorted(by_code.items()))
        print(f"{counted(by_code.total(), 'row')} rejected: {told}", file=out)
    unheard = by_code.total() - len(report.rejections)
    if unheard > 0:
        print(f"The last {unheard} are counted and not told one by one.", file=out)


def tell_never_met(history: History, out: TextIO) -> None:
    """Name the subjects asked for that the source does not have."""
    unmet = history.never_met()
    if unmet:
        print(f"Not in the data: subjects {named(unmet)}.", file=out)


def counted(number: int, what: str) -> str:
    """So many of them, in the singular where it is one."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_LIKE = 10
"""Rejections of one code in one column that are told one by one."""


def _rejections(report: IntakeReport) -> Iterator[str]:
    """The first of each sort, and how many more there are like them."""
    sorts: dict[tuple[str, str, str], list[Rejection]] = {}
    for one in report.rejections:
        sorts.setdefault((one.code.value, one.part, one.cure), []).append(one)
    for (code, part, _), all_of_it in sorts.items():
        yield from map(str, all_of_it[:_LIKE])
        if (more := len(all_of_it) - _LIKE) > 0:
            yield f"{code}{part}: {more} more like these"


def _counted(counts: TableCounts) -> str:
    parts = [counted(counts.read, "row"), counted(counts.events, "event")]
    parts += [f"{n} {flag}" for flag, n in sorted(counts.flagged.items())]
    if counts.unmapped:
        parts.append(f"{counted(counts.unmapped.total(), 'row')} unmapped")
    if counts.filed_unread:
        parts.append(f"{counts.filed_unread} filed unread")
    if counts.bad:
        parts.append(f"{counts.bad} REJECTED")
    return ", ".join(parts)
