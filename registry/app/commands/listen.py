"""`ember listen`: take HL7 v2 messages by MLLP, for Kafka or for one registry."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption, opened
from registry.app.embedded import EmbeddedRunner
from registry.app.following import Follower
from registry.app.keeping import Keeping
from registry.app.settings import registry_url
from registry.store.migrate import migrate
from streams.adapters.identity.sealing import place_of
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.flagging import flagged_beside
from streams.app.identity import (
    configured_site,
    identities_of,
    payload_sealer,
    vault_sealer,
)
from streams.app.kafka.raw import Seal
from streams.app.listen.kafka_store import kafka_store
from streams.app.listen.running import Fatal, ListenerPlan, OpenStore, run_listener
from streams.app.listen.settings import ListenerSettings, listener_settings
from streams.app.listen.spool import SPOOL, Spool
from streams.app.protocols import shipped_protocols
from streams.app.readers import readers_of
from streams.app.settings import (
    kafka_settings,
    process_settings,
)
from streams.pipeline.patient import Rules
from streams.vocabulary.topics import HL7V2, RAW, SEALED


def listen(
    at: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to listen. EMBER_MLLP."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(help="host:port of /metrics and /health. EMBER_HTTP."),
    ] = None,
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded",
            help="Without Kafka: spool to a file, and judge in this process.",
        ),
    ] = False,
    registry: RegistryOption = None,
) -> None:
    """Take HL7 v2 messages by MLLP; each is durable before it is acknowledged.

    Stop with SIGTERM: what came is answered first. A store that cannot go on ends it
    with status 1; what supervises it starts it again, and senders send again.
    """
    environ = dict(os.environ)
    environ |= {"EMBER_MLLP": at} if at is not None else {}
    environ |= {"EMBER_HTTP": http} if http is not None else {}
    site = configured_site(environ)
    settings = listener_settings(environ)
    open_store: OpenStore
    if embedded:
        url = registry_url(environ, registry)
        open_store = partial(_embedded, environ, settings, site, url)
    else:
        seal = _seal(environ, site)
        open_store = partial(kafka_store, kafka_settings(environ), seal)
    plan = ListenerPlan(
        settings=settings,
        site=site,
        identities=identities_of(site, environ),
        open_store=open_store,
        sealed=payload_sealer(environ) is not None,
    )
    run_listener(plan, process_settings(environ))


def _seal(environ: Mapping[str, str], site: SiteConfiguration) -> Seal | None:
    """How a message is sealed where it lies; None: it lies there as it came."""
    sealer = payload_sealer(environ)
    if sealer is None:
        return None
    return partial(sealer.seal, bound_to=place_of(site.site, RAW))


@asynccontextmanager
async def _embedded(
    environ: Mapping[str, str],
    settings: ListenerSettings,
    site: SiteConfiguration,
    url: str,
    fatal: Fatal,
) -> AsyncIterator[Spool]:
    """A spool, and behind it the chain into one registry."""
    migrate(url)
    beside = flagged_beside(environ)
    rules = Rules(
        protocols=shipped_protocols(),
        definitions=beside.definitions,
        zone=beside.zone,
        software_version=version("ember-registry"),
        outcomes_of_flags=True,
    )
    seal = _seal(environ, site)
    spool = Spool(settings.folder / SPOOL, seal)
    spool.open()
    form = HL7V2 if seal is None else HL7V2 + SEALED
    clock = SystemClock()
    book = opened(url)
    keeping = Keeping(vault_sealer(environ))
    follower = Follower(
        spool=spool,
        form=form,
        reader=readers_of(environ)[form],
        runner=EmbeddedRunner(
            book,
            rules,
            source=f"{site.site}/{HL7V2}",
            fingerprint="live",
            clock=clock,
            keeping=keeping,
        ),
        book=book,
        keeping=keeping,
        clock=clock,
        fatal=fatal,
    )
    spool.on_stored = follower.wake
    follower.start()
    try:
        yield spool
    finally:
        follower.stop()
        book.close()
