"""MLLP round trips: a message sent, durable on Kafka, and its AA received.

usage: python tests/bench/mllp_load.py [--json] [--messages N] [--connections N ...]

`ember listen` is a process of its own on a broker started here (or EMBER_KAFKA); the
senders are in this one, each waiting for the answer to a message before it sends the
next, as interface engines do; with `--window`, for so many.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import psutil  # noqa: E402
from integration.faults.processes import Process, Supervisor, ember  # noqa: E402
from servers.broker import Broker, own_broker  # noqa: E402

from streams.adapters.hl7v2.mllp import Deframer, framed  # noqa: E402
from streams.app.kafka.broker import free_port  # noqa: E402
from streams.app.kafka.topics import ensure_topics  # noqa: E402


START_SECONDS = 120.0
LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """What so many senders at once came to."""

    connections: int
    window: int
    messages: int
    per_second: float
    per_cpu_second: float
    """Of the listener's own CPU."""
    p50_ms: float
    p99_ms: float
    listener_rss_mb: float


def message(number: int) -> bytes:
    """A made-up ORU with eight results."""
    told = [
        f"MSH|^~\\&|LAB|GENERAL|EMBER|ICU|20260301120000||ORU^R01|{number}|P|2.5.1",
        f"PID|1||{number % 997}^^^GENERAL^MR||ROSSI^AMALIA||19540302|F",
        f"OBR|1||F{number}|LAB^Laboratory|||20260301115500",
        *(
            f"OBX|{n}|NM|2524-7^Lactate^LN|{n}|{1 + n / 10}|mmol/L|0.5-2.2|H|||F"
            for n in range(1, 9)
        ),
    ]
    return "".join(f"{segment}\r" for segment in told).encode()


@contextmanager
def listening(broker: Broker, folder: Path) -> Iterator[tuple[int, Process]]:
    """`ember listen` on this broker: its port and its process."""
    port = free_port()
    ensure_topics(broker.settings)
    (folder / "site.yaml").write_text("{site: ward, zone: Europe/London}")
    key = folder / "key"
    key.write_bytes(b64encode(b"k" * 32))
    key.chmod(0o600)
    environ = broker.environ(
        EMBER_SITE=folder / "site.yaml",
        EMBER_IDENTITY_KEYS=f"1:{key}",
        EMBER_MLLP=f"127.0.0.1:{port}",
        EMBER_LISTENER_DIR=folder / "heard",
    )
    with closing(Supervisor()) as supervisor:
        process = supervisor.add(
            Process("listen", [ember(), "listen"], environ, folder / "listen.log")
        )
        _wait_for(port)
        yield port, process


def round_trips(
    port: int, process: Process, *, connections: int, messages: int, window: int = 1
) -> RoundTrips:
    """So many messages over so many connections; raises where one is not accepted."""
    listener = psutil.Process(process.pid)
    used = _cpu(listener)
    begin = int(time.time() * 1_000) % 10**9 * 1_000
    began = time.perf_counter()
    taken = asyncio.run(_all(port, connections, messages // connections, window, begin))
    seconds = time.perf_counter() - began
    taken.sort()
    return RoundTrips(
        connections=connections,
        window=window,
        messages=len(taken),
        per_second=round(len(taken) / seconds, 1),
        per_cpu_second=round(len(taken) / (_cpu(listener) - used), 1),
        p50_ms=round(1e3 * taken[len(taken) // 2], 2),
        p99_ms=round(1e3 * taken[int(len(taken) * 0.99)], 2),
        listener_rss_mb=round(listener.memory_info().rss / 2**20, 1),
    )


async def _all(
    port: int, connections: int, each: int, window: int, begin: int
) -> list[float]:
    sending = [
        _send(port, range(begin + at * each, begin + (at + 1) * each), window)
        for at in range(connections)
    ]
    return [one for some in await asyncio.gather(*sending) for one in some]


async def _send(port: int, numbers: range, window: int) -> list[float]:
    """Seconds of each round trip."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    deframer, sent, taken = Deframer(LIMIT), [], []
    for number in numbers:
        sent.append(time.perf_counter())
        writer.write(framed(message(number)))
        while len(sent) - len(taken) >= window:
            taken += await _answers(reader, deframer, sent[len(taken) :])
    while len(taken) < len(sent):
        taken += await _answers(reader, deframer, sent[len(taken) :])
    writer.close()
    return taken


async def _answers(
    reader: asyncio.StreamReader, deframer: Deframer, sent: list[float]
) -> list[float]:
    data = await reader.read(1 << 16)
    if not data:
        raise ConnectionError("the listener closed the connection")
    now = time.perf_counter()
    answers = deframer.feed(data)
    if not all(b"\rMSA|AA|" in answer.payload for answer in answers):  # type: ignore[union-attr]
        raise AssertionError("a message was not accepted")
    return [now - began for began, _ in zip(sent, answers, strict=False)]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON a row")
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--window", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ember-mllp-") as name:
        folder = Path(name)
        with (
            closing(own_broker(folder, partitions=12, short_lived=False)) as broker,
            listening(broker, folder) as (port, process),
        ):
            for connections in given.connections:
                row = asdict(
                    round_trips(
                        port,
                        process,
                        connections=connections,
                        messages=given.messages,
                        window=given.window,
                    )
                )
                print(json.dumps(row) if given.json else row, flush=True)


if __name__ == "__main__":
    main()
