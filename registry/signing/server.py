"""The signer's socket: lines of questions in, lines of answers out."""

from __future__ import annotations

import os
import socket
import socketserver
import stat
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from registry.signing.desk import Desk
from registry.signing.messages import LONGEST, FaultTold, answer_line, read_question
from streams.vocabulary.errors import ErrorCode, SettingsError


_GROUP_TOO = 0o660


class SignerServer:
    """Answers on a Unix socket that its owner and its group may use, nobody else.

    Leaving the block answers what was asked and asks for nothing more.
    Raises `SettingsError` EMB-402 where there can be no such socket.
    """

    def __init__(self, path: Path, desk: Desk) -> None:
        self._path = path
        self._server = _bound(path, desk)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}
        )

    def alive(self) -> bool:
        """Whether it still takes connections."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._path.unlink(missing_ok=True)
        self._server.hang_up()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128

    def __init__(self, path: Path, desk: Desk) -> None:
        self.desk = desk
        self._open: set[socket.socket] = set()
        self._changing = Lock()
        super().__init__(str(path), _Handler)

    def came(self, line: socket.socket) -> None:
        with self._changing:
            self._open.add(line)

    def gone(self, line: socket.socket) -> None:
        with self._changing:
            self._open.discard(line)

    def hang_up(self) -> None:
        """No more questions; the answer to the last one is still sent."""
        with self._changing:
            for line in self._open:
                with suppress(OSError):  # it is gone already
                    line.shutdown(socket.SHUT_RD)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.came(self.request)

    def handle(self) -> None:
        while line := self._asked():
            try:
                question = read_question(line)
            except ValueError:
                self._tell(_NO_QUESTION)
                return
            if not self._tell(answer_line(self.server.desk.answer(question))):
                return

    def finish(self) -> None:
        self.server.gone(self.request)
        super().finish()

    def _asked(self) -> bytes:
        """The next line; nothing where the caller is gone, or speaks without end."""
        try:
            line: bytes = self.rfile.readline(LONGEST)
        except OSError:
            return b""
        return line if line.endswith(b"\n") else b""

    def _tell(self, line: bytes) -> bool:
        """Whether the caller was still there; what was allocated stands either way."""
        try:
            self.wfile.write(line)
        except OSError:
            return False
        return True


_NO_QUESTION = answer_line(
    FaultTold(
        kind="fault",
        code=ErrorCode.MALFORMED_MESSAGE,
        problem="That is no question to the signer.",
        cure="Use the same version of Ember on both sides.",
    )
)


def _bound(path: Path, desk: Desk) -> _Server:
    """Bound with rights that are never wider than they are to be."""
    if _is_served(path):
        raise _unusable(path, "another signer answers there")
    before = os.umask(~_GROUP_TOO & 0o777)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()
        return _Server(path, desk)
    except OSError as fault:
        raise _unusable(path, fault.strerror or "it cannot be bound") from None
    finally:
        os.umask(before)


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _unusable(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The signer's socket {path} cannot be used ({fault}).",
        "Name a path in a folder of the signer's own, of at most 100 characters.",
    )
