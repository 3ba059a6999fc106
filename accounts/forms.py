"""The shape of this room's HTML input; rules stand in the commands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms

from accounts.models import Membership, Team, User
from accounts.models.users import ANNOUNCE
from accounts.queries import told_apart
from core import clock
from core.web.forms import PortalForm, VersionedForm, choice, line, offer, text
from core.zones import zone_choices

COMFORTS = ("name", "time_zone", "theme", "single_keys", "announce")
TEAM_ROLES = ((Membership.MEMBER, "Member"), (Membership.MANAGER, "Manager"))


class FirstAdministratorForm(forms.Form):
    """Who sets the portal up."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Ten characters or more",
    )
    time_zone = forms.ChoiceField(choices=zone_choices, initial="UTC", help_text="Times are shown in it")


class JoinForm(forms.Form):
    """Somebody who comes by an invitation; the address is the invited one."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Ten characters or more",
    )
    time_zone = forms.ChoiceField(choices=zone_choices, help_text="Times are shown in it")


class InvitationForm(PortalForm):
    """Whom to invite, as what, and into which team."""

    name = line("Name", 120, autocomplete="off")
    email = forms.CharField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="The link goes there.",
    )
    role = choice("Role")
    team = choice("Team", required=False)
    team_role = choice("In the team", TEAM_ROLES, "A manager changes what the team owns.")

    def __init__(self, *args: Any, roles: Iterable[tuple[str, str]], teams: Iterable[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in teams}
        offer(self, "role", list(roles))
        offer(self, "team", [("", "None yet"), *((pk, team.name) for pk, team in self.teams.items())])

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        given = {name: self.cleaned_data[name] for name in ("name", "email", "role", "team_role")}
        return {**given, "team": self.teams.get(self.cleaned_data["team"])}


class TeamForm(VersionedForm):
    """A team's name and what it is for."""

    name = line("Name", 80)
    description = text("Description", 2000, "What the team answers for.")


class OrganisationForm(VersionedForm):
    """Whose portal this is."""

    name = line("Name", 80, "As people call it, such as Fernhill.")
    time_zone = choice("Time zone", zone_choices, "Of pages that are shown to people who have not signed in.")
    staff_factor = forms.BooleanField(
        label="Staff need a second factor",
        required=False,
        help_text="Process owners and administrators set one up before anything else opens to them.",
    )


class MemberForm(PortalForm):
    """Somebody who joins a team."""

    user = choice("Person")
    role = choice("Role", TEAM_ROLES, "A manager changes what the team owns.")

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        labels = told_apart(self.people.values())
        offer(self, "user", [("", "Choose"), *((pk, labels[each.pk]) for pk, each in self.people.items())])

    def person(self) -> User:
        """The chosen one."""
        return self.people[self.cleaned_data["user"]]


class RoleForm(PortalForm):
    """Another role in a team."""

    role = choice("Role", TEAM_ROLES)


class ProfileForm(VersionedForm):
    """How a person is called and how times and pages look to him or her."""

    name = line("Name", 120, autocomplete="name")
    time_zone = choice("Time zone", zone_choices, "Times on every page are shown in it.")
    theme = choice("Look", [("", "As the device says"), ("light", "Light"), ("dark", "Dark")], required=False)
    single_keys = forms.BooleanField(
        label="Single-letter keys",
        required=False,
        help_text="Such as J and K for the next and previous row. Press ? to see all of them.",
    )
    announce = choice("Read out from a live timeline", ANNOUNCE, "For people who have pages read to them.")

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        return {name: self.cleaned_data[name] for name in COMFORTS}


class TokenForm(PortalForm):
    """What a new token is for, what it may do and how long."""

    name = line("Name", 80, "What will use it, such as “deploy script”.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[
            ("read", "Read whatever you can read"),
            ("write", "Change whatever you can change"),
            ("admin", "Administer, where you may"),
        ],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    days = choice(
        "It ends", [("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("", "Never")], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].initial = "90"

    def expires(self) -> datetime | None:
        """When it ends, in UTC."""
        days = self.cleaned_data["days"]
        return clock.now() + timedelta(days=int(days)) if days else None


class ProofForm(PortalForm):
    """That it is the owner: the password, and a code or a passkey where there is a second factor."""

    password = forms.CharField(
        max_length=256, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    code = line("Code", 40, "From your app, or a recovery code.", required=False, autocomplete="one-time-code")
    credential = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)
    expected = ("code",)

    def __init__(self, *args: Any, kinds: Collection[str], has_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_password:
            del self.fields["password"]
        if not kinds:
            del self.fields["code"], self.fields["credential"]

    @property
    def asks(self) -> bool:
        """Whether there is anything to prove it by."""
        return "password" in self.fields or "code" in self.fields

    def clean(self) -> dict[str, Any]:
        """A code, unless a passkey has answered."""
        given = dict(super().clean() or {})
        if "code" in self.fields and not given.get("code") and not given.get("credential"):
            self.add_error("code", "Type a code, or use a passkey.")
        return given


class AppForm(PortalForm):
    """The first code of an app."""

    code = line("Code", 12, "The six digits that the app shows now.", autocomplete="one-time-code", inputmode="numeric")


class PasskeyNameForm(PortalForm):
    """What a passkey is called."""

    name = line("Name", 60, "Such as “Laptop” or “Blue key”.", autocomplete="off")


class PasskeyForm(PasskeyNameForm):
    """A new passkey."""

    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        initial=True,
        help_text="It asks for a finger, a face or a PIN. Without, it only follows the password.",
    )
    credential = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)
