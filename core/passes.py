"""Periodic passes (auditor, pruning, canary …): each turn is a due row whose key carries its time slot.

Any number of workers ask for the turn of the present slot; the unique key lets one have it. Turns that an
outage has swallowed are not made up for. When the clock is set back, the keys of the slots that come again are
there already: from then on the keys carry a further mark, the era, which all workers share.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from core import clock, db, due
from core.models import Beat

log = logging.getLogger(__name__)
KIND = "core.pass"
ASKED = "passes"  # the sign of life of asking itself; its detail counts the eras
SET_BACK = timedelta(seconds=60)  # clocks of several hosts differ by less
FRESH = timedelta(seconds=5)  # so long one process's note of having asked is enough for all


@dataclass(frozen=True, slots=True)
class Pass:
    """One periodic pass; `priority` decides whether it may be late in a storm."""

    name: str
    every: timedelta
    call: Callable[[], None]
    priority: due.Priority


_passes: dict[str, Pass] = {}
_asked: dict[str, int] = {}


def every(
    name: str, interval: timedelta, *, priority: due.Priority = due.Priority.NORMAL
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that a worker calls once per `interval`; it may use the network and must end within 20 s."""

    def register(call: Callable[[], None]) -> Callable[[], None]:
        if name in _passes and _passes[name].call is not call:
            raise ValueError(f"periodic pass {name} is already registered")
        _passes[name] = Pass(name, interval, call, priority)
        return call

    return register


def registered() -> list[Pass]:
    """Every periodic pass, by name."""
    return [_passes[name] for name in sorted(_passes)]


def ask() -> int:
    """Put the row of each pass's present time slot; cheap when this process has asked before."""
    now = clock.now()
    slots = {each.name: int(now.timestamp() // each.every.total_seconds()) for each in _passes.values()}
    wanted = [each for each in _passes.values() if _asked.get(each.name) != slots[each.name]]
    if not wanted:
        return 0
    mark = _mark(now)
    made = 0
    for each in wanted:
        key = f"pass:{each.name}:{slots[each.name]}{mark}"
        made += due.put(key, KIND, each.name, priority=each.priority, lane="passes")
        _asked[each.name] = slots[each.name]
    return made


def _mark(now: datetime) -> str:
    """What the keys carry beside the slot: nothing, or the number of times that the clock was set back."""
    beat = Beat.objects.filter(name=ASKED).first()
    if beat is None or not now - FRESH < beat.at <= now:
        beat = _asked_now(now)
    era = beat.detail.get("era", 0)
    return f":{era}" if era else ""


def _asked_now(now: datetime) -> Beat:
    """Write down when somebody last asked; a time that lies in the future begins an era."""
    with transaction.atomic():
        Beat.objects.get_or_create(name=ASKED, defaults={"at": now})
        beat = db.locked(Beat.objects.filter(name=ASKED)).get()
        if beat.at > now + SET_BACK:
            log.warning("the clock was set back by %d s", (beat.at - now).total_seconds())
            beat.detail = {"era": beat.detail.get("era", 0) + 1}
        beat.at = now
        beat.save(update_fields=["at", "detail"])
    return beat


@due.due(KIND, effect="external", max_attempts=3)
def run_pass(item: due.Item) -> None:
    """Do one turn and leave a sign of life; a failure is logged and shown, the next turn is the second try."""
    wanted = _passes.get(item.ref)
    if wanted is None or not item.still_mine():
        return
    started = time.monotonic()
    try:
        wanted.call()
    except Exception as error:  # loop edge: a pass is the rooms' own, and comes again
        log.exception("the periodic pass %s failed", wanted.name)
        sign(wanted.name, ok=False, seconds=time.monotonic() - started, error=type(error).__name__)
    else:
        sign(wanted.name, ok=True, seconds=time.monotonic() - started)


def sign(name: str, *, ok: bool, seconds: float, error: str = "") -> None:
    """Write the sign of life of a pass: `pass:<name>`."""
    detail = {"seconds": round(seconds, 3), "error": error}
    Beat.objects.update_or_create(name=f"pass:{name}", defaults={"at": clock.now(), "ok": ok, "detail": detail})
