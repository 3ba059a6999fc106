"""What the mechanics forget, and what not (F46)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import QuerySet

from core import due, links, live, retention
from core.clock import FrozenClock
from core.models import AuditEntry, Beat, BulkJob, DueRow, Fact, IdempotencyKey
from notifications.commands import callbacks
from oncall.views import answer

pytestmark = pytest.mark.django_db


def test_finished_work_goes_and_open_work_stays(at: FrozenClock) -> None:
    for state in ("waiting", "leased", "parked", "done"):
        DueRow.objects.create(key=state, kind="fact.read", ref="0:x", state=state, ended_at=at.at)
    BulkJob.objects.create(name="a", state="done", ended_at=at.at)
    BulkJob.objects.create(name="b", state="parked", ended_at=at.at)
    Beat.objects.create(name="worker:host:1")
    Beat.objects.create(name="alarm:stands", ok=False)
    Beat.objects.create(name="alarm:over")
    at.move(days=6)
    retention.prune("")
    assert DueRow.objects.count() == 4
    at.move(days=30)
    retention.prune("")
    assert sorted(DueRow.objects.values_list("key", flat=True)) == ["leased", "parked", "waiting"]
    assert list(BulkJob.objects.values_list("name", flat=True)) == ["b"]
    assert list(Beat.objects.values_list("name", flat=True)) == ["alarm:stands"]


def test_a_spent_form_is_forgotten_when_it_is_too_old_to_be_sent_again(at: FrozenClock) -> None:
    """A46: within the week a repeat is known; after it the form itself has expired."""
    nonce = links.nonce("answer", "77")
    links.spend("answer", "77", nonce)
    at.move(days=6, hours=23)
    retention.prune("")
    assert IdempotencyKey.objects.count() == 1
    at.move(hours=2)
    retention.prune("")
    assert IdempotencyKey.objects.count() == 0
    with pytest.raises(links.Expired):
        links.spend("answer", "77", nonce)
    assert max(links.NONCE_LIFE, callbacks.ANSWERABLE, answer.LIFE) < retention.KEEP_KEYS


def test_a_fact_that_somebody_has_still_to_read_stays(at: FrozenClock) -> None:
    read, unread = (Fact.objects.create(kind="x", payload={}) for _ in range(2))
    due.put("a", "fact.read", f"{unread.pk}:reader", due=at.at + timedelta(days=90))
    at.move(days=31)
    retention.prune("")
    assert list(Fact.objects.values_list("pk", flat=True)) == [unread.pk]
    assert read.pk != unread.pk


def test_batches_are_small(at: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    monkeypatch.setattr(retention, "MOST", 3)
    due.put_many([DueRow(key=f"k{n}", kind="x", state="done", ended_at=at.at) for n in range(45)])
    at.move(days=8)
    retention.prune("")
    assert DueRow.objects.count() == 15
    retention.prune("")
    assert DueRow.objects.count() == 0


CHOSEN = [
    (lambda at: retention.finished(at), "ended_at", "due_ended_age"),
    (lambda at: Fact.objects.filter(at__lt=at).exclude(pk__in=[7]), "at", "fact_age"),
    (lambda at: IdempotencyKey.objects.filter(created_at__lt=at), "created_at", "idempotency_age"),
    (lambda at: live.forgettable()[0], "at", "feed_age"),
    (lambda at: Session.objects.filter(expire_date__lt=at), "expire_date", "django_session_expire_date"),
]


@pytest.mark.parametrize(("rows", "age", "index"), CHOSEN, ids=[index for *_, index in CHOSEN])
def test_a_batch_reads_what_it_deletes_and_nothing_else(
    rows: Callable[[datetime], QuerySet[Any]], age: str, index: str, at: FrozenClock
) -> None:
    """F46: by the index of its age, without sorting; the deletion goes by the ids while it holds the write lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # tables of a test are too small for an index
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    chosen = rows(at.at).order_by(age).values_list("pk", flat=True)[: retention.BATCH].explain()
    assert index in chosen
    assert "SCAN" not in chosen.upper().replace("INDEX SCAN", "").replace("INDEX ONLY SCAN", "")
    assert "TEMP B-TREE" not in chosen
    if connection.vendor == "sqlite" and rows(at.at).model is not Session:
        assert "INTEGER PRIMARY KEY" in rows(at.at).filter(pk__in=range(retention.BATCH)).explain()


def test_the_audit_is_for_ever() -> None:
    assert AuditEntry not in {DueRow, Fact, BulkJob, Beat}
    assert "AuditEntry" not in vars(retention)
