"""Django's WSGI handler in a bounded pool of persistent threads, called from ASGI (stack 3).

Django's own ASGI handler pays a new thread and a new database connection for every request. Here
`workers` threads live as long as the process and keep their connections. What the bridge promises:
above `workers + waiting` requests the answer is 503 with Retry-After at once; a call whose client has
left before a thread was free is skipped; a body that was cut off never reaches a view; a streaming
response stops at the next chunk after its client left and is closed; no client can hold a thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import queue
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from typing import IO, Any, cast

import structlog
from a2wsgi.wsgi import build_environ

from core.web import refused

Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]
Header = tuple[bytes, bytes]

SPOOL_BYTES = 256 * 1024
MAX_BODY = 10 * 1024 * 1024
SEND_SECONDS = 20.0
CUT_OFF = -1
log = structlog.get_logger("portal.bridge")


async def plain(send: Send, status: int, text: str, headers: Iterable[Header] = ()) -> None:
    """Answer with one line of text, without Django."""
    body = text.encode() + b"\n"
    base = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    base.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": [*base, *headers]})
    await send({"type": "http.response.body", "body": body})


class Broken(RuntimeError):
    """A streaming response failed after its head had been sent: the server must cut the connection."""


class Call:
    """One request on its way through the pool.

    A thread claims it; before that, its client may leave and it is over at once (both under `_lock`).
    """

    def __init__(self, environ: dict[str, Any], send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self.environ = environ
        self.send = send
        self.loop = loop
        self.done = asyncio.Event()
        self.gone = False
        self.claimed = False
        self.started = False
        self.failed = False
        self.head: dict[str, Any] = {}
        self.body: bytes | None = None
        self._lock = threading.Lock()

    def leave(self) -> None:
        """The client has gone (event loop): a call that no thread has claimed is over."""
        with self._lock:
            self.gone = True
            if not self.claimed:
                self.done.set()

    def run(self, application: Any) -> None:
        """Call the application in a pool thread; whatever happens, the waiting coroutine is released."""
        with self._lock:
            if self.gone:
                return
            self.claimed = True
        try:
            self._respond(application(self.environ, self._start))
        except Exception:  # (the edge of the pool: one broken response must not end its thread)
            self.failed = True
            log.exception("response failed")
        finally:
            self.loop.call_soon_threadsafe(self.done.set)

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        pairs = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
        self.head = {"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": pairs}
        return lambda chunk: None

    def _respond(self, response: Any) -> None:
        """A finished body is left for the event loop, so that a slow reader holds no thread."""
        try:
            if self.environ["REQUEST_METHOD"] == "HEAD":
                self.body = b""
            elif getattr(response, "streaming", True):
                self._stream(response)
            else:
                self.body = b"".join(response)
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()

    def _stream(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            if self.gone:
                return
            self._put({"type": "http.response.body", "body": chunk, "more_body": True})
        if not self.gone:
            self._put({"type": "http.response.body", "body": b""})

    def _put(self, message: dict[str, Any]) -> None:
        """Send one message and wait for it; a client that takes longer than SEND_SECONDS counts as gone."""
        future = asyncio.run_coroutine_threadsafe(self._put_soon(message), self.loop)
        try:
            future.result(SEND_SECONDS)
        except concurrent.futures.TimeoutError:
            future.cancel()
            self.gone = True

    async def _put_soon(self, message: dict[str, Any]) -> None:
        if not self.started:
            self.started = True
            await self.send(self.head)
        await self.send(message)

    async def finish(self) -> None:
        """Send what the thread has left, in the event loop; raises Broken when half a response is out."""
        if self.gone:
            return
        if self.body is not None and not self.failed:
            await self.send(self.head)
            await self.send({"type": "http.response.body", "body": self.body})
        elif self.failed and self.started:
            raise Broken("the response failed half-way")
        elif self.failed:
            await plain(self.send, 500, "Something broke on our side.")


class Bridge:
    """An ASGI application in front of a WSGI one, for `http` scopes."""

    def __init__(self, application: Any, *, workers: int = 8, waiting: int = 64, max_body: int = MAX_BODY) -> None:
        self.application = application
        self.workers = workers
        self.limit = workers + waiting
        self.max_body = max_body
        self.in_flight = 0
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; in front of the pool nothing blocks the event loop."""
        if self.in_flight >= self.limit:
            await plain(send, 503, "Too many requests at once.", [(b"retry-after", b"2")])
            return
        self.in_flight += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self.in_flight -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as body:
            length = await self._spool(scope, receive, body)
            if length == CUT_OFF:
                return
            if length > self.max_body:
                await self._refuse(scope, send)
                return
            body.seek(0)
            await self._pass_on(self._environ(scope, body, length), receive, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        given = dict(scope["headers"])
        headers, body = refused.too_big(
            scope["path"], lambda name: given.get(name.encode(), b"").decode("latin-1"), self.max_body
        )
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _pass_on(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        call = Call(environ, send, asyncio.get_running_loop())
        self._start_threads()
        self._calls.put(call)
        watcher = asyncio.ensure_future(self._watch(call, receive))
        try:
            await call.done.wait()
        except asyncio.CancelledError:
            call.leave()
            raise
        finally:
            watcher.cancel()
        await call.finish()

    async def _watch(self, call: Call, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        call.leave()

    async def _spool(self, scope: Scope, receive: Receive, body: IO[bytes]) -> int:
        """Take the whole body; its length, CUT_OFF where the client left or lied about the length."""
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return CUT_OFF
            chunk = message.get("body", b"")
            length += len(chunk)
            if length > self.max_body:
                return length
            body.write(chunk)
            more = message.get("more_body", False)
        declared = dict(scope["headers"]).get(b"content-length")
        return length if declared is None or (declared.isdigit() and int(declared) == length) else CUT_OFF

    def _environ(self, scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
        # a2wsgi takes a query for ASCII and breaks on any other; WSGI wants its bytes as latin-1.
        bare = {**scope, "query_string": b""}
        environ = cast("dict[str, Any]", build_environ(cast("Any", bare), cast("Any", body)))
        environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
        environ["CONTENT_LENGTH"] = str(length)
        environ["wsgi.errors"] = sys.stderr
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return environ

    def _start_threads(self) -> None:
        """Threads start with the first request, so that a fork before it takes none along."""
        while len(self._threads) < self.workers:
            thread = threading.Thread(target=self._work, name=f"page-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            contextvars.Context().run(call.run, self.application)
            del call
