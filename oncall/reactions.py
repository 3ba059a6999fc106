"""What this room does when something has happened below it."""

from __future__ import annotations

from accounts.facts import UserDeactivated
from core.facts import on
from oncall.commands.pages import release_person


@on(UserDeactivated)
def pass_pages_on_when_a_person_leaves(fact: UserDeactivated) -> None:
    """A deactivated person's open pages go to the others, or to the next level (S50, F55)."""
    release_person(fact.user_id)
