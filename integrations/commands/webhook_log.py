"""What webhooks are told: an event is written down with its text, sent later, and may be sent again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.actors import Actor
from accounts.permissions import require
from core import audit, clock, db, due, retention
from core.errors import Conflict, Missing
from core.models import DueRow
from incidents.models import Incident
from integrations import permissions
from integrations.kinds import PING
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.models.webhooks import SECRETS
from integrations.outgoing import BODY_VERSION, PATIENCE
from integrations.queries.webhooks import anybody_hears, incident_in_words, incident_to_tell, webhooks_to_tell
from integrations.states import WEBHOOK_DELIVERY

KIND, LANE = "webhook.send", "webhooks"
KEEP = timedelta(days=30)
MOST_AGAIN = 5_000  # events that one replay takes, the oldest first


def tell(kind: str, number: int, change: Mapping[str, Any]) -> int:
    """Called by reactions: write the event down for every webhook that wants it; says for how many.

    The text is that of the incident now, with its `seq`. A private incident is told of to nobody (S34).
    """
    if not anybody_hears(kind):
        return 0
    incident = incident_to_tell(number)
    if incident is None:
        return 0
    wanted = webhooks_to_tell(kind, incident.service)
    about = {"incident": incident_in_words(incident), **({"change": dict(change)} if change else {})}
    rows = OutboundWebhook.objects.defer(*SECRETS).filter(pk__in=[each.pk for each in wanted])
    told = list(db.locked(rows.order_by("pk")))
    WebhookDelivery.objects.bulk_create([_event(row, kind, about, incident) for row in told])
    _arm_for_one_more(told)
    return len(told)


def _event(row: OutboundWebhook, kind: str, about: Mapping[str, Any], incident: Incident | None) -> WebhookDelivery:
    now, event = clock.now(), uuid.uuid4()
    said = {"id": str(event), "kind": kind, "at": now.isoformat(), "version": BODY_VERSION, **about}
    return WebhookDelivery(
        webhook=row,
        event=event,
        kind=kind,
        incident=incident,
        body=json.dumps(said, separators=(",", ":")),
        next_try_at=now,
        give_up_at=now + PATIENCE,
    )


@transaction.atomic
def ping(actor: Actor, webhook: OutboundWebhook) -> WebhookDelivery:
    """Send a `ping` now, also by a paused webhook; it is tried once. Raises Conflict while another one waits."""
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = locked(webhook)
    if WebhookDelivery.objects.filter(webhook=row, kind=PING, state=WebhookDelivery.WAITING).exists():
        raise Conflict("A test is under way already.", code="busy")
    made = _event(row, PING, {"webhook": {"id": row.pk, "name": row.name}}, None)
    made.save(force_insert=True)
    arm(row)
    audit.write(actor, "webhook.test", f"webhook:{row.pk}", after={"event": str(made.event)})
    return made


@transaction.atomic
def replay(actor: Actor, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send one event again, with the same id and a new signature; one that waits is left as it is.

    Raises Conflict while the webhook is paused.
    """
    require(actor, permissions.WEBHOOK_EDIT, delivery.webhook)
    row = _active(delivery.webhook)
    found = db.locked(WebhookDelivery.objects.filter(pk=delivery.pk)).get()
    if found.state != WebhookDelivery.WAITING:
        _again(WebhookDelivery.objects.filter(pk=found.pk))
        arm(row)
        audit.write(actor, "webhook.replay", f"webhook:{row.pk}", after={"event": str(found.event)})
        found.refresh_from_db()
    return found


@transaction.atomic
def replay_failed(actor: Actor, webhook: OutboundWebhook, *, since: datetime) -> int:
    """Send every event again that was given up or left out since `since` (UTC); says how many, 5,000 at most.

    Raises Conflict while the webhook is paused.
    """
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = _active(webhook)
    lost = [WebhookDelivery.FAILED, WebhookDelivery.SKIPPED]
    rows = WebhookDelivery.objects.filter(webhook=row, state__in=lost, created_at__gte=since).exclude(body="")
    ids = list(rows.exclude(kind=PING).order_by("pk").values_list("pk", flat=True)[:MOST_AGAIN])
    count = sum(_again(WebhookDelivery.objects.filter(pk__in=ids[at : at + 500])) for at in range(0, len(ids), 500))
    if count:
        arm(row)
        said = {"since": since.isoformat(), "events": count}
        audit.write(actor, "webhook.replay_failed", f"webhook:{row.pk}", after=said)
    return count


def _again(rows: QuerySet[WebhookDelivery]) -> int:
    now = clock.now()
    state = WEBHOOK_DELIVERY.next("replay", "failed")
    return rows.update(state=state, next_try_at=now, give_up_at=now + PATIENCE, tries=0, detail="")


def arm(row: OutboundWebhook) -> None:
    """Called down, with the webhook locked: have the due queue come when its next event is due, and not twice.

    A row that a worker holds now needs no other: its end looks for what has come meanwhile, under the same lock.
    """
    at = next_due(row)
    if at is None:
        return
    live = DueRow.objects.filter(key=row.due_key, state__in=[DueRow.WAITING, DueRow.LEASED])
    stands = live.values_list("state", "due").first()
    if stands is not None:
        state, planned = stands
        if state == DueRow.LEASED or planned <= at or not due.withdraw([row.due_key]):
            return
    _put([(row, at)])


def _arm_for_one_more(rows: Sequence[OutboundWebhook]) -> None:
    """As `arm` for many locked webhooks that were just given an event due now, in a few statements for all of them.

    What a paused one is given waits for its resuming.
    """
    now = clock.now()
    wanted = [(row, max(now, row.rests_until or now)) for row in rows if row.state == OutboundWebhook.ACTIVE]
    live = DueRow.objects.filter(key__in=[row.due_key for row, _ in wanted])
    planned = dict(live.filter(state=DueRow.WAITING).values_list("key", "due"))
    due.withdraw([row.due_key for row, at in wanted if planned.get(row.due_key, at) > at])
    stands = set(live.filter(state__in=[DueRow.WAITING, DueRow.LEASED]).values_list("key", flat=True))
    _put([(row, at) for row, at in wanted if row.due_key not in stands])


def _put(rows: Sequence[tuple[OutboundWebhook, datetime]]) -> None:
    """One new row of the due queue for each webhook at its time, under a key that was never used."""
    OutboundWebhook.objects.filter(pk__in=[row.pk for row, _ in rows]).update(turn=F("turn") + 1)
    for row, _ in rows:
        row.turn += 1
    same = {"kind": KIND, "priority": due.Priority.SUBSCRIBER, "lane": LANE}
    due.put_many([DueRow(key=row.due_key, ref=str(row.pk), due=at, **same) for row, at in rows])


def next_due(row: OutboundWebhook) -> datetime | None:
    """When the webhook's next event is to be tried; a test waits for neither a pause nor a rest. None for nothing."""
    waiting = WebhookDelivery.objects.filter(webhook=row, state=WebhookDelivery.WAITING).order_by("next_try_at", "pk")
    times = list(waiting.filter(kind=PING).values_list("next_try_at", flat=True)[:1])
    if row.state == OutboundWebhook.ACTIVE:
        rest = row.rests_until or clock.now()
        times += [max(at, rest) for at in waiting.exclude(kind=PING).values_list("next_try_at", flat=True)[:1] if at]
    found: Sequence[datetime] = [at for at in times if at is not None]
    return min(found, default=None)


def prune() -> int:
    """Delete the log older than 30 days in small batches, but for what still waits; says how many rows went."""
    old = WebhookDelivery.objects.filter(created_at__lt=clock.now() - KEEP)
    return retention.forget(old.exclude(state=WebhookDelivery.WAITING, webhook__state=OutboundWebhook.ACTIVE))


def locked(webhook: OutboundWebhook) -> OutboundWebhook:
    """The webhook as it is now, held until the transaction ends; raises Missing when it was removed meanwhile."""
    row = db.locked(OutboundWebhook.objects.defer(*SECRETS).filter(pk=webhook.pk)).first()
    if row is None:
        raise Missing("There is no such webhook.")
    return row


def _active(webhook: OutboundWebhook) -> OutboundWebhook:
    row = locked(webhook)
    if row.state != OutboundWebhook.ACTIVE:
        raise Conflict("This webhook is paused.", code="paused", hint="Resume it first.")
    return row
