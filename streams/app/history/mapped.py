"""Tables that a mapping reads: the mapping, the site they are of, how it names."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from streams.adapters.identity.pseudonyms import Identities, PublicIdentifiers
from streams.adapters.site.configuration import SiteConfiguration, read_site
from streams.adapters.tabular.mapping.reading import (
    Shipped,
    read_mapping,
    shipped_mapping,
)
from streams.adapters.tabular.mapping.source import MappedTables
from streams.vocabulary.errors import ErrorCode, SettingsError


def open_tables(
    name: str, folder: Path, *, mapping: Path | None, site: Path | None
) -> MappedTables:
    """The tables in a folder, by a shipped mapping of that name or by one's own.

    Raises `SettingsError` EMB-402/403 for a mapping or site that cannot be used.
    """
    told = (
        shipped_mapping(cast("Shipped", name))
        if mapping is None
        else read_mapping(mapping)
    )
    of = told.site if site is None else read_site(site)
    if of is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "The mapping does not say of which site the tables are.",
            "Name the site's configuration with --site FILE.yaml.",
        )
    return MappedTables(
        folder=folder, mapping=told, site=of, identities=identities_of(of)
    )


def identities_of(site: SiteConfiguration) -> Identities:
    """How the site's identifiers are named; raises `SettingsError` EMB-402."""
    if site.identity == "public":
        return PublicIdentifiers()
    raise SettingsError(
        ErrorCode.BAD_SETTING,
        f"The identifiers of {site.site} are to be kept from its events, and no key "
        "names them.",
        "Give the site keys, or, for public research data, `identity: public`.",
    )
