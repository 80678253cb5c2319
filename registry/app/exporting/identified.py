"""Who the patients of an extract are: opened from the vault, and every look audited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from registry.domain.disclosure import Told, Value
from registry.store.unit_of_work import Registry
from registry.usecases.open_identity import OpenIdentity, open_identity
from registry.usecases.vault_ports import Seal


_PORTION = 200
"""Rows whose patients are opened in one transaction, before any of them is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifying:
    """Who looks, why, and with which key."""

    book: Registry
    seal: Seal
    actor: str
    reason: str
    at: datetime

    def __call__(
        self, columns: Sequence[Told], rows: Iterable[tuple[Value, ...]]
    ) -> Iterator[tuple[Value, ...]]:
        """Each row with the identifiers of its patient as its last value.

        The look is in the audit before the row is seen. An extract without patients
        (the audit) is told as it is.
        """
        names = [one.column.name for one in columns]
        if "identifiers" not in names:
            yield from rows
            return
        site, patient = names.index("site"), names.index("patient")
        rest = iter(rows)
        while portion := list(islice(rest, _PORTION)):
            known = self._opened({(str(r[site]), str(r[patient])) for r in portion})
            for row in portion:
                yield (*row[:-1], known[str(row[site]), str(row[patient])])

    def _opened(self, whom: set[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        with self.book.transaction() as uow:
            return {
                (site, patient): _told(
                    [
                        (one.authority, one.value)
                        for one in open_identity(
                            OpenIdentity(
                                site=site,
                                pseudonym=patient,
                                reason=self.reason,
                                actor=self.actor,
                                at=self.at,
                            ),
                            uow,
                            seal=self.seal,
                        )
                    ]
                )
                for site, patient in sorted(whom)
            }


def _told(identifiers: list[tuple[str, str]]) -> str | None:
    """Nothing where the vault holds none."""
    return json.dumps(identifiers, ensure_ascii=False) if identifiers else None
