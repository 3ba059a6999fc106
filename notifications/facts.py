"""What happened here that other rooms may want to know."""

from __future__ import annotations

from dataclasses import dataclass

from core.facts import fact


@fact("contact_method.verified")
@dataclass(frozen=True)
class ContactMethodVerified:
    """An address was proven: pages may go to it."""

    method_id: int
    user_id: int
    provider: str


@fact("contact_method.broken")
@dataclass(frozen=True)
class ContactMethodBroken:
    """A carrier refused an address for good (F67)."""

    method_id: int
    user_id: int
    provider: str
    reason: str


@fact("contact_method.removed")
@dataclass(frozen=True)
class ContactMethodRemoved:
    """A person took an address away."""

    method_id: int
    user_id: int
    provider: str
