"""The room's sections of the configuration file: organisation, people, teams."""

from __future__ import annotations

from typing import Any, ClassVar

from accounts.actors import Actor
from accounts.commands import organisation as organisations
from accounts.commands import teams, users
from accounts.emails import normal
from accounts.models import Membership, Team, User
from accounts.models.users import ROLES
from accounts.queries import organisation
from core.config.nouns import Document, Field, Noun, wrong

TEXT = Field("text", "")


def person_named(email: str, path: str) -> User:
    """The active person of an e-mail address; raises Invalid at the path."""
    found = User.objects.filter(email=normal(email), is_active=True).first()
    if found is None:
        raise wrong(path, f"there is nobody with the address “{email[:80]}”.")
    return found


def people_named(emails: list[str], path: str) -> list[User]:
    """The active people of these addresses, in this order; raises Invalid at the first that is not known."""
    return [person_named(email, f"{path}[{place}]") for place, email in enumerate(emails)]


def team_named(name: str, path: str = "team") -> Team:
    """The team of a name, whatever its case; raises Invalid at the path."""
    found = Team.objects.filter(name__iexact=name.strip()).first()
    if found is None:
        raise wrong(path, f"there is no team “{name[:80]}”.")
    return found


class OrganisationNoun(Noun):
    """Whose portal this is."""

    name, order, key = "organisation", 10, ()
    single, made, removed = True, False, False
    fields: ClassVar = {"name": TEXT, "time_zone": Field("text", "UTC"), "staff_factor": Field("flag", True)}

    def documents(self) -> list[Document]:
        """One document, also before anybody has given a name."""
        found = organisation()
        return [{name: getattr(found, name) for name in self.fields}]

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Name it, say in which zone it lives, and whether staff need a second factor."""
        organisations.edit_organisation(actor, **{name: wanted[name] for name in names})


class PeopleNoun(Noun):
    """Active people: who they are and what they may do; never how they sign in or are reached."""

    name, order, key = "people", 20, ("email",)
    fields: ClassVar = {
        "email": Field("text", fold=True),
        "name": Field("text"),
        "role": Field("text", "responder", choices=[role for role, _ in ROLES]),
        "time_zone": Field("text", "UTC"),
    }

    def documents(self) -> list[Document]:
        """By address."""
        found = User.objects.filter(is_active=True).order_by("email")
        return [{name: getattr(each, name) for name in self.fields} for each in found]

    def back(self, wanted: Document) -> str:
        """Somebody who was shut out is nobody new: whoever reads the plan must see it."""
        return "comes back (was deactivated)" if _former(wanted) else ""

    def create(self, actor: Actor, wanted: Document) -> None:
        """Make a person without a password, or let one in again who was shut out, likewise without one."""
        former = _former(wanted)
        if former is None:
            users.create(actor, **wanted)
            return
        users.reactivate(actor, former, keep_password=False)
        self.change(actor, {}, wanted, {"name", "role", "time_zone"})

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Another name, zone or role; an address is changed on the person's page alone."""
        user = person_named(wanted["email"], "email")
        plain: dict[str, Any] = {name: wanted[name] for name in names & {"name", "time_zone"}}
        if plain:
            users.edit(actor, user, **plain)
        if "role" in names:
            users.change_role(actor, user, role=wanted["role"])

    def remove(self, actor: Actor, before: Document) -> None:
        """Shut the person out; what he or she did stays."""
        users.deactivate(actor, person_named(before["email"], "email"))


def _former(wanted: Document) -> User | None:
    return User.objects.filter(email=normal(wanted["email"]), is_active=False).first()


class TeamsNoun(Noun):
    """Teams with their managers and members."""

    name, order, key = "teams", 30, ("name",)
    fields: ClassVar = {
        "name": Field("text"),
        "description": TEXT,
        "managers": Field("texts", [], fold=True, loose=True),
        "members": Field("texts", [], fold=True, loose=True),
    }

    def documents(self) -> list[Document]:
        """By name, people by address."""
        found = Team.objects.prefetch_related("memberships__user")
        made = [
            {
                "name": each.name,
                "description": each.description,
                "managers": _emails(each, Membership.MANAGER),
                "members": _emails(each, Membership.MEMBER),
            }
            for each in found
        ]
        return sorted(made, key=lambda document: (document["name"].casefold(), document["name"]))

    def create(self, actor: Actor, wanted: Document) -> None:
        """Make the team, then fill it."""
        made = teams.create(actor, name=wanted["name"], description=wanted["description"])
        _fill(actor, made, wanted)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Rename, describe, take in, let go."""
        team = team_named(before["name"], "name")
        plain = {name: wanted[name] for name in names & {"name", "description"}}
        if plain:
            team = teams.edit(actor, team, **plain)
        if names & {"managers", "members"}:
            _fill(actor, team, wanted)

    def remove(self, actor: Actor, before: Document) -> None:
        """Remove a team that owns nothing any more."""
        teams.delete(actor, team_named(before["name"], "name"))


def _emails(team: Team, role: str) -> list[str]:
    """Addresses of the active people who have this role in the team."""
    return sorted(each.user.email for each in team.memberships.all() if each.role == role and each.user.is_active)


def _fill(actor: Actor, team: Team, wanted: Document) -> None:
    """Bring the list of active people to what is wanted; one who stands in both lists is its manager."""
    roles = dict.fromkeys(people_named(wanted["members"], "members"), Membership.MEMBER)
    roles |= dict.fromkeys(people_named(wanted["managers"], "managers"), Membership.MANAGER)
    for each in team.memberships.select_related("user").filter(user__is_active=True):
        if each.user not in roles:
            teams.leave(actor, team, user=each.user)
    for user, role in roles.items():
        teams.join(actor, team, user=user, role=role)
