"""Who is here and who writes: shown to those who may, gone by itself, bounded, the same in every process (A31, A89)."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.core.cache import cache

from core import clock, live
from core.models import FeedEntry
from core.web import access, hub, presence, sockets, viewer
from core.web.attendance import Board, Sign
from core.web.presence import Presence, Shown

pytestmark = pytest.mark.django_db(transaction=True)
HERE, WRITING = '{"type": "here"}', '{"type": "writing"}'


@dataclass
class Person:
    """Somebody behind a socket."""

    key: str
    label: str = ""


class Lamps:
    """A topic with presence for everybody but Sam, who may look all the same."""

    prefix = "lamp"

    def may_see(self, actor: Any, key: str) -> str | None:
        return "guests" if actor.key == "sam" else "all"

    def presence(self, actor: Any, key: str, audience: str) -> Shown | None:
        return Shown(actor.key, actor.label) if audience == "all" else None

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[live.Frame]:
        return [live.Frame(each.seq, each.kind) for each in entries]


@pytest.fixture
def people() -> dict[str, Person]:
    return {name.lower(): Person(name.lower(), name) for name in ("Ana", "Bo", "Sam")}


@pytest.fixture(autouse=True)
async def fresh(monkeypatch: pytest.MonkeyPatch, people: dict[str, Person]) -> AsyncIterator[hub.Hub]:
    """A registry of this test's own event loop, with the topic at /ws/lamps/<number>/."""

    def socket_actor(scope: Mapping[str, Any]) -> Person | None:
        return people.get(dict(scope["headers"])[b"cookie"].decode())

    monkeypatch.setattr(access, "socket_actor", socket_actor)
    monkeypatch.setattr(live, "_topics", {})
    monkeypatch.setattr(live, "_paths", [])
    live.register_topic(Lamps())
    live.register_path("ws/lamps/<int:number>/", lambda actor, values: f"lamp:{values['number']}")
    made = hub.Hub()
    monkeypatch.setattr(sockets, "hub", made)
    monkeypatch.setattr(sockets, "meter", presence.Meter())
    yield made
    await asyncio.to_thread(made.end)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


async def opened(who: str, word: str = HERE, number: int = 1) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000"), (b"cookie", who.encode())]
    socket = WebsocketCommunicator(sockets.application, f"/ws/lamps/{number}/", headers=headers)
    await socket.connect()
    if word:
        await socket.send_to(word)
    return socket


def names_in(frame: dict[str, Any]) -> list[str]:
    """Who is here, as a reader hears it."""
    found = re.search(r'<span class="sr">: ([^<]*)<', frame["html"])
    return found[1].split(", ") if found else []


async def told(socket: WebsocketCommunicator, here: list[str], writing: Sequence[str] = ()) -> None:
    """Wait for the frame that says exactly this."""
    wanted = ([who.capitalize() for who in here], [who.capitalize() for who in writing])
    async with asyncio.timeout(8):
        while True:
            frame = json.loads(await socket.receive_from(timeout=8))
            assert "seq" not in frame
            if (names_in(frame), [name for _, name in frame["writing"]]) == wanted:
                assert f">{len(here)} here<" in frame["html"]
                return


async def test_people_see_each_other_come_write_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE", 0.5)
    ana = await opened("ana")
    await told(ana, ["ana"])
    bo = await opened("bo")
    for each in (ana, bo):
        await told(each, ["ana", "bo"])
    await bo.send_to(WRITING)
    await told(ana, ["ana", "bo"], ["bo"])
    await bo.send_to(HERE)
    await told(ana, ["ana", "bo"])
    await bo.disconnect()
    await told(ana, ["ana"])
    await ana.disconnect()


async def test_whoever_falls_silent_is_gone_and_stops_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "WRITING", 1.0)
    monkeypatch.setattr(presence, "HERE", 3.0)
    bo = await opened("bo", WRITING)
    ana = await opened("ana")
    await told(ana, ["ana", "bo"], ["bo"])
    await told(ana, ["ana", "bo"])
    for _ in range(4):
        await asyncio.sleep(0.8)
        await ana.send_to(HERE)
    await told(ana, ["ana"])
    await ana.disconnect()
    await bo.disconnect()


async def test_two_screens_of_one_person_are_one_person_until_both_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE", 0.5)
    ana, first, second = await opened("ana"), await opened("bo"), await opened("bo")
    await told(ana, ["ana", "bo"])
    await first.disconnect()
    assert await ana.receive_nothing(timeout=1.5)
    await second.disconnect()
    await told(ana, ["ana"])
    await ana.disconnect()


async def test_whom_the_topic_does_not_show_is_told_nothing_either() -> None:
    """S36: stakeholders are not shown and do not see presence."""
    ana, sam = await opened("ana"), await opened("sam")
    await told(ana, ["ana"])
    assert await sam.receive_nothing(timeout=1.5)
    assert await ana.receive_nothing(timeout=0.1)
    await ana.disconnect()
    await sam.disconnect()


async def test_a_topic_hears_nothing_of_another() -> None:
    ana, bo = await opened("ana"), await opened("bo", number=2)
    await told(ana, ["ana"])
    await told(bo, ["bo"])
    assert await ana.receive_nothing(timeout=1.2)
    await ana.disconnect()
    await bo.disconnect()


async def test_a_right_that_is_taken_away_ends_presence(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A28: rights are asked for again within five seconds; the others no longer see the person, nor she them."""
    monkeypatch.setattr(presence, "GRACE", 0.5)
    ana, bo = await opened("ana"), await opened("bo")
    await told(ana, ["ana", "bo"])
    people["bo"] = Person("sam")
    await told(ana, ["ana"])
    with pytest.raises((TimeoutError, asyncio.TimeoutError)):
        await told(bo, ["ana"])


async def test_nothing_is_kept_in_the_feed_and_nobody_costs_nothing(fresh: hub.Hub) -> None:
    quiet = await opened("ana", "")
    assert await quiet.receive_nothing(timeout=1)
    assert fresh.presence._thread is None
    await quiet.send_to(HERE)
    await told(quiet, ["ana"])
    assert not await sync_to_async(FeedEntry.objects.exists)()
    await quiet.disconnect()


async def test_the_limit_is_of_the_person_not_of_the_socket_a89() -> None:
    first, second = await opened("ana", ""), await opened("ana", "")
    for _ in range(10):
        await first.send_to(HERE)
        await second.send_to(WRITING)
    await asyncio.sleep(0.1)
    await second.send_to(HERE)
    while (message := await second.receive_output(timeout=5))["type"] != "websocket.close":
        pass
    assert message["code"] == 4429
    await first.disconnect()


def test_a_meter_forgets_what_is_over_and_whom_it_has_not_heard_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "REMEMBERED", 2)
    meter = presence.Meter()
    assert [meter.floods("ana", at / 10) for at in range(21)] == [False] * 20 + [True]
    assert not meter.floods("ana", 10.5)
    assert not any(meter.floods(who, 10.5) for who in ("bo", "cy"))
    assert set(meter._heard) == {"bo", "cy"}


# --- several processes ----------------------------------------------------------------------------
def sign(name: str, now: float, *, writing: bool = False) -> Sign:
    return Sign(name, now + 60, now + 8 if writing else 0.0)


def test_processes_tell_each_other_through_the_cache() -> None:
    """Each writes under its own place; what a process that died has said fades by itself."""
    now = clock.now().timestamp()
    one, two = Board(), Board()
    ana, bo = {"lamp:1": {"ana": sign("Ana", now)}}, {"lamp:1": {"bo": sign("Bo", now, writing=True)}}
    one.exchange(ana, now)
    two.exchange(bo, now)
    found = one.exchange(ana, now)["lamp:1"]
    assert set(found) == {"ana"}, "each looks for new ones every five seconds"
    found = one.exchange(ana, now + 5.1)["lamp:1"]
    assert found["bo"].name == "Bo"
    assert set(two.exchange(bo, now + 5.2)["lamp:1"]) == {"ana", "bo"}
    two.exchange({}, now + 6)
    assert set(one.exchange(ana, now + 7)["lamp:1"]) == {"ana"}


def together(*boards: Board) -> float:
    """Processes that know each other; gives the time."""
    now = clock.now().timestamp() - 100
    for turn in (0, 6):
        for board in boards:
            board.exchange({}, now + turn)
    return now + 6


def test_a_thousand_viewers_cost_one_write_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: on SQLite every write stands in the way of the paging."""
    one, two = Board(), Board()
    begin = together(one, two)
    writes: list[str] = []
    monkeypatch.setattr(cache, "set", lambda name, *_: writes.append(name))
    for turn in range(240):
        now, writing = begin + 1 + turn / 2, bool(turn % 3)
        topics = range(1 + turn % 40)
        one.exchange({f"lamp:{each}": {f"p{each}": sign("P", now, writing=writing)} for each in topics}, now)
    assert 60 < len(writes) <= 120 + 7


def test_who_goes_on_writing_is_seen_to_write_in_the_other_process() -> None:
    one, two = Board(), Board()
    begin = together(one, two)
    for second in range(1, 19):
        now = begin + second
        signs = {"lamp:1": {"ana": sign("Ana", now, writing=True)}}
        one.exchange(signs, now)
        seen = two.exchange({"lamp:1": {}}, now)["lamp:1"]
        assert seen["ana"].writing > now


@pytest.mark.parametrize("skew", [-300.0, 0.0, 300.0])
def test_hosts_whose_clocks_differ_agree_on_who_is_here(skew: float) -> None:
    one, two = Board(), Board()
    begin = together(one, two)
    two.exchange({}, begin + skew + 6)  # from here on with a clock of its own, which was set back or forward
    for second in range(7, 12):
        now = begin + second
        one.exchange({"lamp:1": {"ana": sign("Ana", now, writing=second == 7)}}, now)
        seen = two.exchange({"lamp:1": {}}, now + skew)["lamp:1"]
        assert 50 < seen["ana"].until - (now + skew) <= 61
    assert not two.exchange({"lamp:1": {}}, now + skew + 60)["lamp:1"]["ana"].until > now + skew + 60


def test_a_topic_that_everybody_has_left_is_forgotten() -> None:
    """A89: else every incident that was ever open would stay in the memory."""
    here = Presence(lambda *_: None)
    here._thread = threading.current_thread()  # nobody looks but the test
    seen = viewer.Viewer({"headers": []}, viewer.Grant("lamp:1", "all", "ana", Shown("ana", "Ana")), 0)
    here.hear(seen, writing=False)
    with here._lock:
        here._signs.clear()  # silent for a minute: asleep, with the page open
    here.leave(seen)
    assert not here._viewers


def test_a_process_that_is_alone_reads_the_places_alone(django_assert_num_queries: Any) -> None:
    now = clock.now().timestamp()
    board, ana = Board(), {"lamp:1": {"ana": sign("Ana", now)}}
    board.exchange(ana, now)
    with django_assert_num_queries(0):
        for turn in range(8):
            board.exchange(ana, now + turn / 2)


def test_a_place_that_was_lost_is_taken_anew() -> None:
    now = clock.now().timestamp()
    board = Board()
    board.exchange({}, now)
    assert board._place == 0
    cache.set("presence:0", "somebody else", 60)
    board.exchange({}, now + 6)
    assert board._place == 1


def test_a_broken_cache_costs_nobody_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loop edge: the thread looks again."""
    frames: list[str] = []
    here = Presence(lambda call, viewers, text: frames.append(text))
    seen = viewer.Viewer({"headers": []}, viewer.Grant("lamp:1", "all", "ana", Shown("ana", "Ana")), 0)
    exchange = here._board.exchange
    tries = iter([True, False])

    def fails_once(own: Any, now: float) -> Any:
        if next(tries, False):
            raise ConnectionError("no cache")
        return exchange(own, now)

    monkeypatch.setattr(here._board, "exchange", fails_once)
    here.hear(seen, writing=False)
    for _ in range(60):
        if frames:
            break
        here._ended.wait(0.1)
    here.end()
    assert names_in(json.loads(frames[0])) == ["Ana"]


def test_a_name_is_text_in_the_frame() -> None:
    """A1: people choose their names."""
    now = clock.now().timestamp()
    frame = json.loads(presence.frame_of({"7": sign('<img src=x onerror="alert(1)">', now)}, now))
    assert "<img" not in frame["html"]
    assert "&lt;img" in frame["html"]
