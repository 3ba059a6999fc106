"""What is typed into the administration about policies, schedules and services: people and names by line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from oncall.commands.services import FIELDS
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, Level, Schedule, Service

HOW_LEVELS = (
    "One level per line: minutes to wait, a colon, then mail addresses of people and names of schedules with commas"
    " between them. Example: “5: ana@example.org, Primary”."
)
HOW_MEMBERS = "Mail addresses in the order of turns, one per line."
MINUTES = {
    "ack_timeout_minutes": "An acknowledgement lasts (minutes)",
    "reopen_window_minutes": "Reopens within (minutes)",
    "quiet_resolve_seconds": "Resolves after quiet of (seconds)",
}
HOW_NEEDS = "Names of the services that it needs to work, one per line."


def lines(text: str) -> list[str]:
    """The lines that hold something, trimmed."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def person(address: str) -> int:
    """The number of the person with this mail address; raises ValidationError."""
    found = User.objects.filter(email=address.strip().lower()).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is nobody with the address {address}.")
    return found


class PolicyForm(forms.ModelForm[EscalationPolicy]):
    """A policy with its levels as lines of text."""

    levels = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_LEVELS, max_length=20_000)

    class Meta:
        model = EscalationPolicy
        fields = ["name", "team", "repeats", "fallback"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["levels"] = written(self.instance)

    def clean_levels(self) -> list[LevelDraft]:
        """The levels as drafts."""
        return [draft(line) for line in lines(self.cleaned_data["levels"])]


def draft(line: str) -> LevelDraft:
    """One line of the form as a level; raises ValidationError naming what is wrong."""
    minutes, colon, rest = line.partition(":")
    if not colon or not minutes.strip().isdigit() or len(minutes.strip()) > 4:
        raise ValidationError(f"“{line[:60]}” must begin with minutes and a colon.")
    targets = [part.strip() for part in rest.split(",") if part.strip()]
    users = tuple(person(target) for target in targets if "@" in target)
    return LevelDraft(int(minutes), users, tuple(_schedule(target) for target in targets if "@" not in target))


def _schedule(name: str) -> int:
    found = Schedule.objects.filter(name__iexact=name).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is no schedule {name}.")
    return found


def written(policy: EscalationPolicy) -> str:
    """A policy's levels as lines of the form."""
    rows = policy.levels.prefetch_related("targets__user", "targets__schedule")
    return "\n".join(f"{level.timeout_minutes}: {_targets(level)}" for level in rows)


def _targets(level: Level) -> str:
    return ", ".join(target.user.email if target.user else str(target.schedule) for target in level.targets.all())


class ScheduleForm(forms.ModelForm[Schedule]):
    """A schedule with its people as lines of text."""

    members = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_MEMBERS, max_length=30_000)

    class Meta:
        model = Schedule
        fields = ["name", "team", "time_zone", "anchor", "unit", "length"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rows = self.instance.members.order_by("position").values_list("user__email", flat=True)
            self.initial["members"] = "\n".join(rows)

    def clean_members(self) -> list[int]:
        """The people by number."""
        return [person(line) for line in lines(self.cleaned_data["members"])]


class ServiceForm(forms.ModelForm[Service]):
    """A service with what it needs as lines of text."""

    needs = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_NEEDS, max_length=30_000, required=False)

    class Meta:
        model = Service
        fields = ["team", "policy", *FIELDS]
        labels = MINUTES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rows = self.instance.dependencies.order_by("needs__name").values_list("needs__name", flat=True)
            self.initial["needs"] = "\n".join(rows)

    def clean_needs(self) -> list[int]:
        """The services by number."""
        return [_service(line) for line in lines(self.cleaned_data["needs"])]


def _service(name: str) -> int:
    found = Service.objects.filter(name__iexact=name).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is no service {name}.")
    return found
