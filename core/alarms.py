"""Alarms about the portal itself: rows that stand until they are cleared, and mail to the administrators (G14, F60).

`core` does not know people: the room that owns them registers who the administrators are. Their addresses are
kept in memory, so that mail leaves also when the database is the thing that failed (F27).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q

from core import clock, db, facts
from core.models import Beat
from core.text import one_line

log = logging.getLogger(__name__)
MAIL_AGAIN = TELL_AGAIN = timedelta(minutes=30)
LINES = 10  # of one alarm in one mail
MAIL_SECONDS = 10.0  # for all administrators together: a mail server that hangs must not hold up a pass
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


def alarm(code: str, sentence: str, things: Iterable[str] | Mapping[str, str] = ()) -> bool:
    """Raise an alarm, or renew it; says whether it is new. A new one is logged as an error and recorded as a fact.

    A renewed one is recorded again when it concerns other `things` than before, and every 30 minutes, so that whoever
    has put it aside too early hears of it again. `things` may have a sentence each.
    """
    with transaction.atomic():
        before = db.locked(Beat.objects.filter(name=_row(code))).first()
        stands = before.detail if before is not None and not before.ok else {}
        now = clock.now().isoformat()
        detail = {"since": stands.get("since", now), "told": stands.get("told", now), "sentence": sentence}
        detail |= {"things": sorted(things), "said": dict(things) if isinstance(things, Mapping) else {}}
        detail |= _mailed_by_now(before.detail if before is not None else {}, bool(stands), _named(detail))
        if _untold(stands, detail["things"]):
            detail["told"] = now
            facts.record(AlarmRaised(code, sentence))
        Beat.objects.update_or_create(name=_row(code), defaults={"at": clock.now(), "ok": False, "detail": detail})
    if not stands:
        log.error("alarm %s: %s", code, sentence)
    return not stands


def _row(code: str) -> str:
    return f"alarm:{code}"[:80]


def _named(detail: dict[str, Any]) -> list[str]:
    """What mail tells of: the things, or the alarm itself where it has none."""
    return detail.get("things") or [""]


def _moments(detail: dict[str, Any], name: str) -> dict[str, str]:
    found = detail.get(name)
    return found if isinstance(found, dict) else {}


def _mailed_by_now(detail: dict[str, Any], stands: bool, named: Collection[str]) -> dict[str, dict[str, str]]:
    """When mail told of each thing: what has not been over since is not mailed again, the rest not for a while."""
    last = _moments(detail, "mailed")
    mailed = {thing: at for thing, at in last.items() if stands and thing in named}
    over = _moments(detail, "mailed_before") | {thing: at for thing, at in last.items() if thing not in mailed}
    return {"mailed": mailed, "mailed_before": {t: at for t, at in over.items() if not _long_from(at, MAIL_AGAIN)}}


def _untold(stands: dict[str, Any], things: Iterable[str]) -> bool:
    told = stands.get("told")
    return told is None or set(things) != set(stands.get("things", ())) or _long_from(told, TELL_AGAIN)


def _long_from(moment: str, by: timedelta) -> bool:
    """Whether now is so far from the moment; either way, since a clock that was set back must silence nobody."""
    return abs(clock.now() - datetime.fromisoformat(moment)) >= by


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
    """Mail the administrators, once per code in 30 minutes over all processes; says whether mail left. Never raises.

    While none has left the turn is given back, so that the next call tries again.
    """
    taken: datetime | None = None
    try:
        taken = _take_turn(code)
        if taken is None:
            return False
        to = remember_administrators()
    except DatabaseError:
        db.heal()
        if time.monotonic() - _mailed.get(code, float("-inf")) < MAIL_AGAIN.total_seconds():
            return False
        to = list(_remembered)
    if _mail_each(to, subject, text):
        _mailed[code] = time.monotonic()
        return True
    if taken is not None:
        _give_back(code, taken)
    return False


def tell_of_new(codes: Collection[str]) -> bool:
    """Mail the administrators about those of the alarms, and things of them, that no mail has told of yet.

    Says whether mail left. Each is marked when it has, so that one that could not be told is told by the next call.
    """
    names = {_row(code) for code in codes}
    news = [(beat, fresh) for beat in standing() if beat.name in names and (fresh := _unmailed(beat.detail))]
    lines = [line for beat, fresh in news for line in _lines(beat.detail, fresh)]
    if not news or not _mail_each(remember_administrators(), lines[0], "\n".join(lines)):
        return False
    for beat, fresh in news:
        _mark_mailed(beat.name, fresh)
    return True


def _unmailed(detail: dict[str, Any]) -> list[str]:
    mailed, before = _moments(detail, "mailed"), _moments(detail, "mailed_before")
    new = [thing for thing in _named(detail) if thing not in mailed]
    return [thing for thing in new if thing not in before or _long_from(before[thing], MAIL_AGAIN)]


def _lines(detail: dict[str, Any], fresh: Collection[str]) -> list[str]:
    """What mail says: the alarm's sentence at first, later those of the things that have come since."""
    said = detail.get("said", {})
    lines = [said[thing] for thing in fresh if thing in said]
    if len(fresh) == len(_named(detail)) or not lines:
        return [str(detail.get("sentence", ""))]
    return [*lines[:LINES], *([f"And {len(lines) - LINES} more."] if len(lines) > LINES else [])]


def _mark_mailed(name: str, things: Iterable[str]) -> None:
    with transaction.atomic():
        beat = db.locked(Beat.objects.filter(name=name)).first()
        if beat is not None:
            at = clock.now().isoformat()
            beat.detail["mailed"] = _moments(beat.detail, "mailed") | dict.fromkeys(things, at)
            beat.save(update_fields=["detail"])


def _mail_each(to: Collection[str], subject: str, text: str) -> bool:
    """One mail per address, so that a dead mailbox costs nobody else the word; says whether any left. Never raises."""
    if not to:
        log.error("there is no administrator to tell: %s", subject)
        return False
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    body = f"{text}\n\n{settings.PORTAL_URL}/admin/\n"
    head = f"[Watchbill] {one_line(subject, 200)}"
    end = time.monotonic() + MAIL_SECONDS
    left = 0
    for number, address in enumerate(to):
        if time.monotonic() >= end:
            log.error("%d administrators were not told, the mail server is too slow: %s", len(to) - number, subject)
            break
        message = EmailMessage(head, body, settings.EMAIL_FROM, [address], headers=headers)
        try:
            message.send()
        except Exception:  # loop edge: whatever one mail meets, the next address and the caller's thread go on (F27)
            log.exception("an administrator could not be told: %s", subject)
        else:
            left += 1
    return left > 0


def _take_turn(code: str) -> datetime | None:
    """Take the turn to mail about a code: one process wins, by a conditional update; None for the others."""
    now = clock.now()
    with transaction.atomic():
        _, made = Beat.objects.get_or_create(name=_turn(code), defaults={"at": now})
        over = Q(at__lt=now - MAIL_AGAIN) | Q(at__gt=now + MAIL_AGAIN)  # the clock may have been set back
        return now if made or Beat.objects.filter(over, name=_turn(code)).update(at=now) == 1 else None


def _give_back(code: str, taken: datetime) -> None:
    try:
        Beat.objects.filter(name=_turn(code), at=taken).delete()
    except DatabaseError:
        db.heal()


def _turn(code: str) -> str:
    return f"mail:{code}"[:80]
