"""When each source, concept and ward was last heard of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, tuple_, update

from registry.domain.feed import Feed, FeedKey, FeedKind
from registry.store.repositories.bulk import insert_into, portions
from registry.store.rows.stream import FeedRow


_KEY = ("site", "kind", "name")
_REST = tuple(name for name in Feed.__dataclass_fields__ if name != "key")
FEED_COLUMNS = [getattr(FeedRow, name) for name in (*_KEY, *_REST)]
_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)


class FeedRepository:
    """Few rows that many transactions touch: taken last, held briefly, in one order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, keys: Collection[FeedKey]) -> dict[FeedKey, Feed]:
        """Those there are, held until the transaction ends.

        Whoever else is about to begin one of the others is waited for.
        """
        held = self._held(sorted(keys))
        lacking = sorted(set(keys) - set(held))
        if lacking:
            statement = insert_into(self._connection, FeedRow)
            rows = [_blank(key) for key in lacking]
            self._connection.execute(statement.on_conflict_do_nothing(), rows)
            held |= self._held(lacking)
        return {key: feed for key, feed in held.items() if feed.events}

    def save(self, feeds: Collection[Feed]) -> None:
        """Of keys that are held."""
        if not feeds:
            return
        statement = (
            update(FeedRow)
            .where(
                FeedRow.site == bindparam("of_site"),
                FeedRow.kind == bindparam("of_kind"),
                FeedRow.name == bindparam("of_name"),
            )
            .values({name: bindparam(f"new_{name}") for name in _REST})
        )
        self._connection.execute(statement, [_change(feed) for feed in feeds])

    def _held(self, keys: Sequence[FeedKey]) -> dict[FeedKey, Feed]:
        return dict(self._read(keys))

    def _read(self, keys: Sequence[FeedKey]) -> Iterator[tuple[FeedKey, Feed]]:
        for portion in portions(keys):
            query = (
                select(*FEED_COLUMNS)
                .where(
                    tuple_(FeedRow.site, FeedRow.kind, FeedRow.name).in_(
                        [(key.site, key.kind, key.name) for key in portion]
                    )
                )
                .order_by(FeedRow.site, FeedRow.kind, FeedRow.name)
                .with_for_update()
            )
            for row in self._connection.execute(query).mappings():
                feed = read_feed(row)
                yield feed.key, feed


def read_feed(row: RowMapping) -> Feed:
    """The feed a row speaks of."""
    key = FeedKey(row["site"], FeedKind(row["kind"]), row["name"])
    return Feed(key=key, **{name: row[name] for name in _REST})


def _change(feed: Feed) -> dict[str, Any]:
    of = {f"of_{name}": getattr(feed.key, name) for name in _KEY}
    return of | {f"new_{name}": getattr(feed, name) for name in _REST}


def _blank(key: FeedKey) -> dict[str, Any]:
    """A row of no events: it only holds the place."""
    return {
        "site": key.site,
        "kind": key.kind,
        "name": key.name,
        "provenance": "live",
        "events": 0,
        "happened_at": _BEFORE,
        "heard_at": _BEFORE,
        "received_at": _BEFORE,
        "period_began": _BEFORE,
        "longest_gap": 0.0,
        "longest_gap_before": 0.0,
    }
