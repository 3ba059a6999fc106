"""People, teams and tokens in the administration; every change goes through the commands (A60, A68)."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import admin_leaving, second_factor
from accounts.access import actor_of
from accounts.actors import Actor
from accounts.commands import factors, identities, invitations, organisation, teams, tokens, users
from accounts.models import ApiToken, Identity, Invitation, Membership, Organisation, Team, User
from accounts.models.users import ADMIN_ROLES
from accounts.permissions import (
    ADMIN_ENTER,
    INVITATION_SEE,
    SETTINGS_EDIT,
    TEAM_CREATE,
    TEAM_DELETE,
    TEAM_EDIT,
    TEAM_LEAVE,
    TEAM_SEE,
    TOKEN_SEE,
    USER_EDIT,
    can,
)
from core import audit_words
from core.admin_base import MOST, ConfigAdmin, ReadOnlyAdmin
from core.errors import Forbidden
from core.links import inward


def may_enter(request: HttpRequest) -> bool:
    """Whether the administration opens: process owners and administrators who signed in, with a second factor (A68)."""
    return can(actor_of(request), ADMIN_ENTER) and not second_factor.leads_to(request)


def to_sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """There is one sign-in, with its throttles; who is signed in already may simply not enter."""
    following = inward(request.GET.get("next", ""), fallback=reverse("admin:index"))
    first = second_factor.leads_to(request)
    if first:
        return HttpResponseRedirect(f"{first}?{urlencode({'next': following})}")
    if getattr(request.user, "is_authenticated", False) and not may_enter(request):
        said, hint = "You may not enter the administration.", "Ask an administrator."
        raise Forbidden(said, hint=hint, lacking=(USER_EDIT, None))
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': following})}")


def to_password_change(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """There is one page that changes passwords."""
    return HttpResponseRedirect(reverse("account_change_password"))


# Pages of libraries that would write past our commands: loaded first, so that they can be taken off.
for library in ("allauth.account", "allauth.mfa", "allauth.usersessions", "django.contrib.auth"):
    import_module(f"{library}.admin")
for page in (Authenticator, EmailAddress, UserSession, Group):
    if admin.site.is_registered(page):
        admin.site.unregister(page)
admin.site.has_permission = may_enter  # type: ignore[method-assign]
admin.site.login = to_sign_in  # type: ignore[method-assign]
admin.site.password_change = to_password_change  # type: ignore[method-assign,assignment]


audit_words.names(User, "user", "users", "members", "fallback")
audit_words.names(Team, "team")
audit_words.names(ApiToken, "token")


class FactorFilter(admin.SimpleListFilter):
    """By whether somebody has an app or a passkey."""

    title = "second factor"
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those who have none: with the role, whom a rule of the organisation concerns."""
        return [("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """The people without; another word narrows nothing."""
        return second_factor.without_factor(queryset) if self.value() == "none" else queryset


@admin.register(User)
class UserAdmin(ConfigAdmin):
    """Create, edit, give a role, deactivate; nobody is deleted, since the record names people for ever (A93)."""

    sees = edits = creates = USER_EDIT
    audit_noun = "user"
    taken = "email"
    list_display = ("name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", FactorFilter)
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    fields = ("name", "email", "role", "time_zone", "is_active", "last_login", "date_joined")
    readonly_fields = ("is_active", "last_login", "date_joined")
    actions = ("deactivate", "reactivate", "reset_factors")
    change_form_outer_after_template = "admin/accounts/user/acts.html"

    def view_on_site(self, obj: User) -> str:
        """The person's own page."""
        return f"/people/{obj.pk}/"

    def command_create(self, actor: Actor, given: dict[str, Any]) -> User:
        """Make a person, who sets a password through the mailed link."""
        return users.create(actor, **given)

    def command_edit(self, actor: Actor, stored: User, given: dict[str, Any], version: int | None) -> User:
        """Change what the person is called, and the role where another one was chosen."""
        role = given.pop("role")
        stored = users.edit(actor, stored, version=version, **given)
        return stored if role == stored.role else users.change_role(actor, stored, role=role)

    @admin.action(description="Deactivate: sessions and tokens end at once", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        """Ask, then shut the chosen people out."""
        people = list(chosen[: MOST + 1])
        if people and request.POST.get("sure") != "yes":
            return admin_leaving.question(self, request, people)
        self.each(request, chosen, users.deactivate, "Shut out.")
        return None

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Let the chosen people in again."""
        self.each(request, chosen, users.reactivate, "Let in again.")

    @admin.action(description="Reset second factors: sessions end, a mail says so", permissions=["change"])
    def reset_factors(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Take the lost factors of the chosen people away."""
        self.each(request, chosen, factors.reset_factors, "Reset; told by mail.")


@admin.register(Team)
class TeamAdmin(ConfigAdmin):
    """Teams by name."""

    sees, edits, creates, deletes = TEAM_SEE, TEAM_EDIT, TEAM_CREATE, TEAM_DELETE
    audit_noun = "team"
    list_display = ("name", "description")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "description")

    def view_on_site(self, obj: Team) -> str:
        """The team's own page."""
        return f"/teams/{obj.pk}/"

    def command_create(self, actor: Actor, given: dict[str, Any]) -> Team:
        """Make a team."""
        return teams.create(actor, **given)

    def command_edit(self, actor: Actor, stored: Team, given: dict[str, Any], version: int | None) -> Team:
        """Rename or describe it."""
        return teams.edit(actor, stored, version=version, **given)

    def command_delete(self, actor: Actor, thing: Team) -> None:
        """Delete a team that owns nothing."""
        teams.delete(actor, thing)


@admin.register(Membership)
class MembershipAdmin(ConfigAdmin):
    """Who is in which team."""

    sees, edits, creates, deletes = TEAM_SEE, TEAM_EDIT, TEAM_EDIT, TEAM_LEAVE
    taken = "user"
    list_display = ("user", "team", "role")
    list_filter = ("team", "role")
    search_fields = ("user__name", "team__name")
    autocomplete_fields = ("team",)
    list_select_related = ("user", "team")

    def audit_keys(self, thing: Membership) -> list[str]:
        """The audit tells it of the team."""
        return [f"team:{thing.team_id}"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """Of a place in a team only the role changes."""
        return ("user", "team") if obj else ()

    def command_create(self, actor: Actor, given: dict[str, Any]) -> Membership:
        """Take a person into a team."""
        return teams.join(actor, given["team"], user=given["user"], role=given["role"])

    def command_edit(self, actor: Actor, stored: Membership, given: dict[str, Any], version: int | None) -> Membership:
        """Give a member another role."""
        return teams.join(actor, stored.team, user=stored.user, role=given["role"])

    def command_delete(self, actor: Actor, thing: Membership) -> None:
        """Take a person out of the team."""
        teams.leave(actor, thing.team, user=thing.user)


@admin.register(Organisation)
class OrganisationAdmin(ConfigAdmin):
    """Whose portal this is: one row."""

    sees = edits = SETTINGS_EDIT
    audit_noun = "organisation"
    list_display = ("__str__", "time_zone", "staff_factor")
    fields = ("name", "time_zone", "staff_factor")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What the rule on second factors means today stands beside it, with the way to the people concerned."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if found is not None and db_field.name == "staff_factor":
            found.label, found.help_text = "Staff need a second factor", self._rule_today()
        return found

    def _rule_today(self) -> SafeString:
        staff = User.objects.filter(is_active=True, role__in=ADMIN_ROLES)
        number, lacking = staff.count(), second_factor.without_factor(staff).count()
        today = f"{lacking} of {number} {'has' if lacking == 1 else 'have'} none" if lacking else "all of them have one"
        return format_html(
            "Process owners and administrators set one up before anything else opens to them. Without this rule their"
            ' password alone opens the administration. Now {}: <a href="{}">see who</a>.',
            today,
            f"{reverse('admin:accounts_user_changelist')}?factor=none&is_active__exact=1",
        )

    def command_edit(
        self, actor: Actor, stored: Organisation, given: dict[str, Any], version: int | None
    ) -> Organisation:
        """Name it, say in which zone it lives, and whether staff need a second factor."""
        return organisation.edit_organisation(actor, version=version, **given)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Everybody's tokens without their secrets: to look at and to revoke, each made by its owner alone."""

    sees = TOKEN_SEE
    audit_noun = "token"
    list_display = ("name", "user", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "prefix", "user__name")
    list_select_related = ("user",)
    fields = list_display
    actions = ("revoke",)

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        """End the chosen tokens at once."""
        self.each(request, chosen, tokens.revoke, "Revoked.")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who is invited, without the link: to look at, to send again and to take back.

    People are invited on their own page, which shows a link where no mail goes out.
    """

    sees = INVITATION_SEE
    audit_noun = "invitation"
    list_display = ("name", "email", "role", "team", "state", "invited_by", "made_at", "expires_at")
    list_filter = ("role", "team")
    list_select_related = ("team", "invited_by")
    search_fields = ("name", "email")
    fields = (*list_display, "team_role", "accepted_at", "revoked_at", "joined")
    readonly_fields = fields
    actions = ("resend", "revoke")

    @admin.action(description="Send again: the former link opens nothing", permissions=["view"])
    def resend(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        """Mail new links."""
        self.each(request, chosen, invitations.resend, "Sent again.")

    @admin.action(description="Take back: the link opens nothing", permissions=["view"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        """End the chosen invitations."""
        self.each(request, chosen, invitations.revoke, "Taken back.")


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    """Whose account at the identity provider is whose: bound by a sign-in there, to look at and to unbind."""

    sees = USER_EDIT
    audit_noun = "identity"
    list_display = ("user", "issuer", "subject", "bound_at", "used_at")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "subject")
    fields = list_display
    actions = ("unbind",)

    @admin.action(description="Unbind: the next single sign-on binds anew", permissions=["view"])
    def unbind(self, request: HttpRequest, chosen: QuerySet[Identity]) -> None:
        """Forget the chosen ones."""
        self.each(request, chosen, identities.unbind, "Unbound.")
