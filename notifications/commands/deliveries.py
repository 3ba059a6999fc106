"""Queue a message and take it back: called down by the rooms that want something sent, in their transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction

from core import clock, due
from core.due import Priority
from notifications.kinds import Message, purpose_of
from notifications.models import ContactMethod, Delivery
from notifications.states import QUEUED, WITHDRAWN

log = structlog.get_logger(__name__)
KIND = "delivery.send"


def queue(
    *,
    key: str,
    purpose: str,
    purpose_key: str,
    method: ContactMethod,
    message: Message,
    rank: int,
    first: bool,
    due_at: datetime | None = None,
) -> Delivery | None:
    """Put one message to one address on its way at `due_at` (UTC, default now); None where `key` was queued before.

    `first` is an incident's first page to this person. An unverified address gets nothing but its code (A43): then
    None too. A message with an answer link gets a code of its own (O30).
    """
    purpose_of(purpose)
    if method.verified_at is None and purpose != "verify":
        log.warning("delivery.unverified", key=key, provider=method.provider)
        return None
    code = f"{secrets.randbelow(10**6):06d}" if message.answer_link else ""
    at = due_at or clock.now()
    with transaction.atomic():
        delivery, made = Delivery.objects.get_or_create(
            key=key,
            defaults={
                "purpose": purpose,
                "purpose_key": purpose_key,
                "user_id": method.user_id,
                "method": method,
                "provider": method.provider,
                "address": method.address,
                "message": replace(message, code=code or message.code).to_json(),
                "rank": rank,
                "first": first,
                "due_at": at,
                "code": code,
            },
        )
        if made:
            put_row(delivery, at)
    return delivery if made else None


def put_row(delivery: Delivery, at: datetime) -> None:
    """The row of the due queue for the delivery's present turn."""
    due.put(delivery.row_key, KIND, str(delivery.pk), due=at, priority=priority_of(delivery), lane=delivery.provider)


def priority_of(delivery: Delivery) -> int:
    """First pages before reminders before the rest; a P1's first page before all."""
    if delivery.purpose == "verify":
        return Priority.VERIFY
    if delivery.purpose == "test":
        return Priority.TEST
    if delivery.purpose == "notice":
        return Priority.NORMAL
    if not delivery.first:
        return Priority.REMINDER
    return Priority.FIRST_PAGE if delivery.rank == 1 else Priority.FIRST_PAGE + 1


def withdraw(purpose: str, purpose_keys: Collection[str]) -> int:
    """Take back what no provider has yet (O18), in the caller's transaction; returns how many."""
    waiting = Delivery.objects.filter(purpose=purpose, purpose_key__in=list(purpose_keys), state=QUEUED)
    found = list(waiting.only("pk", "turn"))
    if not found:
        return 0
    taken = Delivery.objects.filter(pk__in=[d.pk for d in found], state=QUEUED).update(
        state=WITHDRAWN, ended_at=clock.now()
    )
    due.withdraw([d.row_key for d in found])
    return taken
