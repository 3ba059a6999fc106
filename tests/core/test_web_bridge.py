"""The bounded bridge from ASGI to Django's WSGI handler (stack 3)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from core.web.bridge import Bridge, Broken


class Client:
    """One ASGI client: says what it sends, keeps what it hears, leaves when told."""

    def __init__(self, bridge: Any, *, method: str = "GET", headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self.bridge = bridge
        self.scope = {
            "type": "http",
            "method": method,
            "path": "/x/",
            "query_string": b"",
            "http_version": "1.1",
            "headers": headers or [],
            "client": ["127.0.0.1", 1],
        }
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[dict[str, Any]] = []

    def says(self, body: bytes = b"", *, more: bool = False) -> Client:
        self.incoming.put_nowait({"type": "http.request", "body": body, "more_body": more})
        return self

    def leaves(self) -> None:
        self.incoming.put_nowait({"type": "http.disconnect"})

    async def send(self, message: dict[str, Any]) -> None:
        self.heard.append(message)

    async def go(self) -> int:
        await asyncio.wait_for(self.bridge(self.scope, self.incoming.get, self.send), 5)
        return self.status

    @property
    def status(self) -> int:
        return int(self.heard[0]["status"]) if self.heard else 0

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.heard[1:])


class Response:
    """A Django response as the handler returns it."""

    def __init__(self, chunks: Iterator[bytes] | list[bytes], *, streaming: bool = False) -> None:
        self.chunks, self.streaming, self.closed = chunks, streaming, 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed += 1


def app_of(view: Callable[[dict[str, Any]], Response]) -> Any:
    def application(environ: dict[str, Any], start: Any) -> Response:
        response = view(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return response

    return application


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


@pytest.fixture
async def gate() -> AsyncIterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_body_arrives_whole_and_the_answer_goes_back() -> None:
    bridge = Bridge(
        app_of(lambda environ: Response([environ["wsgi.input"].read(), environ["CONTENT_LENGTH"].encode()]))
    )
    client = Client(bridge, method="POST").says(b"half ", more=True).says(b"and half")
    assert await client.go() == 200
    assert client.body == b"half and half13"


@pytest.mark.parametrize("query", [b"text=a%20b", "text=Café".encode(), b"text=\xff", b""])
async def test_the_bytes_of_a_query_reach_the_pages_as_they_came(query: bytes) -> None:
    """Some programs write the letters of a query raw; whether they are text is judged by the pages."""
    bridge = Bridge(app_of(lambda environ: Response([environ["QUERY_STRING"].encode("latin-1")])))
    client = Client(bridge).says()
    client.scope["query_string"] = query
    assert await client.go() == 200
    assert client.body == query


async def test_threads_are_few_and_stay() -> None:
    seen: set[int] = set()

    def view(environ: dict[str, Any]) -> Response:
        seen.add(threading.get_ident())
        return Response([b"ok"])

    bridge = Bridge(app_of(view), workers=3)
    for _ in range(5):
        await asyncio.gather(*(Client(bridge).says().go() for _ in range(20)))
    assert len(seen) <= 3


async def test_above_the_limit_the_answer_is_503_at_once(gate: threading.Event) -> None:
    bridge = Bridge(app_of(lambda environ: Response([str(gate.wait(5)).encode()])), workers=1, waiting=2)
    waiting = [asyncio.ensure_future(Client(bridge).says().go()) for _ in range(3)]
    await until(lambda: bridge.in_flight == 3)
    late = Client(bridge).says()
    started = time.monotonic()
    assert await late.go() == 503
    assert time.monotonic() - started < 0.5
    assert (b"retry-after", b"2") in late.heard[0]["headers"]
    gate.set()
    assert await asyncio.gather(*waiting) == [200, 200, 200]
    assert bridge.in_flight == 0


async def test_a_call_whose_client_left_is_skipped_and_makes_room_at_once(gate: threading.Event) -> None:
    calls: list[int] = []

    def view(environ: dict[str, Any]) -> Response:
        calls.append(1)
        gate.wait(5)
        return Response([b"ok"])

    bridge = Bridge(app_of(view), workers=1, waiting=1)
    first = asyncio.ensure_future(Client(bridge).says().go())
    await until(lambda: len(calls) == 1)
    second = Client(bridge).says()
    left = asyncio.ensure_future(second.go())
    await until(lambda: bridge.in_flight == 2)
    second.leaves()
    await asyncio.wait_for(left, 2)
    assert bridge.in_flight == 1
    gate.set()
    await first
    assert await Client(bridge).says().go() == 200
    assert len(calls) == 2


async def test_a_body_that_was_cut_off_never_reaches_a_view() -> None:
    calls: list[int] = []

    def view(environ: dict[str, Any]) -> Response:
        calls.append(1)
        return Response([b"ok"])

    bridge = Bridge(app_of(view))
    client = Client(bridge, method="POST").says(b"half", more=True)
    client.leaves()
    assert await client.go() == 0
    short = Client(bridge, method="POST", headers=[(b"content-length", b"900")]).says(b"short")
    assert await short.go() == 0
    assert not calls


async def test_a_body_over_the_limit_is_413_a77() -> None:
    bridge = Bridge(app_of(lambda environ: Response([b"ok"])), max_body=1000)
    client = Client(bridge, method="POST").says(b"x" * 900, more=True).says(b"x" * 900, more=True)
    assert await client.go() == 413
    asked = Client(bridge, method="POST", headers=[(b"accept", b"text/html")]).says(b"x" * 1900)
    assert await asked.go() == 413
    assert b"<h1>That is too big</h1>" in asked.body


async def test_a_stream_stops_at_the_next_chunk_after_the_client_left_and_is_closed(gate: threading.Event) -> None:
    made: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield b"x"
            if number == 2:
                gate.wait(5)

    response = Response(chunks(), streaming=True)
    bridge = Bridge(app_of(lambda environ: response), workers=1)
    client = Client(bridge).says()
    task = asyncio.ensure_future(client.go())
    await until(lambda: len(made) == 3)
    client.leaves()
    await asyncio.sleep(0.05)
    gate.set()
    await task
    assert len(made) <= 4
    assert response.closed == 1
    assert await Client(Bridge(app_of(lambda environ: Response([b"ok"])))).says().go() == 200


async def test_eight_clients_that_leave_streams_take_no_thread_with_them() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b"x"

    bridge = Bridge(
        app_of(lambda e: Response(endless(), streaming=True) if e["REQUEST_METHOD"] == "POST" else Response([b"ok"]))
    )
    clients = [Client(bridge, method="POST").says() for _ in range(8)]
    tasks = [asyncio.ensure_future(client.go()) for client in clients]
    await until(lambda: all(len(client.heard) > 2 for client in clients))
    for client in clients:
        client.leaves()
    await asyncio.wait_for(asyncio.gather(*tasks), 3)
    assert await Client(bridge).says().go() == 200


async def test_a_stream_that_breaks_is_cut_and_not_finished() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("secret detail")

    bridge = Bridge(app_of(lambda environ: Response(broken(), streaming=True)))
    with pytest.raises(Broken):
        await Client(bridge).says().go()


async def test_an_application_that_breaks_is_a_500_without_its_words_a96() -> None:
    def view(environ: dict[str, Any]) -> Response:
        raise ValueError("secret detail")

    client = Client(Bridge(app_of(view))).says()
    assert await client.go() == 500
    assert b"secret" not in client.body


async def test_head_sends_no_body() -> None:
    client = Client(Bridge(app_of(lambda environ: Response([b"body"]))), method="HEAD").says()
    assert await client.go() == 200
    assert client.body == b""
