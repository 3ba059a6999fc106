"""The live socket: origin and rights at the handshake, join then catch up, nothing lost or doubled (A31, F43)."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import transaction

from core import live
from core.errors import TooMany
from core.models import FeedEntry
from core.web import access, hub, presence, sockets, viewer, wire

pytestmark = pytest.mark.django_db(transaction=True)
HEADERS = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000"), (b"cookie", b"who=ana")]


@dataclass
class Person:
    """Somebody behind a socket."""

    key: str
    label: str = ""


class Lamps:
    """A topic that everybody but Eve sees; Bo does not see secret entries."""

    prefix = "lamp"
    drawn = 0

    def may_see(self, actor: Any, key: str) -> str | None:
        return None if actor.key == "eve" else "all" if actor.key == "ana" else "some"

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[live.Frame]:
        self.drawn += 1
        shown = [entry.kind != "secret" or audience == "all" for entry in entries]
        return [
            live.Frame(e.seq, e.kind, f"<p>{e.ref}</p>") if show else live.Frame(e.seq, "skip")
            for e, show in zip(entries, shown, strict=True)
        ]


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> dict[str, Person]:
    """Cookie -> person; take one out and the session is gone."""
    found = {name: Person(name) for name in ("ana", "bo", "eve")}

    def socket_actor(scope: Mapping[str, Any]) -> Person | None:
        cookie = dict(scope["headers"]).get(b"cookie", b"").decode()
        if cookie == "who=guesser":
            raise TooMany("Too many tries.", retry_after=900)
        return found.get(cookie.removeprefix("who="))

    monkeypatch.setattr(access, "socket_actor", socket_actor)
    return found


@pytest.fixture
def lamps(monkeypatch: pytest.MonkeyPatch) -> Lamps:
    """The topic, at /ws/lamps/<number>/."""
    topic = Lamps()
    monkeypatch.setattr(live, "_topics", {})
    monkeypatch.setattr(live, "_paths", [])
    live.register_topic(topic)
    live.register_path("ws/lamps/<int:number>/", lambda actor, values: f"lamp:{values['number']}")
    return topic


@pytest.fixture(autouse=True)
async def fresh(monkeypatch: pytest.MonkeyPatch, people: dict[str, Person], lamps: Lamps) -> AsyncIterator[hub.Hub]:
    """A registry of this test's own event loop."""
    made = hub.Hub()
    monkeypatch.setattr(sockets, "hub", made)
    monkeypatch.setattr(sockets, "meter", presence.Meter())
    yield made
    await asyncio.to_thread(made.end)


def write(topic: str = "lamp:1", kind: str = "note", ref: str = "x") -> int:
    with transaction.atomic():
        return live.append(topic, kind, ref)


async def writes(count: int, **values: str) -> None:
    for number in range(count):
        await sync_to_async(write)(ref=str(number), **values)


def browser(path: str = "/ws/lamps/1/", headers: list[tuple[bytes, bytes]] | None = None) -> WebsocketCommunicator:
    return WebsocketCommunicator(sockets.application, path, headers=HEADERS if headers is None else headers)


def with_header(name: bytes, value: bytes | None) -> list[tuple[bytes, bytes]]:
    kept = [(key, old) for key, old in HEADERS if key != name]
    return kept if value is None else [*kept, (name, value)]


async def frames(socket: WebsocketCommunicator, count: int) -> list[dict[str, Any]]:
    return [json.loads(await socket.receive_from(timeout=5)) for _ in range(count)]


async def closed(socket: WebsocketCommunicator, within: float = 7) -> int:
    while True:
        message = await socket.receive_output(timeout=within)
        if message["type"] == "websocket.close":
            return int(message["code"])


@pytest.mark.parametrize(
    "origin",
    [None, b"null", b"", b"http://evil.example", b"http://localhost:8000.evil.example", b"http://localhost:9000",
     b"http://localhost:8000@evil.example", b"file://", b"http://evil.example/http://localhost:8000", b"ws://localhost:8000"],
)  # fmt: skip
async def test_a_foreign_missing_or_null_origin_is_refused_at_the_handshake_a31(origin: bytes | None) -> None:
    accepted, _ = await browser(headers=with_header(b"origin", origin)).connect()
    assert not accepted


async def test_an_origin_that_equals_a_made_up_host_is_refused_a31() -> None:
    headers = [(b"host", b"evil.example"), (b"origin", b"http://evil.example"), (b"cookie", b"who=ana")]
    accepted, _ = await browser(headers=headers).connect()
    assert not accepted


@pytest.mark.parametrize(
    ("path", "cookie", "code"),
    [
        ("/ws/lamps/1/", None, 4401),
        ("/ws/lamps/1/", b"who=nobody", 4401),
        ("/ws/lamps/1/", b"who=guesser", 4429),
        ("/ws/lamps/1/", b"who=eve", 4403),
        ("/ws/lamps/one/", b"who=ana", 4403),
        ("/ws/nothing/", b"who=ana", 4403),
    ],
)
async def test_nobody_and_those_without_right_are_told_by_the_code_a31(
    path: str, cookie: bytes | None, code: int
) -> None:
    socket = browser(path, with_header(b"cookie", cookie))
    await socket.connect()
    assert await closed(socket) == code


async def test_it_starts_with_what_is_missing_and_goes_on_without_gap_or_double() -> None:
    await writes(5)
    socket = browser("/ws/lamps/1/?since=2")
    await socket.connect()
    first = await frames(socket, 3)
    await writes(4)
    assert [frame["seq"] for frame in first + await frames(socket, 4)] == [3, 4, 5, 6, 7, 8, 9]
    assert first[0] == {"seq": 3, "kind": "note", "html": "<p>2</p>"}
    assert await socket.receive_nothing(timeout=0.3)
    await socket.disconnect()


async def test_entries_written_while_it_joins_arrive_once_each_f43() -> None:
    writer = asyncio.ensure_future(writes(60))
    joined = []
    for number in range(6):
        socket = browser(f"/ws/lamps/1/?since={number}")
        await socket.connect()
        joined.append((number, socket))
        await asyncio.sleep(0.02)
    await writer
    for number, socket in joined:
        assert [frame["seq"] for frame in await frames(socket, 60 - number)] == list(range(number + 1, 61))
        await socket.disconnect()


@pytest.mark.parametrize("since", ["", "?since=", "?since=-1", "?since=x", "?since=99999999999999", "?since=999"])
async def test_a_since_that_makes_no_sense_means_from_now_on(since: str) -> None:
    await writes(3)
    socket = browser(f"/ws/lamps/1/{since}")
    await socket.connect()
    await asyncio.sleep(0.1)
    await writes(1)
    assert [frame["seq"] for frame in await frames(socket, 1)] == [4]
    await socket.disconnect()


async def test_what_a_viewer_may_not_see_comes_as_a_skip_with_its_number() -> None:
    ana, bo = browser(), browser(headers=with_header(b"cookie", b"who=bo"))
    await ana.connect()
    await bo.connect()
    await writes(1, kind="secret")
    assert (await frames(ana, 1))[0]["kind"] == "secret"
    assert await frames(bo, 1) == [{"seq": 1, "kind": "skip"}]
    await ana.disconnect()
    await bo.disconnect()


async def test_twenty_viewers_of_one_audience_cost_one_rendering(lamps: Lamps) -> None:
    viewers = [browser() for _ in range(20)]
    for each in viewers:
        await each.connect()
    await asyncio.sleep(0.2)
    before = lamps.drawn
    await writes(1)
    for each in viewers:
        assert (await frames(each, 1))[0]["seq"] == 1
        await each.disconnect()
    assert lamps.drawn - before == 1


async def test_a_session_that_ends_closes_its_sockets_within_five_seconds_a28(people: dict[str, Person]) -> None:
    socket = browser()
    await socket.connect()
    del people["ana"]
    assert await closed(socket, within=5.5) == 4401


async def test_a_right_that_is_taken_away_closes_the_socket(people: dict[str, Person]) -> None:
    socket = browser()
    await socket.connect()
    people["ana"] = Person("eve")
    assert await closed(socket, within=5.5) == 4403


async def test_a_flood_of_messages_is_4429_a89() -> None:
    socket = browser()
    await socket.connect()
    for _ in range(21):
        await socket.send_to('{"type": "here"}')
    assert await closed(socket) == 4429


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("subscribe lamp:2", 4403),
        ('["subscribe"]', 4403),
        ('{"type": "subscribe", "topic": "lamp:2"}', 4403),
        ('{"type": ["here"]}', 4403),
        ("{}", 4403),
        ("x" * 65537, 1009),
        ("x" * 1_000_000, 1009),
        ("[" * 60000, 4403),
    ],
)
async def test_clients_choose_no_topic_and_send_nothing_big_a31(text: str, code: int) -> None:
    socket = browser()
    await socket.connect()
    await socket.send_to(text)
    assert await closed(socket) == code


async def test_binary_is_refused_a31() -> None:
    socket = browser()
    await socket.connect()
    await socket.send_to(bytes_data=b"x")
    assert await closed(socket) == 4403


@pytest.fixture
def burnt(lamps: Lamps, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What a lamp cannot draw: entries with these references."""
    found: set[str] = set()
    original = lamps.render

    def render(key: str, entries: Sequence[FeedEntry], audience: str) -> list[live.Frame]:
        if found & {entry.ref for entry in entries}:
            raise ValueError("burnt out")
        return original(key, entries, audience)

    monkeypatch.setattr(lamps, "render", render)
    return found


async def test_one_entry_that_cannot_be_drawn_stops_nobody(burnt: set[str]) -> None:
    socket = browser()
    await socket.connect()
    await asyncio.sleep(0.2)
    burnt.add("0")
    await writes(1)
    assert (await frames(socket, 1))[0]["kind"] == "skip"
    burnt.clear()
    await writes(1)
    assert (await frames(socket, 1))[0]["seq"] == 2
    await socket.disconnect()


async def test_one_entry_that_cannot_be_drawn_costs_a_late_viewer_that_one_alone(burnt: set[str]) -> None:
    burnt.add("2")
    await writes(5)
    socket = browser("/ws/lamps/1/?since=0")
    await socket.connect()
    assert [frame["kind"] for frame in await frames(socket, 5)] == ["note", "note", "skip", "note", "note"]
    await writes(1)
    assert (await frames(socket, 1))[0]["seq"] == 6
    await socket.disconnect()


async def test_a_viewer_that_cannot_catch_up_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open and silent for ever would be worse: the page says that it is live."""

    def fails(*args: Any) -> None:
        raise RuntimeError("no such entry")

    monkeypatch.setattr(hub, "_backlog", fails)
    socket = browser()
    await socket.connect()
    assert await closed(socket) == 1013


async def watching(fresh: hub.Hub, socket: WebsocketCommunicator) -> viewer.Viewer:
    """The viewer behind a socket that was opened last, once it has caught up."""
    before = set(fresh._viewers.get("lamp:1", ()))
    await socket.connect()
    while not (new := set(fresh._viewers.get("lamp:1", ())) - before) or min(v.catching_up for v in new):
        await asyncio.sleep(0.01)
    return new.pop()


async def test_a_viewer_whose_audience_changed_and_that_cannot_catch_up_comes_again(
    fresh: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any) -> None:
        raise RuntimeError("no such entry")

    socket = browser()
    seen = await watching(fresh, socket)
    monkeypatch.setattr(hub, "_backlog", fails)
    seen.granted = viewer.Grant("lamp:1", "some")
    fresh._deliver("lamp:1", {"all": []})
    assert await closed(socket) == 1013


async def test_an_entry_written_while_a_viewer_catches_up_and_changes_its_audience_is_not_lost(
    fresh: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ana watches on two screens. The second reads the past, then she loses a right, and just then something comes."""
    first, second = browser(), browser()
    await watching(fresh, first)
    backlog, deliver, has_read, goes_on = hub._backlog, fresh._deliver, threading.Event(), threading.Event()

    def slow(name: str, after: int, audience: str) -> viewer.Frames:
        found = backlog(name, after, audience)
        has_read.set()
        goes_on.wait(5)
        return found

    def meanwhile(name: str, by_audience: dict[str, viewer.Frames]) -> None:
        for seen in fresh._viewers[name]:
            if seen.catching_up:
                seen.granted = viewer.Grant(name, "some")
        deliver(name, by_audience)
        goes_on.set()

    monkeypatch.setattr(hub, "_backlog", slow)
    monkeypatch.setattr(fresh, "_deliver", meanwhile)
    await second.connect()
    await asyncio.to_thread(has_read.wait, 5)
    await writes(1)
    for socket in (first, second):
        assert (await frames(socket, 1))[0]["seq"] == 1
        await socket.disconnect()


class Reset:
    """A line of the server whose other end has just been reset."""

    STATE_OPEN = state = 3

    def __init__(self) -> None:
        self.transport = self
        self.aborted = False

    def getHandle(self) -> Reset:
        return self

    def send(self, frame: bytes) -> int:
        raise ConnectionResetError

    def abortConnection(self) -> None:
        self.aborted = True


class Ordered(set[viewer.Viewer]):
    """Viewers that are served in the order in which they came."""

    def __init__(self, seen: Sequence[viewer.Viewer]) -> None:
        super().__init__(seen)
        self.seen = list(seen)

    def __iter__(self) -> Iterator[viewer.Viewer]:
        return iter([each for each in self.seen if each in self])


async def test_a_connection_that_was_reset_takes_nothing_from_the_viewers_behind_it(fresh: hub.Hub) -> None:
    """A31: five screens, one of which is pulled out and one of which fails in a way that nobody has thought of."""
    lines, sockets_, seen = Reset(), [browser() for _ in range(5)], []
    for socket in sockets_:
        seen.append(await watching(fresh, socket))

    def odd(frame: bytes) -> bool:
        raise RuntimeError("odd")

    fresh._viewers["lamp:1"] = Ordered(seen)
    seen[0]._write, seen[2]._write = wire.writer(lines), odd
    await writes(1)
    for socket in (sockets_[1], sockets_[3], sockets_[4]):
        assert (await frames(socket, 1))[0]["seq"] == 1
    assert lines.aborted
    assert await closed(sockets_[0]) == 4408
    assert await closed(sockets_[2]) == 1013
    for socket in (sockets_[1], sockets_[3], sockets_[4]):
        await socket.disconnect()


async def test_an_error_nobody_has_thought_of_ends_neither_thread(
    fresh: hub.Hub, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A28: the feed goes on, and a session that ends is closed all the same."""
    version, rights, met = hub._data_version, hub._rights, set()

    def fails_once(what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            if what in met:
                return call(*args)
            met.add(what)
            raise ValueError("filedescriptor out of range in select()")

        return called

    monkeypatch.setattr(hub, "_data_version", fails_once("feed", version))
    monkeypatch.setattr(hub, "_rights", fails_once("rights", rights))
    monkeypatch.setattr(hub, "RECHECK", 0.5)
    socket = browser()
    await socket.connect()
    await asyncio.sleep(1.2)
    await writes(1)
    assert (await frames(socket, 1))[0]["seq"] == 1
    assert met == {"feed", "rights"}
    del people["ana"]
    assert await closed(socket, within=5.5) == 4401


async def test_rights_that_cannot_be_told_are_none_and_hold_up_nobody(
    fresh: hub.Hub, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A28: what is asked about Ana always fails; Bo, behind her, is signed out and closed in time."""
    ana, bo = browser(), browser(headers=with_header(b"cookie", b"who=bo"))
    await watching(fresh, ana)
    await watching(fresh, bo)
    actor = access.socket_actor

    def fails(scope: Mapping[str, Any]) -> Any:
        if dict(scope["headers"])[b"cookie"] == b"who=ana":
            raise RuntimeError("no such team")
        return actor(scope)

    monkeypatch.setattr(access, "socket_actor", fails)
    del people["bo"]
    assert await closed(bo, within=5.5) == 4401
    assert await closed(ana, within=5.5) == 1013


async def test_a_reader_that_does_not_read_is_cut_with_bounded_memory() -> None:
    reader = viewer.Viewer({"path": "/", "headers": []}, viewer.Grant("lamp:1", "all"), 0)
    reader.caught_up()
    for number in range(1, viewer.WAITING_FRAMES + 2):
        reader.push([(number, "text", b"text")])
    assert reader.outgoing.get_nowait() == viewer.TOO_SLOW
    assert reader.outgoing.empty()
