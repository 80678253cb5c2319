"""A whole house: a broker, a database, and Ember's own processes under a supervisor.

Everything is real and nobody else's: the installed `ember` command, Apache Kafka,
PostgreSQL.
What is started here is ended here, by its process id.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from signal import Signals

from integration.faults.checker import Checker, Report
from integration.faults.database import Database
from integration.faults.expectation import Judge, empty_show, open_house
from integration.faults.heard import Heard, Listener
from integration.faults.ledger import Ledger
from integration.faults.load import Load
from integration.faults.processes import Process, Supervisor, ember
from integration.faults.team import Team, signer
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from servers.broker import own_broker
from servers.groups import all_unread

from streams.app.kafka.connection import kafka_python_options
from streams.app.protocols import DEMONSTRATION, shipped_protocol
from streams.pipeline.patient import Rules


PARTITIONS = 6
RATE = 60.0
"""Messages a second, at most: one through the whole house costs 20 ms of a core."""
TABLES = Path(tempfile.gettempdir()) / "ember-faults"
"""Where the tables of the last run lie."""
START_SECONDS = 240.0
SETTLE_SECONDS = 300.0
IMPATIENT_SECONDS = 3.0
"""So long it is asked often; then seldom, for each asking costs what it waits for."""
QUIET_SECONDS = 1.5
"""How long nothing may be said before all has been said."""
RULES = Rules(
    protocols=(shipped_protocol(DEMONSTRATION),),
    software_version=version("ember-registry"),
    outcomes_of_flags=True,
)
"""What `ember worker` judges by, once the protocol is in force."""


class House:
    """One house; `report` says of it what the checker finds."""

    def __init__(self, folder: Path, **broker_plan: object) -> None:
        self.folder = folder
        self._stack = ExitStack()
        try:
            self._build(broker_plan)
        except BaseException:
            self.close()
            raise

    def _build(self, broker_plan: dict[str, object]) -> None:
        folder, closing = self.folder, self._stack.callback
        self.broker = own_broker(folder, **{"heap": "384m", **broker_plan})
        closing(self.broker.close)
        self.database = Database()
        closing(self.database.close)
        open_house(self.database.url, rules=RULES, signer=signer())
        self.supervisor = Supervisor()
        closing(self.supervisor.close)
        self.ledger = Ledger(folder / "ledger.sqlite")
        closing(self.ledger.close)
        self.team = Team(self.database.url, self.ledger)
        closing(self.team.close)
        self.listener = Listener(self.broker.settings)
        self.checker = Checker(
            self.ledger,
            Judge(RULES),
            url=self.database.url,
            empty_show=empty_show(folder, rules=RULES, signer=signer()),
        )
        self._loads = 0
        self.last = Report()
        """What was found when it last came to rest."""

    def close(self) -> None:
        """End everything that was started."""
        self._stack.close()

    # -- processes -----------------------------------------------------------------

    def environ(self) -> dict[str, str]:
        """The environment of every process of this house."""
        return self.broker.environ(
            EMBER_REGISTRY=self.database.url,
            EMBER_PARTITIONS=PARTITIONS,
            EMBER_LOG="info",
        )

    def run(self, name: str, *words: object, **more: object) -> Process:
        """Put `ember WORDS` under the supervisor."""
        return self.supervise(name, [ember(), *map(str, words)], **more)

    def supervise(self, name: str, command: list[str], **more: object) -> Process:
        """Put any command under the supervisor."""
        return self.supervisor.add(
            Process(
                name=name,
                command=command,
                environ=self.environ(),
                log=self.folder / f"{name}.log",
                **more,
            )
        )

    def make_topics(self) -> None:
        """`ember kafka topics`."""
        making = self.run("topics", "kafka", "topics", once=True)
        self.wait_for(lambda: making.done, "the topics")
        self.supervisor.remove(making)

    def open(self, *, workers: int = 1) -> None:
        """Start everything, and wait until the protocol is in force everywhere."""
        self.make_topics()
        self.relay = self.run("relay", "relay", "--alerts")
        self.consumers = [
            self.run(f"consumer-{what}", "consume", what)
            for what in ("verdicts", "archive")
        ]
        self.workers = [self.worker(number) for number in range(workers)]
        self.wait_until_open()

    def wait_until_open(self) -> None:
        """Until the protocol is in force on every partition."""
        self.wait_for(self._is_open, "the protocol in force")

    def _is_open(self) -> bool:
        try:
            return len(self.listener.listen().protocols) == PARTITIONS
        except KafkaError:
            return False  # a busy broker may be fenced off for a while

    def worker(self, number: int) -> Process:
        """Start a worker with a folder of its own."""
        folder = self.folder / f"state-{number}"
        return self.run(f"worker-{number}", "worker", "--datadir", folder)

    def members(self) -> int:
        """How many workers the group has at this moment."""
        admin = KafkaAdminClient(**kafka_python_options(self.broker.settings))
        try:
            return len(admin.describe_groups(["ember"])["ember"]["members"])
        finally:
            admin.close()

    # -- load ----------------------------------------------------------------------

    @contextmanager
    def load(
        self, name: str, *, rate: float = RATE, enrol: bool = True
    ) -> Iterator[Load]:
        """Made-up patients come, at so many messages a second, while this is open."""
        self._loads += 1
        load = Load(
            self.broker.settings,
            self.ledger,
            name=f"{name}-{self._loads}",
            rate=rate,
            on_candidate=self.team.ask if enrol else None,
        ).start()
        try:
            yield load
        finally:
            load.finish()

    # -- the end -------------------------------------------------------------------

    def settle(self, timeout: float = SETTLE_SECONDS) -> Report:
        """Wait until nothing is left to be done, and check everything."""
        missing: str | None = "everything"
        heard: Heard = self.listener.heard

        def quiet() -> bool:
            nonlocal missing
            missing = self.missing()
            if missing is None:
                there = heard.records
                time.sleep(QUIET_SECONDS)
                if self.listener.listen().records != there:
                    missing = "an end of what is being said"
            return missing is None

        self.wait_for(quiet, "quiet", timeout=timeout, fail=False)
        report = self.checker.check(heard)
        if missing:
            report.faults.append(f"after {timeout:.0f} s there was still: {missing}")
        report.faults += [f"the team: {fault!r}" for fault in self.team.faults]
        self.last = Report(report.counts, list(report.faults))
        return report

    def missing(self) -> str | None:
        """What is still to come; None when everything has come to rest."""
        try:
            return self.checker.missing(self.listener.listen()) or self._unread()
        except KafkaError as fault:
            return f"the broker's word: {type(fault).__name__}"

    def _unread(self) -> str | None:
        """What a group has not committed yet."""
        for group, left in all_unread(
            self.broker.settings, partitions=PARTITIONS
        ).items():
            if left:
                return f"{left} records before {group}"
        return None

    def wait_for(
        self,
        is_so: Callable[[], bool],
        what: str,
        *,
        timeout: float = START_SECONDS,
        fail: bool = True,
    ) -> None:
        """Wait for something; in vain, tell what the processes said last."""
        began = time.monotonic()
        until = began + timeout
        while not is_so():
            now = time.monotonic()
            if now > until:
                if not fail:
                    return
                raise TimeoutError(
                    f"{what} did not come in {timeout:.0f} s\n{self.said()}"
                )
            time.sleep(0.3 if now - began < IMPATIENT_SECONDS else 1.5)

    def said(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-2500:]}"
            for log in sorted(
                [*self.folder.glob("*.log"), *self.folder.glob("broker-*/broker.log")]
            )
        )


class Account:
    """What one fault test does to a house, and what is found afterwards."""

    def __init__(self, house: House, fault: str, rounds: int) -> None:
        self.house = house
        self.fault = fault
        self.rounds = rounds
        self._began = time.monotonic()
        self._starts = house.supervisor.starts()
        before = house.last
        self._before, self._known = dict(before.counts), set(before.faults)

    def close(self) -> Report:
        """Settle, check, and write the table down."""
        report = self.house.settle()
        report.faults = [f for f in report.faults if f not in self._known]
        seconds = time.monotonic() - self._began
        lines = [
            f"{self.fault}: {self.rounds} rounds in {seconds:.0f} s",
            f"  restarts: {self._restarts() or 'none'}",
            f"  {'':<40} {'in all':>9} {'by this fault':>14}",
        ]
        for name, n in report.counts.items():
            lines.append(f"  {name:<40} {n:>9,} {n - self._before.get(name, 0):>14,}")
        lines += [f"  FAULT {fault}" for fault in report.faults]
        told = "\n".join(lines)
        print(f"\n{told}")
        TABLES.mkdir(exist_ok=True)
        (TABLES / f"{self.fault.replace(' ', '-')}.txt").write_text(f"{told}\n")
        return report

    def _restarts(self) -> str:
        after = self.house.supervisor.starts()
        more = {name: n - self._starts.get(name, 1) for name, n in after.items()}
        return ", ".join(f"{name} {n}" for name, n in more.items() if n > 0)


def strike(process: Process, how: Signals = Signals.SIGKILL) -> None:
    """Signal a process, once it runs."""
    until = time.monotonic() + 30
    while not process.signal(how):
        if time.monotonic() > until:
            raise TimeoutError(f"{process.name} does not run\n{process.said()}")
        time.sleep(0.05)
