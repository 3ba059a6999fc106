"""Sending to webhooks: one event of a webhook at a time, signed anew at each attempt, marked only after it was sent.

Still wanted and not private? → lease asked once more → POST within 10 s → one transaction for the attempt, the
event's state, the webhook's rest and its next row of the due queue. Whoever is killed before the mark sends again,
with the same id (at least once).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.actors import system
from accounts.models import Membership, User
from accounts.queries import active_people, administrators
from core import audit, clock, db, due, http, links
from core.dial import bucket
from core.due import Item
from core.errors import PortalError, Unreachable
from incidents.models import Incident
from integrations import outgoing
from integrations.commands.webhook_log import arm
from integrations.kinds import PING
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.models.webhooks import SECRETS
from integrations.states import WEBHOOK, WEBHOOK_DELIVERY
from notifications.commands import notices
from notifications.messages import Message
from notifications.providers.carrier import retry_after

DEADLINE = 10.0  # seconds of wall clock for one attempt (G12)
MOST_BODY = 1024  # bytes of the answer that are read, and thrown away
SHOWN = 20  # attempts of an event that are kept
SKIPPED = "its incident is private: nothing was sent"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt met: `outcome` is a status class or a word for none, `took` a time bucket (A75)."""

    at: datetime
    outcome: str
    took: str
    gone: bool = False
    shut: bool = False  # our own stored secret cannot be opened
    wait: timedelta | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver has taken it."""
        return self.outcome == "2xx"


def send_next(item: Item) -> None:
    """Send the webhook's next event, if its row is still the one that counts; external, at least once."""
    webhook = OutboundWebhook.objects.defer(*SECRETS).filter(pk=int(item.ref)).first()
    if webhook is None or webhook.due_key != item.key:
        item.finish()
        return
    delivery = _next(webhook)
    if delivery is None:
        _settle(item, webhook, None, None)
        return
    if not item.still_mine():
        raise due.LeaseLost(item.key)
    attempt = None if _is_private(delivery) else _post(webhook, delivery)
    _settle(item, webhook, delivery, attempt)


def _next(webhook: OutboundWebhook) -> WebhookDelivery | None:
    """The event whose turn it is; of a paused or resting webhook tests alone."""
    now = clock.now()
    rows = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.WAITING, next_try_at__lte=now)
    rows = rows.order_by("next_try_at", "pk")
    test = rows.filter(kind=PING).first()
    rests = webhook.rests_until is not None and webhook.rests_until > now
    if test is not None or webhook.state != OutboundWebhook.ACTIVE or rests:
        return test
    return rows.first()


def _is_private(delivery: WebhookDelivery) -> bool:
    """Whether the incident has been made private since the event was written down; asked right before it leaves."""
    if delivery.incident_id is None:
        return False
    return Incident.objects.filter(pk=delivery.incident_id).exclude(visibility="open").exists()


def _post(webhook: OutboundWebhook, delivery: WebhookDelivery) -> Attempt:
    """One POST to where the webhook points now; the answer's body is not looked at."""
    at, started, body = clock.now(), time.monotonic(), delivery.body.encode()
    try:
        signed = outgoing.headers(secrets_of(webhook, at), str(delivery.event), delivery.kind, at, body)
    except ValueError:
        return Attempt(at, "not sent", bucket(0), shut=True)
    try:
        answer = http.send("POST", webhook.url, content=body, headers=signed, timeout=DEADLINE, max_bytes=MOST_BODY)
    except Unreachable:
        return Attempt(at, "no answer", bucket(time.monotonic() - started))
    except PortalError:
        return Attempt(at, "address not allowed", bucket(0))
    wait = retry_after(answer.headers) if answer.status in {429, 503} else None
    return Attempt(
        at,
        f"{answer.status // 100}xx",
        bucket(answer.elapsed),
        gone=answer.status == 410,
        wait=None if wait is None else timedelta(seconds=wait),
    )


def secrets_of(webhook: OutboundWebhook, at: datetime) -> list[str]:
    """The secrets to sign with: the present one, and the one before while its grace lasts. Raises ValueError (A98)."""
    row = OutboundWebhook.objects.only("pk", "old_secret_until", *SECRETS).get(pk=webhook.pk)
    old = row.old_secret if row.old_secret_until is not None and at < row.old_secret_until else None
    return [row.secret, *([old] if old else [])]


# --- what follows ---------------------------------------------------------------------------------
def _settle(item: Item, webhook: OutboundWebhook, delivery: WebhookDelivery | None, attempt: Attempt | None) -> None:
    """In one transaction: the event, the webhook and its next row. A webhook removed meanwhile has nothing to write."""
    with item.finishing():
        row = db.locked(OutboundWebhook.objects.defer(*SECRETS).filter(pk=webhook.pk)).first()
        if row is None:
            return
        event = None if delivery is None else db.locked(WebhookDelivery.objects.filter(pk=delivery.pk)).first()
        reason = ""
        if event is not None and event.state == WebhookDelivery.WAITING:
            reason = _skip(event) if attempt is None else _record(row, event, attempt)
        arm(row)
        if reason:
            _pause(row, reason)


def _skip(event: WebhookDelivery) -> str:
    """Nothing of a private incident leaves, and its words are not kept here either (S34)."""
    event.state = WEBHOOK_DELIVERY.next("skip", event.state)
    event.next_try_at, event.detail, event.body = None, SKIPPED, ""
    event.save()
    return ""


def _record(row: OutboundWebhook, event: WebhookDelivery, attempt: Attempt) -> str:
    """Write an attempt down; returns why the webhook must be paused, empty where it goes on."""
    said = {"at": attempt.at.isoformat(), "outcome": attempt.outcome, "took": attempt.took}
    event.attempts = [*event.attempts, said][-SHOWN:]
    event.tries += 1
    now = clock.now()
    if attempt.accepted:
        event.state = WEBHOOK_DELIVERY.next("accept", event.state)
        event.sent_at, event.next_try_at, event.detail = now, None, ""
        event.save()
        row.failures, row.failing_since, row.rests_until = 0, None, None
        row.save(update_fields=["failures", "failing_since", "rests_until"])
        return ""
    if event.kind == PING or now >= event.give_up_at:
        event.state = WEBHOOK_DELIVERY.next("give_up", event.state)
        event.next_try_at = None
        event.detail = "a test is tried once" if event.kind == PING else "given up after 24 hours"
    else:
        wait = max(outgoing.wait_after(event.tries), attempt.wait or timedelta(0))
        event.next_try_at = min(now + wait, event.give_up_at)
    event.save()
    return "" if event.kind == PING else _failed(row, attempt, now)


def _failed(row: OutboundWebhook, attempt: Attempt, now: datetime) -> str:
    """Count a failure and let the webhook rest; returns why it must be paused, empty where it goes on."""
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.rests_until = now + max(outgoing.rest_after(row.failures), attempt.wait or timedelta(0))
    row.save(update_fields=["failures", "failing_since", "rests_until"])
    if attempt.gone:
        return "the receiver says that the address is gone (410)"
    if attempt.shut:
        return "its secret cannot be opened with WATCHBILL_FIELD_KEYS: rotate it"
    lasted = now - row.failing_since
    if lasted >= outgoing.PATIENCE:
        return "nothing was taken for 24 hours"
    if lasted >= outgoing.STORM_TIME and _tried(row).count() >= outgoing.STORM:
        return f"{outgoing.STORM} events in a row were not taken"
    return ""


def _tried(row: OutboundWebhook) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(webhook=row, state=WebhookDelivery.WAITING, tries__gt=0)


def _pause(row: OutboundWebhook, reason: str) -> None:
    """Pause it where everybody who owns it sees that: on its page, among the warnings, by mail, in the audit."""
    if row.state != OutboundWebhook.ACTIVE:
        return
    row.state, row.state_since = WEBHOOK.next("pause", row.state), clock.now()
    row.paused_reason, row.paused_by_itself = reason, True
    db.bump(row)
    row.save(update_fields=["state", "state_since", "paused_reason", "paused_by_itself", "version"])
    due.withdraw([row.due_key])
    arm(row)
    message = Message(
        title=f"The webhook {row.name} is paused",
        text=f"The webhook {row.name} is paused: {reason}. Events wait in its log; resume it once its receiver works.",
        link=links.absolute(f"/webhooks/{row.pk}/"),
        rank=5,
    )
    for user in owners_of(row):
        notices.tell(user, key=f"webhook:{row.pk}:{row.version}", message=message)
    audit.write(system(), "webhook.pause", f"webhook:{row.pk}", after={"reason": reason})


def owners_of(row: OutboundWebhook) -> list[User]:
    """Who is told: whoever made it, and its team's managers; the administrators where there is nobody of these."""
    mine = Q(pk=row.created_by_id)
    if row.team_id is not None:
        mine |= Q(memberships__team_id=row.team_id, memberships__role=Membership.MANAGER)
    return list(active_people().filter(mine).distinct()) or list(administrators())
