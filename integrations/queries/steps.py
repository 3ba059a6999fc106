"""How far a new portal has come on the way to its first page (RES-20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from accounts.actors import Actor
from accounts.permissions import SETTINGS_EDIT, TEAM_CREATE, can
from accounts.queries import active_people, administrators, organisation, teams_seen_by
from core import clock
from incidents.models import Incident
from integrations.models import IntegrationKey, OwnService
from notifications.providers.email import Email, mail_is_filed
from notifications.queries.log import methods_seen_by
from oncall.models import Page, Service
from oncall.queries.services import policies_seen_by, services_seen_by

RECENT = 50
AS_MEANT = timedelta(days=14)  # whoever is still alone after two weeks of pages means to be
_under_way: set[str] = set()  # what is set up stays set up: a process asks no more once it knows


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done about it, and the page where it is taken; one that `may_wait` stops no other."""

    title: str
    sentence: str
    done: bool
    path: str = ""
    action: str = ""
    may_wait: bool = False


def first_steps(actor: Actor) -> list[Step]:
    """The seven steps of mock-up 14 in their order; the portal's own service is none of them."""
    ours = organisation()
    policy = policies_seen_by(actor).prefetch_related(None).first()
    service = _service(actor)
    return [
        _administrator(),
        Step("Name your organisation",
             f"{ours.name}, {ours.time_zone}" if ours.name else "It stands on the sign-in page.", bool(ours.name),
             "/organisation/" if can(actor, SETTINGS_EDIT) else "", "Name it", may_wait=True),
        _people(actor),
        _reach(actor),
        Step("Say who is on call", policy.name if policy else "One level with one person is enough to begin with.",
             policy is not None, "/policies/new/", "New policy"),
        _monitor(service),
        _test_page(service),
    ]  # fmt: skip


def following(steps: Sequence[Step]) -> Step | None:
    """The step to take now: the first that is left, those that may wait behind the others."""
    left = [step for step in steps if not step.done]
    return min(left, key=lambda step: step.may_wait) if left else None


def _administrator() -> Step:
    first = administrators().order_by("pk").values_list("name", flat=True).first()
    return Step("Create the administrator", first or "By the link that the console shows.", first is not None)


def _reach(actor: Actor) -> Step:
    """An address that works, and to which something goes: mail that is only filed reaches nobody."""
    works = list(methods_seen_by(actor).filter(verified_at__isnull=False, broken_at__isnull=True)[:RECENT])
    real = [each for each in works if each.provider != Email.id or not mail_is_filed()]
    if real:
        said = f"{real[0].carrier}, {real[0].place}"
    elif works:
        said = "Mail is only written to files: set WATCHBILL_EMAIL_URL, or let this browser receive pages."
    else:
        said = "Pages go nowhere without. Browser push works without any provider."
    return Step("Add a way to reach you", said, bool(real), "/profile/contact-methods/", "Contact methods")


def _monitor(service: Service | None) -> Step:
    if service is None:
        said = "Name what can break and who answers for it; then its monitoring gets a key."
        return Step("Connect a monitor", said, done=False, path="/services/new/", action="New service")
    key = IntegrationKey.objects.filter(service=service).exists()
    said = "A key and what to paste into the tool: Alertmanager, Grafana, or a line of curl."
    return Step(
        "Connect a monitor", service.name if key else said, key, f"/services/{service.pk}/intake/", "Issue a key"
    )


def _test_page(service: Service | None) -> Step:
    said = (
        "A critical test event runs the whole way, to the message in the hand of whoever is on call. The page says who"
        " that is before you send it; it ends when you tap Accept."
    )
    path = f"/services/{service.pk}/intake/?severity=critical#test" if service else ""
    return Step("Send yourself a test page", said, _first_page() is not None, path, "Send a test event")


def next_step(actor: Actor) -> dict[str, Any] | None:
    """The card on Now: the next step, for those who may set the portal up, until it is; None for everybody else."""
    if not can(actor, TEAM_CREATE) or is_under_way():
        return None
    steps = first_steps(actor)
    done = sum(step.done for step in steps)
    return {"following": following(steps), "done": done, "all": len(steps)} if done < len(steps) else None


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
    """A team that owns things; and somebody has to be on call while the first one sleeps."""
    own = OwnService.objects.values("service__team")
    if not teams_seen_by(actor).exclude(pk__in=own, memberships=None).exists():
        said = "A team owns services, schedules and policies. Make one, then add its people."
        return Step("Invite the team", said, done=False, path="/teams/new/", action="New team")
    names = _names()
    said = "Each gets a link by mail, joins by it once and says how to be reached."
    return Step(
        "Invite the team",
        f"{len(names)}{'+' if len(names) == RECENT else ''} people" if len(names) > 1 else said,
        len(names) > 1,
        "/people/invite/",
        "Invite somebody",
        may_wait=True,
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
