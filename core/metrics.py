"""Prometheus text of `/metrics`, written by hand: how late the oldest due row is comes first.

Labels are names of kinds and states, never anything that a person typed (A95).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from core import alarms, clock, due, health
from core.models import Beat, BulkJob, DueRow


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a family."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: name without the prefix, one sentence, gauge or counter, and its samples."""

    name: str
    help: str
    kind: str
    samples: list[Sample]


Source = Callable[[], Iterable[Family]]
_sources: list[Source] = []


def metric(source: Source) -> Source:
    """Register a room's figures; the function reads a few indexed counts."""
    _sources.append(source)
    return source


def gauge(name: str, sentence: str, value: float, /, **labels: str) -> Family:
    """A family of one value."""
    return Family(name, sentence, "gauge", [Sample(value, labels)])


def text() -> str:
    """Everything in Prometheus' text format 0.0.4; raises django.db.Error when the database does not answer."""
    return "".join(_written(family) for source in [_queue, _life, *_sources] for family in source())


def _written(family: Family) -> str:
    name = f"watchbill_{family.name}"
    lines = [f"# HELP {name} {_plain(family.help)}", f"# TYPE {name} {family.kind}"]
    for sample in family.samples:
        labels = ",".join(f'{key}="{_quoted(value)}"' for key, value in sorted(sample.labels.items()))
        lines.append(f"{name}{{{labels}}} {sample.value:g}" if labels else f"{name} {sample.value:g}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _plain(text).replace('"', '\\"')


def _late(at: datetime | None) -> float:
    return 0.0 if at is None else max(0.0, (clock.now() - at).total_seconds())


def _queue() -> Iterable[Family]:
    waiting = DueRow.objects.filter(state=DueRow.WAITING)
    oldest = waiting.filter(due__lt=clock.now()).aggregate(at=Min("due"))["at"]
    yield gauge("due_lateness_seconds", "How late the oldest due row is.", _late(oldest))
    kinds = waiting.filter(due__lt=clock.now()).values("kind").annotate(count=Count("pk"), oldest=Min("due"))
    by_kind = [(row["kind"], row["count"], _late(row["oldest"])) for row in kinds.order_by("kind")]
    late = [Sample(seconds, {"kind": kind}) for kind, _, seconds in by_kind]
    yield Family("due_kind_lateness_seconds", "How late the oldest due row of a kind is.", "gauge", late)
    counts = [Sample(count, {"kind": kind}) for kind, count, _ in by_kind]
    yield Family("due_rows", "Rows that are due and wait.", "gauge", counts)
    yield gauge("due_leased_rows", "Rows in the hands of workers.", DueRow.objects.filter(state=DueRow.LEASED).count())
    yield gauge("due_parked_rows", "Rows that were given up.", due.parked().count())
    jobs = BulkJob.objects.exclude(state=BulkJob.DONE).values("state").annotate(count=Count("pk")).order_by("state")
    bulk = [Sample(row["count"], {"state": row["state"]}) for row in jobs]
    yield Family("bulk_jobs", "Bulk jobs that wait or were given up.", "gauge", bulk)


def _life() -> Iterable[Family]:
    tick = health.last_tick()
    if tick is not None:
        yield gauge("worker_tick_age_seconds", "Time since a worker last went round its loop.", _late(tick))
    recent = clock.now() - health.TICK
    workers = Beat.objects.filter(name__startswith="worker:", at__gt=recent).count()
    yield gauge("workers", "Workers that are at work.", workers)
    auditor = Beat.objects.filter(name="auditor").first()
    if auditor is not None:
        yield gauge("auditor_age_seconds", "Time since the auditor's last pass.", _late(auditor.at))
        yield gauge("auditor_ok", "Whether the auditor found nothing wrong.", float(auditor.ok))
    yield gauge("alarms", "Alarms that stand.", len(alarms.standing()))
    yield gauge("healthy", "What /healthz/engine says.", float(health.report()["healthy"]))
