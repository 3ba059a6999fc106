"""Verbs of the first start: make the one-time set-up link, make the first administrator (A41)."""

from __future__ import annotations

import secrets

from django.db import transaction

from accounts.actors import system
from accounts.commands import users
from accounts.models import FirstRun, User
from accounts.queries import administrators, digest_of, is_set_up
from core import clock
from core.errors import Missing


@transaction.atomic
def prepare() -> str | None:
    """A new set-up token, which makes former ones void, or None once an administrator exists."""
    if is_set_up():
        return None
    raw = secrets.token_urlsafe(24)
    FirstRun.objects.update_or_create(id=1, defaults={"digest": digest_of(raw), "made_at": clock.now()})
    return raw


def is_open(raw: str) -> bool:
    """Whether this link still makes an administrator."""
    waiting = FirstRun.objects.filter(id=1, digest=digest_of(raw), completed_at=None)
    return waiting.exists() and not administrators().exists()


@transaction.atomic
def complete(raw: str, *, name: str, email: str, password: str, time_zone: str = "UTC") -> User:
    """Make the first administrator; of two at once exactly one succeeds, the other gets Missing (A41).

    The link itself is the right to do so. Raises Invalid, which leaves the link open.
    """
    won = FirstRun.objects.filter(id=1, digest=digest_of(raw), completed_at=None).update(completed_at=clock.now())
    if not won or administrators().exists():
        raise Missing("This link has been used or is not valid.")
    return users.create(
        system("Set-up"), name=name, email=email, password=password, role="administrator", time_zone=time_zone
    )
