"""The auditor: each minute it looks whether anything was forgotten, raises and clears alarms, mails the
administrators about those that no mail has told of, and pings the external watchdog only after a full and clean
pass (G14, G15)."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from core import alarms, clock, db, due, health, http, jobs, passes
from core.errors import PortalError
from core.health import Finding
from core.logs import redact
from core.models import Beat, DueRow
from core.text import one_line

log = logging.getLogger(__name__)
SECONDS = 15.0
SHOWN = 50
SAY_AGAIN = timedelta(minutes=10)
BULK_DEAD = timedelta(minutes=10)


@passes.every("auditor", timedelta(seconds=60), priority=due.Priority.STEP)
def audit_engine() -> None:
    """One full pass: every check whose turn it is, the alarms, the mail, the ping."""
    started = time.monotonic()
    before = _remembered()
    results = {name: _run(name, before.get(name), started) for name in health.checks()}
    _settle(results)
    ill = [result for name, result in results.items() if not (health.is_of_settings(name) and result["ran"])]
    wrong = [finding for result in ill for finding in result["findings"]]
    sentence = wrong[0]["sentence"] if wrong else ""
    detail = {"sentence": sentence, "seconds": round(time.monotonic() - started, 3), "checks": results}
    Beat.objects.update_or_create(name="auditor", defaults={"at": clock.now(), "ok": not wrong, "detail": detail})
    alarms.tell_of_new(results)
    if health.report()["healthy"]:
        ping()


def _remembered() -> dict[str, dict[str, Any]]:
    beat = Beat.objects.filter(name="auditor").first()
    found: dict[str, dict[str, Any]] = beat.detail.get("checks", {}) if beat else {}
    return found


def _run(name: str, before: dict[str, Any] | None, started: float) -> dict[str, Any]:
    """The findings of one check as plain values; a check that cannot run is itself a finding (F61)."""
    call, every = health.checks()[name]
    now = clock.now()
    if before and before["ran"] and _stands(datetime.fromisoformat(before["at"]), every, now):
        return before
    left = SECONDS - (time.monotonic() - started)
    if left <= 0:
        return _not_run(name, "the pass had used up its time")
    try:
        with db.deadline(left):
            found = list(call())
    except Exception as error:  # loop edge: checks are the rooms' own, and one that breaks is a finding
        log.exception("the auditor's check %s could not run", name)
        db.heal()
        return _not_run(name, type(error).__name__)
    shown = [{"thing": finding.thing, "sentence": finding.sentence} for finding in found[:SHOWN]]
    return {"at": now.isoformat(), "ran": True, "count": len(found), "findings": shown}


def _stands(ran: datetime, every: timedelta, now: datetime) -> bool:
    """Whether a result still holds; one from the future was found before the clock was set back."""
    return ran <= now + health.FUTURE and ran + every > now + timedelta(seconds=5)


def _not_run(name: str, why: str) -> dict[str, Any]:
    sentence = f"The auditor's check {name} could not run: {why}."
    findings = [{"thing": name, "sentence": sentence}]
    return {"at": clock.now().isoformat(), "ran": False, "count": 1, "findings": findings}


def _settle(results: dict[str, dict[str, Any]]) -> None:
    """Raise or clear one alarm per check."""
    for name, result in results.items():
        if not result["findings"]:
            alarms.clear(name)
            continue
        more = f" (and {result['count'] - 1} more)" if result["count"] > 1 else ""
        sentence = result["findings"][0]["sentence"] + more
        alarms.alarm(name, sentence, {finding["thing"]: finding["sentence"] for finding in result["findings"]})


def ping() -> None:
    """Tell the external watchdog that all is well; a failure is logged once in ten minutes and hurts nobody (F62)."""
    if not settings.WATCHDOG_URL:
        return
    why = ""
    try:
        answer = http.send("GET", settings.WATCHDOG_URL, timeout=10.0, max_bytes=1024)
        if not 200 <= answer.status < 300:
            why = f"it answered {answer.status}"
    except PortalError as error:
        why = error.code
    beat = Beat.objects.filter(name="watchdog").first()
    said = datetime.fromisoformat(beat.detail["said"]) if beat and beat.detail.get("said") else None
    if why and (said is None or abs(clock.now() - said) >= SAY_AGAIN):
        log.warning("the external watchdog was not reached: %s", why)
        said = clock.now()
    detail = {"said": said.isoformat() if said else None, "why": why}
    Beat.objects.update_or_create(name="watchdog", defaults={"at": clock.now(), "ok": not why, "detail": detail})


@health.check("core.parked")
def given_up() -> list[Finding]:
    """Work that was given up is an alarm until somebody looks at it."""
    rows = due.parked().order_by("-ended_at")[:SHOWN]
    return [Finding(row.key, f"“{row.key}” was given up after {row.attempts} attempts: {_why(row)}") for row in rows]


def _why(row: DueRow) -> str:
    """The first line of the error, masked: what the database adds in further lines are values of the row (A95)."""
    return one_line(redact(row.error.strip().partition("\n")[0]), 300)


@health.check("core.unknown")
def unknown_kinds() -> list[Finding]:
    """Overdue rows that no worker of this release can do."""
    late = clock.now() - health.LATENESS
    rows = DueRow.objects.filter(state=DueRow.WAITING, due__lt=late).exclude(kind__in=list(due.handlers()))
    kinds = sorted(set(rows.values_list("kind", flat=True)[:SHOWN]))
    return [Finding(kind, f"Nobody can do the waiting work of kind “{kind}”.") for kind in kinds]


@health.check("core.bulk", every=timedelta(minutes=5))
def bulk_lane() -> list[Finding]:
    """The bulk cluster has done nothing for ten minutes, although it was asked and the runner replaced it."""
    beat = Beat.objects.filter(name="jobs").first()
    if not jobs.stalled() or (beat is not None and health.lived(beat.at, BULK_DEAD)):
        return []
    return [Finding("bulk", "The bulk lane does not work: exports, digests and clean-ups stand still.")]
