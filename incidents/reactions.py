"""What this room does when something has happened, here or below."""

from __future__ import annotations

from typing import Any

from accounts.facts import UserDeactivated
from core import live
from core.facts import on
from incidents import facts
from incidents.commands import assignment
from incidents.queries.boards import concerned


def refresh_boards(happened: Any) -> None:
    """Have the boards of the people on an incident and of its team drawn anew; every fact names its incident."""
    for user_id in concerned(happened.number):
        live.append(f"now:{user_id}", "board", str(happened.number))


for _kind in facts.OF_INCIDENTS:
    on(_kind)(refresh_boards)


@on(UserDeactivated)
def replace_deactivated_assignee(happened: UserDeactivated) -> None:
    """What only this person answered for goes back to its policy at once (S50)."""
    assignment.replace_gone(happened.user_id)
