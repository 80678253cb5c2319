"""Rows in an order that tells nothing: not who came first, nor which follow each other."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.domain.disclosure import Value


def scattered(
    rows: Iterable[tuple[Value, ...]], *, key: bytes, folder: Path
) -> Iterator[tuple[Value, ...]]:
    """The rows by a keyed digest of each, sorted on disk; the same key, the same order.

    Only what is disclosed anyway is written down, and it is gone afterwards.
    Rows hold no moments.
    """
    with (
        TemporaryDirectory(prefix=".unfinished-", dir=folder) as where,
        closing(sqlite3.connect(Path(where) / "rows.sqlite")) as sorter,
    ):
        sorter.execute("CREATE TABLE line (digest BLOB, told TEXT)")
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        sorter.executemany(
            "INSERT INTO line VALUES (?, ?)",
            ((hmac.digest(key, line.encode(), "sha256"), line) for line in lines),
        )
        sorter.commit()
        order = "SELECT told FROM line ORDER BY digest, told"
        for (line,) in sorter.execute(order):
            yield tuple(json.loads(line))
