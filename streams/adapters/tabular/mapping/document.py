"""What a mapping says: which files, whose rows, which columns mean what.

The document is data: a data engineer writes it, `deploy/schemas/mapping.json` checks
it in an editor, and `deploy/docs/mapping.md` explains it.
It is an allow-list: a column it does not name is never looked at.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from streams.adapters.site.configuration import (
    CodeEntry,
    SiteConfiguration,
    Text,
    Unit,
)
from streams.adapters.tabular.mapping.facts import Fact, Wide
from streams.adapters.tabular.mapping.phrases import (
    Condition,
    Known,
    Said,
    Times,
    _Phrase,
)


Duplicates = Literal["one", "each"]


class Link(_Phrase):
    """A column of one table looked up by another.

    It has one entry a row, beyond 100,000 on disk while reading, so it is for stays
    and vocabularies, not for charts.
    """

    table: Text | tuple[Text, ...] = Field(
        description="The file or files, as `files` of a table."
    )
    key: Text = Field(description="The column looked up by.")
    value: Text | tuple[Text, ...] = Field(
        description="The column that is found; of several, the first that is not empty."
    )
    keep: Literal["least", "greatest"] = Field(
        default="greatest",
        description="Which value counts where a key comes twice, as text.",
    )
    when: tuple[Condition, ...] = Field(
        default=(), description="The rows kept; the fewer, the less it takes."
    )
    optional: bool = Field(default=False, description="Whether the file may be absent.")


class TableMapping(_Phrase):
    """One table: where it lies, whose its rows are, and the facts in each row."""

    table: Text = Field(description="Its name in reports and in the events' source.")
    files: tuple[Text, ...] = Field(
        default=(),
        description="Files below the folder, without their ending (`icu/labs`) or as "
        "a pattern (`*.psv`); the first that is there, or all of a pattern. Default: "
        "the table's name.",
    )
    delimiter: Text = Field(
        default="",
        description="Default: by the ending, `,` for csv, `|` for psv, a tab for tsv.",
    )
    optional: bool = Field(default=False, description="Whether it may be absent.")
    may_lack: tuple[Text, ...] = Field(
        default=(), description="Columns named here that a file may be without."
    )
    missing: tuple[Text, ...] = Field(
        default=(), description="Cells that say nothing, beside empty ones: `-9999`."
    )
    patient: Said | None = Field(
        default=None, description="Whose the row is; only filed tables have none."
    )
    encounter: Said | None = Field(default=None, description="The hospital stay.")
    stay: Said | None = Field(default=None, description="The stay in one unit.")
    id: Said | None = Field(
        default=None,
        description="What singles the row out at its source. Without it a fact is "
        "singled out by patient, time, code and value.",
    )
    at: Times | None = Field(default=None, description="When its facts happened.")
    known: Known | None = Field(default=None, description="When they became known.")
    issued: Times | None = Field(
        default=None,
        description="When this version of the row was issued; the last one counts.",
    )
    duplicates: Duplicates = Field(
        default="one",
        description="Whether rows that say the same are one fact, or each its own "
        "(volumes charted twice); then each patient's rows must stand together.",
    )
    columns: dict[Text, Wide | Literal["ignored"]] = Field(
        default_factory=dict, description="Of a wide table: what each column measures."
    )
    facts: tuple[Fact, ...] = ()
    filed: bool = Field(
        default=False, description="Count its rows and read nothing (notes)."
    )

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if self.filed == bool(self.facts or self.columns):
            raise ValueError("a table has facts or columns, or it is filed unread")
        if not self.filed and self.patient is None:
            raise ValueError("a table that is read names its patient")
        if self.columns and self.at is None:
            raise ValueError("a wide table says when its rows happened (at)")
        return self


def _unlike(tables: tuple[TableMapping, ...]) -> tuple[TableMapping, ...]:
    names = [table.table for table in tables]
    if len(set(names)) != len(names):
        raise ValueError("two tables have one name")
    return tables


class MappingDocument(_Phrase):
    """A source of tables, whole."""

    mapping: Literal[1] = Field(description="The version of this form.")
    source: Annotated[Text, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = Field(
        description="The source's name, in reports and in the events' source."
    )
    about: str = ""
    site: SiteConfiguration | None = Field(
        default=None,
        description="The site itself: zone, identity, units, codes. Default: the "
        "site's own configuration.",
    )
    authority: Text = Field(
        default="", description="Who assigned the patients' identifiers."
    )
    missing: tuple[Text, ...] = Field(
        default=(), description="Cells that say nothing in any table."
    )
    units: dict[Text, Unit] = Field(
        default_factory=dict, description="The source's spellings of units."
    )
    codes: tuple[CodeEntry, ...] = ()
    code_files: tuple[str, ...] = Field(
        default=(), description="CSV files of codes beside this one."
    )
    links: dict[Text, Link] = Field(default_factory=dict)
    grouped: bool = Field(
        default=False,
        description="Whether all of a patient stands in one stretch of one table (a "
        "file a patient): then nothing need be sorted to have them one by one.",
    )
    tables: Annotated[
        tuple[TableMapping, ...], Field(min_length=1), AfterValidator(_unlike)
    ]

    @model_validator(mode="after")
    def _linked(self) -> Self:
        if self.grouped and len(self.tables) > 1:
            raise ValueError("only a mapping of one table can be grouped")
        unknown = _through(self.model_dump()) - set(self.links)
        if unknown:
            raise ValueError(f"there is no link {min(unknown)!r}")
        return self


def _through(part: object) -> set[str]:
    """The links a document uses, wherever they stand."""
    if isinstance(part, dict):
        found = {part["through"]} if part.get("through") else set()
        return found.union(*map(_through, part.values()))
    if isinstance(part, list | tuple):
        return set().union(*map(_through, part))
    return set()
