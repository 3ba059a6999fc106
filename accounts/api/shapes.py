"""What people, teams and tokens look like in JSON; rules stand in the commands."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.commands.shapes import LOCALES, THEMES
from accounts.models import ApiToken, Membership, Team, User
from accounts.models.users import ANNOUNCE, ROLES
from accounts.permissions import SCOPES, USER_EDIT, can
from core.api.fields import Line, TimeZone
from core.web.access import actor_of

MEMBER_ROLES = [Membership.MEMBER, Membership.MANAGER]


class PersonShape(serializers.ModelSerializer[User]):
    """A person as others see him or her: the address is for oneself and for administrators."""

    email = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "name", "email", "role", "time_zone", "is_active", "version"]
        read_only_fields = fields

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_email(self, user: User) -> str | None:
        """The address, or null for those who may not know it."""
        actor = actor_of(self.context["request"])
        own = actor.user is not None and actor.user.pk == user.pk
        return user.email if own or can(actor, USER_EDIT) else None


class MyTeamShape(serializers.Serializer[Membership]):
    """A team of mine and what I am in it."""

    id = serializers.IntegerField(source="team_id")
    name = serializers.CharField(source="team.name")
    role = serializers.ChoiceField(choices=MEMBER_ROLES)


class MeShape(serializers.ModelSerializer[User]):
    """Oneself."""

    teams = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            *("id", "name", "email", "role", "time_zone", "locale", "theme", "single_keys", "announce"),
            *("teams", "scopes", "version"),
        ]
        read_only_fields = fields

    @extend_schema_field(MyTeamShape(many=True))
    def get_teams(self, user: User) -> Any:
        """The teams that I am in."""
        rows: Any = user.memberships.select_related("team").order_by("team__name")
        return MyTeamShape(rows, many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), allow_null=True))
    def get_scopes(self, user: User) -> list[str] | None:
        """What the token allows; null for a signed-in browser, which nothing narrows."""
        scopes = actor_of(self.context["request"]).scopes
        return None if scopes is None else sorted(scopes)


class ProfileInput(serializers.Serializer[Any]):
    """What people change of themselves."""

    name = Line(max_length=120, required=False)
    time_zone = TimeZone(max_length=64, required=False)
    locale = serializers.ChoiceField(choices=sorted(LOCALES), required=False)
    theme = serializers.ChoiceField(choices=sorted(THEMES - {""}), required=False, allow_blank=True)
    single_keys = serializers.BooleanField(required=False)
    announce = serializers.ChoiceField(choices=ANNOUNCE, required=False)
    example = {"time_zone": "Europe/Berlin", "theme": "dark"}


class PersonInput(ProfileInput):
    """What an administrator changes of a person."""

    email = serializers.EmailField(max_length=254, required=False)
    example = {"name": "Zoe Adler", "email": "zoe@example.org"}


class NewPersonInput(serializers.Serializer[Any]):
    """A person to be made; without a password he or she sets one by the reset link."""

    name = Line(max_length=120)
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=ROLES, default="responder")
    time_zone = TimeZone(max_length=64, default="UTC")
    password = serializers.CharField(max_length=256, required=False, trim_whitespace=False, write_only=True)
    example = {"name": "Zoe Adler", "email": "zoe@example.org", "role": "responder", "time_zone": "Europe/Berlin"}


class RoleInput(serializers.Serializer[Any]):
    """A person's role."""

    role = serializers.ChoiceField(choices=ROLES)
    example = {"role": "stakeholder"}


class PasswordInput(serializers.Serializer[Any]):
    """A new password against the present one."""

    current = serializers.CharField(max_length=256, trim_whitespace=False)
    password = serializers.CharField(max_length=256, trim_whitespace=False)


class TeamShape(serializers.ModelSerializer[Team]):
    """A team."""

    class Meta:
        model = Team
        fields = ["id", "name", "description", "version"]
        read_only_fields = fields


class TeamInput(serializers.Serializer[Any]):
    """A team to be made or changed."""

    name = Line(max_length=80)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    example = {"name": "Payments", "description": "Cards, wallets and refunds."}


class MemberShape(serializers.ModelSerializer[Membership]):
    """A person in a team."""

    user = serializers.IntegerField(source="user_id")
    name = serializers.CharField(source="user.name")

    class Meta:
        model = Membership
        fields = ["user", "name", "role"]
        read_only_fields = fields


class MemberInput(serializers.Serializer[Any]):
    """What a person is to be in a team."""

    role = serializers.ChoiceField(choices=MEMBER_ROLES, default=Membership.MEMBER)
    example = {"role": "manager"}


class TokenShape(serializers.ModelSerializer[ApiToken]):
    """A token without its secret, which nobody can read again."""

    user = serializers.IntegerField(source="user_id")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "user",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ]
        read_only_fields = fields


class IssuedTokenShape(TokenShape):
    """A token just made, with its text for this once."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenShape.Meta):
        fields = [*TokenShape.Meta.fields, "token"]
        read_only_fields = fields


class TokenInput(serializers.Serializer[Any]):
    """A token to be made."""

    name = Line(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=3)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    example = {"name": "deploy script", "scopes": ["read", "write"], "expires_at": "2027-01-01T00:00:00Z"}
