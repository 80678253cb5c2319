"""A listener in this process, and senders that speak MLLP to it."""

import asyncio
import io
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from streams.adapters.hl7v2.mllp import Deframer, framed
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.listen.hearing import Hearing
from streams.app.listen.running import ListenerPlan, listening
from streams.app.listen.settings import listener_settings
from streams.app.observe.process import Process
from streams.app.settings import process_settings


SITE = SiteConfiguration(site="ward", zone="Europe/London")
IDENTITIES = Pseudonyms("ward", {1: b"k" * 32})


def message(number=1, *, patient="555-7", msh=None, text=""):
    """A made-up result; `msh` are fields of MSH by number."""
    fields = ["MSH", "^~\\&", "LAB", "GENERAL", "EMBER", "ICU", "20260301120000", ""]
    fields += ["ORU^R01", f"C{number}", "P", "2.5.1", "", "", "", ""]
    for place, value in (msh or {}).items():
        fields[place - 1] = value
    segments = [
        "|".join(fields),
        f"PID|1||{patient}^^^GENERAL^MR||ROSSI^AMALIA||19540302|F",
        "OBR|1||F1|2524-7^Lactate^LN|||20260301115500",
        f"OBX|1|NM|2524-7^Lactate^LN||4.{number % 10}|mmol/L|||||F{text}",
    ]
    return "".join(f"{segment}\r" for segment in segments).encode()


@dataclass
class HeldStore:
    """A store whose slowness and faults the test decides."""

    kept: list = field(default_factory=list)
    slow: bool = False
    """Whether what is kept waits for `release`."""
    fault: Exception | None = None
    waiting: list = field(default_factory=list)

    async def keep(self, message):
        done = asyncio.get_running_loop().create_future()
        if self.fault is not None:
            done.set_exception(self.fault)
        else:
            self.kept.append(message)
            self.waiting.append(done)
            if not self.slow:
                self.release()
        return done

    def release(self):
        for done in self.waiting:
            done.set_result(None)
        self.waiting.clear()


@dataclass
class House:
    port: int
    process: Process
    said: io.StringIO
    hearing: Hearing
    failed: list

    def lines(self):
        return [json.loads(line) for line in self.said.getvalue().splitlines()]

    def metric(self, name, **labels):
        return self.process.metrics.registry.get_sample_value(name, labels) or 0

    @asynccontextmanager
    async def sender(self, **how):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **how)
        try:
            yield Sender(reader, writer)
        finally:
            writer.close()


@dataclass
class Sender:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    deframer: Deframer = field(default_factory=lambda: Deframer(1 << 20))
    heard: list = field(default_factory=list)

    def send(self, *payloads):
        self.writer.write(b"".join(map(framed, payloads)))

    def send_bytes(self, data):
        self.writer.write(data)

    async def answer(self, seconds=10.0):
        """The next answer; None where the listener closed the connection."""
        async with asyncio.timeout(seconds):
            while not self.heard:
                try:
                    data = await self.reader.read(1 << 16)
                except ConnectionError:
                    data = b""
                if not data:
                    return None
                self.heard += [frame.payload for frame in self.deframer.feed(data)]
        return self.heard.pop(0)

    async def told(self, payload):
        """What is said to this message: the code and the control id it answers."""
        self.send(payload)
        return code_of(await self.answer())


def code_of(answer):
    if answer is None:
        return None
    (msa,) = (s for s in answer.split(b"\r") if s.startswith(b"MSA"))
    _, code, *rest = msa.decode().split("|")
    return code, rest[0] if rest else ""


@asynccontextmanager
async def house(store, *, hearing=None, **settings):
    """A listener over `store`; `settings` are EMBER_MLLP_... by their last words."""
    said = io.StringIO()
    environ = {f"EMBER_MLLP_{name.upper()}": str(v) for name, v in settings.items()}
    failed = []

    @asynccontextmanager
    async def opened(_):
        yield store

    plan = ListenerPlan(
        settings=listener_settings({"EMBER_MLLP": "127.0.0.1:0", **environ}),
        site=SITE,
        identities=IDENTITIES,
        open_store=opened,
    )
    with Process("listener", process_settings({}), signals=False, stream=said) as up:
        heard = hearing or Hearing()
        async with listening(plan, up, failed.append, heard) as port:
            yield House(port, up, said, heard, failed)


async def eventually(holds, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is no event of ours
            await asyncio.sleep(0.01)
