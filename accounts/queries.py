"""Reads of people, teams and tokens."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from accounts.actors import Actor
from accounts.models import ApiToken, FirstRun, Invitation, Membership, Organisation, Team, User
from accounts.models.users import ADMIN_ROLES
from accounts.permissions import (
    FACTOR_SEE,
    INVITATION_SEE,
    INVITATION_SEND,
    SESSION_SEE,
    TEAM_SEE,
    TOKEN_SEE,
    USER_SEE,
    can,
    columns_of,
)
from accounts.sessions import keys_of
from core import clock, links
from core.errors import Missing

SETTLED = timedelta(days=1)  # in a team, before its managers may reset somebody's second factors


def active_people() -> QuerySet[User]:
    """Everybody who can sign in, by name."""
    return User.objects.filter(is_active=True).order_by("name", "pk")


def person_ref(email: str) -> str:
    """The number of the active person with this address in its normal form, as a job's ref; empty for strangers."""
    found = active_people().filter(email=email).values_list("pk", flat=True).first()
    return "" if found is None else str(found)


def administrators() -> QuerySet[User]:
    """The last of the last resort; there is always one once the portal is set up (A60)."""
    return active_people().filter(role="administrator")


def is_set_up() -> bool:
    """Whether the first administrator has been made: one question to the database unless nobody has (A41)."""
    return administrators().exists() or FirstRun.objects.filter(completed_at__isnull=False).exists()


def organisation() -> Organisation:
    """Whose portal this is; without a name until an administrator gives one."""
    return Organisation.objects.filter(id=1).first() or Organisation()


def process_owners() -> QuerySet[User]:
    """Those who keep the process, without the administrators."""
    return active_people().filter(role="process_owner")


def members_of(team_id: int) -> QuerySet[User]:
    """The active people of a team, by name."""
    return active_people().filter(memberships__team_id=team_id)


def managers_of(team_id: int | None) -> QuerySet[User]:
    """The active managers of a team; none where there is no team."""
    if team_id is None:
        return User.objects.none()
    return active_people().filter(memberships__team_id=team_id, memberships__role=Membership.MANAGER)


def teams_of(user: User) -> QuerySet[Team]:
    """The teams in which a person is, by name."""
    return Team.objects.filter(memberships__user=user).order_by("name")


def places_of(user: User) -> QuerySet[Membership]:
    """A person's places in teams, by the team's name."""
    return Membership.objects.filter(user=user).select_related("team").order_by("team__name")


def people_seen_by(actor: Actor) -> QuerySet[User]:
    """The people whom the actor may list: staff see all, a stakeholder only himself or herself."""
    everybody = User.objects.order_by("name", "pk")
    if can(actor, USER_SEE):
        return everybody
    own = actor.user if actor.user is not None and can(actor, USER_SEE, actor.user) else None
    return everybody.filter(pk=own.pk) if own is not None else everybody.none()


def people_by_name(actor: Actor) -> QuerySet[User]:
    """The active people whom the actor may list, with their teams read ahead."""
    places = Membership.objects.select_related("team").order_by("team__name")
    return people_seen_by(actor).filter(is_active=True).prefetch_related(Prefetch("memberships", queryset=places))


def person_seen_by(actor: Actor, pk: int) -> User:
    """One person; Missing where there is none or the actor may not know (A57)."""
    found = people_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such person.")
    return found


def teams_seen_by(actor: Actor) -> QuerySet[Team]:
    """The teams that the actor may list."""
    return Team.objects.order_by("name", "pk") if can(actor, TEAM_SEE) else Team.objects.none()


def team_seen_by(actor: Actor, pk: int) -> Team:
    """One team; Missing where there is none or the actor may not know."""
    found = teams_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such team.")
    return found


def tokens_seen_by(actor: Actor) -> QuerySet[ApiToken]:
    """One's own tokens; administrators see everybody's, without the secret that nobody can see."""
    tokens = ApiToken.objects.select_related("user")
    if can(actor, TOKEN_SEE):
        return tokens
    if actor.user is not None and can(actor, TOKEN_SEE, actor.user):
        return tokens.filter(user=actor.user)
    return tokens.none()


def token_seen_by(actor: Actor, pk: int) -> ApiToken:
    """One token; Missing where it is another's (A57)."""
    found = tokens_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such token.")
    return found


def invitations_seen_by(actor: Actor) -> QuerySet[Invitation]:
    """The invitations that the actor may list: those into teams that he or she manages, or everybody's."""
    rows = Invitation.objects.select_related("team", "invited_by")
    if not can(actor, INVITATION_SEE):
        return rows.none()
    if actor.user is None or INVITATION_SEE.columns & columns_of(actor) - {"MG"}:
        return rows
    managed = [pk for pk, role in actor.user.team_roles().items() if role == Membership.MANAGER]
    return rows.filter(team__in=managed)


def invitation_seen_by(actor: Actor, pk: int) -> Invitation:
    """One invitation; Missing where there is none or the actor may not know (A57)."""
    found = invitations_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such invitation.")
    return found


def teams_to_invite_into(actor: Actor) -> list[Team]:
    """The teams into which the actor may invite people, by name."""
    return [team for team in teams_seen_by(actor) if can(actor, INVITATION_SEND, team)]


def invitation_link(raw: str) -> str:
    """The public address that an invitation's token makes (A33)."""
    return links.absolute(reverse("invitation", args=[raw]))


def digest_of(raw: str) -> str:
    """What is stored of a token or set-up link: its SHA-256, since 256 random bits need no salt."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def token_for(raw: str) -> ApiToken | None:
    """The usable token of an active person behind what was sent, or None for every other case alike (A44)."""
    found = ApiToken.objects.select_related("user").filter(digest=digest_of(raw)).first()
    if found is None or not found.is_usable(clock.now()) or not found.user.is_active:
        return None
    return found


def managing(places: Iterable[Membership]) -> list[User]:
    """Of a team's places, read with their people: those who manage it and were not shut out."""
    found = [place.user for place in places if place.role == Membership.MANAGER]
    return [user for user in found if user.is_active and user.role != "stakeholder"]


def teams_with_people(actor: Actor) -> QuerySet[Team]:
    """The teams that the actor may list, with their people read ahead."""
    people = Membership.objects.select_related("user").order_by("user__name", "pk")
    return teams_seen_by(actor).prefetch_related(Prefetch("memberships", queryset=people))


def membership_in(team: Team, user_id: int) -> Membership:
    """A person's place in this team; Missing where he or she is not in it (A58)."""
    found = Membership.objects.select_related("user", "team").filter(team=team, user_id=user_id).first()
    if found is None:
        raise Missing("This person is not in the team.")
    return found


def people_to_join(team: Team) -> QuerySet[User]:
    """Active staff who are not in the team yet."""
    return active_people().exclude(role="stakeholder").exclude(memberships__team=team)


def told_apart(people: Iterable[User]) -> dict[int, str]:
    """Person id -> name for a list to choose from; people of one name also by their teams or, failing that, number.

    Addresses are for oneself and administrators, so they tell nobody apart here.
    """
    found = list(people)
    names = Counter(person.name for person in found)
    alike = [person.pk for person in found if names[person.name] > 1]
    if not alike:
        return {person.pk: person.name for person in found}
    teams: dict[int, list[str]] = {pk: [] for pk in alike}
    places = Membership.objects.filter(user__in=alike).order_by("team__name")
    for pk, team in places.values_list("user_id", "team__name"):
        teams[pk].append(team)
    labels = {each.pk: ", ".join([each.name, *teams.get(each.pk, ())]) for each in found}
    same = Counter(labels.values())
    return {pk: label if same[label] == 1 else f"{label}, no. {pk}" for pk, label in labels.items()}


def place_managed_by(user: User, manager: User | None) -> Membership | None:
    """The person's place in a team that the other one manages; None where there is none.

    None also for whoever may enter the administration, and in the first day in the team: a manager may take anybody
    into it, and must not come by rights over somebody in that way (A60).
    """
    mine = [pk for pk, role in manager.team_roles().items() if role == "manager"] if manager is not None else []
    places = Membership.objects.filter(user=user, team_id__in=mine, since__lte=clock.now() - SETTLED)
    places = places.exclude(user__role__in=ADMIN_ROLES)
    return places.order_by("pk").first()


def factors_of(actor: Actor) -> Any:
    """One's own second factors and recovery codes, the oldest first."""
    if actor.user is None or not can(actor, FACTOR_SEE, actor.user):
        return Authenticator.objects.none()
    return Authenticator.objects.filter(user=actor.user).order_by("pk")


def codes_left(codes: Authenticator) -> int | None:
    """How many of these recovery codes are left; None where no key of WATCHBILL_FIELD_KEYS opens them any more."""
    try:
        return len(codes.wrap().get_unused_codes())
    except ValueError:
        return None


def factor_seen_by(actor: Actor, pk: int) -> Authenticator:
    """One's own app or passkey; Missing for anybody else's (A57)."""
    found = factors_of(actor).exclude(type=Authenticator.Type.RECOVERY_CODES).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such factor.")
    return found


def sessions_of(actor: Actor) -> Any:
    """One's own sessions that still stand, the one used last first."""
    if actor.user is None or not can(actor, SESSION_SEE, actor.user):
        return UserSession.objects.none()
    stand = UserSession.objects.filter(user=actor.user, session_key__in=keys_of(actor.user))
    return stand.order_by("-last_seen_at", "-pk")


def session_seen_by(actor: Actor, pk: int) -> UserSession:
    """One's own session; Missing for anybody else's (A57)."""
    found = sessions_of(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such session.")
    return found
