"""The item maps: which local code means which concept, as data (`maps/*.csv`).

Item ids are those MIMIC-IV publishes in `d_items` and `d_labitems`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One local code and how its rows are read."""

    itemid: str
    kind: str
    concept: str
    """Concept, drug, substance or procedure, as the kind needs."""
    method: str | None
    unit: str
    """What a blank unit column means: the unit the item is filed in."""
    aliases: dict[str, str]
    """Words for a unit that this item alone uses (`units` for pH)."""

    @property
    def code(self) -> str:
        """The source's code as `system|code`."""
        return local_code(self.itemid)

    def unit_of(self, written: str) -> str:
        """The unit to read a value in, for what the row's unit column says."""
        word = written.strip()
        return self.aliases.get(word) or word or self.unit


def local_code(itemid: str) -> str:
    """An item id as `system|code`."""
    return f"urn:ember:local|mimic-iv:{itemid}"


@cache
def items(table: str) -> dict[str, Item]:
    """The map of one table, by item id; read once, never changed."""
    return {row["itemid"]: _item(row) for row in map_rows(f"{table}.csv")}


@cache
def support_categories() -> dict[tuple[str, str], str]:
    """Category of respiratory support by kind (`device`, `mode`) and text as charted.

    Outer blanks are not part of the text.
    """
    rows = map_rows("respiratory_support.csv")
    return {(row["kind"], row["text"]): row["category"] for row in rows}


def map_rows(name: str) -> list[dict[str, str]]:
    """The rows of one map."""
    folder = files("streams.adapters.mimic_iv") / "maps"
    text = (folder / name).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines))


def _item(row: dict[str, str]) -> Item:
    pairs = (pair.partition("=") for pair in row["aliases"].split(";") if pair)
    return Item(
        itemid=row["itemid"],
        kind=row["kind"],
        concept=row["concept"],
        method=row["method"] or None,
        unit=row["unit"],
        aliases={word: unit for word, _, unit in pairs},
    )
