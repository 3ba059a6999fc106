"""The shape of a notification rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.web.forms import PortalForm, choice, offer, whole
from notifications.models import ContactMethod


class RuleForm(PortalForm):
    """When and by which address one wants to be told."""

    urgency = choice("For pages of", [("high", "High urgency"), ("low", "Low urgency")])
    delay_minutes = whole("Minutes after the page", 0, 120, "0 is at once.")
    method = choice("By")

    def __init__(self, *args: Any, methods: Iterable[ContactMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "method", [(str(each.pk), f"{each.carrier}, {each.place}") for each in methods])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {"urgency": given["urgency"], "delay_minutes": given["delay_minutes"], "method_id": int(given["method"])}
