"""Whom policies page at this moment, and on whose turn: two queries, however many policies a page shows.

A page that reads policies or services anyway may join their levels to its rows (`LADDER`): then it is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, Q

from accounts.models import User
from core import clock
from oncall.models import Level, Schedule
from oncall.queries.directory import Ladder, ladders_of
from oncall.queries.levels import ids_of, resolve
from oncall.queries.on_call import OnCall, on_call_now, person_on_call
from oncall.queries.reach import has_way

TURNING = ("pk", "name", "team_id", "time_zone", "anchor", "unit", "length")
Plain = dict[str, Any]
LADDER = ("rung_position", "rung_pk", "rung_target")  # the order in which joined levels have to come


@dataclass(frozen=True, slots=True)
class Standby:
    """Policy id -> its ladder at the time `at`, with the levels, schedules and members that it was made of."""

    at: datetime
    ladders: Mapping[int, Ladder] = field(default_factory=dict)
    levels: Mapping[int, Sequence[Plain]] = field(default_factory=dict)
    schedules: Mapping[int, Schedule] = field(default_factory=dict)
    members: Mapping[int, Sequence[User]] = field(default_factory=dict)

    def first(self, policy_id: int | None) -> Sequence[User]:
        """The people whom a page would reach at once; nobody without a policy."""
        ladder = self.ladders.get(policy_id) if policy_id is not None else None
        return ladder.first if ladder is not None else []

    def turns(self, policy_id: int, level: int) -> list[tuple[Schedule, OnCall]]:
        """The schedules of a level, counted from 1, on which somebody is now."""
        pks = [pk for pk in sorted(ids_of([self.levels[policy_id][level - 1]], "schedule")) if pk in self.schedules]
        turns = [(self.schedules[pk], on_call_now(self.schedules[pk], self.at, self.members[pk])) for pk in pks]
        return [(schedule, turn) for schedule, turn in turns if turn is not None]


def standby(policies: Iterable[int | None], joined: Iterable[Mapping[str, Any]] | None = None) -> Standby:
    """What these policies would do now; `joined` are rows with `policy_id` and `rungs`, where the caller has them."""
    now = clock.now()
    wanted = {pk for pk in policies if pk is not None}
    levels, schedules = _levels(wanted, _read(wanted) if joined is None else joined)
    plain = [level for each in levels.values() for level in each]
    people, members = _people(ids_of(plain, "user"), schedules)
    present = {pk: person_on_call(each, now, members[pk]) for pk, each in schedules.items()}
    found = resolve(plain, people, schedules, present)
    return Standby(now, ladders_of(levels, found), levels, schedules, members)


def rungs(path: str = "") -> dict[str, F]:
    """Annotations that put the levels found along `path` on each row, with what they name; one row for each target."""
    columns = {"position": "position", "pk": "pk", "minutes": "timeout_minutes"}
    columns |= {"target": "targets__pk", "user": "targets__user_id"}
    columns |= {f"schedule_{name}": f"targets__schedule__{name}" for name in TURNING}
    return {f"rung_{name}": F(f"{path}{column}") for name, column in columns.items()}


def _read(policies: Collection[int]) -> Iterable[Plain]:
    if not policies:
        return []
    rows: Any = Level.objects.filter(policy_id__in=policies).annotate(**rungs())
    found: Iterable[Plain] = rows.order_by("policy_id", *LADDER).values("policy_id", *rungs())
    return found


def _levels(
    policies: Iterable[int], rows: Iterable[Mapping[str, Any]]
) -> tuple[dict[int, list[Plain]], dict[int, Schedule]]:
    """Policy id -> its levels as plain values, and every schedule on them; a policy without levels is there too."""
    schedules: dict[int, Schedule] = {}
    found: dict[int, dict[int, Plain]] = {pk: {} for pk in policies}
    targets: set[int] = set()
    for row in rows:
        if row["rung_pk"] is None or row["policy_id"] not in found:
            continue
        plain = found[row["policy_id"]].setdefault(row["rung_pk"], {"timeout_minutes": row["rung_minutes"]})
        aimed = plain.setdefault("targets", [])
        if row["rung_target"] in targets:  # several services have this policy
            continue
        targets.add(row["rung_target"])
        schedule = row["rung_schedule_pk"]
        if row["rung_user"] is not None:
            aimed.append({"kind": "user", "id": row["rung_user"]})
        elif schedule is not None:
            aimed.append({"kind": "schedule", "id": schedule})
            schedules[schedule] = Schedule(**{name: row[f"rung_schedule_{name}"] for name in TURNING})
    return {policy: list(levels.values()) for policy, levels in found.items()}, schedules


def _people(users: Collection[int], schedules: Collection[int]) -> tuple[dict[int, User], dict[int, list[User]]]:
    """Everybody whom the levels mean, by id, as `people_met` finds them; and each schedule's members in order."""
    members: dict[int, list[User]] = {pk: [] for pk in schedules}
    if not users and not schedules:
        return {}, members
    places = Q(turns__schedule_id__in=[0, *schedules])  # never empty: a join on nothing cannot be written
    rows: Any = User.objects.annotate(turn=FilteredRelation("turns", condition=places), has_way=has_way())
    rows = rows.annotate(on_turn_of=F("turn__schedule_id")).filter(Q(pk__in=users) | Q(turn__isnull=False))
    people: dict[int, User] = {}
    for row in rows.order_by("turn__position", "pk"):
        people[row.pk] = row
        if row.on_turn_of is not None:
            members[row.on_turn_of].append(row)
    return people, members
