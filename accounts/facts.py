"""What this room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass

from core.facts import fact


@fact("user.created")
@dataclass(frozen=True, slots=True)
class UserCreated:
    """A person can sign in from now on; where to reach him or her is still to be made."""

    user_id: int


@fact("user.deactivated")
@dataclass(frozen=True, slots=True)
class UserDeactivated:
    """A person has left: what he or she held must be given to others at once (S50)."""

    user_id: int
