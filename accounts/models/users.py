"""People."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from core import clock

ROLES = (
    ("stakeholder", "Stakeholder"),
    ("responder", "Responder"),
    ("process_owner", "Process owner"),
    ("administrator", "Administrator"),
)
STAFF_ROLES = frozenset({"responder", "process_owner", "administrator"})


class UserManager(BaseUserManager["User"]):
    """Creates people with a normalised e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make and store a person; `email` is lower-cased as a whole."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An administrator, for Django's own command."""
        fields.setdefault("name", email)
        return self.create_user(email, password, role="administrator", **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find by e-mail, whatever its case (A37)."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who can sign in; `role` is the widest thing that he or she may do."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=ROLES, default="responder")
    time_zone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(max_length=16, default="en-gb")
    theme = models.CharField(max_length=8, default="", blank=True)
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
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Whether Django admin opens: process owners and administrators."""
        return self.is_active and self.role in {"process_owner", "administrator"}

    @property
    def is_superuser(self) -> bool:
        """Django's word for administrator."""
        return self.is_active and self.role == "administrator"

    def team_roles(self) -> dict[int, str]:
        """Team id -> member or manager, read once for this instance."""
        cached: dict[int, str] | None = getattr(self, "_team_roles", None)
        if cached is None:
            cached = dict(self.memberships.values_list("team_id", "role"))
            self._team_roles = cached
        return cached
