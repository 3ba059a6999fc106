"""What the console says until an administrator exists (A41)."""

from __future__ import annotations

from django.urls import reverse

from accounts.commands import first_run
from core.links import absolute


def set_up_link() -> list[str]:
    """The one-time link to make the first administrator, or nothing; former links end with it."""
    raw = first_run.prepare()
    if raw is None:
        return []
    return [f"Set it up, once: {absolute(reverse('first_administrator', kwargs={'token': raw}))}"]
