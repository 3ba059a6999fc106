"""People for the command palette."""

from __future__ import annotations

from django.db.models import Case, Value, When

from accounts.actors import Actor
from accounts.queries import people_seen_by
from core.web.finding import Hit


def people_holding(actor: Actor, text: str, limit: int) -> list[Hit]:
    """Active people whose name holds the text, those that begin with it first; nobody is called by a number."""
    if text.removeprefix("#").isdigit():
        return []
    begins = Case(When(name__istartswith=text, then=Value(0)), default=Value(1))
    rows = people_seen_by(actor).filter(is_active=True, name__icontains=text).order_by(begins, "name", "pk")
    return [Hit(row.name, f"/people/{row.pk}/", "users", row.get_role_display()) for row in rows[:limit]]
