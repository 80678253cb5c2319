"""The door: who may come in, over TLS or not, and how many at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from streams.app.listen.connection import READ_BYTES, Connection, Limits
from streams.app.listen.desk import Desk
from streams.vocabulary.errors import ErrorCode, SettingsError


_HANDSHAKE_SECONDS = 10.0
_KERNEL_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The listener's certificate; with `client_ca`, senders must show one of theirs."""

    cert_file: Path
    key_file: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 and later; raises `SettingsError` EMB-402 for what cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as fault:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"A certificate of the listener cannot be used ({fault}).",
                "Check EMBER_MLLP_CERT_FILE, EMBER_MLLP_KEY_FILE and "
                "EMBER_MLLP_CLIENT_CA_FILE.",
            ) from None
        return context


@dataclass(slots=True)
class Listener:
    """Takes connections, `most` at once, until it is stopped."""

    desk: Desk
    limits: Limits
    most: int
    fatal: Callable[[BaseException], None]
    """Told of what is wrong with the store; the process is to end."""
    _connections: dict[asyncio.Task[None], Connection] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _count: count[int] = field(default_factory=count)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """The port it listens on; raises `SettingsError` EMB-402 where it cannot."""
        try:
            self._server = await asyncio.start_server(
                self._connected,
                host,
                port,
                ssl=tls,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if tls else None,
                limit=READ_BYTES,
                backlog=128,
            )
        except OSError as fault:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"EMBER_MLLP names {host}:{port}, which cannot be had "
                f"({fault.strerror}).",
                "Name a free port on an address of this machine.",
            ) from None
        for bound_to in self._server.sockets:
            # Connections inherit them: the kernel's buffers are memory, too.
            bound_to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
            bound_to.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, seconds: float) -> None:
        """Take no more, answer what came, then close; within so many seconds."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections.values():
            connection.finish()
        if tasks := set(self._connections):
            _, left = await asyncio.wait(tasks, timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._connections) >= self.most:
            self.desk.account.turned_away()
            writer.transport.abort()
            return
        connection = Connection(
            reader=reader,
            writer=writer,
            desk=self.desk,
            limits=self.limits,
            next_id=self._next_id,
            now=self.desk.now,
            peer=str((writer.get_extra_info("peername") or ("",))[0]),
        )
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = connection
        self.desk.account.connected(len(self._connections))
        try:
            await connection.run()
        except Exception as fault:  # noqa: BLE001 - the outermost loop of a connection
            self.fatal(fault)
        finally:
            del self._connections[task]
            self.desk.account.connected(len(self._connections))

    def _next_id(self) -> str:
        """A control id of our own, 20 characters at most."""
        return f"E{datetime.now(UTC):%y%m%d%H%M%S}{next(self._count) % 10**7:07d}"
