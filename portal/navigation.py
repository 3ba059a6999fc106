"""The sidebar: which pages stand in it, who sees them, what is counted beside them (design 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accounts.actors import Actor
from core import figures
from core.web.navigation import Count, Duty, Item, Section
from incidents.queries.figures import Figures, glance_of
from oncall.queries.duty import Standing

#: How long a figure may be old, in seconds, where nothing tells of a change; turns change by the hour.
LASTING = {"figures": 10, "duty": 60}


def signed_in(actor: Actor) -> bool:
    """Everybody who has signed in."""
    return actor.user is not None


def staff(actor: Actor) -> bool:
    """Everybody but stakeholders."""
    return actor.user is not None and actor.user.role != "stakeholder"


def process(actor: Actor) -> bool:
    """Process owners and administrators."""
    return actor.user is not None and actor.user.role in {"process_owner", "administrator"}


def process_or_manager(actor: Actor) -> bool:
    """Process owners, administrators, and whoever manages a team."""
    return process(actor) or (staff(actor) and actor.user is not None and "manager" in actor.user.team_roles().values())


def pages_waiting(actor: Actor) -> Count | None:
    """The pages that wait for the actor himself; nothing beside the link where none does."""
    waiting = _figures(actor).pages
    return Count(str(waiting), "page to answer" if waiting == 1 else "pages to answer", hot=True) if waiting else None


def incidents_open(actor: Actor) -> Count | None:
    """The open incidents that the actor may see."""
    found = _figures(actor).open_incidents
    return Count(f"{found:,}" if found <= 10_000 else "10,000+", "open") if found else None


def duty(actor: Actor) -> Duty | None:
    """The card "You are on call"; stakeholders never are and have none."""
    if actor.user is None or not staff(actor):
        return None
    found: Duty = figures.kept_of("duty", actor.user.pk, LASTING, lambda: _look(actor))
    return found


def _figures(actor: Actor) -> Figures:
    if actor.user is None:
        return Figures(0, 0)
    found: Figures = figures.kept_of("figures", actor.user.pk, LASTING, lambda: _look(actor))
    return found


def _look(actor: Actor) -> Mapping[str, Callable[[], Any]]:
    """Whichever is asked for, the other costs no query of its own."""
    found = glance_of(actor)
    return {"figures": lambda: found.figures, "duty": lambda: _duty(found.standing())}


def _duty(standing: Standing) -> Duty:
    if standing.present:
        first, more = standing.present[0], len(standing.present) - 1
        what = first.schedule if first.level is None else f"{first.schedule}, level {first.level}"
        return Duty("You are on call", f"{what} and {more} more" if more else what, until=first.until)
    if standing.next_at is not None:
        return Duty("Next shift", begins=standing.next_at)
    return Duty("You are not on call", "No shift in the next four weeks") if standing.somebody else NOBODY


NOBODY = Duty("Nobody is on call yet", "Make a schedule, then say who takes turns")
SECTIONS = (
    Section(
        "",
        (
            Item("Now", "/now/", "home", signed_in, in_bar=True, count=pages_waiting),
            Item("Incidents", "/incidents/", "alert", signed_in, in_bar=True, count=incidents_open),
            Item("New", "/incidents/new/", "plus", staff, in_bar=True, in_side=False),
        ),
    ),
    Section(
        "On call",
        (
            Item("Schedules", "/schedules/", "cal", staff, in_bar=True, short="On call"),
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
            Item("Webhooks", "/webhooks/", "link", process_or_manager),
        ),
    ),
    Section("You", (Item("Contact methods", "/profile/contact-methods/", "phone", staff),)),
    Section(
        "More",
        (
            Item("Help", "/help/", "help", signed_in),
            Item("Audit", "/audit/", "hist", staff),
            Item("Administration", "/admin/", "gear", process),
        ),
        at_foot=True,
    ),
)
