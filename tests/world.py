"""The world of named people, and plain builders of rows for every room's tests.

Ana manages the team Payments; Bo and Cy are in it. Di is a responder of the team Search. Eve is an
outsider: a responder of no team, who may look at open things and change nothing. Pat owns the process,
Ada is the administrator, Sam is a stakeholder. Everybody's password is `PASSWORD`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts import actors, second_factor
from accounts.actors import Actor
from accounts.models import ApiToken, Membership, Organisation, Team, User
from accounts.queries import digest_of
from core import clock
from incidents.models import Priority
from notifications.models import ContactMethod
from oncall.models import EscalationPolicy, Level, NotificationRule, Schedule, ScheduleMember, Service, Target

PASSWORD = "correct horse battery"
_hashed: list[str] = []


def person(name: str, *, role: str = "responder", teams: Sequence[Team] = (), **fields: Any) -> User:
    """A person whose address is the first name at example.org; argon2 runs once per test run only."""
    if not _hashed:
        _hashed.append(make_password(PASSWORD))
    fields.setdefault("email", f"{name.split()[0].lower()}@example.org")
    made = User.objects.create(name=name, role=role, password=_hashed[0], **fields)
    for each in teams:
        join(made, each)
    return made


def team(name: str, *, managers: Sequence[User] = (), members: Sequence[User] = ()) -> Team:
    """A team with its people."""
    made = Team.objects.create(name=name)
    for manager in managers:
        join(manager, made, role=Membership.MANAGER)
    for member in members:
        join(member, made)
    return made


def join(user: User, into: Team, *, role: str = Membership.MEMBER) -> Membership:
    """Put a person into a team, past every command, and a week ago."""
    user.__dict__.pop("_team_roles", None)
    return Membership.objects.create(user=user, team=into, role=role, since=clock.now() - timedelta(days=7))


def acts(user: User, *, via: str = "web") -> Actor:
    """The person as an actor, read afresh so that teams and role are those of now."""
    return actors.person(User.objects.get(pk=user.pk), via=via)


def enter(browser: Client, user: User, *, factor: bool = True) -> Client:
    """Be signed in past the form, with a second factor unless told otherwise: staff get nowhere without (A68)."""
    browser.force_login(user)
    if factor:
        session = browser.session
        second_factor.mark(session, user)
        session.save()
    return browser


def free_staff() -> None:
    """Turn the rule off by which staff need a second factor: for portals where people sign in by the form."""
    Organisation.objects.update_or_create(id=1, defaults={"staff_factor": False})


def token(user: User, *scopes: str, raw: str = "") -> str:
    """An API token past every command; all scopes unless some are named. Returns what the client sends."""
    raw = raw or f"wb_{user.pk}_{'-'.join(scopes) or 'all'}_{ApiToken.objects.count()}"
    ApiToken.objects.create(
        user=user, name="test", prefix=raw[:8], digest=digest_of(raw), scopes=list(scopes or ("read", "write", "admin"))
    )
    return raw


def policy(
    name: str,
    of: Team,
    *levels: Sequence[User | Schedule],
    timeout_minutes: int = 5,
    repeats: int = 0,
    fallback: User | None = None,
) -> EscalationPolicy:
    """A policy of the team; each level is a list of people and schedules."""
    made = EscalationPolicy.objects.create(name=name, team=of, repeats=repeats, fallback=fallback)
    for position, targets in enumerate(levels, 1):
        level = Level.objects.create(policy=made, position=position, timeout_minutes=timeout_minutes)
        for target in targets:
            if isinstance(target, User):
                Target.objects.create(level=level, user=target)
            else:
                Target.objects.create(level=level, schedule=target)
    return made


def schedule(name: str, of: Team, *people: User, anchor: str = "2026-01-05T09:00", **fields: Any) -> Schedule:
    """A weekly turn of these people, in this order, from Monday 5 January 2026, 09:00 in `time_zone` (UTC)."""
    made = Schedule.objects.create(name=name, team=of, anchor=anchor, **fields)
    for position, each in enumerate(people):
        ScheduleMember.objects.create(schedule=made, user=each, position=position)
    return made


def service(name: str, of: Team, *, policy: EscalationPolicy | None = None, **fields: Any) -> Service:
    """A service of the team."""
    return Service.objects.create(name=name, team=of, policy=policy, **fields)


def method(
    user: User, provider: str = "email", address: str = "", *, verified: bool = True, **fields: Any
) -> ContactMethod:
    """An address of the person, verified unless told otherwise."""
    return ContactMethod.objects.create(
        user=user,
        provider=provider,
        address=address or user.email,
        verified_at=clock.now() if verified else None,
        **fields,
    )


def rule(user: User, to: ContactMethod, *, delay_minutes: int = 0, urgency: str = "high") -> NotificationRule:
    """Tell the person by this address, so many minutes after the page."""
    return NotificationRule.objects.create(user=user, method=to, delay_minutes=delay_minutes, urgency=urgency)


def priority(rank: int) -> Priority:
    """P1 to P5; made with the engine's defaults where a migration has not."""
    defaults = {
        "name": f"P{rank}",
        "major": rank <= 2,
        "pages": rank <= 4,
        "urgency": "high" if rank <= 3 else "low",
        "ack_timeout_minutes": {1: 30, 2: 30, 3: 120}.get(rank),
    }
    return Priority.objects.get_or_create(rank=rank, defaults=defaults)[0]


@dataclass
class World:
    """Everybody and the little that they own; the service Checkout pages Bo, then Cy, by mail at once."""

    ana: User
    bo: User
    cy: User
    di: User
    eve: User
    pat: User
    ada: User
    sam: User
    payments: Team
    search: Team
    policy: EscalationPolicy
    checkout: Service


def build() -> World:
    """Make the world in the test's database."""
    ana, bo, cy, di = person("Ana Lima"), person("Bo Chen"), person("Cy Novak"), person("Di Okoro")
    payments = team("Payments", managers=[ana], members=[bo, cy])
    for each in (ana, bo, cy, di):
        rule(each, method(each))
    ladder = policy("Payments on call", payments, [bo], [cy], fallback=ana)
    for rank in range(1, 6):
        priority(rank)
    return World(
        ana=ana,
        bo=bo,
        cy=cy,
        di=di,
        eve=person("Eve Outsider"),
        pat=person("Pat Owens", role="process_owner"),
        ada=person("Ada Admin", role="administrator"),
        sam=person("Sam Stake", role="stakeholder"),
        payments=payments,
        search=team("Search", members=[di]),
        policy=ladder,
        checkout=service("Checkout", payments, policy=ladder),
    )
