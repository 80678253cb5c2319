"""The account of a reading, told at its end: what was used, and what was not and why."""

from __future__ import annotations

from typing import TextIO

from streams.adapters.intake import IntakeReport


_TOLD = 20
"""Rejections told one by one; the rest are counted."""


def account(report: IntakeReport, out: TextIO) -> None:
    """Tell rows per table, then the rejections by code and the first of them in full."""
    for name, counts in sorted(report.tables.items()):
        parts = [f"{counts.read} rows", f"{counts.events} events"]
        parts += [f"{n} {flag}" for flag, n in sorted(counts.flagged.items())]
        if counts.unmapped:
            parts.append(f"{counts.unmapped.total()} rows unmapped")
        if counts.filed_unread:
            parts.append(f"{counts.filed_unread} filed unread")
        if counts.bad:
            parts.append(f"{counts.bad} REJECTED")
        print(f"{name}: {', '.join(parts)}", file=out)
    for rejection in report.rejections[:_TOLD]:
        print(f"rejected {rejection}", file=out)
    if report.rejected > _TOLD:
        print(f"... and {report.rejected - _TOLD} more rejected", file=out)
