"""One real Apache Kafka of our own: for development and tests, never for patients.

KRaft mode, one node that is broker and controller, on this machine alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.app.kafka.jars import cannot_start, java, kafka_jars
from streams.app.kafka.reach import answers
from streams.app.settings import KafkaSettings


START_SECONDS = 90.0
STOP_SECONDS = 30.0
HOST = "127.0.0.1"

_JAVA = ("-XX:+UseSerialGC", "-Xshare:auto")
_QUICK_JAVA = (*_JAVA, "-XX:TieredStopAtLevel=1")
"""For what lives for seconds, or minutes: compiling it fully costs more than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """Where a broker keeps its data, and how it is reached."""

    folder: Path
    port: int
    heap: str = "512m"
    short_lived: bool = False
    """Whether it is compiled quickly and not fully: it lives for minutes."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """On top of, or instead of, our own lines of server.properties."""
    format_options: tuple[str, ...] = ()
    """More words for `StorageTool format`: `--add-scram` and its user."""
    client: KafkaSettings | None = None
    """How it is asked whether it answers; None: in plain text."""

    @property
    def servers(self) -> str:
        """What clients are told: `EMBER_KAFKA`."""
        return f"{HOST}:{self.port}"

    @property
    def asked_as(self) -> KafkaSettings:
        """The settings of a client of it."""
        return self.client or KafkaSettings(servers=(self.servers,))

    @property
    def config(self) -> Path:
        """Its server.properties."""
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "broker.log"

    @property
    def pid_file(self) -> Path:
        """The id of its process."""
        return self.folder / "broker.pid"


def start(plan: BrokerPlan) -> subprocess.Popen[bytes]:
    """Start the broker, its data formatted, and wait until it answers.

    Raises `SettingsError` EMB-405 where it cannot be had or does not come up.
    """
    jars = kafka_jars()
    if running(plan.folder):
        raise cannot_start(
            f"A broker runs in {plan.folder} already", "`ember kafka down` ends it."
        )
    if not _free(plan.port):
        raise cannot_start(f"Port {plan.port} is taken", "Name another with --port.")
    plan.folder.mkdir(parents=True, exist_ok=True)
    plan.config.write_text(_properties(plan), "utf-8")
    if not (plan.folder / "data/meta.properties").exists():
        _format(plan, jars)
    process = _launch(plan, jars)
    plan.pid_file.write_text(f"{process.pid}\n", "utf-8")
    try:
        _wait_until_it_answers(plan, process)
    except BaseException:
        process.kill()
        process.wait()
        plan.pid_file.unlink(missing_ok=True)
        raise
    return process


def stop(folder: Path) -> bool:
    """Stop the broker of that folder and no other; False where none runs."""
    pid = running(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    if not _gone(folder, STOP_SECONDS):
        os.kill(pid, signal.SIGKILL)
        _gone(folder, STOP_SECONDS)
    (folder / "broker.pid").unlink(missing_ok=True)
    return True


def running(folder: Path) -> int | None:
    """The process of that folder's broker; None where none runs.

    A process id is used again after a while, so the process must also be ours by its
    command.
    """
    try:
        pid = int((folder / "broker.pid").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    told = subprocess.run(  # noqa: S603 - a fixed command
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    ours = str((folder / "server.properties").resolve())
    return pid if ours in told and not told.startswith("Z") else None


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _properties(plan: BrokerPlan) -> str:
    controller = f"{HOST}:{free_port()}"
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{plan.servers},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{plan.servers}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str((plan.folder / "data").resolve()),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # A broker killed and started again is let in once its old session is over;
        # one that a busy machine lets wait for longer than that is fenced off.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "500",
        "num.io.threads": "2",
        "num.network.threads": "2",
        "log.segment.bytes": str(64 << 20),
        "log.index.size.max.bytes": str(1 << 20),
        "log.cleaner.dedupe.buffer.size": str(8 << 20),
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.segment.bytes": str(16 << 20),
        "transaction.state.log.num.partitions": "2",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        **{
            name: text.replace("{controller}", controller)
            for name, text in plan.properties.items()
        },
    }
    return "".join(f"{name}={text}\n" for name, text in lines.items())


def _format(plan: BrokerPlan, jars: Path) -> None:
    """Give the empty data folder its cluster id; a half formatted one is made anew."""
    shutil.rmtree(plan.folder / "data", ignore_errors=True)
    done = subprocess.run(  # noqa: S603 - a fixed command
        [
            *(java(), *_QUICK_JAVA, "-cp", f"{jars}/*", "kafka.tools.StorageTool"),
            *("format", "--cluster-id", cluster_id(), "--config", str(plan.config)),
            *plan.format_options,
        ],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        why = _reasons(done.stderr + done.stdout) or f"status {done.returncode}"
        raise cannot_start(f"Its storage cannot be formatted ({why})")


def cluster_id() -> str:
    """A new one; none begins with a dash, which the tool would take for an option."""
    while True:
        drawn = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not drawn.startswith("-"):
            return drawn


def _reasons(told: str) -> str:
    """What a program in Java failed of: its stack trace without the stack."""
    lines = (line.strip() for line in told.splitlines())
    return "; ".join(
        line for line in lines if line and not line.startswith(("at ", "... "))
    )


def _launch(plan: BrokerPlan, jars: Path) -> subprocess.Popen[bytes]:
    """As a process group of its own: Ctrl-C in the terminal is not for it."""
    with plan.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - a fixed command
            [
                *(java(), f"-Xms{plan.heap}", f"-Xmx{plan.heap}"),
                *(_QUICK_JAVA if plan.short_lived else _JAVA),
                *("-cp", f"{jars}/*", "kafka.Kafka", str(plan.config.resolve())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_until_it_answers(plan: BrokerPlan, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise cannot_start(
                f"The broker stopped at once (status {process.returncode}; see "
                f"{plan.log})"
            )
        if not _free(plan.port) and answers(plan.asked_as):
            return
        time.sleep(0.05)
    raise cannot_start(f"The broker did not answer in {START_SECONDS:.0f} s")


def _gone(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(folder) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
