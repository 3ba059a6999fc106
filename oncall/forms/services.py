"""The shape of a service's form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import Team
from core.web.forms import VersionedForm, choice, length, line, offer, text
from oncall.models import EscalationPolicy, Service

SIMPLE = (
    "name",
    "description",
    "urgency",
    "ack_timeout_minutes",
    "reopen_window_minutes",
    "quiet_resolve_seconds",
    "customer_facing",
)


def _named(service: Service) -> str:
    return f"{service.name} (archived)" if service.archived_at else service.name


class ServiceForm(VersionedForm):
    """What can break, who owns it and who is paged for it."""

    name = line("Name", 120)
    description = text("What it does", 4000, "One line that somebody woken at night understands.")
    team = choice("Team", (), "It answers for the service; its managers may change it.")
    policy = choice("Escalation policy", (), "Who is paged, in which order.", required=False)
    urgency = choice(
        "Urgency",
        [("priority", "By the incident's priority"), ("high", "Always high"), ("low", "Always low")],
        "High urgency pages at once, whatever the hour.",
    )
    ack_timeout_minutes = length(
        "Page again after", 1, 10080, "An acknowledgement without a resolution, such as 30 min. Empty: by priority.",
        required=False, unit=60,
    )  # fmt: skip
    reopen_window_minutes = length(
        "Reopen within", 0, 43200, "A new alert of a resolved incident reopens it instead of making another.", unit=60
    )
    quiet_resolve_seconds = length(
        "Resolve after quiet", 0, 86400, "Between the last alert's end and the incident's, such as 2 min or 90 s."
    )
    customer_facing = forms.BooleanField(label="Customers meet it directly", required=False)
    needs = forms.MultipleChoiceField(
        label="It needs",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Services without which it fails.",
    )

    def __init__(
        self,
        *args: Any,
        teams: Iterable[Team],
        policies: Iterable[EscalationPolicy],
        services: Iterable[Service],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in teams}
        self.policies = {str(policy.pk): policy for policy in policies}
        offer(self, "team", [(pk, team.name) for pk, team in self.teams.items()])
        nobody = ("", "None: the team's managers are paged")
        offer(self, "policy", [nobody, *((pk, policy.name) for pk, policy in self.policies.items())])
        offer(self, "needs", [(str(each.pk), _named(each)) for each in services])

    def values(self) -> dict[str, Any]:
        """Keyword arguments that creating and editing share."""
        given = self.cleaned_data
        found = {name: given[name] for name in SIMPLE}
        return {**found, "policy": self.policies.get(given["policy"]), "needs": [int(pk) for pk in given["needs"]]}

    def owner(self) -> Team:
        """The chosen team."""
        return self.teams[self.cleaned_data["team"]]
