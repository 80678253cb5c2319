"""`ember listen`: take HL7 v2 messages by MLLP."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from streams.adapters.identity.sealing import Sealer, place_of
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.identity import configured_site, identities_of, payload_sealer
from streams.app.listen.kafka_store import Seal, kafka_store
from streams.app.listen.running import ListenerPlan, run_listener
from streams.app.settings import kafka_settings, listener_settings, process_settings
from streams.vocabulary.topics import RAW


def listen(
    at: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to listen. EMBER_MLLP."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(help="host:port of /metrics and /health. EMBER_HTTP."),
    ] = None,
) -> None:
    """Take HL7 v2 messages by MLLP; each is durable before it is acknowledged.

    Stop with SIGTERM: what came is answered first. A broker that cannot go on ends it
    with status 1; what supervises it starts it again, and senders send again.
    """
    environ = dict(os.environ)
    environ |= {"EMBER_MLLP": at} if at is not None else {}
    environ |= {"EMBER_HTTP": http} if http is not None else {}
    site = configured_site(environ)
    plan = ListenerPlan(
        settings=listener_settings(environ),
        site=site,
        identities=identities_of(site, environ),
        open_store=partial(
            kafka_store, kafka_settings(environ), _seal(payload_sealer(environ), site)
        ),
    )
    run_listener(plan, process_settings(environ))


def _seal(sealer: Sealer | None, site: SiteConfiguration) -> Seal | None:
    """How a message is sealed for `ehr.raw`; None: it lies there as it came."""
    if sealer is None:
        return None
    return partial(sealer.seal, bound_to=place_of(site.site, RAW))
