"""Webhooks and their log as those see them who may define them, without what is private (S34)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import can, require
from core import links
from core.errors import Missing
from core.models import FeedTopic
from incidents.models import Incident
from integrations import permissions
from integrations.kinds import PING
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.models.webhooks import SECRETS
from oncall.models import Service
from oncall.queries.choices import teams_to_edit


def webhooks_of(actor: Actor) -> QuerySet[OutboundWebhook]:
    """The webhooks that the actor may see: all for those who keep the process, else those of the teams managed.

    Raises Forbidden for everybody else.
    """
    require(actor, permissions.WEBHOOK_SEE)
    rows = OutboundWebhook.objects.select_related("team").prefetch_related("services").defer(*SECRETS)
    if can(actor, permissions.WEBHOOK_SEE, OutboundWebhook()):
        return rows
    roles = actor.user.team_roles() if actor.user is not None else {}
    return rows.filter(team_id__in=[pk for pk, role in roles.items() if role == "manager"])


def webhook_seen_by(actor: Actor, pk: int) -> OutboundWebhook:
    """One webhook; raises Missing where there is none that this actor may see (A57)."""
    rows = OutboundWebhook.objects.select_related("team").prefetch_related("services").defer(*SECRETS)
    found = rows.filter(pk=pk).first() if 0 < pk < 2**31 else None
    if found is None or not can(actor, permissions.WEBHOOK_SEE, found):
        raise Missing("There is no such webhook.")
    return found


def deliveries_of(actor: Actor, webhook: OutboundWebhook) -> QuerySet[WebhookDelivery]:
    """What the webhook was told, newest first, with `number` of the incident; nothing of private incidents (S34).

    Raises Forbidden.
    """
    require(actor, permissions.WEBHOOK_SEE, webhook)
    private = Incident.objects.filter(pk=OuterRef("incident_id"), visibility="private")
    seen = Incident.objects.visible_to(actor).filter(pk=OuterRef("incident_id"))
    rows = WebhookDelivery.objects.filter(~Exists(private) | Exists(seen), webhook=webhook)
    number = Incident.objects.filter(pk=OuterRef("incident_id")).values("number")
    return rows.annotate(number=Subquery(number)).order_by("-pk")


def lost_of(actor: Actor, webhook: OutboundWebhook) -> QuerySet[WebhookDelivery]:
    """What was given up or left out and can be sent again, as far as the actor sees it. Raises Forbidden."""
    lost = [WebhookDelivery.FAILED, WebhookDelivery.SKIPPED]
    return deliveries_of(actor, webhook).filter(state__in=lost).exclude(body="").exclude(kind=PING)


def delivery_seen_by(actor: Actor, webhook: OutboundWebhook, event: uuid.UUID) -> WebhookDelivery:
    """One delivery of this very webhook by its event id; raises Missing for another's and for a private one (A58)."""
    found = deliveries_of(actor, webhook).filter(event=event).first()
    if found is None:
        raise Missing("There is no such delivery.")
    return found


def may_own_all(actor: Actor) -> bool:
    """Whether the actor may define a webhook of the whole organisation."""
    return can(actor, permissions.WEBHOOK_EDIT, OutboundWebhook())


def owners_to_choose(actor: Actor) -> list[Team]:
    """The teams for which the actor may define webhooks."""
    return teams_to_edit(actor, permissions.WEBHOOK_EDIT)


def services_to_choose(actor: Actor) -> list[Service]:
    """The services that a webhook of the actor may be narrowed to."""
    teams = [team.pk for team in owners_to_choose(actor)]
    return list(Service.objects.filter(team__in=teams, archived_at=None).select_related("team").order_by("name"))


def webhooks_to_tell(kind: str, service: Service) -> list[OutboundWebhook]:
    """Those that want this kind of fact of this service, in a fixed order; paused ones too, whose log goes on."""
    rows = OutboundWebhook.objects.filter(Q(team=None) | Q(team_id=service.team_id)).only("pk", "kinds")
    found = [row for row in rows.prefetch_related("services").order_by("pk") if kind in row.kinds]
    return [row for row in found if not (wanted := {each.pk for each in row.services.all()}) or service.pk in wanted]


def anybody_hears(kind: str) -> bool:
    """Whether any webhook wants this kind of fact at all."""
    return any(kind in kinds for kinds in OutboundWebhook.objects.values_list("kinds", flat=True))


def incident_to_tell(number: int) -> Incident | None:
    """An incident that others may hear of, with `seq`, read in one statement; None for a private one (S34).

    State and `seq` are of one moment, so that of two texts the one with the higher `seq` is never the older.
    """
    seq = FeedTopic.objects.filter(name=f"incident:{number}").values("last_seq")
    rows = Incident.objects.select_related("service__team", "priority").annotate(seq=Subquery(seq))
    return rows.filter(number=number, visibility="open").first()


def incident_in_words(incident: Any) -> dict[str, Any]:
    """What a webhook says of an incident, in plain values; times in UTC."""
    return {
        "number": incident.number,
        "name": str(incident),
        "title": incident.title,
        "status": incident.status,
        "priority": {"rank": incident.priority.rank, "name": incident.priority.name},
        "urgency": incident.urgency,
        "is_major": incident.is_major,
        "service": {"id": incident.service_id, "name": incident.service.name},
        "team": {"id": incident.service.team_id, "name": incident.service.team.name},
        "created_at": incident.created_at.isoformat(),
        "status_since": incident.status_since.isoformat(),
        "url": links.absolute(f"/incidents/{incident.number}/"),
        "seq": incident.seq or 0,
    }


def body_in_lines(row: WebhookDelivery) -> str:
    """The text of a delivery with its lines apart, for people."""
    return json.dumps(json.loads(row.body), indent=2, ensure_ascii=False) if row.body else ""


def paused_by_themselves() -> QuerySet[OutboundWebhook]:
    """Webhooks that the portal had to pause, longest first."""
    rows = OutboundWebhook.objects.filter(state=OutboundWebhook.PAUSED, paused_by_itself=True).defer(*SECRETS)
    return rows.select_related("team").order_by("state_since")
