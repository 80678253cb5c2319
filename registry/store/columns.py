"""Column types and names that hold on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, get_args

from sqlalchemy import DateTime, Dialect, Enum, MetaData, Text
from sqlalchemy.types import TypeDecorator

from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import BrokenInvariant


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata() -> MetaData:
    """Metadata whose constraints are named by one convention."""
    return MetaData(naming_convention=NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant; a naive one is refused on the way in, UTC stands on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """The instant in UTC, without its zone where the database has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise BrokenInvariant(f"A naive time was to be stored: {value}.")
        moment = in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """The instant with `datetime.UTC` itself as its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else in_utc(value)


class Words(TypeDecorator[tuple[StrEnum, ...]]):
    """Members of a closed set as one text, `data,treatment`; empty stays empty."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(
        self, value: tuple[StrEnum, ...] | None, dialect: Dialect
    ) -> str | None:
        """The members' values, in the order given."""
        del dialect
        return None if value is None else ",".join(member.value for member in value)

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[StrEnum, ...] | None:
        """The members; ValueError for what is none of them."""
        del dialect
        if value is None:
            return None
        return tuple(self.kind(word) for word in value.split(",") if word)


def by_value(kind: type[StrEnum], name: str) -> Enum:
    """A closed set, stored by the member's value and checked by the database."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        values_callable=_values,
        length=32,
    )


def told_by_value(kind: type[StrEnum]) -> Enum:
    """A closed set that may grow, stored by value; the program alone checks it.

    For columns that were added later: SQLite cannot add a check to a table it has.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        values_callable=_values,
        length=32,
    )


def one_of(literal: Any, name: str) -> Enum:  # noqa: ANN401  a Literal has no type
    """A closed set given as a `Literal` of strings."""
    values = get_args(literal)
    return Enum(
        *values, name=name, native_enum=False, create_constraint=True, length=32
    )


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]
