"""People, teams and tokens in the administration; every change goes through the commands (A60, A68)."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from accounts.access import actor_of
from accounts.commands import invitations, teams, tokens, users
from accounts.emails import normal
from accounts.models import ApiToken, Invitation, Membership, Team, User
from accounts.permissions import ADMIN_ENTER, can
from core.errors import Forbidden
from core.links import inward
from core.zones import zone_names


def may_enter(request: HttpRequest) -> bool:
    """Whether the administration opens: process owners and administrators who signed in."""
    return can(actor_of(request), ADMIN_ENTER)


def to_sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """There is one sign-in, with its throttles; who is signed in already may simply not enter."""
    if getattr(request.user, "is_authenticated", False) and not may_enter(request):
        raise Forbidden("You may not enter the administration.", hint="Ask an administrator.")
    following = inward(request.GET.get("next", ""), fallback=reverse("admin:index"))
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': following})}")


def to_password_change(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """There is one page that changes passwords."""
    return HttpResponseRedirect(reverse("account_change_password"))


# Pages of libraries that would write past our commands: loaded first, so that they can be taken off.
for library in ("allauth.account", "allauth.usersessions", "django.contrib.auth"):
    import_module(f"{library}.admin")
for page in (EmailAddress, UserSession, Group):
    if admin.site.is_registered(page):
        admin.site.unregister(page)
admin.site.has_permission = may_enter  # type: ignore[method-assign]
admin.site.login = to_sign_in  # type: ignore[method-assign]
admin.site.password_change = to_password_change  # type: ignore[method-assign,assignment]


class _UserForm(forms.ModelForm[User]):
    """Says beside the field what the database's own refusal would say in its words."""

    def clean_email(self) -> str:
        """Refuse an address that somebody has."""
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=normal(email)).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Somebody has this address already.", code="taken")
        return email

    def clean_time_zone(self) -> str:
        """Refuse what is no time zone."""
        zone: str = self.cleaned_data["time_zone"]
        if zone not in zone_names():
            raise forms.ValidationError("There is no such time zone.", code="invalid")
        return zone


class _TeamForm(forms.ModelForm[Team]):
    """The same for a team."""

    def clean_name(self) -> str:
        """Refuse a name that another team has."""
        name: str = self.cleaned_data["name"]
        if Team.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a team of this name already.", code="taken")
        return name


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Create, edit, give a role, deactivate; nobody is deleted, since the record names people for ever (A93)."""

    form = _UserForm
    list_display = ("name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("name", "email")
    fields = ("name", "email", "role", "time_zone", "is_active", "last_login", "date_joined")
    readonly_fields = ("is_active", "last_login", "date_joined")
    actions = ("deactivate", "reactivate")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never: deactivate instead."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the commands, each of which asks for its own right."""
        actor, given = actor_of(request), form.cleaned_data
        values = {key: given[key] for key in ("name", "email", "time_zone") if key in given}
        if not change:
            obj.pk = users.create(actor, role=given["role"], **values).pk
            return
        stored = users.edit(actor, User.objects.get(pk=obj.pk), **values)
        if given["role"] != stored.role:
            users.change_role(actor, stored, role=given["role"])

    @admin.action(description="Deactivate: sessions and tokens end at once")
    @transaction.atomic
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Shut the chosen people out."""
        for user in chosen:
            users.deactivate(actor_of(request), user)

    @admin.action(description="Reactivate")
    @transaction.atomic
    def reactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Let the chosen people in again."""
        for user in chosen:
            users.reactivate(actor_of(request), user)


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    """Teams by name."""

    form = _TeamForm
    list_display = ("name", "description")
    search_fields = ("name",)
    fields = ("name", "description")

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Through the commands."""
        actor = actor_of(request)
        if change:
            teams.edit(actor, Team.objects.get(pk=obj.pk), **form.cleaned_data)
        else:
            obj.pk = teams.create(actor, **form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        """Through the command."""
        teams.delete(actor_of(request), obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        """One by one, through the command."""
        for team in queryset:
            self.delete_model(request, team)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who is in which team."""

    list_display = ("user", "team", "role")
    list_filter = ("team", "role")
    autocomplete_fields = ("team",)
    list_select_related = ("user", "team")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """Of a place in a team only the role changes."""
        return ("user", "team") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Through the command."""
        obj.pk = teams.join(actor_of(request), obj.team, user=obj.user, role=obj.role).pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Through the command."""
        teams.leave(actor_of(request), obj.team, user=obj.user)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """One by one, through the command."""
        for each in queryset:
            self.delete_model(request, each)


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Everybody's tokens without their secrets: to look at and to revoke."""

    list_display = ("name", "user", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("revoked_at",)
    list_select_related = ("user",)
    fields = list_display
    readonly_fields = list_display
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a token is made by its owner, who alone sees it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Never: revoke instead."""
        return False

    @admin.action(description="Revoke")
    @transaction.atomic
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        """End the chosen tokens at once."""
        for token in chosen:
            tokens.revoke(actor_of(request), token)


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Who is invited, without the link: to look at, to send again and to take back."""

    list_display = ("name", "email", "role", "team", "state", "invited_by", "made_at", "expires_at")
    list_filter = ("role", "team")
    list_select_related = ("team", "invited_by")
    search_fields = ("name", "email")
    fields = (*list_display, "team_role", "accepted_at", "revoked_at", "joined")
    readonly_fields = fields
    actions = ("resend", "revoke")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: people are invited on their own page, which shows a link where no mail goes out."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Never: take it back instead."""
        return False

    @admin.action(description="Send again: the former link opens nothing")
    def resend(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        """Mail new links."""
        for each in chosen:
            invitations.resend(actor_of(request), each)

    @admin.action(description="Take back: the link opens nothing")
    @transaction.atomic
    def revoke(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        """End the chosen invitations."""
        for each in chosen:
            invitations.revoke(actor_of(request), each)
