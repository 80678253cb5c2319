"""`ember subscribe`: take what a FHIR server's subscriptions tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from streams.adapters.identity.sealing import place_of
from streams.app.fhir.connection import fhir_settings
from streams.app.fhir.endpoint import read_secret, tls_context
from streams.app.fhir.sink import kafka_sink
from streams.app.fhir.subscriber import SubscriberPlan, run_subscriber
from streams.app.identity import configured_site, payload_sealer
from streams.app.settings import (
    kafka_settings,
    process_settings,
    subscribe_settings,
)
from streams.vocabulary.topics import RAW


def subscribe(
    at: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to listen. EMBER_SUBSCRIBE."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(help="host:port of /metrics and /health. EMBER_HTTP."),
    ] = None,
) -> None:
    """Take notifications of FHIR Subscriptions; each is durable before it is answered.

    Stop with SIGTERM. What is missing is asked for by number, now or by the next run.
    """
    environ = dict(os.environ)
    environ |= {"EMBER_SUBSCRIBE": at} if at is not None else {}
    environ |= {"EMBER_HTTP": http} if http is not None else {}
    run_subscriber(_plan(environ), process_settings(environ))


def _plan(environ: Mapping[str, str]) -> SubscriberPlan:
    settings = subscribe_settings(environ)
    site, sealer = configured_site(environ), payload_sealer(environ)
    seal = None
    if sealer is not None:
        seal = partial(sealer.seal, bound_to=place_of(site.site, RAW))
    tls = None
    if settings.cert_file is not None:
        tls = tls_context(
            settings.cert_file, settings.key_file, settings.client_ca_file
        )
    secret: Path | None = settings.secret_file
    return SubscriberPlan(
        host=settings.host,
        port=settings.port,
        ledger=settings.ledger,
        silence=settings.silence,
        secret=None if secret is None else read_secret(secret),
        tls=tls,
        server=fhir_settings(environ),
        site=site.site,
        open_sink=partial(kafka_sink, kafka_settings(environ), seal),
    )
