"""`ember listen` as a process, and senders as interface engines are: until it says AA."""

import socket
import time
from base64 import b64encode
from dataclasses import dataclass, field
from threading import Thread

from integration.listen.house import code_of

from streams.adapters.hl7v2.mllp import Deframer, framed


PATIENCE = 90.0


def site_files(folder):
    """The settings of a made-up site with its own keys."""
    (folder / "site.yaml").write_text("{site: ward, zone: Europe/London}")
    named = {"EMBER_SITE": str(folder / "site.yaml")}
    for name in ("IDENTITY", "PAYLOAD"):
        file = folder / name.lower()
        file.write_bytes(b64encode(name.encode() * 5))
        file.chmod(0o600)
        named[f"EMBER_{name}_KEYS"] = f"1:{file}"
    return named


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@dataclass
class Engine:
    """Sends its messages one after another, each again until it was accepted."""

    port: int
    messages: list
    context: object = None
    accepted: list = field(default_factory=list)
    others: list = field(default_factory=list)
    stopped: bool = False
    _line: socket.socket | None = None

    def start(self):
        self.thread = Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def run(self):
        for message in self.messages:
            while not self.stopped and not self._sent(message):
                time.sleep(0.02)
            if self.stopped:
                break
        self._hang_up()

    def stop(self):
        self.stopped = True
        self.thread.join(40)

    def _sent(self, message):
        try:
            line = self._line or self._connected()
            line.sendall(framed(message))
            answer = self._answer(line)
        except OSError:
            self._hang_up()
            return False
        if answer[0] != "AA":
            self.others.append(answer)
            return False
        self.accepted.append(message)
        return True

    def _connected(self):
        line = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self._line = self.context.wrap_socket(line) if self.context else line
        self._deframer = Deframer(1 << 20)
        return self._line

    def _answer(self, line):
        while True:
            data = line.recv(1 << 16)
            if not data:
                raise ConnectionError
            for frame in self._deframer.feed(data):
                return code_of(frame.payload)

    def _hang_up(self):
        if self._line is not None:
            self._line.close()
            self._line = None


def wait_until(holds, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.05)
