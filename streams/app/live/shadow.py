"""What a shadow worker begins with: the protocols in force at present.

In the patients' logs a protocol lies only where it came into force, which may be
longer ago than the logs are kept.
"""

from __future__ import annotations

from streams.app.kafka.reading import consumer_for, records_in, span_of
from streams.app.live.rules import parsed
from streams.app.settings import KafkaSettings
from streams.vocabulary.messages import PROTOCOL_IN_FORCE, ProtocolInForce, decode
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.topics import PROTOCOLS


def protocols_in_force(kafka: KafkaSettings) -> tuple[Protocol, ...]:
    """The latest version of each trial's protocol.

    Raises `SettingsError` EMB-405 where no broker or no such topic is there,
    `InputError` EMB-110 for a protocol that cannot be put into force.
    """
    latest: dict[str, ProtocolInForce] = {}
    with consumer_for(kafka) as consumer:
        for record in records_in(consumer, span_of(consumer, PROTOCOLS)):
            message = decode(PROTOCOL_IN_FORCE, record.value)
            held = latest.get(message.trial)
            if held is None or message.revision > held.revision:
                latest[message.trial] = message
    return tuple(parsed(latest[trial]) for trial in sorted(latest))
