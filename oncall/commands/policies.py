"""Verbs of escalation policies: a policy with its levels and targets is written as one document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team, User
from accounts.permissions import require
from core import audit
from core.db import bump, check_version, locked
from core.errors import Conflict, Missing
from oncall import permissions
from oncall.commands import shapes
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, Level, Schedule, Target
from oncall.queries.coverage import people_of
from oncall.queries.reach import reachable_ids
from oncall.queries.services import document_of

MOST_LEVELS, MOST_TARGETS = 20, 50
MOST_MINUTES, MOST_REPEATS = 1440, 9


@dataclass(frozen=True, slots=True)
class _Checked:
    """One level whose targets exist and may be used."""

    timeout_minutes: int
    users: list[User]
    schedules: list[Schedule]


@transaction.atomic
def create(
    actor: Actor,
    team: Team,
    *,
    name: str,
    levels: Sequence[LevelDraft],
    repeats: int = 2,
    fallback: User | None = None,
) -> EscalationPolicy:
    """Make a policy; raises Invalid for an empty level, a foreign target, or when nobody could be reached (F55)."""
    require(actor, permissions.POLICY_EDIT, team)
    policy = EscalationPolicy(name=shapes.name(name), team=team, fallback=_fallback(actor, team, fallback, None))
    policy.repeats = shapes.number(repeats, "repeats", 0, MOST_REPEATS)
    checked = _check(actor, team, levels, None)
    shapes.store(policy)
    _write(policy, checked)
    _refuse_unreachable(policy)
    audit.write(actor, "policy.create", f"policy:{policy.pk}", after=document_of(policy))
    return policy


@transaction.atomic
def edit(
    actor: Actor,
    policy: EscalationPolicy,
    *,
    version: int | None = None,
    team: Team | None = None,
    name: str | None = None,
    levels: Sequence[LevelDraft] | None = None,
    repeats: int | None = None,
    fallback: User | None = None,
    keep_fallback: bool = True,
) -> EscalationPolicy:
    """Change a policy; running escalations keep their copy (O24). `keep_fallback` off with no `fallback` removes it.

    Raises Conflict (`stale`) when it has changed since `version`, and Invalid as `create` does.
    """
    require(actor, permissions.POLICY_EDIT, policy)
    policy = _locked(policy)
    check_version(policy, version)
    before = document_of(policy)
    if team is not None:
        require(actor, permissions.POLICY_EDIT, team)
        policy.team = team
    if name is not None:
        policy.name = shapes.name(name)
    if repeats is not None:
        policy.repeats = shapes.number(repeats, "repeats", 0, MOST_REPEATS)
    if fallback is not None or not keep_fallback:
        policy.fallback = _fallback(actor, policy.team, fallback, policy.fallback_id)
    checked = None if levels is None else _check(actor, policy.team, levels, policy)
    bump(policy)
    shapes.store(policy)
    if checked is not None:
        _write(policy, checked)
    _refuse_unreachable(policy)
    said = audit.changed(before, document_of(policy))
    audit.write(actor, "policy.edit", f"policy:{policy.pk}", before=said[0], after=said[1])
    return policy


@transaction.atomic
def delete(actor: Actor, policy: EscalationPolicy) -> None:
    """Remove a policy that no service uses; running escalations keep their copy (O24). Raises Conflict (`in_use`)."""
    require(actor, permissions.POLICY_EDIT, policy)
    policy = _locked(policy)
    used = list(policy.services.values_list("name", flat=True)[:5])
    if used:
        raise Conflict(
            f"Still used by {', '.join(used)}.", code="in_use", hint="Give these services another policy first."
        )
    before, key = document_of(policy), f"policy:{policy.pk}"
    policy.delete()
    audit.write(actor, "policy.delete", key, before=before)


def _locked(policy: EscalationPolicy) -> EscalationPolicy:
    found = locked(EscalationPolicy.objects.filter(pk=policy.pk)).first()
    if found is None:
        raise Missing("There is no such escalation policy.")
    return found


def _fallback(actor: Actor, team: Team, user: User | None, known: int | None) -> User | None:
    if user is None:
        return None
    shapes.people([user.pk], "fallback")
    shapes.refuse_outsiders(actor, team, [user], {known} if known else set(), "fallback")
    return user


def _check(actor: Actor, team: Team, levels: Sequence[LevelDraft], policy: EscalationPolicy | None) -> list[_Checked]:
    if not 1 <= len(levels) <= MOST_LEVELS:
        raise shapes.wrong("levels", f"A policy needs from 1 to {MOST_LEVELS} levels.")
    known = Target.objects.filter(level__policy=policy) if policy else Target.objects.none()
    checked = [_check_level(position, level) for position, level in enumerate(levels, 1)]
    users = [user for level in checked for user in level.users]
    schedules = [schedule for level in checked for schedule in level.schedules]
    shapes.refuse_outsiders(actor, team, users, set(known.values_list("user_id", flat=True)), "levels")
    shapes.refuse_foreign(actor, team, schedules, set(known.values_list("schedule_id", flat=True)), "levels")
    return checked


def _check_level(position: int, level: LevelDraft) -> _Checked:
    minutes = shapes.number(level.timeout_minutes, "levels", 1, MOST_MINUTES)
    users = shapes.people(dict.fromkeys(level.users), "levels")
    wanted = list(dict.fromkeys(level.schedules))
    found = Schedule.objects.prefetch_related("members__user").in_bulk(wanted)
    if len(found) != len(wanted):
        raise shapes.wrong("levels", f"Level {position}: there is no such schedule.")
    if not 1 <= len(users) + len(wanted) <= MOST_TARGETS:
        raise shapes.wrong("levels", f"Level {position} needs from 1 to {MOST_TARGETS} people or schedules.")
    return _Checked(minutes, users, [found[pk] for pk in wanted])


def _write(policy: EscalationPolicy, levels: Sequence[_Checked]) -> None:
    policy.levels.all().delete()
    for position, level in enumerate(levels, 1):
        row = Level.objects.create(policy=policy, position=position, timeout_minutes=level.timeout_minutes)
        targets: list[dict[str, Any]] = [{"user": user} for user in level.users]
        targets += [{"schedule": schedule} for schedule in level.schedules]
        Target.objects.bulk_create([Target(level=row, **target) for target in targets])


def _refuse_unreachable(policy: EscalationPolicy) -> None:
    """A policy that reaches nobody is refused when it is saved, not found out at night (F55)."""
    people = people_of(EscalationPolicy.objects.get(pk=policy.pk))
    if not reachable_ids(people):
        names = ", ".join(user.name for user in people.values())
        why = f"{names} {'have' if len(people) > 1 else 'has'} no working address" if names else "nobody takes turns"
        raise shapes.wrong("levels", f"Nobody on this policy can be reached: {why}.")
