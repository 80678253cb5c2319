"""What all tables share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from registry.store.columns import UtcDateTime, metadata


class Row(DeclarativeBase):
    """A row of a table; rows do not leave `store`."""

    metadata = metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        str: Text(),
    }


def comment(text: str) -> dict[str, str]:
    """The table's comment as `__table_args__` wants it."""
    return {"comment": text}


def said(text: str, *, key: bool = False) -> MappedColumn[Any]:
    """A column of the annotated type with its comment."""
    return mapped_column(primary_key=key, comment=text)
