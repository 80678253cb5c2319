"""A folder of small tables, and the mapping by which they are read."""

from pathlib import Path

import yaml

from streams.adapters.identity.pseudonyms import Pseudonyms, PublicIdentifiers
from streams.adapters.intake import IntakeReport
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.adapters.tabular.mapping.source import MappedTables


KEYED = Pseudonyms("test", {1: bytes(range(32))})


class TinyTables:
    """Files of text under a mapping of YAML; `report` is that of the last reading."""

    def __init__(self, folder: Path, mapping: str, site: str = "") -> None:
        self.folder = folder
        document = {"mapping": 1, "source": "tiny", **yaml.safe_load(mapping)}
        document["site"] = {
            "site": "test",
            "zone": "UTC",
            "identity": "public",
            **(yaml.safe_load(site) or {}),
        }
        self.mapping = MappingDocument.model_validate(document)
        self.report = IntakeReport()
        self.sightings: list[object] = []

    def write(self, name: str, text: str) -> "TinyTables":
        """One file more."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return self

    def sourced(self, subjects=None):
        """What is read, with patient and table."""
        site = self.mapping.site
        self.report = IntakeReport()
        tables = MappedTables(
            folder=self.folder,
            mapping=self.mapping,
            site=site,
            identities=PublicIdentifiers() if site.identity == "public" else KEYED,
            sighted=self.sightings.append,
        )
        return list(tables.events(self.report, subjects))

    def events(self):
        """What is read."""
        return [sourced.event for sourced in self.sourced()]

    def faults(self):
        """Line, column and code of each rejection of the last reading."""
        return [(r.line, r.column, r.code.value) for r in self.report.rejections]
