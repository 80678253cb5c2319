"""A folder of tables read by a mapping: one pass over each table, in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streams.adapters.identity.pseudonyms import Identities
from streams.adapters.intake import IntakeReport, SourcedEvent
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.adapters.tabular.mapping.folder import read_table
from streams.adapters.tabular.mapping.linking import read_links
from streams.adapters.tabular.mapping.making.drugs import Pharmacy
from streams.adapters.tabular.mapping.making.results import Results
from streams.adapters.tabular.mapping.setting import Heard, Setting, Sighted
from streams.adapters.tabular.mapping.stamping import Names
from streams.adapters.tabular.opening import found_files
from streams.vocabulary.errors import ErrorCode, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTables:
    """A folder, the mapping by which it is read, and the site it is of."""

    folder: Path
    mapping: MappingDocument
    site: SiteConfiguration
    identities: Identities
    sighted: Sighted | None = None
    """Told each patient's identifier beside the pseudonym: the vault, nobody else."""
    heard: Heard | None = None
    """Told each row and what was made of it: who checks a sample."""
    seen: set[str] = field(default_factory=set, compare=False)
    """Of the patients asked for, those that were met, by identifier and by name."""

    def files(self) -> list[Path]:
        """All files that are read; raises `InputError` EMB-101 for one not there."""
        found = []
        for table in self.mapping.tables:
            files = found_files(self.folder, table.files or (table.table,))
            if not files and not table.optional:
                raise InputError(
                    ErrorCode.MISSING_TABLE,
                    f"There is no table {table.table} in {self.folder}.",
                    "Point to the folder that holds it, or mark it `optional`.",
                )
            found += files
        if not found:
            raise InputError(
                ErrorCode.MISSING_TABLE,
                f"None of the mapping's tables is in {self.folder}.",
                "Point to the folder that holds them.",
            )
        return found

    def events(
        self, report: IntakeReport, subjects: Collection[str] | None = None
    ) -> Iterator[SourcedEvent]:
        """Every event of these patients (None: of all), table by table.

        Patients may be asked for by identifier or by name.
        Raises as `files`, and EMB-102, EMB-109, EMB-113 and EMB-141 while reading.
        """
        self.files()
        setting = self._setting(report, subjects)
        for table in self.mapping.tables:
            yield from read_table(setting, table)
        report.close()

    def _setting(
        self, report: IntakeReport, subjects: Collection[str] | None
    ) -> Setting:
        mapping, site = self.mapping, self.site
        codes = (*site.codes, *mapping.codes)
        both = site.model_copy(update={"codes": codes})
        aliases = {**mapping.units, **site.units}
        map_ = CodeMap(both)
        return Setting(
            folder=self.folder,
            source=mapping.source,
            site=site,
            authority=mapping.authority,
            names=Names(self.identities, mapping.authority),
            key_version=self.identities.key_version,
            codes=map_,
            results=Results(aliases),
            pharmacy=Pharmacy(
                codes=map_, vasoactives=site.vasoactives, aliases=aliases
            ),
            links=read_links(self.folder, mapping.links, missing=mapping.missing),
            missing=mapping.missing,
            report=report,
            wanted=None if subjects is None else frozenset(subjects),
            sighted=self.sighted,
            heard=self.heard,
            files_told=site.identity == "public",
            seen=self.seen,
        )
