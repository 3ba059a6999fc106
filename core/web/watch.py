"""The web process looks at the engine too: it mails the administrators itself when no worker is alive (F60)."""

from __future__ import annotations

import threading
import time

from core import health

EVERY = 15.0
_started: list[threading.Thread] = []


def start() -> None:
    """Begin to look, once per process; called when the server starts, after every fork."""
    if not _started:
        _started.append(threading.Thread(target=_look, name="engine-watch", daemon=True))
        _started[0].start()


def _look() -> None:
    while True:
        health.web_side_watch()
        time.sleep(EVERY)
