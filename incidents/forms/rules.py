"""Shapes of event rules and grouping; the rules about them stand in the commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from core.web.forms import VersionedForm, choice, length, line, offer, whole
from incidents.models import EventRule, GroupingRule, Priority

FIELD_WORDS = "One of summary, severity, source, component, group, class, key, tool, or details.<path>."
SIMPLE = ("name", "position", "enabled", "field", "operator", "value", "urgency", "informational")


class RuleForm(VersionedForm):
    """If a field of an event fits, it gets this priority or urgency (DET-06)."""

    name = line("Name", 120, "What the rule is for. It is shown beside the incidents that it has judged.")
    field = line("If the field", 120, FIELD_WORDS, list="rule-fields", autocapitalize="none", spellcheck="false")
    operator = choice("", EventRule._meta.get_field("operator").choices or ())  # noqa: SLF001 (Django's interface)
    value = line("This text", 500, "Patterns are RE2; other texts are compared without regard to case.", required=False)
    priority = choice("It becomes", (), required=False)
    urgency = choice("Urgency", [("", "As the priority says"), ("high", "High"), ("low", "Low")], required=False)
    informational = forms.BooleanField(label="It only informs: it opens nothing and pages nobody", required=False)
    position = whole("Place in the order", 0, 32_767, "Smaller numbers are tried first; the first that fits decides.")
    enabled = forms.BooleanField(label="In use", required=False, initial=True)

    def __init__(self, *args: Any, priorities: Iterable[Priority], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.priorities = {str(row.pk): row for row in priorities}
        offer(self, "priority", [("", "By its severity"), *((pk, row.name) for pk, row in self.priorities.items())])
        self.fields["operator"].label = "Compares how"

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {**{name: given[name] for name in SIMPLE}, "priority": self.priorities.get(given["priority"])}


class GroupingForm(VersionedForm):
    """Which alerts become one incident (DET-07)."""

    mode = choice(
        "Alerts become one incident",
        [
            ("tool", "As the tool groups them"),
            ("none", "Never: each stays apart"),
            ("fields", "When these fields are equal"),
            ("window", "When they come within the time below"),
        ],
    )
    fields_named = line("Fields", 1000, f"With commas between them. {FIELD_WORDS}", required=False)
    window_minutes = length(
        "Within", 1, 1440, "Counted from the first alert; for equal fields and for the time window.", unit=60
    )

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        names = [name.strip() for name in given["fields_named"].split(",") if name.strip()]
        return {"mode": given["mode"], "fields": names, "window_minutes": given["window_minutes"]}

    def refuse(self, error: Any = None) -> None:
        """The command calls the field by its own name."""
        if error is not None and "fields" in error.fields:
            error.fields["fields_named"] = error.fields.pop("fields")
        super().refuse(error)


def stored_grouping(rule: GroupingRule) -> dict[str, Any]:
    """What a grouping holds, as its form shows it."""
    return {
        "mode": rule.mode,
        "fields_named": ", ".join(rule.fields),
        "window_minutes": rule.window_minutes,
        "version": rule.version if rule.pk else "",
    }
