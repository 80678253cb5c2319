"""Dead letters, and how often each was sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from registry.domain.letter import Letter
from registry.store.repositories.bulk import insert_into, portions
from registry.store.rows.identity import LetterRow
from streams.vocabulary.messages import DeadLetter


_LETTER = [getattr(LetterRow, name) for name in Letter.__slots__]


class LetterRepository:
    """What was rejected, as it came."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, letters: Sequence[DeadLetter]) -> tuple[int, ...]:
        """Keep what is new; gives which of them were there before."""
        there = self._there({letter.message_id for letter in letters})
        repeated: list[int] = []
        fresh: list[DeadLetter] = []
        for place, letter in enumerate(letters):
            if letter.message_id in there:
                repeated.append(place)
            else:
                there.add(letter.message_id)
                fresh.append(letter)
        if fresh:
            statement = insert_into(self._connection, LetterRow)
            self._connection.execute(
                statement.on_conflict_do_nothing(), [_row(letter) for letter in fresh]
            )
        return tuple(repeated)

    def listing(
        self, *, code: str | None, waiting: bool, limit: int
    ) -> tuple[Letter, ...]:
        """The latest first; with `waiting` those that were not sent again."""
        query = select(*_LETTER)
        if code is not None:
            query = query.where(LetterRow.code == code)
        if waiting:
            query = query.where(LetterRow.retried_at.is_(None))
        query = query.order_by(LetterRow.rejected_at.desc(), LetterRow.message_id)
        return tuple(map(_letter, self._connection.execute(query.limit(limit))))

    def one(self, message_id: str) -> Letter | None:
        """The letter of this id, or of the one id that begins so."""
        begins = LetterRow.message_id.startswith(message_id, autoescape=True)
        rows = self._connection.execute(select(*_LETTER).where(begins).limit(2)).all()
        return _letter(rows[0]) if len(rows) == 1 else None

    def note_retry(self, message_id: str, at: datetime) -> None:
        """It was sent again."""
        self._connection.execute(
            update(LetterRow)
            .where(LetterRow.message_id == message_id)
            .values(retries=LetterRow.retries + 1, retried_at=at)
        )

    def drop_before(self, moment: datetime) -> None:
        """Letters hold identifiers: they are kept no longer than on their topic."""
        self._connection.execute(
            delete(LetterRow).where(LetterRow.rejected_at < moment)
        )

    def _there(self, ids: set[str]) -> set[str]:
        found: set[str] = set()
        for portion in portions(ids):
            query = select(LetterRow.message_id).where(
                LetterRow.message_id.in_(portion)
            )
            found |= set(self._connection.scalars(query))
        return found


def _letter(row: Row[Any]) -> Letter:
    told = dict(zip(Letter.__slots__, row, strict=True))
    return Letter(**{**told, "headers": json.loads(told["headers"] or "{}")})


def _row(letter: DeadLetter) -> dict[str, object]:
    return {
        "message_id": letter.message_id,
        "topic": letter.topic,
        "partition": letter.partition,
        "record_offset": letter.offset,
        "rejected_by": letter.rejected_by,
        "rejected_at": letter.rejected_at,
        "code": letter.code,
        "reason": letter.reason,
        "form": letter.form,
        "record_key": letter.key,
        "value": letter.value,
        "headers": json.dumps(letter.headers) if letter.headers else None,
        "retries": 0,
    }
