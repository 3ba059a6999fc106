"""The audit is verified each day in the bulk lane; what does not fit, and a day without a word, is an alarm (A93)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from core import audit, away, clock, health, jobs
from core.health import Finding
from core.models import Beat

JOB = BEAT = "core.audit"
EVERY, SILENT = timedelta(days=1), timedelta(days=3)
SECONDS = 30.0  # of one job: the bulk lane ends what takes longer than a minute


@jobs.job(JOB)
def verify(ref: str) -> None:
    """Walk the chain, from a mark where the last job had to stop; the verdict is kept as a sign of life."""
    verdict, onward = audit.walk(audit.Mark.read(ref), SECONDS)
    if onward is not None and not verdict.altered:
        jobs.enqueue(JOB, str(onward))
        return
    said = verdict.broken[0] if verdict.broken else f"{verdict.entries} audit entries, unbroken."
    detail = {"sentence": said, "entries": verdict.entries}
    Beat.objects.update_or_create(name=BEAT, defaults={"at": clock.now(), "ok": not verdict.altered, "detail": detail})


jobs.cron(JOB, every=EVERY)


@health.check(BEAT)
def audit_is_whole() -> Iterator[Finding]:
    """The chain was looked at lately and was whole."""
    beat = Beat.objects.filter(name=BEAT).first()
    if beat is None:  # the first walk is to come; a bulk lane that does nothing has an alarm of its own
        return
    if not beat.ok:
        yield Finding("audit", f"The audit is not whole: {beat.detail.get('sentence', '')}")
    elif clock.now() - max(beat.at, _returned() or beat.at) > SILENT:
        yield Finding("audit", "The audit has not been verified for three days.")


def _returned() -> datetime | None:
    """When the portal last came back from an absence or a restore: nothing could be verified before."""
    return Beat.objects.filter(name=away.NAME).values_list("at", flat=True).first()
