"""The delivery log: what was sent to whom, with every attempt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet

from accounts.actors import Actor
from core import clock, links
from core.errors import Missing
from notifications.kinds import Message, Provider, providers
from notifications.messages import ANSWER
from notifications.models import ContactMethod, Delivery, ProviderConfig
from notifications.states import CONFIRMED, FAILED, QUEUED, SENT


def deliveries_seen_by(actor: Actor) -> QuerySet[Delivery]:
    """The messages that the actor may look at, newest first: own, the team's for a manager, all for administrators."""
    return Delivery.objects.visible_to(actor).select_related("user").prefetch_related("tries").order_by("-pk")


def delivery_seen_by(actor: Actor, pk: int) -> Delivery:
    """One message; Missing where there is none or the actor may not know (A57)."""
    found = deliveries_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such message.")
    return found


def deliveries_for(purpose: str, purpose_keys: Collection[str]) -> QuerySet[Delivery]:
    """The messages of these pages, oldest first, for the page of what they are about."""
    found = Delivery.objects.filter(purpose=purpose, purpose_key__in=list(purpose_keys))
    return found.select_related("user").prefetch_related("tries").defer("message").order_by("pk")


def methods_seen_by(actor: Actor) -> QuerySet[ContactMethod]:
    """One's own addresses."""
    return ContactMethod.objects.visible_to(actor).defer("secrets")


def method_seen_by(actor: Actor, pk: int) -> ContactMethod:
    """One of one's own addresses; another person's does not exist (A43)."""
    found = methods_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such address.")
    return found


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """How a carrier has done in the last hour; `usable` where the operator has set it up."""

    provider: Provider
    usable: bool
    version: int
    waiting: int
    sent: int
    failed: int
    last_sent_at: datetime | None


def provider_health() -> list[ProviderHealth]:
    """Every carrier with its last hour, by id."""
    hour = clock.now() - timedelta(hours=1)
    recent = Delivery.objects.filter(Q(created_at__gt=hour) | Q(state=QUEUED)).values("provider")
    counted = recent.annotate(
        waiting=Count("pk", filter=Q(state=QUEUED)),
        sent=Count("pk", filter=Q(state__in=[SENT, CONFIRMED])),
        failed=Count("pk", filter=Q(state=FAILED)),
        last=Max("handed_at"),
    )
    rows = {row["provider"]: row for row in counted}
    configs = {c.provider: c for c in ProviderConfig.objects.only("provider", "enabled", "version")}
    return [_health(each, configs.get(each.id), rows.get(each.id, {})) for each in providers()]


def _health(provider: Provider, config: ProviderConfig | None, row: dict[str, object]) -> ProviderHealth:
    last = row.get("last")
    return ProviderHealth(
        provider,
        usable=config.enabled if config else not provider.needs_set_up,
        version=config.version if config else 0,
        waiting=int(str(row.get("waiting", 0))),
        sent=int(str(row.get("sent", 0))),
        failed=int(str(row.get("failed", 0))),
        last_sent_at=last if isinstance(last, datetime) else None,
    )


def usable_providers() -> list[Provider]:
    """The carriers to which an address can be added now."""
    return [each.provider for each in provider_health() if each.usable]


def addable_providers() -> list[Provider]:
    """The usable carriers whose address a person can type: a browser's subscription is made by the browser itself."""
    return [each for each in usable_providers() if each.id != "webpush"]


def words_for(actor: Actor, delivery: Delivery) -> Message | None:
    """What a message says, for its addressee alone: it holds the links that answer (A47). A code is not said (A43)."""
    if actor.user is None or delivery.user_id != actor.user.pk or delivery.purpose == "verify":
        return None
    try:
        message = Message.from_json(delivery.message)
        return replace(message, answer_link=links.renewed(ANSWER, message.answer_link))
    except ValueError:
        return None
