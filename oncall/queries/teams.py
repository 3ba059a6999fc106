"""What the pages of people and teams show of this room: services and their health, turns, and how a page arrives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from accounts.actors import Actor
from accounts.models import Team, User
from core import clock
from notifications.queries.lately import only_filed
from oncall.engine import rotation
from oncall.engine.rotation import Member
from oncall.kinds import TONES, OpenSubject, Standing, standings
from oncall.models import EscalationPolicy, Schedule, ScheduleMember, Service
from oncall.queries.directory import WELL
from oncall.queries.on_call import OnCall, can_be_on_call, on_call_now, rotation_of, upcoming
from oncall.queries.reach import Way, ways_to
from oncall.queries.services import on_call_schedules, policies_seen_by, services_seen_by

URGENCIES = (("high", "A page of high urgency"), ("low", "A page of low urgency"))


@dataclass(frozen=True, slots=True)
class Held:
    """A team's services with their health, and what is open on them, worst first."""

    services: list[tuple[Service, Standing]]
    subjects: list[OpenSubject]


@dataclass(frozen=True, slots=True)
class Duties:
    """A team's schedules with who is on call now (None: a gap, O12), and its policies."""

    turns: list[tuple[Schedule, OnCall | None]]
    policies: list[EscalationPolicy]


@dataclass(frozen=True, slots=True)
class Wellbeing:
    """How a team's services stand in one word, and how many they are."""

    tone: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's place on a schedule: on call until a time, or the begin of the next turn within 28 days (UTC)."""

    schedule: Schedule
    present: OnCall | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What happens when a page of one urgency comes: the moments in their order, each with its ways."""

    what: str
    moments: list[tuple[int, list[Way]]]

    @property
    def only_filed(self) -> bool:
        """Whether all of it is mail that is only written to files, so that the page reaches nobody."""
        return only_filed(way.method for _, ways in self.moments for way in ways)


def held_by(actor: Actor, team: Team) -> Held:
    """The services that the team answers for, in two queries."""
    services = list(services_seen_by(actor).prefetch_related(None).filter(team=team).order_by("name"))
    health = standings(actor, [service.pk for service in services])
    rows = [(service, health.get(service.pk, WELL)) for service in services]
    rows.sort(key=lambda row: (TONES.index(row[1].tone), row[0].name))
    subjects = [subject for _, standing in rows for subject in standing.subjects]
    return Held(rows, sorted(subjects, key=lambda subject: subject.rank))


def duties_of(actor: Actor, team: Team) -> Duties:
    """Who is on call for the team now, and its policies, in three queries."""
    schedules = on_call_schedules(actor).filter(team=team).order_by("name")
    policies = policies_seen_by(actor).prefetch_related(None).filter(team=team).order_by("name")
    return Duties([(schedule, on_call_now(schedule)) for schedule in schedules], list(policies))


def wellbeing(actor: Actor, teams: Sequence[Team]) -> Mapping[int, Wellbeing]:
    """Team id -> how its services stand; teams without services are left out; two queries."""
    rows = services_seen_by(actor).filter(team__in=teams).values_list("team_id", "pk").order_by("team_id")
    health = standings(actor)
    found = {}
    for team_id, pairs in groupby(rows, key=lambda row: row[0]):
        stand = [health.get(pk, WELL) for _, pk in pairs]
        worst = min(stand, key=lambda each: TONES.index(each.tone))
        found[team_id] = Wellbeing(worst.tone, worst.words, len(stand))
    return found


def on_call_for(actor: Actor, teams: Sequence[Team]) -> Mapping[int, list[User]]:
    """Team id -> who is on call on its schedules now, each once; teams in whose turns nobody stands are left out."""
    known = on_call_schedules(actor).filter(team__in=teams).order_by().values("pk")
    places = ScheduleMember.objects.filter(schedule__in=known).select_related("schedule", "user")
    found: dict[int, dict[int, User]] = {}
    at = clock.now()
    for schedule, rows in groupby(places.order_by("schedule__name", "position"), key=lambda place: place.schedule):
        users = [place.user for place in rows]
        people = {user.pk: user for user in users}
        members = [Member(user.pk, can_be_on_call(user)) for user in users]
        person = rotation.on_call(rotation_of(schedule), members, at)
        found.setdefault(schedule.team_id, {}).update({} if person is None else {person: people[person]})
    return {pk: list(present.values()) for pk, present in found.items()}


def turns_of(actor: Actor, person: User) -> list[Turn] | None:
    """The schedules in which a person takes turns, those with a present turn first; None where there are none."""
    rows = on_call_schedules(actor).filter(members__user=person).distinct().order_by("name")
    turns = [_turn(schedule, person) for schedule in rows]
    return sorted(turns, key=lambda turn: turn.present is None) or None


def _turn(schedule: Schedule, person: User) -> Turn:
    now = on_call_now(schedule)
    if now is not None and now.user.pk == person.pk:
        return Turn(schedule, now, None)
    coming: Iterable[datetime] = (shift.since for shift in upcoming(schedule) if shift.person == person.pk)
    return Turn(schedule, None, next(iter(coming), None))


def reach_of(actor: Actor, person: User) -> list[Reach] | None:
    """What a page does to reach the person, by urgency (O29), for himself or herself alone: it shows addresses.

    None also for stakeholders, who are never paged.
    """
    if person.role == "stakeholder" or actor.user is None or actor.user.pk != person.pk:
        return None
    return [Reach(what, _moments(ways_to(person, urgency))) for urgency, what in URGENCIES]


def _moments(ways: Iterable[Way]) -> list[tuple[int, list[Way]]]:
    rows = sorted(ways, key=lambda way: way.delay_minutes)
    return [(minutes, list(found)) for minutes, found in groupby(rows, key=lambda way: way.delay_minutes)]
