"""What the tests of webhooks share: a receiver on loopback, a webhook that points to it, incidents that change."""

from __future__ import annotations

from typing import Any

from incidents.commands import lifecycle, opening
from incidents.models import Incident
from integrations.commands import webhooks
from integrations.models import OutboundWebhook, WebhookDelivery
from tests import world as builders
from tests.fakes import Carrier, drain
from tests.world import World

HEARD = ("incident.opened", "incident.acknowledged", "incident.priority_raised", "incident.resolved")


def hook(world: World, carrier: Carrier, **more: Any) -> OutboundWebhook:
    """A webhook of Payments that hears of the usual things, made by Ana."""
    return secret_hook(world, carrier, **more)[0]


def secret_hook(world: World, carrier: Carrier, **more: Any) -> tuple[OutboundWebhook, str]:
    """The same with its secret."""
    values: dict[str, Any] = {"name": "Chat bridge", "url": f"{carrier.url}/hook", "kinds": list(HEARD)}
    team = more.pop("team", world.payments)
    actor = builders.acts(more.pop("by", world.ana))
    return webhooks.create(actor, team, **{**values, **more})


def opened(world: World, title: str = "Checkout is slow", *, drained: bool = True) -> Incident:
    """An incident that Bo declares; with what follows done unless told otherwise."""
    incident = opening.declare(
        builders.acts(world.bo), service=world.checkout, title=title, priority=builders.priority(3)
    )
    if drained:
        drain()
    return incident


def acknowledge(world: World, incident: Incident) -> None:
    """Bo takes it."""
    lifecycle.acknowledge(builders.acts(world.bo), incident)


def log_of(row: OutboundWebhook) -> list[WebhookDelivery]:
    """Everything that it was told, oldest first."""
    return list(WebhookDelivery.objects.filter(webhook=row).order_by("pk"))


def states(row: OutboundWebhook) -> list[tuple[str, str]]:
    """Kind and state of each, oldest first."""
    return [(each.kind.removeprefix("incident."), each.state) for each in log_of(row)]
