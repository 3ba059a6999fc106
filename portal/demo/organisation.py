"""The demo's organisation: everybody, what each team owns and who is paged for it, made by the ordinary commands."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.actors import system
from accounts.commands import teams, users
from accounts.commands.organisation import edit_organisation
from accounts.models import Team, User
from core import clock
from incidents.models import GroupingRule
from notifications.commands import contact_methods
from notifications.models import ContactMethod
from oncall.commands import policies, rules, schedules, services
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, Schedule, Service
from portal.demo.people import INWARD, PEOPLE, SERVICES, TEAMS

DOMAIN = "fernhill.example"
SANDBOX = "sandbox"
BERLIN = "Europe/Berlin"


@dataclass
class Organisation:
    """What the builder made or found, by name."""

    people: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    policies: dict[str, EscalationPolicy] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def colleagues(self, service: str) -> list[User]:
        """The responders of the team that owns a service."""
        team = self.services[service].team.name
        return [self.people[name] for name, role, of, _ in PEOPLE if of == team and role == "responder"]


def address_of(name: str) -> str:
    """A person's address: the first name, without accents, at the demo's domain."""
    plain = unicodedata.normalize("NFKD", name.split()[0]).encode("ascii", "ignore").decode().lower()
    return f"{plain}@{DOMAIN}"


def build() -> Organisation:
    """Make everything through the ordinary commands; everybody is told by mail at once."""
    made = Organisation()
    actor = system("Demo")
    edit_organisation(actor, name="Fernhill", time_zone=BERLIN, staff_factor=False)
    for name, text in TEAMS.items():
        made.teams[name] = teams.create(actor, name=name, description=text)
    for name, role, team, manages in PEOPLE:
        user = users.create(actor, email=address_of(name), name=name, role=role, time_zone=BERLIN)
        made.people[name] = user
        if team:
            teams.join(actor, made.teams[team], user=user, role="manager" if manages else "member")
        if role != "stakeholder":
            _reachable(user)
    for team in TEAMS:
        _ladder(made, team)
    for name, team, text, needs in SERVICES:
        made.services[name] = services.create(
            actor,
            made.teams[team],
            name=name,
            policy=made.policies[team],
            description=text,
            needs=[made.services[need].pk for need in needs],
            customer_facing=team not in INWARD,
        )
    _sandbox(made)
    return made


def _reachable(user: User) -> None:
    """The sign-in address is verified as the demo's mail; the default rules follow from it."""
    method = contact_methods.ensure_email(user)
    ContactMethod.objects.filter(pk=method.pk, verified_at=None).update(verified_at=clock.now())
    rules.reset(system("Demo"), user)


def _ladder(made: Organisation, team: str) -> None:
    """Whoever has the week, then the manager."""
    actor = system("Demo")
    turns_of = [name for name, role, of, manages in PEOPLE if of == team and role == "responder" and not manages]
    manager = next(name for name, _, of, manages in PEOPLE if of == team and manages)
    turns = made.schedules[team] = schedules.create(
        actor,
        made.teams[team],
        name=f"{team} weekly",
        anchor="2026-01-05T09:00",
        members=[made.people[name].pk for name in turns_of],
        time_zone=BERLIN,
    )
    made.policies[team] = policies.create(
        actor,
        made.teams[team],
        name=f"{team} on call",
        levels=[LevelDraft(5, schedules=(turns.pk,)), LevelDraft(10, users=(made.people[manager].pk,))],
        fallback=made.people["Ingrid Dahl"],
    )


def _sandbox(made: Organisation) -> None:
    """A service for trying things out: one level, one person, mail at once, no repeats, grouping off."""
    actor = system("Demo")
    person = made.people["Dev Patel"]
    policy = policies.create(
        actor, made.teams["Storefront"], name="Sandbox", levels=[LevelDraft(5, users=(person.pk,))], repeats=0
    )
    service = services.create(
        actor, made.teams["Storefront"], name=SANDBOX, policy=policy, description="For trying things out."
    )
    GroupingRule.objects.update_or_create(service=service, defaults={"mode": "none"})
    made.services[SANDBOX] = service


def found() -> Organisation | None:
    """The organisation of an earlier call, or None on an empty database."""
    people: Mapping[str, User] = {user.email: user for user in User.objects.all()}
    if any(address_of(name) not in people for name, *_ in PEOPLE):
        return None
    return Organisation(
        people={name: people[address_of(name)] for name, *_ in PEOPLE},
        teams={team.name: team for team in Team.objects.all()},
        schedules={turns.team.name: turns for turns in Schedule.objects.select_related("team")},
        policies={policy.name: policy for policy in EscalationPolicy.objects.all()},
        services={service.name: service for service in Service.objects.select_related("team")},
    )
