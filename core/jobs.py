"""Bulk work (exports, clean-ups, renderings) on django-q2; never on the way to a page.

django-q2 carries one number: the id of a `BulkJob` row, as signed JSON. Names, arguments and attempts are in
our own row, so a payload planted in its table can start nothing and a pickle is never loaded (A99).
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django_q import conf, monitor, signing, status
from django_q.brokers import get_broker

from core import clock, due, passes
from core.models import Beat, BulkJob

log = logging.getLogger(__name__)
Job = Callable[[str], None]
DOOR = "core.jobs.run"
MAX_ATTEMPTS = 5
LONGEST_REF = 120
CANARY_EVERY = timedelta(seconds=60)
CANARY_LATE = timedelta(minutes=4)
_jobs: dict[str, Job] = {}


class NumberSerializer:
    """The only payload that goes through the queue: a JSON object that names our door and one row."""

    @staticmethod
    def dumps(obj: Any) -> bytes:
        """Write a package; raises TypeError for anything but our own."""
        if obj.get("func") != DOOR:
            raise TypeError("only core.jobs may put work into the bulk queue")
        return json.dumps({"id": obj["id"], "job": obj["args"][0]}).encode()

    @staticmethod
    def loads(data: bytes) -> dict[str, Any]:
        """Read a package; raises BadSignature for anything else, upon which the cluster drops it."""
        try:
            found = json.loads(data)
            tag, number = found["id"], found["job"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadSignature("not a bulk job of ours") from error
        if not isinstance(tag, str) or type(number) is not int:
            raise BadSignature("not a bulk job of ours")
        return _package(tag, number)


def _package(tag: str, number: int) -> dict[str, Any]:
    return {"id": tag, "name": f"job-{number}", "func": DOOR, "args": (number,), "kwargs": {}, "started": clock.now()}


def _keep_nothing(task: dict[str, Any], broker: Any) -> None:
    """Results are in `BulkJob`; django-q2's own table would hold pickles."""


def harden() -> None:
    """Fit django-q2 to our rules: JSON under a key of its own, no pickled results, no schedules, no status writes."""
    signing.PickleSerializer = NumberSerializer
    conf.Conf.SECRET_KEY = salted_hmac("watchbill.jobs", "queue", secret=settings.SECRET_KEY).hexdigest()
    conf.Conf.SCHEDULER = False
    monitor.save_task = _keep_nothing
    status.Stat.save = lambda self: None


def job(name: str) -> Callable[[Job], Job]:
    """Register a bulk job; it takes the text that was given to `enqueue` and may run twice."""

    def register(call: Job) -> Job:
        if name in _jobs and _jobs[name] is not call:
            raise ValueError(f"bulk job {name} is already registered")
        _jobs[name] = call
        return call

    return register


def names() -> list[str]:
    """Every bulk job."""
    return sorted(_jobs)


def enqueue(name: str, ref: str = "") -> int:
    """Ask for a bulk job in the caller's transaction; returns its number.

    Raises KeyError for an unknown name and ValueError for a ref that does not fit its column.
    """
    if name not in _jobs:
        raise KeyError(name)
    if len(ref) > LONGEST_REF:
        raise ValueError(f"the ref of a bulk job is longer than {LONGEST_REF}")
    with transaction.atomic():
        row = BulkJob.objects.create(name=name, ref=ref)
        _send(row.pk)
    return row.pk


def _send(number: int) -> None:
    get_broker().enqueue(signing.SignedPackage.dumps(_package(uuid.uuid4().hex, number)))


def run(number: int) -> None:
    """Do one bulk job; the cluster's workers call it. Counts the attempt first, so that a job that kills its
    worker is given up after five tries."""
    if not BulkJob.objects.filter(pk=number, state=BulkJob.WAITING).update(
        attempts=F("attempts") + 1, started_at=clock.now()
    ):
        return
    row = BulkJob.objects.get(pk=number)
    if row.attempts > MAX_ATTEMPTS:
        _give_up(row, row.error or "it never ended")
        return
    try:
        _jobs[row.name](row.ref)
    except Exception as error:  # loop edge: a job is the rooms' own, and is tried again
        log.exception("bulk job %s (%s) failed, attempt %d", row.name, row.ref, row.attempts)
        _failed(row, f"{type(error).__name__}: {error}"[:500])
    else:
        BulkJob.objects.filter(pk=number).update(state=BulkJob.DONE, ended_at=clock.now(), error="")


def _failed(row: BulkJob, error: str) -> None:
    if row.attempts >= MAX_ATTEMPTS:
        _give_up(row, error)
        return
    BulkJob.objects.filter(pk=row.pk).update(error=error)
    again = clock.now() + timedelta(seconds=10 * 4 ** (row.attempts - 1))
    due.put(f"job:{row.pk}:{row.attempts}", "core.job", str(row.pk), due=again, priority=due.Priority.SUBSCRIBER)


def _give_up(row: BulkJob, error: str) -> None:
    BulkJob.objects.filter(pk=row.pk).update(state=BulkJob.PARKED, ended_at=clock.now(), error=error)
    log.error("bulk job %s (%s) was given up after %d attempts: %s", row.name, row.ref, row.attempts, error)


@due.due("core.job", effect="database")
def send_again(item: due.Item) -> None:
    """Put a bulk job back into the queue after its delay."""
    _send(int(item.ref))


def cron(name: str, *, every: timedelta) -> None:
    """Enqueue a registered job once per `every`, whatever number of workers runs."""

    def turn() -> None:
        enqueue(name)

    passes.every(f"job.{name}", every, priority=due.Priority.SUBSCRIBER)(turn)


# --- the canary -----------------------------------------------------------------------------------
@job("core.canary")
def canary(_ref: str) -> None:
    """A job that only leaves a sign of life: an idle-looking cluster may be a dead one (stack 9)."""
    Beat.objects.update_or_create(name="jobs", defaults={"at": clock.now(), "ok": True})


cron("core.canary", every=CANARY_EVERY)


def stalled() -> bool:
    """Whether canaries were sent and none has come back for four minutes: the runner replaces the cluster."""
    now = clock.now()
    limit = now - CANARY_LATE
    if Beat.objects.filter(name="jobs", at__gte=limit, at__lte=now + CANARY_EVERY).exists():
        return False
    return BulkJob.objects.filter(name="core.canary", state=BulkJob.WAITING, created_at__lt=limit).exists()
