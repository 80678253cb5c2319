"""The phrases a mapping is made of: what a cell says, when, and from when it was known."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from streams.adapters.site.configuration import Text, Zone


class _Phrase(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Phrase):
    """What one cell says, or the same word for every row."""

    column: Text = ""
    constant: Text = ""
    file_name: bool = Field(
        default=False, description="The file's name without its endings."
    )
    through: Text = Field(
        default="", description="A link in which the cell is looked up."
    )
    words: dict[Text, Text] = Field(
        default_factory=dict,
        description="What each word of the source means; capitals do not matter.",
    )
    otherwise: Text | None = Field(
        default=None,
        description="What a word that is not among `words` means, and a cell that "
        "is not in the link. Without it such a row's fact is rejected; empty says "
        "nothing.",
    )
    as_sent: bool = Field(
        default=False, description="Whether a word that is not among `words` stands."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum((bool(self.column), bool(self.constant), self.file_name)) != 1:
            raise ValueError("a cell is a column, a constant or the file's name")
        return self


Said = TypeAliasType("Said", Text | Cell | tuple[Text | Cell, ...])
"""A column, or a cell told more closely; of several the first that says anything."""

Whole = TypeAliasType("Whole", Text | Cell | tuple[Text | Cell, ...])
"""The same, but of several all together: a key of two columns."""


def _instant(written: str) -> str:
    if written and datetime.fromisoformat(written).tzinfo is None:
        raise ValueError(f"{written} names no zone; write 2100-01-01T00:00Z")
    return written


class Moment(_Phrase):
    """A time: written out, or so many hours since another."""

    column: Text = ""
    constant: Annotated[Text, AfterValidator(_instant)] = Field(
        default="", description="One instant for all, with its zone."
    )
    through: Text = Field(
        default="",
        description="A link in which it is looked up; what is not there says nothing.",
    )
    format: str = Field(
        default="",
        description="As Python's strptime has it: `%d.%m.%Y %H:%M`. Default: ISO 8601.",
    )
    zone: Zone | None = Field(
        default=None, description="Of a time that names none. Default: the site's."
    )
    unit: Literal["minutes", "hours", "days"] | None = Field(
        default=None, description="The cell is a number of these `since` a moment."
    )
    since: Text | Moment | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.column) == bool(self.constant):
            raise ValueError("a moment is a column or a constant")
        if (self.unit is None) != (self.since is None):
            raise ValueError("a number of hours needs both `unit` and `since`")
        return self


class CodingOf(_Phrase):
    """A code and the system it is of."""

    code: Said
    system: Said | None = Field(
        default=None, description="As the codes of the mapping name it. Default: none."
    )
    label: Said | None = Field(
        default=None,
        description="What the site calls it, never a free text: told by `ember intake "
        "check` of a code in no map, and nowhere else.",
    )


Coded = TypeAliasType("Coded", CodingOf | tuple[CodingOf, ...])
"""One code, or several for one thing: the first that is in a map counts."""

Times = TypeAliasType("Times", Text | Moment | tuple[Text | Moment, ...])
"""A column, or a moment told more closely; of several the first that is there."""


class Known(_Phrase):
    """From when a fact could have been acted on; never before it happened."""

    at: Times | None = Field(
        default=None,
        description="The filing time; where it is empty the lag stands in.",
    )
    lag_hours: float = Field(default=0.0, ge=0.0)
    measurable: bool = Field(
        default=False,
        description="Whether the lag is a fact of the source, not a stand-in: facts "
        "are then not flagged `lag_unmeasurable`.",
    )


class Condition(_Phrase):
    """Which rows a fact is in."""

    column: Text
    is_in: tuple[Text, ...] | None = Field(
        default=None, description="One of these words; capitals do not matter."
    )
    not_in: tuple[Text, ...] | None = None
    empty: bool | None = None
    rate: bool | None = Field(
        default=None, description="Whether it is a unit of a rate (mcg/kg/min)."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        told = (self.is_in, self.not_in, self.empty, self.rate)
        if sum(one is not None for one in told) != 1:
            raise ValueError("a condition is one of is_in, not_in, empty, rate")
        return self
