"""Alarms about the portal itself: rows that stand until they are cleared, and mail to the administrators (G14, F60).

`core` does not know people: the room that owns them registers who the administrators are. Their addresses are
kept in memory, so that mail leaves also when the database is the thing that failed (F27).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error as DatabaseError
from django.db import transaction

from core import clock, db, facts
from core.models import Beat

log = logging.getLogger(__name__)
MAIL_AGAIN = TELL_AGAIN = timedelta(minutes=30)
_addresses: list[Callable[[], Iterable[str]]] = []
_remembered: list[str] = []
_mailed: dict[str, float] = {}


@facts.fact("health.alarm_raised")
@dataclass(frozen=True)
class AlarmRaised:
    """The portal's own audit has found something, or it still stands after a while; the sentence names it."""

    code: str
    sentence: str


@facts.fact("health.alarm_ended")
@dataclass(frozen=True)
class AlarmEnded:
    """What the portal's own audit had found is over."""

    code: str


def alarm(code: str, sentence: str, things: Iterable[str] = ()) -> bool:
    """Raise an alarm, or renew it; says whether it is new. A new one is logged as an error and recorded as a fact.

    A renewed one is recorded again when it concerns another of the `things` than before, and every 30 minutes, so
    that whoever has put it aside too early hears of it again.
    """
    with transaction.atomic():
        before = db.locked(Beat.objects.filter(name=_row(code))).first()
        stands = before.detail if before is not None and not before.ok else {}
        detail = {"since": clock.now().isoformat(), **stands, "sentence": sentence, "things": sorted(things)}
        if _untold(stands, detail["things"]):
            detail["told"] = clock.now().isoformat()
            facts.record(AlarmRaised(code, sentence))
        Beat.objects.update_or_create(name=_row(code), defaults={"at": clock.now(), "ok": False, "detail": detail})
    if not stands:
        log.error("alarm %s: %s", code, sentence)
    return not stands


def _row(code: str) -> str:
    return f"alarm:{code}"[:80]


def _untold(stands: dict[str, Any], things: Iterable[str]) -> bool:
    told = stands.get("told")
    if told is None or not set(things) <= set(stands.get("things", ())):
        return True
    return clock.now() - datetime.fromisoformat(told) >= TELL_AGAIN


def clear(code: str) -> bool:
    """End an alarm and record it as a fact; says whether it stood."""
    with transaction.atomic():
        ended = Beat.objects.filter(name=_row(code), ok=False).update(ok=True, at=clock.now()) == 1
        if ended:
            facts.record(AlarmEnded(code))
    if ended:
        log.warning("alarm %s is over", code)
    return ended


def held(code: str) -> Beat | None:
    """The alarm if it stands; its row is locked, so that nothing of it changes before the caller's transaction ends."""
    beat = db.locked(Beat.objects.filter(name=_row(code))).first()
    return None if beat is None or beat.ok else beat


def standing() -> list[Beat]:
    """The alarms that stand, by name."""
    return list(Beat.objects.filter(name__startswith="alarm:", ok=False).order_by("name"))


# --- the administrators ---------------------------------------------------------------------------
def administrators(addresses: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Register who gets mail about the portal itself: a function that returns their mail addresses."""
    _addresses.append(addresses)
    return addresses


def remember_administrators() -> list[str]:
    """Read the addresses and keep them for the time when the database does not answer."""
    found = sorted({address for source in _addresses for address in source()})
    _remembered[:] = found
    return found


def tell(code: str, subject: str, text: str) -> bool:
    """Mail the administrators, once per code in 30 minutes over all processes; says whether mail left. Never raises."""
    try:
        if not _may_mail(code):
            return False
        to = remember_administrators()
    except DatabaseError:
        db.heal()
        if time.monotonic() - _mailed.get(code, float("-inf")) < MAIL_AGAIN.total_seconds():
            return False
        to = list(_remembered)
    _mailed[code] = time.monotonic()
    if not to:
        log.error("there is no administrator to tell: %s", subject)
        return False
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    body = f"{text}\n\n{settings.PORTAL_URL}/admin/\n"
    message = EmailMessage(f"[Watchbill] {subject}", body, settings.EMAIL_FROM, to, headers=headers)
    try:
        message.send()
    except Exception:
        log.exception("the administrators could not be told: %s", subject)
        return False
    return True


def _may_mail(code: str) -> bool:
    """Take the turn to mail about a code: one process wins, by a conditional update."""
    now = clock.now()
    name = f"mail:{code}"[:80]
    with transaction.atomic():
        _, made = Beat.objects.get_or_create(name=name, defaults={"at": now})
        return made or Beat.objects.filter(name=name, at__lt=now - MAIL_AGAIN).update(at=now) == 1
