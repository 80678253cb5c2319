"""From settings to what each Kafka client wants to be told."""

from __future__ import annotations

import ssl
from typing import Any

from faust import SASLCredentials, SSLCredentials
from yarl import URL

from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


MECHANISM = "SCRAM-SHA-512"


def kafka_python_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of every kafka-python client."""
    return _options(settings)


def aiokafka_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of every aiokafka client."""
    return _options(settings)


def faust_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of `faust.App`: `broker`, and its credentials if it wants any."""
    options: dict[str, Any] = {
        "broker": [URL(f"kafka://{server}") for server in settings.servers]
    }
    encrypted = settings.security.endswith("ssl")
    if settings.security.startswith("sasl"):
        options["broker_credentials"] = SASLCredentials(
            username=settings.user,
            password=password(settings),
            mechanism=MECHANISM,
            ssl_context=ssl_context(settings) if encrypted else None,
        )
    elif encrypted:
        options["broker_credentials"] = SSLCredentials(ssl_context(settings))
    return options


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Verifies the broker's certificate and name; shows the client's where it has one."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"A certificate for Kafka cannot be used ({fault}).",
            "Check EMBER_KAFKA_CA_FILE, EMBER_KAFKA_CERT_FILE, EMBER_KAFKA_KEY_FILE.",
        ) from None
    return context


def password(settings: KafkaSettings) -> str:
    """The SCRAM user's password, read when it is needed."""
    if settings.password_file is None:
        return ""
    return settings.password_file.read_text("utf-8").strip()


def _options(settings: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.servers),
        "security_protocol": settings.security.upper(),
    }
    if settings.security.endswith("ssl"):
        options["ssl_context"] = ssl_context(settings)
    if settings.security.startswith("sasl"):
        options["sasl_mechanism"] = MECHANISM
        options["sasl_plain_username"] = settings.user
        options["sasl_plain_password"] = password(settings)
    return options
