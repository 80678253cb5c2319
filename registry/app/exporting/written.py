"""Values as every file writes them."""

from __future__ import annotations

from datetime import datetime

from registry.domain.disclosure import Value
from streams.vocabulary.clock import iso


def as_text(value: Value) -> str:
    """Moments in ISO 8601 and UTC, `true` and `false`, and nothing for what is absent."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return iso(value)
        case _:
            return str(value)
