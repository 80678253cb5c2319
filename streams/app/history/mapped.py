"""Tables that a mapping reads: the mapping, the site they are of, how it names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from streams.adapters.site.configuration import read_site
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.adapters.tabular.mapping.reading import (
    Shipped,
    read_mapping,
    shipped_mapping,
)
from streams.adapters.tabular.mapping.source import MappedTables
from streams.app.identity import configured_site, identities_of
from streams.vocabulary.errors import ErrorCode, SettingsError


def open_tables(
    name: str, folder: Path, *, mapping: Path | None, site: Path | None
) -> MappedTables:
    """The tables in a folder, by a shipped mapping of that name or by one's own.

    The site is the one given, else the mapping's own, else the one in EMBER_SITE.
    Raises `SettingsError` EMB-402/403 for a mapping or site that cannot be used, and
    EMB-312 where the site's identifiers must be named and there is no key.
    """
    told = mapping_of(name, mapping)
    of = told.site if site is None else read_site(site)
    if of is None:
        of = configured_site(os.environ)
    names = identities_of(of, os.environ)
    return MappedTables(folder=folder, mapping=told, site=of, identities=names)


TABLE = "table"
"""The source whose mapping is one's own."""


def mapping_of(name: str, mapping: Path | None) -> MappingDocument:
    """A shipped mapping of that name, or one's own; raises `SettingsError`."""
    if mapping is None:
        return shipped_mapping(cast("Shipped", name))
    return read_mapping(mapping)


def check_mapping(name: str, mapping: Path | None) -> None:
    """Raises `SettingsError` EMB-402 where a mapping is missing, or is too much."""
    if (name == TABLE) != (mapping is not None):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A mapping is for the source `table`, and that source for a mapping.",
            "Give both --source table and --mapping FILE.yaml, or neither.",
        )
