"""The sidebar: which pages stand in it and who sees them (design 5)."""

from __future__ import annotations

from accounts.actors import Actor
from core.web.navigation import Item, Section


def signed_in(actor: Actor) -> bool:
    """Everybody who has signed in."""
    return actor.user is not None


def staff(actor: Actor) -> bool:
    """Everybody but stakeholders."""
    return actor.user is not None and actor.user.role != "stakeholder"


def process(actor: Actor) -> bool:
    """Process owners and administrators."""
    return actor.user is not None and actor.user.role in {"process_owner", "administrator"}


SECTIONS = (
    Section(
        "",
        (
            Item("Now", "/now/", "i-home", signed_in, in_bar=True),
            Item("Incidents", "/incidents/", "i-alert", signed_in, in_bar=True),
        ),
    ),
    Section(
        "On call",
        (
            Item("Schedules", "/schedules/", "i-cal", staff, in_bar=True),
            Item("Escalation policies", "/policies/", "i-ladder", staff),
            Item("Services", "/services/", "i-layers", staff),
            Item("Teams", "/teams/", "i-users", staff),
        ),
    ),
    Section(
        "Signals",
        (
            Item("Inbound log", "/inbound/", "i-link", staff),
            Item("Delivery log", "/deliveries/", "i-mega", staff),
        ),
    ),
    Section(
        "You",
        (
            Item("Contact methods", "/profile/contact-methods/", "i-gear", staff, in_bar=True),
            Item("Administration", "/admin/", "i-gear", process),
        ),
    ),
)
