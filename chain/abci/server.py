"""Serve an application to CometBFT: one thread, one handler at a time, replies in the order of the requests.

CometBFT opens four connections and needs no more than serial service. Whatever an application raises ends the
process: CometBFT sees the exception and the closed socket, stops too, and both start again from the last commit.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from chain.abci.dispatch import ApplicationFailed, Dispatcher, exception_frame
from chain.abci.frames import FrameBuffer, MalformedFrame
from chain.application import Application

MAX_UNSENT_BYTES = 64 * 1024 * 1024
"""Replies held for a peer that does not read before its requests are no longer read.

Stopping earlier can deadlock a client that shares a lock between sending and receiving.
"""

HELD_SECONDS = 0.001
"""How long a reply waits for those of the same read, to leave with them in one write.

CometBFT gathers requests for 20 ms: while the last of them are answered, it goes on with the first.
"""

FAREWELL_SECONDS = 2.0
"""How long a failed server waits for its last reply to leave."""

GC_THRESHOLDS = (50_000, 20, 50)
"""A block's results are tens of thousands of objects without cycles; collecting among them is wasted."""

EXIT_OK = 0
EXIT_FAILED = 1

_MAX_UNIX_PATH_BYTES = 107

log = logging.getLogger(__name__)


class _Connection(asyncio.BufferedProtocol):
    """One of CometBFT's connections; a reply leaves with the others of its read, unless they take long."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._frames = FrameBuffer()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        self._server.connections.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._frames.writable()

    def buffer_updated(self, nbytes: int) -> None:
        if self._server.is_stopping:
            return
        replies: list[bytes] = []
        answer = self._server.dispatcher.answer
        due = monotonic() + HELD_SECONDS
        try:
            for field, payload in self._frames.received(nbytes):
                replies.append(answer(field, payload))
                if monotonic() > due:
                    self._transport.write(b"".join(replies))
                    replies.clear()
                    due = monotonic() + HELD_SECONDS
        except MalformedFrame as error:
            log.error("connection closed: %s", error)
            replies.append(exception_frame(str(error)))
            self._transport.write(b"".join(replies))
            self._transport.close()
        except (ApplicationFailed, MemoryError) as error:
            log.critical("%s", error or "out of memory", exc_info=error.__cause__ or error)
            replies.append(exception_frame(str(error) or "out of memory"))
            self._transport.write(b"".join(replies))
            self._server.stop(EXIT_FAILED)
        else:
            if replies:
                self._transport.write(b"".join(replies))

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._server.connection_closed()


class Server:
    """The connections of one application, and how the process will exit."""

    def __init__(self, application: Application) -> None:
        self.dispatcher = Dispatcher(application)
        self.connections: set[_Connection] = set()
        self.is_stopping = False
        self.exit_code = EXIT_OK
        self._done = asyncio.Event()

    def stop(self, exit_code: int) -> None:
        """Take no more requests, let what was answered leave, then end; the first reason is kept."""
        if self.is_stopping:
            return
        self.is_stopping = True
        self.exit_code = exit_code
        for connection in self.connections:
            connection.close()
        if not self.connections:
            self._done.set()
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self._done.set)

    def connection_closed(self) -> None:
        """Note that a connection is gone."""
        if self.is_stopping and not self.connections:
            self._done.set()

    async def run(self, listener: socket.socket, on_listening: Callable[[], None] | None) -> int:
        """Serve until stopped and return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, EXIT_OK)
        listening = await loop.create_server(lambda: _Connection(self), sock=listener)
        async with listening:
            if on_listening is not None:
                on_listening()
            await self._done.wait()
            for connection in list(self.connections):
                connection.abort()
        return self.exit_code


def serve(application: Application, address: str, on_listening: Callable[[], None] | None = None) -> int:
    """Serve `application` at `unix:///path` or `tcp://127.0.0.1:port` on the main thread until SIGTERM or a failure.

    `on_listening` runs on the loop's thread once connections are accepted. The result is the exit status for the
    process: 0 after a signal, 1 after the application raised.

    Raises: ValueError for an address that is not served; OSError if it is taken.
    """
    listener = listen(address)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)

    async def main() -> int:
        return await Server(application).run(listener, on_listening)

    try:
        return asyncio.run(main())
    finally:
        listener.close()
        if address.startswith("unix://"):
            Path(address.removeprefix("unix://")).unlink(missing_ok=True)


def listen(address: str) -> socket.socket:
    """Return a listening socket at `address`, readable and writable by this user alone.

    Raises: ValueError for an address that is not served; OSError if it is taken.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "unix":
        return _listen_unix(rest)
    if separator and scheme == "tcp":
        host, _, port = rest.rpartition(":")
        if host not in ("127.0.0.1", "localhost") or not port.isascii() or not port.isdecimal():
            raise ValueError(f"{address}: TCP is served at 127.0.0.1 only, as tcp://127.0.0.1:PORT")
        return socket.create_server(("127.0.0.1", int(port)), backlog=16)
    raise ValueError(f"{address}: an address is unix:///path or tcp://127.0.0.1:PORT")


def _listen_unix(path: str) -> socket.socket:
    if len(os.fsencode(path)) > _MAX_UNIX_PATH_BYTES:
        raise ValueError(f"{path}: a socket's path has at most {_MAX_UNIX_PATH_BYTES} bytes; choose a shorter home")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Order: the mask is in force before the file exists, so that nobody else can ever connect.
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    listener.listen(16)
    return listener


def _remove_stale(path: str) -> None:
    """Unlink the socket that a killed process left; refuse if somebody answers there or it is no socket."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(f"{path} exists and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
            return
    raise OSError(f"another process serves {path}")
