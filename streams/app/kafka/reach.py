"""Whether the brokers can be reached with these settings; if not, why, in a sentence.

Kafka's clients only say that they could not begin, and go on trying. Ask here first.
"""

from __future__ import annotations

import asyncio
import ssl
import time

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.app.kafka.connection import aiokafka_options
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


_ONE_TRY = 5.0
_PAUSE = 0.1
_FAREWELL = 0.25


def require_kafka(settings: KafkaSettings, patience: float = 10.0) -> None:
    """Return once one of the brokers takes this client; wait `patience` seconds for it.

    Raises `SettingsError` EMB-405: at once where the client is refused (a password, a
    certificate), after `patience` where nobody answers.
    """
    asyncio.run(kafka_required(settings, patience))


async def kafka_required(settings: KafkaSettings, patience: float = 10.0) -> None:
    """The same inside a running loop."""
    deadline = time.monotonic() + patience
    while True:
        faults = [await _fault(settings, server) for server in settings.servers]
        if None in faults:
            return
        refused = next((f for f in faults if f is not None and f.final), None)
        if refused is not None or time.monotonic() > deadline:
            told = refused or next(f for f in faults if f is not None)
            raise SettingsError(ErrorCode.KAFKA_UNREACHABLE, told.problem, told.cure)
        await asyncio.sleep(_PAUSE)


def answers(settings: KafkaSettings, within: float = 1.0) -> bool:
    """Whether one of the brokers takes this client now; each has `within` seconds."""

    async def one_does() -> bool:
        faults = [await _fault(settings, server, within) for server in settings.servers]
        return None in faults

    return asyncio.run(one_does())


class _Fault:
    """Why one broker could not be used; `final`: trying again changes nothing."""

    def __init__(self, problem: str, cure: str, *, final: bool) -> None:
        self.problem = problem
        self.cure = cure
        self.final = final


async def _fault(
    settings: KafkaSettings, server: str, within: float = _ONE_TRY
) -> _Fault | None:
    host, _, port = server.rpartition(":")
    options = aiokafka_options(settings)
    del options["bootstrap_servers"]
    try:
        async with asyncio.timeout(within):
            connection = AIOKafkaConnection(host, int(port), **options)
            try:
                await connection.connect()
                cluster = await connection.send(MetadataRequest([]))
            finally:
                await _closed(connection, settings)
    except ssl.SSLError as fault:
        return _Fault(
            f"{server} and this client do not trust each other ({fault.reason}).",
            "Check EMBER_KAFKA_CA_FILE, and that the certificate names this address.",
            final=True,
        )
    except (AuthenticationFailedError, SaslAuthenticationFailed):
        return _Fault(
            f"{server} refuses the user {settings.user} or its password.",
            "Check EMBER_KAFKA_USER and EMBER_KAFKA_PASSWORD_FILE.",
            final=True,
        )
    except (OSError, KafkaError, TimeoutError) as fault:
        return _Fault(
            f"No Kafka answers {settings.security} at {server} "
            f"({type(fault).__name__}).",
            "Check EMBER_KAFKA and EMBER_KAFKA_SECURITY, and that the broker runs.",
            final=False,
        )
    if not cluster.brokers:
        return _Fault(f"{server} has not joined its cluster yet.", "Wait.", final=False)
    return None


async def _closed(connection: AIOKafkaConnection, settings: KafkaSettings) -> None:
    """Close it; TLS says farewell, and one that never began has nobody to answer."""
    farewell = connection.close()
    if settings.security.endswith("ssl"):
        await asyncio.wait([farewell], timeout=_FAREWELL)
