"""Holes before they hurt: policies that reach nobody, gaps in schedules, services without an answer (F55, F56)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import can
from core import clock
from core.health import Finding
from oncall.models import EscalationPolicy, Level, Schedule, Service, Target
from oncall.permissions import SERVICE_SEE
from oncall.queries.levels import copy_of, holes_in, levels_now
from oncall.queries.on_call import can_be_on_call, person_on_call, with_members
from oncall.queries.reach import reachable_ids


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that would leave a page unanswered; `thing` is a key such as `policy:3`."""

    thing: str
    name: str
    sentence: str


def _policies() -> QuerySet[EscalationPolicy]:
    targets = Target.objects.select_related("user", "schedule").prefetch_related("schedule__members__user")
    levels = Level.objects.prefetch_related(Prefetch("targets", queryset=targets))
    return EscalationPolicy.objects.select_related("team").prefetch_related(Prefetch("levels", queryset=levels))


def people_of(policy: EscalationPolicy) -> dict[int, User]:
    """Everybody whom the policy could ever page: its persons and all who take turns on its schedules."""
    found: dict[int, User] = {}
    for level in policy.levels.all():
        for target in level.targets.all():
            users = [target.user] if target.user is not None else []
            if target.schedule is not None:
                users = [member.user for member in target.schedule.members.all()]
            found.update({user.pk: user for user in users if can_be_on_call(user)})
    return found


def unreachable_policies() -> Iterator[Finding]:
    """Policies in use that could reach nobody at all: an alarm, not a surprise at night (F55)."""
    used = _policies().filter(services__archived_at__isnull=True, services__isnull=False).distinct()
    people = {policy: people_of(policy) for policy in used}
    reached = reachable_ids({pk for found in people.values() for pk in found})
    for policy, found in people.items():
        if not reached & set(found):
            yield Finding(f"policy:{policy.pk}", f"Nobody on the escalation policy {policy.name} can be reached.")


def warnings_of(policy: EscalationPolicy) -> list[str]:
    """What would be passed over if the policy were used at this moment, in sentences (O17)."""
    return holes_in(levels_now(copy_of(policy), clock.now()).levels)


def holes(actor: Actor) -> list[Hole]:
    """Services without a policy, policies that reach nobody, schedules with nobody on call now (MOB-25)."""
    if not can(actor, SERVICE_SEE):
        return []
    found = [
        Hole(f"service:{service.pk}", service.name, "It has no escalation policy: the last resort is paged.")
        for service in Service.objects.filter(archived_at__isnull=True, policy__isnull=True)
    ]
    names = dict(EscalationPolicy.objects.values_list("pk", "name"))
    for finding in unreachable_policies():
        found.append(Hole(finding.thing, names[int(finding.thing.split(":")[1])], finding.sentence))
    return found + [
        Hole(f"schedule:{schedule.pk}", schedule.name, "Nobody is on call now.") for schedule in schedules_with_gap()
    ]


def schedules_with_gap() -> list[Schedule]:
    """Schedules on which nobody is on call at this moment (O12)."""
    now = clock.now()
    return [schedule for schedule in with_members() if person_on_call(schedule, now) is None]
