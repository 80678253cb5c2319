"""Run in the environment of quixstreams: read a topic, decode, tell what it cost.

usage: python quix_decode.py SERVERS TOPIC RECORDS
"""

from __future__ import annotations

import json
import logging
import sys
import time

from quixstreams import Application

from streams.vocabulary.messages import LOGGED


def main(servers: str, name: str, wanted: int) -> None:
    """The loop is quixstreams' own; it ends after so many records."""
    app = Application(
        broker_address=servers,
        consumer_group=f"quix-{time.time_ns()}",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel=logging.ERROR,
    )
    topic = app.topic(name, value_deserializer="bytes", key_deserializer="bytes")
    seen = {"messages": 0, "events": 0}
    since: list[float] = []

    def decoded(value: bytes) -> None:
        if not since:
            since.extend((time.process_time(), time.monotonic()))
        events = getattr(LOGGED.validate_json(value), "events", None)
        if events is not None:
            seen["messages"] += 1
            seen["events"] += len(events)

    frame = app.dataframe(topic)
    frame.update(decoded)
    app.run(count=wanted, timeout=60)
    cpu, wall = time.process_time() - since[0], time.monotonic() - since[1]
    print(
        json.dumps(
            {
                **seen,
                "cpu_seconds": round(cpu, 3),
                "wall_seconds": round(wall, 3),
                "events_per_cpu_second": round(seen["events"] / cpu),
                "events_per_second": round(seen["events"] / wall),
                "cpu_us_per_message": round(1e6 * cpu / seen["messages"]),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
