"""One process that takes notifications, pays what is owed, and says how it is."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from streams.adapters.fhir.server import AskedToStop, FhirServer
from streams.app.fhir.connection import FhirSettings, connected
from streams.app.fhir.debts import Debts
from streams.app.fhir.endpoint import Endpoint
from streams.app.fhir.ledger import Ledger
from streams.app.fhir.reception import GRACE, Reception
from streams.app.fhir.sink import RawSink
from streams.app.observe.metrics import SubscriberMetrics
from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


_TURN = 0.5
"""Seconds between two looks at what is owed."""
_STUBBORN = 4
"""Tries after which a debt is told as one that will hardly be paid."""

OpenSink = Callable[[], AbstractAsyncContextManager[RawSink]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberPlan:
    """What a subscriber is told before it starts."""

    host: str
    port: int
    ledger: Path
    silence: float
    """Seconds after which a subscription that says nothing is not well."""
    grace: float = GRACE
    """Seconds in which what was overtaken may still come by itself."""
    secret: bytes | None
    tls: ssl.SSLContext | None
    server: FhirSettings
    site: str
    open_sink: OpenSink


def run_subscriber(plan: SubscriberPlan, settings: ProcessSettings) -> None:
    """Run until asked to stop; raises `SettingsError` EMB-402, EMB-403, EMB-405."""
    with (
        Process("subscriber", settings) as process,
        closing(Ledger(plan.ledger)) as ledger,
        connected(plan.server, process.wait) as server,
    ):
        asyncio.run(Subscriber(plan, process, ledger, server).run())


class Subscriber:
    """One run of one subscriber."""

    def __init__(
        self,
        plan: SubscriberPlan,
        process: Process,
        ledger: Ledger,
        server: FhirServer,
    ) -> None:
        self.plan = plan
        self.process = process
        self.ledger = ledger
        self.server = server
        self.metrics = SubscriberMetrics(process.metrics)
        self._asked_after: dict[str, float] = {}

    async def run(self) -> None:
        """Serve and pay until the process is asked to stop."""
        async with self.plan.open_sink() as sink:
            reception = Reception(
                self.ledger,
                sink,
                self.plan.site,
                time.time,
                self.plan.grace,
            )
            debts = Debts(self.ledger, reception, self.server, time.time)
            endpoint = Endpoint(
                reception, self.plan.secret, self.metrics, self.process.log
            )
            runner = web.AppRunner(endpoint.application(), access_log=None)
            await runner.setup()
            try:
                await self._serve(runner)
                self._watch()
                await self._turn(debts)
            finally:
                await runner.cleanup()

    async def _serve(self, runner: web.AppRunner) -> None:
        plan = self.plan
        site = web.TCPSite(runner, plan.host, plan.port, ssl_context=plan.tls)
        try:
            await site.start()
        except OSError as fault:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"EMBER_SUBSCRIBE names {plan.host}:{plan.port}, which cannot be had "
                f"({fault.strerror}).",
                "Name a free port on an address of this machine.",
            ) from None

    async def _turn(self, debts: Debts) -> None:
        while not self.process.stopping.is_set():
            self.process.heartbeat.beat()
            self._measure()
            with suppress(AskedToStop):
                await debts.pay()
                await self._ask_after_the_silent(debts)
            await asyncio.sleep(_TURN)

    async def _ask_after_the_silent(self, debts: Debts) -> None:
        now = time.time()
        for standing in self.ledger.all():
            last = max(standing.heard, self._asked_after.get(standing.name, 0.0))
            if standing.status != "off" and now - last > self.plan.silence / 2:
                self._asked_after[standing.name] = now
                try:
                    await debts.ask_after(standing.name)
                except InputError as fault:
                    self.process.log.warning("no answer", code=fault.code.value)

    # -- how it is ---------------------------------------------------------------

    def _watch(self) -> None:
        self.process.checks.add("subscriptions heard", self._all_heard)
        self.process.checks.add("subscriptions active", self._all_active)
        self.process.checks.add("events fetched", self._all_paid)
        self.process.ready()

    def _measure(self) -> None:
        self._silence = self._silent()
        self._inactive = sum(s.status in {"error", "off"} for s in self.ledger.all())
        self._stubborn = self.ledger.hardest() >= _STUBBORN
        self._owed = self.ledger.events_owed()
        self.metrics.silence.set(self._silence)
        self.metrics.owed.set(self._owed)

    def _silent(self) -> float:
        heard = [one.heard for one in self.ledger.all() if one.status != "off"]
        return max(0.0, time.time() - min(heard)) if heard else 0.0

    def _all_heard(self) -> bool | str:
        silent = self._silence
        return silent <= self.plan.silence or f"silent for {silent:.0f} s"

    def _all_active(self) -> bool | str:
        return self._inactive == 0 or f"{self._inactive} in error or off"

    def _all_paid(self) -> bool | str:
        return not self._stubborn or f"{self._owed} events cannot be fetched"

    _silence: float = 0.0
    _inactive: int = 0
    _stubborn: bool = False
    _owed: int = 0
