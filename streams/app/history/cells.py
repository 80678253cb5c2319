"""What a cell of a table may hold, and how it is written.

Times as `YYYY-MM-DD HH:MM:SS`, nothing for null, whole numbers without decimals.
"""

from __future__ import annotations

from datetime import datetime


Cell = str | int | float | bool | datetime | None

Row = tuple[Cell, ...]


def text_of(cell: Cell) -> str:
    """The cell as a CSV holds it."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        case float() if cell.is_integer():
            return str(int(cell))
    return str(cell)
