"""Outgoing webhooks as their owners define them: made, changed, rotated, paused, resumed, removed (matrix 3.4)."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import require
from core import audit, clock, db, due
from core.errors import Conflict, Invalid
from core.text import clean_line
from integrations import permissions
from integrations.commands.webhook_log import arm, locked
from integrations.kinds import WEBHOOK_KINDS
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.outgoing import PATIENCE
from integrations.states import WEBHOOK, WEBHOOK_DELIVERY
from notifications.providers.carrier import clean_url
from oncall.models import Service

GRACE, LONGEST_GRACE = timedelta(hours=24), timedelta(days=30)
MOST = 100


@transaction.atomic
def create(
    actor: Actor,
    team: Team | None,
    *,
    name: str,
    url: str,
    kinds: Collection[str],
    services: Iterable[Service] = (),
) -> tuple[OutboundWebhook, str]:
    """Make a webhook of a team, or of the whole organisation; returns it with its secret, which is shown once.

    Raises Invalid for an address that is not allowed (A69), unknown kinds and services of other teams (A58).
    """
    require(actor, permissions.WEBHOOK_EDIT, OutboundWebhook(team=team))
    if OutboundWebhook.objects.count() >= MOST:
        raise Conflict(f"There are {MOST} webhooks at most; remove one first.", code="too_many_webhooks")
    raw = _secret()
    row = OutboundWebhook(team=team, name=_name(name), url=clean_url(url, field="url"), kinds=_kinds(kinds))
    row.secret, row.created_by = raw, actor.user
    _store(row)
    row.services.set(_services(row, services))
    audit.write(actor, "webhook.create", f"webhook:{row.pk}", after=_said(row))
    return row, raw


@transaction.atomic
def edit(
    actor: Actor,
    webhook: OutboundWebhook,
    *,
    team: Team | None = None,
    keep_team: bool = True,
    name: str | None = None,
    url: str | None = None,
    kinds: Collection[str] | None = None,
    services: Iterable[Service] | None = None,
    version: int | None = None,
) -> OutboundWebhook:
    """Change a webhook; `keep_team` off with no `team` makes it the organisation's.

    What waits goes to the new address. Raises Conflict on a stale `version`, and Invalid as `create` does.
    """
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = locked(webhook)
    db.check_version(row, version)
    before = _said(row)
    if not keep_team:
        row.team = team
        require(actor, permissions.WEBHOOK_EDIT, row)
    row.name = row.name if name is None else _name(name)
    row.url = row.url if url is None else clean_url(url, field="url")
    row.kinds = row.kinds if kinds is None else _kinds(kinds)
    db.bump(row)
    _store(row)
    row.services.set(_services(row, row.services.all() if services is None else services))
    old, new = audit.changed(before, _said(row))
    audit.write(actor, "webhook.edit", f"webhook:{row.pk}", before=old, after=new)
    return row


@transaction.atomic
def rotate(actor: Actor, webhook: OutboundWebhook, *, grace: timedelta = GRACE) -> tuple[OutboundWebhook, str]:
    """Make a new secret; until `grace` is over each message carries a signature by either (F54)."""
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        raise Invalid("The time of grace must be between nothing and 30 days.", fields={"grace": ["Is out of range."]})
    row = locked(webhook)
    raw, old = _secret(), _readable(row) if grace else None
    row.old_secret, row.old_secret_until = old, clock.now() + grace if old else None
    row.secret = raw
    db.bump(row)
    row.save(update_fields=["secret", "old_secret", "old_secret_until", "version"])
    until = row.old_secret_until.isoformat() if row.old_secret_until else None
    audit.write(actor, "webhook.rotate", f"webhook:{row.pk}", after={"old_secret_until": until})
    return row, raw


@transaction.atomic
def pause(actor: Actor, webhook: OutboundWebhook) -> OutboundWebhook:
    """Send nothing until it is resumed; events are kept in its log meanwhile. Raises Conflict when it is paused."""
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = locked(webhook)
    _move(row, "pause")
    row.paused_reason, row.paused_by_itself = f"paused by {actor.label}"[:200], False
    row.save(update_fields=["state", "state_since", "paused_reason", "paused_by_itself", "version"])
    due.withdraw([row.due_key])
    arm(row)  # a test that waits is still sent
    audit.write(actor, "webhook.pause", f"webhook:{row.pk}", after={"reason": row.paused_reason})
    return row


@transaction.atomic
def resume(actor: Actor, webhook: OutboundWebhook, *, send_waiting: bool = True) -> OutboundWebhook:
    """Send again: first what has waited, or, without `send_waiting`, only what comes from now on.

    What is left out stays in the log and can be replayed. Raises Conflict when the webhook is not paused.
    """
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = locked(webhook)
    _move(row, "resume")
    row.paused_reason, row.paused_by_itself = "", False
    row.failures, row.failing_since, row.rests_until = 0, None, None
    row.save()
    now = clock.now()
    waiting = WebhookDelivery.objects.filter(webhook=row, state=WebhookDelivery.WAITING)
    if send_waiting:
        waited = waiting.update(next_try_at=now, tries=0, give_up_at=now + PATIENCE)
    else:
        left = WEBHOOK_DELIVERY.next("skip", "waiting")
        waited = waiting.update(state=left, next_try_at=None, detail="left out when the webhook was resumed")
    arm(row)
    audit.write(actor, "webhook.resume", f"webhook:{row.pk}", after={"waited": waited, "sent": send_waiting})
    return row


@transaction.atomic
def delete(actor: Actor, webhook: OutboundWebhook) -> None:
    """Remove a webhook with its log; nothing more is sent."""
    require(actor, permissions.WEBHOOK_EDIT, webhook)
    row = locked(webhook)
    said = _said(row)
    due.withdraw([row.due_key])
    row.delete()
    audit.write(actor, "webhook.delete", f"webhook:{webhook.pk}", before=said)


def _move(row: OutboundWebhook, verb: str) -> None:
    row.state, row.state_since = WEBHOOK.next(verb, row.state), clock.now()
    db.bump(row)


def _secret() -> str:
    return "whsec_" + randomness.token_urlsafe(32)


def _readable(row: OutboundWebhook) -> str | None:
    """The present secret; None where no key of FIELD_KEYS opens it, so that a rotation mends that too."""
    try:
        return str(row.secret)
    except ValueError:
        return None


def _name(value: str) -> str:
    name = clean_line(value, 80, "name")
    if not name:
        raise Invalid("A name is needed.", fields={"name": ["A name is needed."]})
    return name


def _kinds(wanted: Collection[str]) -> list[str]:
    """The chosen kinds in their usual order; raises Invalid for none and for unknown ones."""
    unknown = sorted(set(wanted) - set(WEBHOOK_KINDS))
    if unknown or not wanted:
        sentence = f"{unknown[0][:40]} is not a kind of event." if unknown else "Choose at least one kind of event."
        raise Invalid(sentence, fields={"kinds": [sentence]})
    return [kind for kind in WEBHOOK_KINDS if kind in wanted]


def _services(row: OutboundWebhook, wanted: Iterable[Service]) -> list[Service]:
    """The services to narrow it to; one of a team hears of that team's alone (A58)."""
    found = list(wanted)
    foreign = [each for each in found if row.team_id is not None and each.team_id != row.team_id]
    if foreign:
        sentence = f"{foreign[0].name} is not a service of this webhook's team."
        raise Invalid(sentence, fields={"services": [sentence]})
    return found


def _store(row: OutboundWebhook) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        sentence = "There is a webhook of this name already."
        raise Conflict(sentence, code="taken", fields={"name": [sentence]}) from error


def _said(row: OutboundWebhook) -> dict[str, Any]:
    """What the audit keeps: of the address the host alone, since its path may be a secret (A95)."""
    services = sorted(row.services.values_list("pk", flat=True))
    host = urlsplit(row.url).netloc
    return {"name": row.name, "team": row.team_id, "host": host, "kinds": row.kinds, "services": services}
