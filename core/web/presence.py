"""Who looks at a topic and who writes there: ephemeral, beside the feed and never in it (decision 0008).

A topic offers it by a method `presence(actor, key, audience)`, which says how a viewer is shown; None for those who
are neither shown nor see the others. A browser says `here` every 20 s and `writing` while somebody types; after 60 s
of silence the person is gone. One thread per process looks twice a second while anybody attends, and sleeps else.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection
from django.utils.html import format_html, format_html_join

from core import clock
from core.templatetags.ui import monogram
from core.web.attendance import Board, Sign, Signs

if TYPE_CHECKING:
    from core.web.viewer import Viewer

HERE, WRITING, GRACE = 60.0, 8.0, 5.0  # seconds: without a word, without a key, after leaving
TICK = 0.5
MESSAGES, SECONDS, REMEMBERED = 20, 10.0, 10_000
FEW, SHOWN = 3, 20  # monograms and names in a frame; the count is of all
WORDS = {"here": False, "writing": True}
log = structlog.get_logger("portal.live")


@dataclass(frozen=True, slots=True)
class Shown:
    """How somebody is shown to the others: a key that browsers compare with their own, and the name."""

    key: str
    name: str


def shown_as(topic: Any, actor: Any, key: str, audience: str) -> Shown | None:
    """What the topic's own `presence` says; None for a topic that offers none."""
    offered = getattr(topic, "presence", None)
    found: Shown | None = offered(actor, key, audience) if offered is not None else None
    return found


class Meter:
    """Counts what each person says over all the sockets of this process (A89); for the event loop alone."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, deque[float]] = OrderedDict()

    def floods(self, who: str, now: float) -> bool:
        """Count one message; whether more than MESSAGES came within SECONDS. Times are of a monotonic clock."""
        heard = self._heard.setdefault(who, deque(maxlen=MESSAGES))
        self._heard.move_to_end(who)
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        if len(heard) == MESSAGES and now - heard[0] < SECONDS:
            return True
        heard.append(now)
        return False


class Presence:
    """Everybody who attends in this process, and through the board in the others."""

    def __init__(self, soon: Callable[..., None]) -> None:
        self._soon = soon
        self._lock = threading.Lock()
        self._viewers: dict[str, set[Viewer]] = {}
        self._signs: dict[str, Signs] = {}
        self._board = Board()
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def hear(self, viewer: Viewer, *, writing: bool) -> None:
        """A sign of life; the first one makes the viewer attend. Nothing for whom the topic does not show."""
        person = viewer.granted.person
        if person is None:
            return
        now = clock.now().timestamp()
        with self._lock:
            self._viewers.setdefault(viewer.granted.topic, set()).add(viewer)
            signs = self._signs.setdefault(viewer.granted.topic, {})
            signs[person.key] = Sign(person.name, now + HERE, now + WRITING if writing else 0.0)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="live_presence", daemon=True)
            self._thread.start()
        self._wanted.set()

    def leave(self, viewer: Viewer) -> None:
        """Its person is gone a few seconds later, unless another socket of theirs stays or comes."""
        with self._lock:
            attending = self._viewers.get(viewer.granted.topic, set())
            attending.discard(viewer)
            if not attending:
                self._viewers.pop(viewer.granted.topic, None)

    def end(self) -> None:
        """Stop the thread."""
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(3)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wanted.clear()
            if not self._attended():
                connection.close()
                self._wanted.wait()
                continue
            try:
                self.look()
            except Exception:  # loop edge: who is here must cost nobody the page
                log.exception("live feed: presence fails and begins again")
                connection.close()
            self._ended.wait(TICK)
        connection.close()

    def _attended(self) -> bool:
        with self._lock:
            return bool(self._signs)

    def look(self) -> None:
        """Tell everybody who attends what has changed for them, and the other processes what has changed here."""
        now = clock.now().timestamp()
        own, viewers = self._present(now)
        everybody = self._board.exchange(own, now)
        for name, attending in viewers.items():
            self._soon(_tell, attending, frame_of(everybody.get(name, {}), now))

    def _present(self, now: float) -> tuple[dict[str, Signs], dict[str, list[Viewer]]]:
        """The signs of this process that still hold, and who is told; what is over is forgotten."""
        with self._lock:
            for name in list(self._signs):
                present = [v for v in self._viewers.get(name, ()) if v.granted.person is not None and not v.closed]
                keys = {v.granted.person.key for v in present if v.granted.person is not None}
                self._signs[name] = _kept(self._signs[name], keys, now)
                if not self._signs[name]:
                    del self._signs[name]
                if not present:
                    self._viewers.pop(name, None)
            viewers = {
                name: [v for v in found if v.granted.person is not None] for name, found in self._viewers.items()
            }
            return {name: dict(signs) for name, signs in self._signs.items()}, viewers


def _kept(signs: Signs, with_socket: set[str], now: float) -> Signs:
    """Without those whose time is over; who has no socket left keeps GRACE seconds and writes nothing."""
    cut = {
        key: sign if key in with_socket else Sign(sign.name, min(sign.until, now + GRACE), 0.0)
        for key, sign in signs.items()
    }
    return {key: sign for key, sign in cut.items() if sign.until > now}


def frame_of(signs: Mapping[str, Sign], now: float) -> str:
    """The frame without a number: who is here, as HTML for everybody, and who writes, each by key and name."""
    here = sorted((sign.name, key) for key, sign in signs.items() if sign.until > now)
    writing = [[key, name] for name, key in here if signs[key].writing > now]
    return json.dumps({"kind": "presence", "html": _drawn(here), "writing": writing[:SHOWN]})


def _drawn(here: Sequence[tuple[str, str]]) -> str:
    """A few monograms, how many there are, and the names for readers."""
    if not here:
        return ""
    marks = format_html_join(
        "", "{}", ((monogram(name, int(key) if key.isdecimal() else None),) for name, key in here[:FEW])
    )
    names = ", ".join(name for name, _ in here[:SHOWN])
    text = '{}<span class="nowrap" title="{}">{} here</span><span class="sr">: {}</span>'
    return str(format_html(text, marks, names, len(here), names))


def _tell(viewers: list[Viewer], text: str) -> None:
    for viewer in viewers:
        viewer.tell(text)
