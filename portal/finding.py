"""Pages for the command palette."""

from __future__ import annotations

from accounts.actors import Actor
from core.web import navigation
from core.web.finding import Hit
from core.web.navigation import Item
from portal.navigation import signed_in, staff

#: Pages that stand in no sidebar.
OTHERS = (
    Item("Your profile", "/profile/", "gear", signed_in),
    Item("Notification rules", "/profile/rules/", "bell", staff),
    Item("API tokens", "/profile/tokens/", "key", signed_in),
    Item("Keys", "/keys/", "list", signed_in),
    Item("New incident", "/incidents/new/", "plus", staff),
)


def pages_holding(actor: Actor, text: str, limit: int) -> list[Hit]:
    """Pages that the viewer may open and whose name holds each word of the text; asks no database."""
    words = text.casefold().split()
    items = {item.path: item for item in [*navigation.reachable(actor), *OTHERS] if item.visible(actor)}
    hits = [item for item in items.values() if all(word in item.label.casefold() for word in words)]
    return [Hit(item.label, item.path, item.icon) for item in hits[:limit]]
