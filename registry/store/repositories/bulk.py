"""Statements both databases understand, and keys in portions they can take."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Function,
    bindparam,
    func,
)
from sqlalchemy.dialects import postgresql, sqlite


KeyT = TypeVar("KeyT")


class DataclassInstance(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


_PORTION = 900


def insert_into(
    connection: Connection, table: type[Any]
) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, of the connection's own database."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def all_of(
    connection: Connection, column: ColumnElement[str]
) -> Function[Sequence[str] | None]:
    """An aggregate of the values of a group; none are an empty list, or null.

    Not as JSON on PostgreSQL: its workers cannot share that aggregate.
    """
    if connection.dialect.name == "postgresql":
        return Function("array_agg", column, type_=ARRAY(column.type))
    return func.json_group_array(column, type_=JSON)


def told(value: DataclassInstance) -> dict[str, Any]:
    """The fields of a flat dataclass by name; `asdict` would copy each one deeply."""
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


def portions(keys: Collection[KeyT]) -> Iterator[list[KeyT]]:
    """The keys, as many at a time as one IN may hold."""
    rest = iter(keys)
    while portion := list(islice(rest, _PORTION)):
        yield portion


def in_parts(prefix: str, table: FromClause) -> dict[str, BindParameter[Any]]:
    """A parameter for each column, for a statement that writes to several tables."""
    return {c.key: bindparam(f"{prefix}_{c.key}", type_=c.type) for c in table.columns}


def named(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of such parameters."""
    return {f"{prefix}_{name}": value for name, value in values.items()}
