"""The hot door of monitoring: plain ASGI in front of Django, no middleware, no query per event (stack 3, P1).

A request is read with limits, its key looked up in memory, its body turned into events by an adapter; a writer
thread commits what has queued up in one transaction, and only then is the sender told 202. What cannot be committed
within 8 s is 503 with Retry-After, never a false 2xx (G10, F20).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from django.db import DatabaseError, IntegrityError, InterfaceError

from core import clock
from core.errors import Invalid
from core.groupcommit import Busy, GroupCommit
from integrations.adapters import documents
from integrations.api import answers, bodies, masking, routes
from integrations.api.answers import Reply
from integrations.api.bodies import Gone, Receive, Refusal, Scope, Send, read_body
from integrations.api.routes import Route
from integrations.commands import inbound
from integrations.commands.flood import FloodGate
from integrations.commands.heartbeats import Ping, ping_batch
from integrations.commands.inbound import Arrival
from integrations.kinds import Door, EventAdapter
from integrations.queries import keyring
from integrations.queries.keyring import KeyInfo, Keyring

MAX_BATCH = 200
BIG = 64 * 1024  # bodies beyond this are parsed beside the event loop
Item = Arrival | Ping
log = structlog.get_logger("portal.intake")


class Intake:
    """The application; keys in memory and the writer belong to the event loop that it serves."""

    def __init__(self) -> None:
        self.gate = FloodGate()
        self.writer: GroupCommit[Item, Any] = GroupCommit(self.commit, max_batch=MAX_BATCH)
        self._rings: weakref.WeakKeyDictionary[Any, Keyring] = weakref.WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        route = routes.find(scope)
        shape = route.shape if route else "native"
        try:
            reply = await self._serve(route, scope, receive)
        except Refusal as refusal:
            reply = answers.refused(shape, refusal)
        except (Busy, DatabaseError, InterfaceError) as error:
            log.warning("event not saved", door=shape, error=type(error).__name__)
            reply = answers.refused(shape, answers.unavailable())
        except Gone:
            return
        await answers.send_reply(send, reply)

    def commit(self, items: list[Item]) -> Sequence[Any]:
        """One group in one transaction: what each item became, in order."""
        arrivals = [item for item in items if isinstance(item, Arrival)]
        pings = [item for item in items if isinstance(item, Ping)]
        stored: Iterator[Any] = iter(inbound.write_batch(arrivals, self.gate) if arrivals else ())
        states: Iterator[Any] = iter(ping_batch(pings) if pings else ())
        return [next(stored if isinstance(item, Arrival) else states) for item in items]

    def ring(self) -> Keyring:
        """The keys in memory of the running event loop."""
        loop = asyncio.get_running_loop()
        found = self._rings.get(loop)
        if found is None:
            found = self._rings[loop] = Keyring()
        return found

    async def _serve(self, route: Route | None, scope: Scope, receive: Receive) -> Reply:
        if route is None:
            raise Refusal(404, "There is no such address")
        if scope["method"] not in route.methods:
            raise Refusal(405, f"Use {' or '.join(route.methods)}", headers={"Allow": ", ".join(route.methods)})
        headers = bodies.headers_of(scope)
        if route.adapter is None:
            return await self._ping(route)
        declared = bodies.check_head(headers, route.limit)
        if route.shape in {"events", "changes"}:
            body = await read_body(receive, route.limit, declared)
            document = await self._document(body, route)
            raw = document.get("routing_key")
            key = await self._key(raw if isinstance(raw, str) else "", route)
        else:
            raw = route.raw_key or routes.key_in_head(headers)
            key = await self._key(raw, route)
            body = await read_body(receive, route.limit, declared)
            document = await self._document(body, route, key)
        return await self._accept(route, route.adapter, headers, body, document, key, str(raw))

    async def _key(self, raw: str, route: Route) -> KeyInfo:
        key = await self.ring().key(raw) if 8 <= len(raw) <= 128 else None
        if key is None:
            raise answers.wrong_key(route.shape)
        return key

    async def _document(self, body: bytes, route: Route, key: KeyInfo | None = None) -> dict[str, Any]:
        try:
            if len(body) > BIG:
                return await asyncio.to_thread(documents.read, body, strict=route.strict)
            return documents.read(body, strict=route.strict)
        except Invalid as error:
            refusal = answers.wrong_event(error)
            if key is not None:
                await self._log_refusal(route, key, masking.masked(body, route.raw_key), refusal)
            raise refusal from None

    async def _accept(
        self,
        route: Route,
        adapter: EventAdapter,
        headers: Mapping[str, str],
        body: bytes,
        document: dict[str, Any],
        key: KeyInfo,
        raw: str,
    ) -> Reply:
        now = clock.now()
        kept = masking.masked(body, raw)
        door = Door(key.service_id, now, key.id, key.name, key.paths, route.address)
        try:
            events = adapter.parse(headers, document, door)
        except Invalid as error:
            refusal = answers.wrong_event(error)
            await self._log_refusal(route, key, kept, refusal)
            raise refusal from None
        echo = inbound.is_echo(body, headers)
        if echo or key.paths.get("informational") is True:
            events = [inbound.quieted(event, echo=echo) for event in events]
        arrival = Arrival(key.service_id, adapter.id, events, now, key.id, kept)
        await self._write(arrival, route, raw)
        return answers.accepted(route.shape, events)

    async def _write(self, arrival: Arrival, route: Route, raw: str) -> None:
        """Raises the refusal of a key that was deleted a moment ago; for any other clash 503, so that it is re-sent."""
        try:
            await self.writer.submit(arrival)
        except IntegrityError:
            keyring.changed()
            await self._key(raw, route)
            raise

    async def _log_refusal(self, route: Route, key: KeyInfo, body: str, refusal: Refusal) -> None:
        """Show the owner of the key what his tool sends; the answer does not depend on it."""
        tool = route.adapter.id if route.adapter else ""
        arrival = Arrival(key.service_id, tool, (), clock.now(), key.id, body, "; ".join(refusal.errors))
        try:
            await self.writer.submit(arrival)
        except (Busy, DatabaseError, InterfaceError):
            log.warning("refused event not logged", key=key.id)

    async def _ping(self, route: Route) -> Reply:
        found = await self.ring().heartbeat(route.raw_key)
        if found is None or await self.writer.submit(Ping(found, clock.now())) == "gone":
            raise answers.wrong_key(route.shape)
        return Reply(200, {"status": "ok"})


application = Intake()
