"""Settings of the listener, built once from a mapping passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.app.settings import Setting, bad, count_of, file_of, listed


LISTENER_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "EMBER_MLLP",
        "127.0.0.1:2575",
        "Where `ember listen` takes HL7 v2 messages by MLLP.",
    ),
    Setting(
        "EMBER_MLLP_CERT_FILE",
        "",
        "The listener's certificate, in PEM; with it only TLS is spoken.",
    ),
    Setting("EMBER_MLLP_KEY_FILE", "", "The key of that certificate, in PEM."),
    Setting(
        "EMBER_MLLP_CLIENT_CA_FILE",
        "",
        "Certificates of the authority that signed the senders'; with it a sender must "
        "show one.",
    ),
    Setting(
        "EMBER_MLLP_PROCESSING",
        "P",
        "Processing ids (MSH-11) that are taken, separated by commas; others get AR.",
    ),
    Setting("EMBER_MLLP_CONNECTIONS", "100", "Connections at once, at most."),
    Setting(
        "EMBER_MLLP_MESSAGE_BYTES",
        "1000000",
        "Bytes of one message, at most; what is larger gets AR.",
    ),
    Setting(
        "EMBER_MLLP_IN_FLIGHT_BYTES",
        "33554432",
        "Bytes that may wait to be durable; while there are more, nothing is read.",
    ),
    Setting(
        "EMBER_MLLP_IDLE",
        "600",
        "Seconds after which a silent connection, or an unfinished message, is ended.",
    ),
    Setting(
        "EMBER_MLLP_PATIENCE",
        "25",
        "Seconds within which a message must be durable; else its connection is closed "
        "without an answer, and its sender sends again.",
    ),
    Setting(
        "EMBER_LISTENER_DIR",
        "listener",
        "The folder in which the listener remembers when each sender was last heard, "
        "and keeps its spool.",
    ),
)

LARGEST_RAW = 1_000_000
"""Bytes of a message as received: with its headers it must go into one record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """Where messages are taken, from whom, and how many at once."""

    host: str
    port: int
    cert_file: Path | None
    key_file: Path | None
    client_ca: Path | None
    processing: frozenset[str]
    connections: int
    message_bytes: int
    in_flight_bytes: int
    idle: float
    """Seconds."""
    patience: float
    """Seconds."""
    folder: Path


def listener_settings(environ: Mapping[str, str]) -> ListenerSettings:
    """Raises `SettingsError` EMB-402 for what cannot be used."""
    host, _, port = environ.get("EMBER_MLLP", "127.0.0.1:2575").rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise bad("EMBER_MLLP", "is no host:port", "Write 0.0.0.0:2575.")
    settings = ListenerSettings(
        host=host,
        port=int(port),
        cert_file=file_of(environ, "EMBER_MLLP_CERT_FILE"),
        key_file=file_of(environ, "EMBER_MLLP_KEY_FILE"),
        client_ca=file_of(environ, "EMBER_MLLP_CLIENT_CA_FILE"),
        processing=frozenset(listed(environ.get("EMBER_MLLP_PROCESSING") or "P")),
        connections=count_of(environ, "EMBER_MLLP_CONNECTIONS", 100, least=1),
        message_bytes=count_of(environ, "EMBER_MLLP_MESSAGE_BYTES", 1_000_000, least=1),
        in_flight_bytes=count_of(
            environ, "EMBER_MLLP_IN_FLIGHT_BYTES", 32 << 20, least=1
        ),
        idle=count_of(environ, "EMBER_MLLP_IDLE", 600, least=1),
        patience=count_of(environ, "EMBER_MLLP_PATIENCE", 25, least=1),
        folder=Path(environ.get("EMBER_LISTENER_DIR") or "listener"),
    )
    if (settings.cert_file is None) != (settings.key_file is None):
        raise bad(
            "EMBER_MLLP_CERT_FILE",
            "and EMBER_MLLP_KEY_FILE go together, and one is missing",
            "Name both.",
        )
    if settings.client_ca is not None and settings.cert_file is None:
        raise bad(
            "EMBER_MLLP_CLIENT_CA_FILE",
            "wants TLS, and the listener has no certificate",
            "Name EMBER_MLLP_CERT_FILE and EMBER_MLLP_KEY_FILE.",
        )
    if settings.message_bytes > LARGEST_RAW:
        raise bad(
            "EMBER_MLLP_MESSAGE_BYTES",
            f"is more than {LARGEST_RAW}",
            "No record of Kafka may be larger.",
        )
    return settings
