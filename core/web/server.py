"""daphne, started from Python with limits that it does not have itself (stack 3, A77, A104, F41, F42).

Loaded in the web process alone: importing daphne makes an event loop, which must not be forked.
Twisted's parsing of multipart forms on the event loop is switched off; a body that is too big is refused
with 413 before it is read, one that is too slow with 408; idle and half-open clients end by time.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

import daphne.server
import structlog
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.protocols import basic
from twisted.web import http

from core.web import wire

RECEIVE_SECONDS = 30.0  # for the head and body of one request together
IDLE_SECONDS = 30.0  # until the first line of the next request
LINGER_SECONDS = 5.0  # a refused client may finish sending, unread
DRAIN_SECONDS = 4.0  # requests in flight at the end of the process
APPLICATION_SECONDS = 120
FRAME_BYTES = 64 * 1024
UNREAD_SECONDS = 8.0
KERNEL_BYTES = 256 * 1024
SPARE_FILES = 128  # descriptors kept for databases, files and outgoing calls
REASONS = {408: b"Request Timeout", 413: b"Content Too Large"}
log = structlog.get_logger("portal.server")
reactor: Any = _reactor  # Twisted's own types do not know what it installs
HTTPChannel: Any = http.HTTPChannel
LineReceiver: Any = basic.LineReceiver
lines: set[Any] = set()  # the transports of open connections; whichever protocol ends one takes it out


class LimitedRequest(WebRequest):
    """A request with a body limit by path and a total deadline for being received."""

    error_template = "%(title)s: %(body)s\n"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False
        self._received = 0
        self._limit, self._where = 0, ""
        self._refused = False
        self._deadline: Any = reactor.callLater(RECEIVE_SECONDS, self._refuse, 408)

    def gotLength(self, length: int | None) -> None:
        """The head is complete: refuse a declared length over the limit at once."""
        self._where = self.channel._path.split(b"?", 1)[0].decode("ascii", "replace")
        self._limit = self.server.application.body_limit(self._where)
        too_big = length is not None and length > self._limit
        super().gotLength(0 if too_big else length)
        if too_big:
            self._refuse(413)

    def handleContentChunk(self, data: bytes) -> None:
        """Count what a chunked body brings; a refused one is thrown away unread, so memory stays flat."""
        self._received += len(data)
        if not self._refused and self._received > self._limit:
            self._refuse(413)
        if not self._refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All of it is here: hand it on, unless it was refused."""
        self._cancel_deadline()
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def connectionLost(self, reason: Any) -> None:
        """The client has gone."""
        self._cancel_deadline()
        super().connectionLost(reason)

    def handle_exception(self, exception: BaseException) -> None:
        """A response that broke half-way is cut, never finished as if it were whole."""
        if self.channel is None or self.finished:
            return
        if self._response_started:
            self.channel.forceAbortClient()
        else:
            self.basic_error(500, b"Internal Server Error", "Something broke on our side.")

    def _refuse(self, status: int) -> None:
        self._refused = True
        self._cancel_deadline()
        self.requestHeaders.removeHeader(b"Expect")
        self.content.close() if self.content is not None else None
        headers, body = self._answer(status)
        head = b"".join(b"%s: %s\r\n" % each for each in headers)
        first = b"HTTP/1.1 %d %s\r\nConnection: close\r\n" % (status, REASONS[status])
        self.channel.transport.write(first + head + b"\r\n" + body)
        self._deadline = reactor.callLater(LINGER_SECONDS, self.channel.forceAbortClient)

    def _answer(self, status: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
        if status == 413:
            said: tuple[list[tuple[bytes, bytes]], bytes] = self.server.application.too_big(self._where, self._header)
            return said
        body = REASONS[status] + b"\n"
        return [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))], body

    def _header(self, name: str) -> str:
        values = self.requestHeaders.getRawHeaders(name.encode()) or [b""]
        return str(values[0].decode("latin-1"))

    def _cancel_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None


class LimitedChannel(HTTPChannel):
    """One connection: bytes alone do not keep an idle one alive, and only so many are open at once."""

    def connectionMade(self) -> None:
        """Count it in; the kernel keeps no more for one slow reader than we do ourselves."""
        lines.add(self.transport)
        self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """Between requests the idle clock runs on until a first line is complete (slow clients, F41)."""
        if self.requests:
            self.resetTimeout()
        LineReceiver.dataReceived(self, data)

    def connectionLost(self, reason: Any) -> None:
        """Count it out."""
        lines.discard(self.transport)
        super().connectionLost(reason)


class LimitedSocket(WebSocketProtocol):
    """A connection that has become a WebSocket: the channel that counted it in never hears of its end."""

    def connectionLost(self, reason: Any) -> None:
        """Count it out."""
        lines.discard(self.transport)
        super().connectionLost(reason)


class LimitedFactory(HTTPFactory):
    """Builds our channels and requests; above the limit of open files a new connection is closed at once (F42)."""

    limit = 900

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = IDLE_SECONDS

    def protocol(self) -> Any:
        """Twisted's wrapper around our channel."""
        return http._GenericHTTPChannelProtocol(LimitedChannel())

    def buildProtocol(self, addr: Any) -> Any:
        """A channel for one client, or None."""
        if len(lines) >= self.limit:
            log.warning("connection refused: too many are open", open=len(lines))
            return None
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol


class PortalServer(daphne.server.Server):
    """daphne on a socket that is open already, which ends what is in flight before it stops."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        super().__init__(
            application,
            endpoints=["adopted"],
            signal_handlers=False,
            action_logger=None,
            http_timeout=APPLICATION_SECONDS,
            websocket_max_message_size=FRAME_BYTES,
            websocket_max_frame_size=FRAME_BYTES,
            websocket_connect_timeout=10,
            ready_callable=self._ready,
            server_name="",
        )
        self.endpoints: list[str] = []
        self._listener = listener
        self._port: Any = None

    def _ready(self) -> None:
        self.ws_factory.protocol = LimitedSocket
        self.ws_factory.failByDrop = False  # a frame that is too big is told so: 1009
        self._port = reactor.adoptStreamPort(self._listener.fileno(), self._listener.family, self.http_factory)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._begin_stop)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Offer sockets the way to write one frame to many (`core.web.wire`)."""
        if scope["type"] == "websocket":
            scope["extensions"] = {wire.WRITE: wire.writer(protocol)}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Wait for a client that reads slowly and cut one that does not: daphne would fill the memory."""
        if message["type"] == "websocket.send":
            await self._wait_for(protocol, lambda: protocol.transport)
        elif message.get("more_body"):
            await self._wait_for(protocol, lambda: protocol.channel and protocol.channel.transport)
        await super().handle_reply(protocol, message)

    async def _wait_for(self, protocol: Any, line: Callable[[], Any]) -> None:
        """Until little is unread; a line on which nothing moves for UNREAD_SECONDS is cut."""
        before, since = -1, reactor.seconds()
        while (left := wire.unread(line())) > wire.LOW_WATER:
            if left != before:
                before, since = left, reactor.seconds()
            elif reactor.seconds() - since > UNREAD_SECONDS:
                line().abortConnection()
                return
            await asyncio.sleep(0.01)

    def _begin_stop(self) -> None:
        """Take no new connection, let requests in flight finish for DRAIN_SECONDS, then stop."""
        if self._port is not None:
            self._port.stopListening()
            self._port = None
            self._stop_when_idle(reactor.seconds() + DRAIN_SECONDS)

    def _stop_when_idle(self, deadline: float) -> None:
        busy = any(
            isinstance(key, WebRequest) and "disconnected" not in entry for key, entry in self.connections.items()
        )
        if busy and reactor.seconds() < deadline:
            reactor.callLater(0.05, self._stop_when_idle, deadline)
        else:
            self.stop()

    def kill_all_applications(self) -> Any:
        """daphne's own fails on a connection that has sent no complete request."""
        running = [
            entry["application_instance"] for entry in self.connections.values() if "application_instance" in entry
        ]
        for task in running:
            task.cancel()
        ended = daphne.server.defer.Deferred.fromFuture(asyncio.gather(*running, return_exceptions=True))
        return ended.addErrback(lambda failure: None)


def serve(application: Any, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; `application` tells the body limit of a path in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 16384) if hard != resource.RLIM_INFINITY else 16384
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    LimitedFactory.limit = max(64, max(wanted, soft) - SPARE_FILES)
    daphne.server.HTTPFactory = LimitedFactory
    PortalServer(application, listener).run()
