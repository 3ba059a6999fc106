"""Services for the command palette."""

from __future__ import annotations

from django.db.models import Case, Value, When

from accounts.actors import Actor
from core.web.finding import Hit
from oncall.queries.services import services_seen_by


def services_holding(actor: Actor, text: str, limit: int) -> list[Hit]:
    """Services whose name holds the text, those that begin with it first; archived ones are left out."""
    begins = Case(When(name__istartswith=text, then=Value(0)), default=Value(1))
    rows = services_seen_by(actor).filter(name__icontains=text).prefetch_related(None).order_by(begins, "name")
    return [Hit(row.name, f"/services/{row.pk}/", "layers", row.team.name) for row in rows[:limit]]
