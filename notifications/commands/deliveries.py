"""Queue a message and take it back: called down by the rooms that want something sent, in their transaction."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from core import clock, due
from core.due import Priority
from notifications.kinds import Message, purpose_of
from notifications.models import ContactMethod, Delivery
from notifications.states import QUEUED, WITHDRAWN

log = logging.getLogger(__name__)
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
    pressing: bool = False,
    due_at: datetime | None = None,
) -> Delivery | None:
    """Put one message to one address on its way at `due_at` (UTC, default now); None where `key` was queued before.

    `first` is an incident's first page to this person. An unverified address gets nothing but its code (A43): then
    None too. A message with an answer link gets a code of its own (O30). `pressing` is a page of the last resort: it
    does not wait for the minute of its address (F65).
    """
    purpose_of(purpose)
    if method.verified_at is None and purpose != "verify":
        log.warning("%s was not queued: the address is not verified", key)
        return None
    code = f"{secrets.randbelow(10**6):06d}" if message.answer_link else ""
    at = due_at or clock.now()
    with transaction.atomic(savepoint=False):
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
                "pressing": pressing,
                "due_at": at,
                "code": code,
            },
        )
        if made:
            ref, priority = str(delivery.pk), priority_of(delivery)
            due.put(delivery.row_key, KIND, ref, due=at, priority=priority, lane=delivery.provider)
    return delivery if made else None


def priority_of(delivery: Delivery) -> Priority:
    """First pages before reminders before the rest."""
    if delivery.purpose == "verify":
        return Priority.VERIFY
    if delivery.purpose == "test":
        return Priority.TEST
    if not purpose_of(delivery.purpose).ends:  # a notice
        return Priority.NORMAL
    return Priority.FIRST_PAGE if delivery.first else Priority.REMINDER


def withdraw(purpose: str, purpose_keys: Collection[str]) -> int:
    """Take back what no provider has yet (O18), in the caller's transaction; returns how many."""
    waiting = Delivery.objects.filter(purpose=purpose, purpose_key__in=list(purpose_keys), state=QUEUED)
    found = list(waiting.only("pk"))
    if not found:
        return 0
    taken = Delivery.objects.filter(pk__in=[d.pk for d in found], state=QUEUED).update(
        state=WITHDRAWN, ended_at=clock.now()
    )
    due.withdraw([d.row_key for d in found])
    return taken
