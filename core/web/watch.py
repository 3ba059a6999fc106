"""What a web process does beside its pages: look at the engine (F60), and keep what stays out of collections."""

from __future__ import annotations

import gc
import threading
import time

from core import health

EVERY = 5.0  # seconds
WATCHED = 3  # turns: the engine is looked after each 15 s
# Turns after which what stands by then (templates, routes, translations) will stay: a full collection walks through
# all of it, and the page that it falls on waits 100 ms for that (P7).
SETTLED = (3, 60)
_started: list[threading.Thread] = []


def start() -> None:
    """Begin to look, once per process; called when the server starts, after every fork."""
    if not _started:
        _started.append(threading.Thread(target=_look, name="engine-watch", daemon=True))
        _started[0].start()


def _look() -> None:
    turn = 0
    while True:
        take(turn)
        time.sleep(EVERY)
        turn += 1


def take(turn: int) -> None:
    """One turn: the banner's findings each time, the engine each third, long-lived objects at two of them."""
    if turn % WATCHED == 0:
        health.web_side_watch()
    health.look_again()
    if turn in SETTLED:
        gc.collect()
        gc.freeze()
