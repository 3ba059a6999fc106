"""Whom an operator names at the command line."""

from __future__ import annotations

from django.core.management.base import CommandError

from accounts.models import User


def active_person(email: str) -> User:
    """The active person with this address, whatever its case; raises CommandError (exit code 1) where nobody has it."""
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise CommandError("Nobody active has this address.")
    return found
