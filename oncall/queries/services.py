"""The directory: services, policies and schedules as an actor may see them."""

from __future__ import annotations

import operator
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Prefetch, Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import can
from core.errors import Missing
from oncall import permissions
from oncall.models import EscalationPolicy, NotificationRule, Schedule, ScheduleMember, Service, ServiceDependency

M = TypeVar("M", bound=Model)


def services_seen_by(actor: Actor, *, archived: bool = False) -> QuerySet[Service]:
    """Services by name; archived ones only when asked for."""
    found = Service.objects.select_related("team", "policy").prefetch_related("dependencies__needs")
    if not can(actor, permissions.SERVICE_SEE):
        return found.none()
    return found if archived else found.filter(archived_at__isnull=True)


def service_seen_by(actor: Actor, pk: int) -> Service:
    """One service, archived or not; Missing where there is none or the actor may not know (A57)."""
    found = services_seen_by(actor, archived=True).prefetch_related(None)  # for one, its own look costs no more
    return _one(found, pk, "There is no such service.")


def policies_seen_by(actor: Actor) -> QuerySet[EscalationPolicy]:
    """Policies by name, with their levels and targets read ahead."""
    found = EscalationPolicy.objects.select_related("team", "fallback").prefetch_related(
        "levels__targets__user", "levels__targets__schedule"
    )
    return found if can(actor, permissions.POLICY_SEE) else found.none()


def policy_seen_by(actor: Actor, pk: int) -> EscalationPolicy:
    """One policy; Missing where there is none or the actor may not know."""
    return _one(policies_seen_by(actor), pk, "There is no such escalation policy.")


def schedules_seen_by(actor: Actor) -> QuerySet[Schedule]:
    """Schedules by name, with their members read ahead."""
    found = Schedule.objects.select_related("team").prefetch_related("members__user")
    return found if can(actor, permissions.SCHEDULE_SEE) else found.none()


def schedule_seen_by(actor: Actor, pk: int) -> Schedule:
    """One schedule; Missing where there is none or the actor may not know."""
    return _one(schedules_seen_by(actor), pk, "There is no such schedule.")


def on_call_schedules(actor: Actor) -> QuerySet[Schedule]:
    """The schedules whose present people the actor may know: stakeholders too see who is on call."""
    members = Prefetch("members", ScheduleMember.objects.select_related("user"))
    found = Schedule.objects.select_related("team").prefetch_related(members)
    return found if can(actor, permissions.ON_CALL_SEE) else found.none()


def rules_seen_by(actor: Actor) -> QuerySet[NotificationRule]:
    """One's own notification rules."""
    found = NotificationRule.objects.select_related("method", "user")
    if actor.user is None or not can(actor, permissions.RULE_SEE, actor.user):
        return found.none()
    return found.filter(user=actor.user)


def rule_seen_by(actor: Actor, pk: int) -> NotificationRule:
    """One of one's own rules; Missing otherwise (A57)."""
    return _one(rules_seen_by(actor), pk, "There is no such rule.")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands one step from a service: those that need it, and those that it needs; archived ones apart."""

    before: list[Service]
    after: list[Service]


def neighbours(service: Service) -> Neighbours:
    """Both sides by name, in one query."""
    pairs = ServiceDependency.objects.filter(Q(service=service) | Q(needs=service)).select_related("service", "needs")
    rows = list(pairs)
    before = [row.service for row in rows if row.needs_id == service.pk and row.service.archived_at is None]
    after = [row.needs for row in rows if row.service_id == service.pk and row.needs.archived_at is None]
    by_name = operator.attrgetter("name")
    return Neighbours(sorted(before, key=by_name), sorted(after, key=by_name))


@dataclass(slots=True)
class Needs:
    """Every service by its id, archived ones too, and the ids that each needs: read once, asked often (A83)."""

    names: dict[int, str]
    needed: dict[int, list[int]]

    def path(self, start: int, goal: int) -> list[int] | None:
        """The ids along which `start` needs `goal`, both included, the fewest; None where it does not."""
        came: dict[int, int | None] = {start: None}
        line = deque([start])
        while line and goal not in came:
            here = line.popleft()
            for pk in self.needed.get(here, ()):
                if pk not in came:
                    came[pk] = here
                    line.append(pk)
        step = goal if goal in came else None
        found: list[int] = []
        while step is not None:
            found.append(step)
            step = came[step]
        return found[::-1] or None


def needs_of_all(services: QuerySet[Service]) -> Needs:
    """Who needs whom, in two questions; `services` are all of them, locked where somebody is about to write."""
    needed: dict[int, list[int]] = {}
    names = dict(services.values_list("pk", "name"))
    for service_id, needs_id in ServiceDependency.objects.values_list("service_id", "needs_id"):
        needed.setdefault(service_id, []).append(needs_id)
    return Needs(names, needed)


def document_of(policy: EscalationPolicy) -> dict[str, Any]:
    """A policy as one document, for the audit log."""
    return {
        "name": policy.name,
        "team": policy.team_id,
        "repeats": policy.repeats,
        "fallback": policy.fallback_id,
        "levels": [
            {
                "timeout_minutes": level.timeout_minutes,
                "users": [t.user_id for t in level.targets.all() if t.user_id is not None],
                "schedules": [t.schedule_id for t in level.targets.all() if t.schedule_id is not None],
            }
            for level in policy.levels.prefetch_related("targets")
        ],
    }


def _one(found: QuerySet[M], pk: int, sentence: str) -> M:
    thing = found.filter(pk=pk).first()
    if thing is None:
        raise Missing(sentence)
    return thing
