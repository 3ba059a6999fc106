"""People."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accounts.emails import normal
from core import clock

ROLES = (
    ("stakeholder", "Stakeholder"),
    ("responder", "Responder"),
    ("process_owner", "Process owner"),
    ("administrator", "Administrator"),
)
# What a live page reads out to people who listen to it (design 11).
ANNOUNCE = (("all", "Every entry"), ("key", "Key moments"), ("none", "Nothing"))
RANKS = {role: rank for rank, (role, _) in enumerate(ROLES)}
STAFF_ROLES = frozenset({"responder", "process_owner", "administrator"})
ADMIN_ROLES = frozenset({"process_owner", "administrator"})
# Config nouns that a process owner administers; people, tokens and providers are the administrator's (domain.md).
OWNER_APPS = frozenset({"oncall", "incidents", "integrations"})
OWNER_MODELS = frozenset({"accounts.team", "accounts.membership", "notifications.delivery"})


class UserManager(BaseUserManager["User"]):
    """Creates people with a normalised e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make and store a person; `email` is kept in its one normal form."""
        user = self.model(email=normal(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An administrator, for Django's own command."""
        fields.setdefault("name", email)
        return self.create_user(email, password, role="administrator", **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find by e-mail, whatever its case, blanks and compatibility forms (A37)."""
        return self.get(email=normal(username or ""))


class User(AbstractBaseUser):
    """A person who can sign in; `role` is the widest thing that he or she may do."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=ROLES, default="responder")
    time_zone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(max_length=16, default="en-gb")
    theme = models.CharField(max_length=8, default="", blank=True)
    single_keys = models.BooleanField(default=True, db_default=True)
    announce = models.CharField(max_length=4, choices=ANNOUNCE, default="all", db_default="all")
    is_active = models.BooleanField(default=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    session_epoch = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)
    date_joined = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=[r for r, _ in ROLES]), name="user_role_known"),
            models.CheckConstraint(
                condition=models.Q(announce__in=[each for each, _ in ANNOUNCE]), name="user_announce_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """Django's word for the name."""
        return self.name

    @property
    def rank(self) -> int:
        """How high the role stands; nobody grants above his or her own (A60)."""
        return RANKS[self.role]

    @property
    def is_staff(self) -> bool:
        """Whether Django admin opens: process owners and administrators."""
        return self.is_active and self.role in ADMIN_ROLES

    @property
    def is_superuser(self) -> bool:
        """Django's word for administrator."""
        return self.is_active and self.role == "administrator"

    @property
    def user_id(self) -> int:
        """A person's row is his or her own: the column OW of the matrix."""
        return self.pk

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match to stand: a new password or epoch ends all others (A28)."""
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("accounts.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django admin's question, answered from the role: `app.verb_model`; commands ask `require` again."""
        if not self.is_staff:
            return False
        app, _, action = perm.partition(".")
        model = f"{app}.{action.rpartition('_')[2]}"
        return self.is_superuser or app in OWNER_APPS or model in OWNER_MODELS

    def has_perms(self, perms: Iterable[str], obj: object = None) -> bool:
        """Whether all of them are granted."""
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether an application appears in Django admin at all."""
        ours = OWNER_APPS | {model.partition(".")[0] for model in OWNER_MODELS}
        return self.is_superuser or (self.is_staff and app_label in ours)

    def team_roles(self) -> dict[int, str]:
        """Team id -> member or manager, read once for this instance."""
        cached: dict[int, str] | None = getattr(self, "_team_roles", None)
        if cached is None:
            cached = dict(self.memberships.values_list("team_id", "role"))
            self._team_roles = cached
        return cached

    def remember_rule(self, rule: bool) -> None:
        """Whether staff need a second factor, for whoever has read it together with the person."""
        self.factor_rule: bool | None = rule

    def remember_teams(self, roles: dict[int, str]) -> None:
        """What `team_roles` says from now on, for whoever has read it together with the person."""
        self._team_roles = roles
