"""Figures as one line of JSON, or for the eye."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping


_BEGAN = time.monotonic()


def note(what: str) -> None:
    """How far the run is, on stderr."""
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {what}", file=sys.stderr, flush=True)


def tell(figures: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures), flush=True)
        return
    for line in _lines(figures, 0):
        print(line, flush=True)


def _lines(figures: Mapping[str, object], depth: int) -> list[str]:
    lines: list[str] = []
    for name, value in figures.items():
        head = "  " * depth + str(name)
        if isinstance(value, Mapping):
            lines += [head, *_lines(value, depth + 1)]
        elif isinstance(value, list):
            lines += [head, *("  " * (depth + 1) + str(row) for row in value)]
        else:
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
            lines.append(f"{head:<44} {shown:>14}")
    return lines
