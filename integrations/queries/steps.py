"""How far a new portal has come on the way to its first page (RES-20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from accounts.actors import Actor
from accounts.permissions import TEAM_CREATE, USER_EDIT, can
from accounts.queries import active_people, teams_seen_by
from core import clock
from incidents.models import Incident
from integrations.models import IntegrationKey, OwnService
from notifications.queries.log import methods_seen_by
from oncall.models import Page, Service
from oncall.queries.services import policies_seen_by, services_seen_by

RECENT = 50
AS_MEANT = timedelta(days=14)  # whoever is still alone after two weeks of pages means to be
_under_way: set[str] = set()  # what is set up stays set up: a process asks no more once it knows


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
        Step("Send a test page", "A critical test event runs the whole way, to the message in the hand of whoever is"
             " on call. The page says who that is before you send it.",
             _first_page() is not None, f"{intake}?severity=critical#test" if service else intake, "Send a test event"),
        _people(actor),
    ]  # fmt: skip


def next_step(actor: Actor) -> dict[str, Any] | None:
    """The card on Now: the next step, for those who may set the portal up, until it is; None for everybody else."""
    if not can(actor, TEAM_CREATE) or is_under_way():
        return None
    steps = first_steps(actor)
    left = [step for step in steps if not step.done]
    return {"following": left[0], "done": len(steps) - len(left), "all": len(steps)} if left else None


def is_under_way() -> bool:
    """Whether the portal pages people for a tool, or has paged long enough; asks nothing once it is so."""
    if not _under_way and _has_begun():
        _under_way.add("yes")
    return bool(_under_way)


def _has_begun() -> bool:
    first = _first_page()
    if first is None:
        return False
    own = OwnService.objects.values("service")
    connected = IntegrationKey.objects.exclude(service__in=own).exists() and len(_names()) > 1
    return connected or clock.now() - first > AS_MEANT


def _people(actor: Actor) -> Step:
    """Somebody has to be on call while the first one sleeps; there is no mail that invites."""
    names = _names()
    may = can(actor, USER_EDIT)
    said = (
        "Each sets a password with “Forgot password” on the sign-in page; no invitation is sent."
        if may
        else "An administrator adds people; you put them into teams."
    )
    return Step(
        "Add the people who take turns",
        f"{len(names)}{'+' if len(names) == RECENT else ''} people" if len(names) > 1 else said,
        len(names) > 1,
        "/admin/accounts/user/add/" if may else "/teams/",
        "Add people" if may else "Teams",
    )


def _names() -> list[str]:
    return list(active_people().exclude(role="stakeholder").values_list("name", flat=True)[:RECENT])


def _first_page() -> datetime | None:
    """When somebody was first paged for one of the latest incidents, the portal's own alarms aside (UTC)."""
    own = OwnService.objects.values("service")
    key = Concat(Value("incident:"), Cast("number", CharField()))
    latest = Incident.objects.exclude(service__in=own).order_by("-pk").annotate(key=key).values("key")[:RECENT]
    return Page.objects.filter(subject__in=latest).order_by("pk").values_list("created_at", flat=True).first()


def _service(actor: Actor) -> Service | None:
    rows = services_seen_by(actor).prefetch_related(None).exclude(pk__in=OwnService.objects.values("service"))
    return rows.filter(policy__isnull=False).order_by("pk").first() or rows.order_by("pk").first()
