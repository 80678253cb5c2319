"""The ledger: what the broker acknowledged, written down before anything is checked.

It is the generator's own memory, and nothing of the chain can reach it.
A line is on the disk when the call that wrote it returns.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, decode


@dataclass(frozen=True, slots=True)
class Line:
    """One acknowledged message of a made-up patient, and where the broker put it."""

    patient: str
    message_id: str
    topic: str
    partition: int
    offset: int
    value: bytes

    @property
    def message(self) -> EhrMessage:
        """What was sent."""
        return decode(EHR_MESSAGE, self.value)


@dataclass(frozen=True, slots=True)
class Poison:
    """One acknowledged record that is bad in itself."""

    topic: str
    partition: int
    offset: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Draw:
    """One randomisation the team was told of."""

    patient: str
    randomisation_id: str
    stratum: str
    sequence_no: int
    arm: str | None


class Ledger:
    """A file of its own; threads may share it."""

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._file = sqlite3.connect(file, check_same_thread=False)
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(
            """
            CREATE TABLE IF NOT EXISTS line (
                topic TEXT, partition INTEGER, offset INTEGER,
                patient TEXT, message_id TEXT, value BLOB,
                PRIMARY KEY (topic, partition, offset));
            CREATE TABLE IF NOT EXISTS poison (
                topic TEXT, partition INTEGER, offset INTEGER, value BLOB,
                PRIMARY KEY (topic, partition, offset));
            CREATE TABLE IF NOT EXISTS draw (
                patient TEXT, randomisation_id TEXT, stratum TEXT,
                sequence_no INTEGER, arm TEXT,
                PRIMARY KEY (patient, randomisation_id, stratum, sequence_no, arm));
            CREATE TABLE IF NOT EXISTS approached (patient TEXT PRIMARY KEY);
            """
        )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # -- writing -------------------------------------------------------------------

    def acknowledge(self, lines: Iterable[Line]) -> None:
        """The broker has these."""
        with self._writing() as file:
            file.executemany(
                "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        line.topic,
                        line.partition,
                        line.offset,
                        line.patient,
                        line.message_id,
                        line.value,
                    )
                    for line in lines
                ],
            )

    def poison(self, poison: Poison) -> None:
        """The broker has this bad record."""
        with self._writing() as file:
            file.execute(
                "INSERT INTO poison VALUES (?, ?, ?, ?)",
                (poison.topic, poison.partition, poison.offset, poison.value),
            )

    def approach(self, patient: str) -> None:
        """The team is going to act on this patient."""
        with self._writing() as file:
            file.execute("INSERT OR IGNORE INTO approached VALUES (?)", (patient,))

    def draw(self, draw: Draw) -> None:
        """The team was told so; telling it the same again leaves one line."""
        with self._writing() as file:
            file.execute(
                "INSERT OR IGNORE INTO draw VALUES (?, ?, ?, ?, ?)",
                (
                    draw.patient,
                    draw.randomisation_id,
                    draw.stratum,
                    draw.sequence_no,
                    draw.arm,
                ),
            )

    # -- reading -------------------------------------------------------------------

    def lines(self) -> dict[str, list[Line]]:
        """Of each patient, the first delivery of each message, in the broker's order.

        A patient is on one partition of a topic, so offsets are their order.
        """
        told: dict[str, list[Line]] = defaultdict(list)
        seen: set[str] = set()
        rows = self._read(
            "SELECT patient, message_id, topic, partition, offset, value FROM line"
            " ORDER BY topic DESC, partition, offset"
        )
        for row in rows:
            line = Line(*row)
            if line.message_id not in seen:
                seen.add(line.message_id)
                told[line.patient].append(line)
        return told

    def names(self) -> set[tuple[str, str]]:
        """Patient and id of every message."""
        return set(self._read("SELECT patient, message_id FROM line"))

    def poisons(self) -> list[Poison]:
        return [Poison(*row) for row in self._read("SELECT * FROM poison")]

    def draws(self) -> list[Draw]:
        return [Draw(*row) for row in self._read("SELECT * FROM draw")]

    def approached(self) -> set[str]:
        return {name for (name,) in self._read("SELECT patient FROM approached")}

    def acknowledged(self) -> int:
        """How many records of patients the broker acknowledged."""
        ((count,),) = self._read("SELECT count(*) FROM line")
        return count

    def _read(self, query: str) -> list[tuple]:
        with self._lock:
            return self._file.execute(query).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._file:
            yield self._file
