"""Coming back after a long absence: what was to be sent meanwhile is looked through before anything leaves (F52).

The first worker that starts when the newest sign of life of any worker is more than an hour old, or after a restore,
opens a review. Rooms say what they look through; each thing has a transaction of its own and is looked at once more
when a review was broken off, so it must not matter how often. Workers that start meanwhile review with the first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, models, transaction

from core import clock, db, passes
from core.models import Beat

log = logging.getLogger(__name__)
LONG = timedelta(hours=1)
NAME = "away"


@dataclass(frozen=True, slots=True)
class Away:
    """The absence: from the last sign of life until a worker came back, both in UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What a room looks through: `find` names the things, `look` brings one to where it should be now."""

    find: Callable[[Away], Iterable[int]]
    look: Callable[[int, Away], None]


_reviews: dict[str, Review] = {}


def on_return(name: str, review: Review) -> None:
    """Add or replace a room's review."""
    _reviews[name] = review


def restored(taken: datetime) -> dict[str, str]:
    """What the row `NAME` says so that the next worker reviews: the database is now that of an earlier time (UTC)."""
    return {"since": taken.isoformat(), "until": ""}


def note_restore(taken: datetime) -> None:
    """Have the next worker review."""
    Beat.objects.update_or_create(name=NAME, defaults={"at": clock.now(), "ok": True, "detail": restored(taken)})


def come_back(go_on: Callable[[], bool] = lambda: True) -> Away | None:
    """Look through what is overdue, if there was a long absence; called by each worker before it takes anything.

    `go_on` is asked before each thing: a sign of life of whoever looks, and False breaks the review off, which then
    stays open for the next worker.
    """
    found = _absence()
    if found is None:
        return None
    log.warning("away from %s to %s: looking through what was to be sent", found.since, found.until)
    for name in sorted(_reviews):
        review = _reviews[name]
        for key in _named(name, review, found):
            if not go_on():
                return found
            _look(name, review, key, found)
    Beat.objects.filter(name=NAME).update(detail={"reviewed": clock.now().isoformat()})
    return found


def _named(name: str, review: Review, found: Away) -> list[int]:
    try:
        return list(review.find(found))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # loop edge: a review that cannot be begun must not keep a worker from its pages
        log.exception("%s cannot be reviewed", name)
        return []


def _look(name: str, review: Review, key: int, found: Away) -> None:
    try:
        with transaction.atomic():
            review.look(key, found)
    except (OperationalError, InterfaceError):  # the database is away: the worker waits for it and begins anew
        raise
    except Exception:  # loop edge: one thing that cannot be reviewed goes its ordinary way, the others do not wait
        log.exception("%s %s could not be reviewed", name, key)


@transaction.atomic
def _absence() -> Away | None:
    """The open absence, or a new one where nobody has worked for long."""
    now = clock.now()
    Beat.objects.get_or_create(name=NAME, defaults={"at": now})
    row = db.locked(Beat.objects.filter(name=NAME)).get()
    if not row.detail.get("since"):
        last = _last_sign(row.detail.get("reviewed", ""))
        if last is None or now - last <= LONG:
            return None
        row.detail = {"since": last.isoformat(), "until": ""}
    if not row.detail["until"]:
        row.detail["until"] = now.isoformat()
        row.at = now
        row.save(update_fields=["at", "detail"])
    return Away(datetime.fromisoformat(row.detail["since"]), datetime.fromisoformat(row.detail["until"]))


def _last_sign(reviewed: str) -> datetime | None:
    """The newest sign of life that only workers give, the end of a review included; None where there never was one."""
    signs = models.Q(name__startswith="worker:") | models.Q(name__in=[passes.ASKED, "auditor"])
    found: datetime | None = Beat.objects.filter(signs).aggregate(at=models.Max("at"))["at"]
    if reviewed and found is not None:
        return max(found, datetime.fromisoformat(reviewed))
    return found
