"""Run one listener until it is asked to stop, or until its store cannot go on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from streams.adapters.hl7v2.identifiers import patient_of
from streams.adapters.identity.pseudonyms import Identities
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.listen.account import ListenerAccount
from streams.app.listen.budget import Budget
from streams.app.listen.connection import Limits
from streams.app.listen.desk import Desk
from streams.app.listen.hearing import Hearing, read_hearing
from streams.app.listen.memory import Lately
from streams.app.listen.server import Listener, Tls
from streams.app.listen.settings import ListenerSettings
from streams.app.listen.store import Store
from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import patient_key


_HEARD = "heard.json"
"""In the listener's folder: when each sender was last heard."""
_BEAT = 1.0
_TELL_EVERY = 60
"""Beats."""
_WRITE_EVERY = 5
"""Beats."""
_STOP_SECONDS = 45.0
"""For what came to be answered; containers are killed after sixty."""

Fatal = Callable[[BaseException], None]
"""Told, by any thread, of what is wrong around the listener; the process then ends."""
OpenStore = Callable[[Fatal], AbstractAsyncContextManager[Store]]
"""Opens the store; it may tell later that it cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerPlan:
    """What one listener is to be."""

    settings: ListenerSettings
    site: SiteConfiguration
    identities: Identities
    open_store: OpenStore
    sealed: bool = True
    """Whether what is stored lies sealed."""

    def route(self, payload: bytes) -> bytes | None:
        """The key of the patient of whom the message tells."""
        patient = patient_of(payload, self.site, self.identities)
        return None if patient is None else patient_key(self.site.site, patient)

    def tls(self) -> Tls | None:
        """The listener's certificate, where it has one."""
        mine = self.settings
        if mine.cert_file is None or mine.key_file is None:
            return None
        return Tls(
            cert_file=mine.cert_file, key_file=mine.key_file, client_ca=mine.client_ca
        )


def run_listener(plan: ListenerPlan, settings: ProcessSettings) -> None:
    """Returns after a graceful stop; a store that cannot go on ends the process."""
    with Process("listener", settings, signals=False) as process:
        asyncio.run(_run(plan, process))


async def _run(plan: ListenerPlan, process: Process) -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _settle, over, None)
    hearing = _remembered(plan.settings.folder)

    def fatal(fault: BaseException) -> None:
        loop.call_soon_threadsafe(_settle, over, fault)

    async with listening(plan, process, fatal, hearing) as port:
        process.ready()
        process.log.info("listening", port=port)
        if not plan.sealed and plan.site.identity != "public":
            process.log.warning(
                "payloads lie unsealed: EMBER_PAYLOAD_KEYS names no key"
            )
        beating = asyncio.create_task(_beat(plan, process, hearing, over))
        try:
            await over
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            _remember(plan.settings.folder, hearing)
            process.log.info("stopping")


@asynccontextmanager
async def listening(
    plan: ListenerPlan,
    process: Process,
    fatal: Fatal,
    hearing: Hearing,
) -> AsyncIterator[int]:
    """A listener at work, and its port; on leaving it answers what came, and ends."""
    settings, tls = plan.settings, plan.tls()
    budget = Budget(settings.in_flight_bytes)
    account = ListenerAccount(
        process.metrics,
        process.log,
        hearing=hearing,
        in_flight=lambda: budget.taken,
    )
    async with plan.open_store(fatal) as store:
        desk = Desk(
            store=store,
            route=plan.route,
            zone=plan.site.time_zone,
            processing=settings.processing,
            budget=budget,
            account=account,
            now=lambda: datetime.now(UTC),
            lately=Lately(),
        )
        listener = Listener(
            desk=desk,
            limits=Limits(
                message_bytes=settings.message_bytes,
                idle=settings.idle,
                patience=settings.patience,
            ),
            most=settings.connections,
            fatal=fatal,
        )
        context = None if tls is None else tls.context()
        port = await listener.start(settings.host, settings.port, context)
        telling = asyncio.create_task(_tell(account))
        try:
            yield port
        finally:
            telling.cancel()
            await listener.stop(_STOP_SECONDS)
            account.tell()


async def _tell(account: ListenerAccount) -> None:
    while True:
        await asyncio.sleep(_TELL_EVERY * _BEAT)
        account.tell()


async def _beat(
    plan: ListenerPlan, process: Process, hearing: Hearing, over: asyncio.Future[None]
) -> None:
    """Show that the loop turns, and keep on disk who was heard."""
    beats = 0
    while not over.done():
        process.heartbeat.beat()
        await asyncio.sleep(_BEAT)
        beats += 1
        if beats % _WRITE_EVERY == 0:
            _remember(plan.settings.folder, hearing)


def _settle(over: asyncio.Future[None], fault: BaseException | None) -> None:
    if over.done():
        return
    if fault is None:
        over.set_result(None)
    else:
        over.set_exception(fault)


def _remembered(folder: Path) -> Hearing:
    """Raises `SettingsError` EMB-403 where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / _HEARD
        return read_hearing(file.read_bytes()) if file.exists() else Hearing()
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{folder} cannot be written ({fault.strerror}).",
            "Name a folder of the listener's own in EMBER_LISTENER_DIR.",
        ) from None


def _remember(folder: Path, hearing: Hearing) -> None:
    """Whole or not at all; a full disk costs no more than the report of a gap."""
    written = folder / f"{_HEARD}.new"
    with suppress(OSError):
        written.write_bytes(hearing.written())
        written.replace(folder / _HEARD)
