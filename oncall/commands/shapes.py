"""What names, numbers and choices of the room's config nouns must look like; each raises Invalid beside its field."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction

from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.permissions import can
from core.errors import Invalid
from core.text import clean_line
from core.zones import zone_names
from oncall import permissions
from oncall.queries.on_call import can_be_on_call

_anchor = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d", re.ASCII)


def wrong(field: str, sentence: str) -> Invalid:
    """A refusal that belongs beside one field."""
    return Invalid(sentence, fields={field: [sentence]})


def name(value: object) -> str:
    """One line that is not empty, of 120 characters at most."""
    text = clean_line(value, 120, "name")
    if not text:
        raise wrong("name", "A name is needed.")
    return text


def number(value: object, field: str, low: int, high: int) -> int:
    """A whole number between two bounds, both allowed."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise wrong(field, f"Must be a whole number from {low} to {high}.")
    return value


def choice(value: object, field: str, allowed: Collection[str]) -> str:
    """One of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise wrong(field, f"Must be one of {', '.join(allowed)}.")
    return value


def time_zone(value: object) -> str:
    """The name of a time zone of the IANA database."""
    if not isinstance(value, str) or value not in zone_names():
        raise wrong("time_zone", "There is no such time zone.")
    return value


def anchor(value: object) -> str:
    """A local time to the minute, such as 2026-01-05T09:00."""
    if isinstance(value, str) and _anchor.fullmatch(value):
        try:
            datetime.fromisoformat(value)
        except ValueError as error:
            raise wrong("anchor", "There is no such day or time.") from error
        return value
    raise wrong("anchor", "Must be a local time such as 2026-01-05T09:00.")


def store(thing: models.Model) -> None:
    """Save a thing with a unique name; raises Invalid where the name is taken, whatever its case."""
    try:
        with transaction.atomic():
            thing.save()
    except IntegrityError as error:
        raise wrong("name", "This name is taken.") from error


def people(ids: Iterable[int], field: str) -> list[User]:
    """Active responders by id, in the given order; raises Invalid for any other id (F56)."""
    wanted = list(ids)
    found = User.objects.in_bulk(set(wanted))
    for pk in wanted:
        user = found.get(pk)
        if user is None:
            raise wrong(field, "There is no such person.")
        if not can_be_on_call(user):
            why = "is a stakeholder" if user.is_active else "has been deactivated"
            raise wrong(field, f"{user.name} {why} and cannot be paged.")
    return [found[pk] for pk in wanted]


def refuse_outsiders(actor: Actor, team: Team, users: Iterable[User], known: Collection[int], field: str) -> None:
    """Managers have only people of their own teams paged; process owners anybody (A58). `known` stood there before."""
    if can(actor, permissions.CROSS_TEAM, team):
        return
    members = set(Membership.objects.filter(team_id__in=_own_teams(actor, team)).values_list("user_id", flat=True))
    for user in users:
        if user.pk not in members and user.pk not in known:
            raise wrong(field, f"{user.name} is not in your team; ask a process owner to add people of other teams.")


def refuse_foreign(actor: Actor, team: Team, things: Iterable[Any], known: Collection[int], field: str) -> None:
    """As above for things that a team owns: schedules and policies."""
    if can(actor, permissions.CROSS_TEAM, team):
        return
    own = _own_teams(actor, team)
    for thing in things:
        if thing.owning_team_id not in own and thing.pk not in known:
            raise wrong(field, f"{thing} belongs to another team; ask a process owner to use it here.")


def _own_teams(actor: Actor, team: Team) -> set[int]:
    managed = set() if actor.user is None else {pk for pk, role in actor.user.team_roles().items() if role == "manager"}
    return managed | {team.pk}
