"""How far a new portal has come on the way to its first page (RES-20)."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from accounts.queries import teams_seen_by
from integrations.models import InboundEvent, IntegrationKey, OwnService
from notifications.queries.log import methods_seen_by
from oncall.models import Service
from oncall.queries.escalations import my_pages
from oncall.queries.services import policies_seen_by, services_seen_by


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done about it, and the page where it is taken."""

    title: str
    sentence: str
    done: bool
    path: str
    action: str


def first_steps(actor: Actor) -> list[Step]:
    """The steps in the order in which they can be taken; the portal's own service is none of them."""
    own = OwnService.objects.values("service__team")
    team = teams_seen_by(actor).exclude(pk__in=own, memberships=None).first()
    method = methods_seen_by(actor).filter(verified_at__isnull=False, broken_at__isnull=True).first()
    policy = policies_seen_by(actor).prefetch_related(None).first()
    service = _service(actor)
    intake = f"/services/{service.pk}/intake/" if service else "/services/"
    key = service is not None and IntegrationKey.objects.filter(service=service).exists()
    tried = service is not None and InboundEvent.objects.filter(service=service).exists()
    return [
        Step("Make a team", team.name if team else "It owns services, schedules and policies.", team is not None,
             "/teams/new/", "New team"),
        Step("Add a way to reach you", f"{method.carrier}, {method.address}" if method else "Pages go nowhere without.",
             method is not None, "/profile/contact-methods/", "Contact methods"),
        Step("Say who is paged", policy.name if policy else "One level with one person is enough to begin with.",
             policy is not None, "/policies/new/", "New policy"),
        Step("Name a service", service.name if service else "What can break, and which policy answers for it.",
             service is not None, "/services/new/", "New service"),
        Step("Connect a monitor", "A key and what to paste into the tool: Alertmanager, Grafana, or a line of curl.",
             key, intake, "Issue a key"),
        Step("Send yourself a test page", "A critical test event runs the whole way, to the message in your hand.",
             tried and my_pages(actor).exists(), intake, "Send a test event"),
    ]  # fmt: skip


def _service(actor: Actor) -> Service | None:
    rows = services_seen_by(actor).prefetch_related(None).exclude(pk__in=OwnService.objects.values("service"))
    return rows.filter(policy__isnull=False).order_by("pk").first() or rows.order_by("pk").first()
