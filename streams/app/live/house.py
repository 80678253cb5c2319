"""The patients of one worker: in memory while they are busy, on the shelf always.

A turn takes a batch of records in; its outputs and what was delivered are sent
together, and RocksDB has them once the broker has.
Heads follow a little later, and only for what the broker has acknowledged: a head
never says that something was said which might be lost.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, field
from itertools import islice

from faust.types import TP

from streams.app.live.account import Account
from streams.app.live.dues import Dues, Place
from streams.app.live.in_order import replaced
from streams.app.live.letters import letter, posted
from streams.app.live.rules import RuleBook, rule_key
from streams.app.live.sending import Sender
from streams.app.live.shelf import PartitionLost, Shelf, Write
from streams.app.live.turn import Record, Turn
from streams.pipeline.log import (
    Delivery,
    Resident,
    chunk_name,
    chunk_prefix,
    encode_checkpoint,
    encode_chunk,
    is_packed,
    merged,
    read_checkpoint,
    rebuilt,
    split_name,
)
from streams.pipeline.state import PatientState
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, InputError
from streams.vocabulary.messages import (
    LOGGED,
    ProtocolInForce,
    decode,
)
from streams.vocabulary.topics import EVENTS, TYPE_HEADER, patient_key


PROTOCOL = b"protocol"
"""The type header of a protocol in the log."""
RESIDENTS = 2_000
"""Patients kept in memory, the longest unseen leaving first."""
HEAD_AFTER = 2.0
"""Seconds a patient may rest before the head is written."""
HEADS_AT_ONCE = 256
CHUNKS_UNPACKED = 32
SCANNED_AT_ONCE = 500
YIELD_EVERY = 32
"""Records judged before other tasks (heartbeats, senders) get their turn."""


Hook = Callable[[str], None]
"""Told each stage of a turn by name, in order; a test may end the process there."""


@dataclass(slots=True)
class House:
    """All patients of the partitions this worker has."""

    shelf: Shelf
    rules: RuleBook
    account: Account
    prefix: str = ""
    """Before the names of output topics: a shadow's own."""
    hook: Hook = lambda _: None
    dues: Dues = field(default_factory=Dues)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while records are on their way; nothing else may read or write states."""
    _residents: OrderedDict[Place, Resident] = field(default_factory=OrderedDict)
    _resting: dict[Place, float] = field(default_factory=dict)
    """Patients whose head is older than they are, and since when."""
    _superseded: list[Write] = field(default_factory=list)
    """Chunks that lie in larger ones now."""
    generation: int = 0
    """Grows whenever what is in memory was forgotten."""

    # -- partitions come and go --------------------------------------------------------

    def forget(self) -> None:
        """Partitions have changed hands: what is in memory may be behind."""
        self.generation += 1
        self._residents.clear()
        self._resting.clear()
        self._superseded.clear()
        self.rules.forget()
        self.dues.forget()

    # -- one turn ----------------------------------------------------------------------

    async def take(self, records: Sequence[Record]) -> bool:
        """Judge the records in order; once True, the broker has all that follows.

        A turn whose partitions changed hands is let be: its records come again, here
        or elsewhere, and what of it was in memory is forgotten.
        """
        generation = self.generation
        async with self.turn:
            try:
                with self.account.taking(len(records)):
                    await self._take(records, generation)
            except PartitionLost:
                if generation == self.generation:
                    self.forget()
                return False
        return True

    async def _take(self, records: Sequence[Record], generation: int) -> None:
        turn = Turn()
        writes = self._overdue()
        for number, record in enumerate(records, start=1):
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if generation != self.generation:
                raise PartitionLost
            try:
                self._judge(turn, record)
            except InputError as fault:
                turn.letters.append(letter(record, fault))
        writes += turn.rules
        writes += turn.chunks()
        writes += self._packed(turn)
        self.hook("judged")
        await self._carry_out(turn, writes)
        self._keep(turn, generation)

    def _judge(self, turn: Turn, record: Record) -> None:
        if not self.shelf.holds(record.partition):
            raise PartitionLost
        message = decode(LOGGED, record.value)
        if isinstance(message, ProtocolInForce):
            self._put_in_force(turn, record, message)
            return
        if patient_key(message.site, message.patient) != record.key:
            raise InputError(
                ErrorCode.WRONG_KEY,
                "The record lies under a key that is not its patient's.",
                "Key records by site/patient.",
            )
        place = (record.partition, record.key)
        resident = self._resident(turn, place)
        rules = self.rules.at(record.partition)(record.offset)
        self.account.met(resident, message, record)
        said = resident.take(record.offset, message, rules)
        turn.deliveries.setdefault(place, []).append(
            Delivery(record.offset, record.value)
        )
        turn.say(said, record.key, record.headers, self.prefix)

    def _put_in_force(
        self, turn: Turn, record: Record, message: ProtocolInForce
    ) -> None:
        """What comes behind it in the log is judged by it, and nothing before."""
        if record.headers.get(TYPE_HEADER) != PROTOCOL:
            raise InputError(
                ErrorCode.WRONG_KEY,
                "A protocol lies in the log that ingest did not put there.",
                "Only the worker writes ehr.events.",
            )
        if self.rules.enter(record.partition, record.offset, message):
            key = rule_key(record.offset)
            turn.rules.append(Write("rules", record.partition, key, record.value))

    async def _carry_out(self, turn: Turn, writes: list[Write]) -> None:
        """Send everything, wait until the broker has it, then put it on the shelf."""
        outputs = [*turn.outputs, *map(posted, turn.letters)]
        sender = Sender(self.shelf.app)
        with self.account.flushing():
            for output in outputs:
                await sender.send(
                    output.topic, output.key, output.value, headers=output.headers
                )
            await self.shelf.send(writes, sender)
            self.hook("sent")
            spans: dict[TP, tuple[int, int]] = await sender.settled()
        self.hook("acknowledged")
        self.shelf.store(writes, spans)
        self.hook("stored")
        self.account.carried_out(turn)

    def _keep(self, turn: Turn, generation: int) -> None:
        """Let the patients rest in memory, unless the partitions changed hands."""
        if generation != self.generation:
            return
        self._superseded += turn.superseded
        now = time.monotonic()
        for place, resident in turn.residents.items():
            self._residents[place] = resident
            self._residents.move_to_end(place)
            self._resting.setdefault(place, now)
            state = resident.state
            self.dues.set(place, state.due if state.live else None)

    # -- patients ----------------------------------------------------------------------

    def _resident(self, turn: Turn, place: Place) -> Resident:
        resident = turn.residents.get(place) or self._residents.get(place)
        if resident is None:
            resident = self._loaded(turn, place)
        turn.residents[place] = resident
        return resident

    def _loaded(self, turn: Turn, place: Place) -> Resident:
        """The patient from the shelf; what was said after the head is said again."""
        partition, key = place
        site, _, patient = key.decode().partition("/")
        stored = list(self.shelf.below("facts", partition, chunk_prefix(key)))
        head = self.shelf.get("heads", partition, key)
        try:
            resident, said = rebuilt(
                PatientState(site=site, patient=patient),
                None if head is None else read_checkpoint(head),
                merged(value for _, value in stored),
                self.rules.at(partition),
            )
        except InputError as fault:
            # No fault of the record that made us look.
            raise BrokenInvariant(f"a stored record cannot be read: {fault}") from None
        resident.chunks = [name for name, value in stored if not is_packed(value)]
        turn.say(said, key, {}, self.prefix)
        self.account.loaded(len(said))
        return resident

    def _overdue(self) -> list[Write]:
        """What earlier turns left to be written once the broker had theirs."""
        superseded, self._superseded = self._superseded, []
        return superseded + self._ripe_heads()

    def _ripe_heads(self) -> list[Write]:
        """The heads of who rested long enough, and of who leaves the memory."""
        self._let_go()
        before = time.monotonic() - HEAD_AFTER
        ripe: list[Place] = []
        for place, since in self._resting.items():
            if since > before or len(ripe) >= HEADS_AT_ONCE:
                break
            ripe.append(place)
        return [self._head(place) for place in ripe]

    def _let_go(self) -> None:
        """Who has no head yet leaves a little later."""
        excess = len(self._residents) - RESIDENTS
        if excess > 0:
            rested = (p for p in self._residents if p not in self._resting)
            for place in list(islice(rested, excess)):
                del self._residents[place]

    def _head(self, place: Place) -> Write:
        partition, key = place
        del self._resting[place]
        resident = self._residents[place]
        return Write("heads", partition, key, encode_checkpoint(resident))

    def _packed(self, turn: Turn) -> list[Write]:
        """Many small chunks become one, so that loading stays quick.

        The small ones are taken away a turn later, when the broker has the large one.
        """
        writes: list[Write] = []
        for (partition, key), resident in turn.residents.items():
            if len(resident.chunks) < CHUNKS_UNPACKED:
                continue
            stored = {
                name: value
                for name in resident.chunks
                if (value := self.shelf.get("facts", partition, name)) is not None
            }
            for names in _portions(stored):
                deliveries = merged(stored[name] for name in names)
                whole = chunk_name(key, deliveries)
                packed = encode_chunk(deliveries, packed=True)
                writes.append(Write("facts", partition, whole, packed))
                turn.superseded += [
                    Write("facts", partition, name, None)
                    for name in names
                    if name != whole
                ]
            resident.chunks = [n for n in resident.chunks if n not in stored]
        return writes

    # -- when nothing comes ------------------------------------------------------------

    async def settle(self) -> None:
        """Write the heads of who rests, though no record comes."""
        async with self.turn:
            generation, turn = self.generation, Turn()
            self.account.holds(self._residents.values())
            writes = self._overdue()
            if writes:
                await self._carry_out(turn, writes)
                self._keep(turn, generation)

    async def close(self) -> None:
        """Write all heads, with the turn held: the next start has nothing to redo."""
        while self._resting:
            places = list(self._resting)[:HEADS_AT_ONCE]
            await self._carry_out(Turn(), [self._head(place) for place in places])

    async def wake(self, places: Iterable[Place]) -> None:
        """Load patients whose head is behind, to learn when they fall due."""
        async with self.turn:
            generation, turn = self.generation, Turn()
            for place in places:
                if self.shelf.holds(place[0]):
                    self._resident(turn, place)
                    await asyncio.sleep(0)
            await self._carry_out(turn, [])
            self._keep(turn, generation)

    async def behind(self, partition: int, end: int) -> AsyncIterator[Place]:
        """The patients of a partition who were delivered more than their head knows.

        On the way the due list learns of the others.
        Raises `SettingsError` EMB-406 where the log ends before what was delivered.
        """
        heads: dict[bytes, int] = {}
        for number, (key, value) in enumerate(self.shelf.all("heads", partition)):
            if number % SCANNED_AT_ONCE == 0:
                await asyncio.sleep(0)
            stored = read_checkpoint(value)
            heads[key] = stored.position
            if stored.live:
                self.dues.set((partition, key), stored.due)
        last: dict[bytes, int] = {}
        for number, name in enumerate(self.shelf.names("facts", partition)):
            if number % SCANNED_AT_ONCE == 0:
                await asyncio.sleep(0)
            key, offset = split_name(name)
            last[key] = max(offset, last.get(key, offset))
        known = max([*last.values(), *heads.values()], default=-1)
        if known >= end:
            raise replaced(TP(EVENTS, partition), end, known)
        for key, offset in last.items():
            if offset > heads.get(key, -1):
                yield partition, key


def _portions(stored: dict[bytes, bytes]) -> Iterator[list[bytes]]:
    """Names of chunks that fit into one record together."""
    names: list[bytes] = []
    size = 0
    for name, value in stored.items():
        if names and size + len(value) > PACKED_BYTES:
            yield names
            names, size = [], 0
        names.append(name)
        size += len(value)
    if names:
        yield names


PACKED_BYTES = 512 << 10
"""Of deliveries in one packed chunk, before they are packed."""
