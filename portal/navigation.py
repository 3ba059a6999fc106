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
            Item("Now", "/now/", "home", signed_in, in_bar=True),
            Item("Incidents", "/incidents/", "alert", signed_in, in_bar=True),
        ),
    ),
    Section(
        "On call",
        (
            Item("Schedules", "/schedules/", "cal", staff, in_bar=True),
            Item("Escalation policies", "/policies/", "ladder", staff),
            Item("Services", "/services/", "layers", staff),
            Item("Teams", "/teams/", "users", staff),
        ),
    ),
    Section(
        "Signals",
        (
            Item("Event rules", "/rules/", "route", staff),
            Item("Inbound log", "/inbound/", "inbox", staff),
            Item("Delivery log", "/deliveries/", "bell", staff),
        ),
    ),
    Section(
        "You",
        (
            Item("Contact methods", "/profile/contact-methods/", "phone", staff),
            Item("Administration", "/admin/", "gear", process),
        ),
    ),
)
