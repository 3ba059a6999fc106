"""The card on Now that leads a new portal on to its first page (RES-20)."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from accounts.permissions import TEAM_CREATE, can
from integrations.queries.steps import first_steps, is_under_way

register = template.Library()


@register.inclusion_tag("integrations/_first_steps_card.html", takes_context=True)
def first_steps_card(context: Context) -> dict[str, Any]:
    """The next step, for those who may set the portal up, until it is; nothing for everybody else."""
    actor = context.get("actor")
    if actor is None or not can(actor, TEAM_CREATE) or is_under_way():
        return {}
    steps = first_steps(actor)
    left = [step for step in steps if not step.done]
    return {"following": left[0] if left else None, "done": len(steps) - len(left), "all": len(steps)}
