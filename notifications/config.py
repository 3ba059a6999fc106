"""What this room does when a configuration file has made people: policies that name them must reach somebody."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from core.config.nouns import Document
from notifications.commands.contact_methods import ensure_email


def give_addresses(made: Sequence[Document]) -> None:
    """The sign-in address takes pages from now on, as it does of everybody who is made."""
    for user in User.objects.filter(email__in=[document["email"].strip().lower() for document in made]).order_by("pk"):
        ensure_email(user)
