"""The intake door as a sender meets it: raw ASGI calls on one event loop, against a real database file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections

from accounts import actors
from integrations.api.intake import Intake
from integrations.commands import inbound, keys
from integrations.models import IntegrationKey
from tests.world import World, build

OWNER = actors.system("test")


@dataclass(frozen=True)
class Answer:
    """What a sender hears."""

    status: int
    headers: dict[str, str]
    body: Any


class Sender:
    """Posts to the intake; a shared loop, so that keys in memory and the writer are used as in a web process."""

    def __init__(self, app: Intake) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        """One request; `body` is JSON unless it is bytes."""
        return self.loop.run_until_complete(self.send(path, body, **more))

    def all(self, requests: Sequence[tuple[str, Any]]) -> list[Answer]:
        """Many requests at the same time."""

        async def together() -> list[Answer]:
            return await asyncio.gather(*(self.send(path, body) for path, body in requests))

        return self.loop.run_until_complete(together())

    async def send(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        chunks: Sequence[bytes] | None = None,
        pause: float = 0.0,
        length: bool = True,
        hang_up: bool = False,
        raw_path: bytes | None = None,
    ) -> Answer:
        """One request in the terms of ASGI; a body of several chunks comes with `pause` seconds before each."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        parts = list(chunks) if chunks is not None else [sent]
        named = {"content-type": "application/json", **(headers or {})}
        if length:
            named.setdefault("content-length", str(sum(map(len, parts))))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in named.items()],
        }
        if raw_path is not None:
            scope["raw_path"] = raw_path
        heard: list[Any] = []

        async def receive() -> dict[str, Any]:
            if pause:
                await asyncio.sleep(pause)
            if not parts or (hang_up and len(parts) == 1):
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            heard.append(message)

        await self.app(scope, receive, send)
        if not heard:
            return Answer(0, {}, None)
        found = {k.decode(): v.decode() for k, v in heard[0]["headers"]}
        return Answer(heard[0]["status"], found, json.loads(heard[1]["body"]))

    def close(self) -> None:
        """Let go of the threads' database connections."""
        threads = [ring._reader for ring in self.app._rings.values()]
        for each in threads:
            each.submit(connections.close_all).result()
        if self.app.writer._thread is not None:
            handler, self.app.writer.handler = self.app.writer.handler, _closer
            done: Future[Any] = self.app.writer._put(None)  # type: ignore[arg-type]
            done.exception()
            self.app.writer.handler = handler
        self.loop.close()


def _closer(items: Sequence[Any]) -> Sequence[Any]:
    """Runs in the writer's thread; leaving the transaction then fails, and the writer lets go of its connection."""
    connections.close_all()
    raise ConnectionAbortedError


@pytest.fixture
def busy_world(transactional_db: None) -> World:
    """The named world in a database that threads can see."""
    inbound._used.clear()
    return build()


@pytest.fixture
def sender(transactional_db: None) -> Iterator[Sender]:
    """A sender and a fresh intake."""
    made = Sender(Intake())
    yield made
    made.close()


@pytest.fixture
def key(busy_world: World) -> str:
    """The text of a key of the service Checkout."""
    return keys.issue(OWNER, busy_world.checkout)[1]


@pytest.fixture
def trigger(key: str) -> Callable[..., dict[str, Any]]:
    """A maker of PagerDuty triggers with that key."""

    def make(dedup: str | None = "disk/web1", action: str = "trigger", **payload: Any) -> dict[str, Any]:
        full = {"summary": "Disk full", "source": "web1", "severity": "critical", **payload}
        made: dict[str, Any] = {"routing_key": key, "event_action": action, "payload": full}
        return made if dedup is None else {**made, "dedup_key": dedup}

    return make


def key_row(raw: str) -> IntegrationKey:
    """The row behind a key's text."""
    return IntegrationKey.objects.get(prefix=raw[:4])


__all__ = ["Answer", "Sender", "key_row"]
