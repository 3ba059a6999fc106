"""Shape of what the room's pages take; the rules stand in the commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.actors import Actor
from accounts.queries import active_people, person_seen_by
from core import clock
from incidents.commands.lifecycle import RESOLUTION_CODES
from incidents.kinds import entry_kinds
from incidents.models import Incident, Priority
from incidents.queries.priorities import priorities
from oncall.queries.on_call import can_be_on_call
from oncall.queries.services import policies_seen_by, policy_seen_by, services_seen_by

LONG = 10_000
MINUTE_STEPS = (("30", "30 minutes"), ("60", "1 hour"), ("120", "2 hours"), ("240", "4 hours"), ("480", "8 hours"))
LOCAL = "%Y-%m-%dT%H:%M"


def _line(label: str, limit: int, help_text: str = "", *, required: bool = False, **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", **{name.replace("_", "-"): each for name, each in attrs.items()}})
    return forms.CharField(label=label, max_length=limit, help_text=help_text, required=required, widget=widget)


def _text(label: str, help_text: str = "", *, required: bool = False, draft: str = "") -> forms.CharField:
    attrs = {"class": "textarea", "rows": 4}
    if draft:
        attrs["data-draft"] = draft
    widget = forms.Textarea(attrs=attrs)
    return forms.CharField(label=label, max_length=LONG, help_text=help_text, required=required, widget=widget)


def _moment(label: str, help_text: str = "", *, required: bool = False) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"class": "input", "type": "datetime-local", "step": 1}, format=f"{LOCAL}:%S")
    formats = [LOCAL, f"{LOCAL}:%S"]
    return forms.DateTimeField(
        label=label, help_text=help_text, required=required, widget=widget, input_formats=formats
    )


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "select"})


class VerbForm(forms.Form):
    """A verb without values: only the version that the person saw (S51)."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.incident = actor, incident
        self.fields["version"].initial = incident.version
        self.prepare()

    def prepare(self) -> None:
        """Fill in the choices that depend on the actor or the incident."""

    @property
    def seen(self) -> int | None:
        """The version that the person saw; None where the form came without."""
        found: int | None = self.cleaned_data.get("version")
        return found

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class DeclineForm(VerbForm):
    """Why not, if one wants to say it."""

    reason = _line("Reason", 200, "The others read it in the timeline.", data_draft="reason")


class CauseForm(VerbForm):
    """The suspected cause."""

    cause = _text("What is the cause?", "One or two sentences are enough.", draft="cause")


class TextForm(VerbForm):
    """What was done."""

    text = _text("What happened?", "One or two sentences are enough.", draft="text")


class ResolveForm(VerbForm):
    """One sentence about how it ended."""

    resolution = _text("How did it end?", "One sentence is enough.", draft="resolution")
    code = forms.ChoiceField(
        label="Kind of end",
        choices=[(code, code.replace("_", " ").capitalize()) for code in RESOLUTION_CODES],
        required=False,
        widget=_select(),
    )

    def values(self) -> dict[str, Any]:
        """Fixed unless something else was chosen."""
        return {"resolution": self.cleaned_data["resolution"], "code": self.cleaned_data["code"] or "fixed"}


class ReasonForm(VerbForm):
    """Why."""

    reason = _line("Reason", 300, data_draft="reason")


class SnoozeForm(VerbForm):
    """For how long, or until when by the person's own clock."""

    minutes = forms.ChoiceField(label="Snooze for", choices=MINUTE_STEPS, required=False, widget=_select())
    until = _moment("Or until", "In your own time zone, seven days at most.")

    def values(self) -> dict[str, Any]:
        """The moment; a given time wins over the list."""
        minutes = int(self.cleaned_data["minutes"] or MINUTE_STEPS[0][0])
        until: datetime = self.cleaned_data["until"] or clock.now() + timedelta(minutes=minutes)
        return {"until": until}


class ReassignForm(VerbForm):
    """To a policy or a person, one list with the roles first."""

    to = forms.ChoiceField(label="Give it to", widget=_select())
    reason = _line("Reason", 300, "Everybody on the incident reads it.", data_draft="reason")

    def prepare(self) -> None:
        """Policies before people; those who cannot answer are left out."""
        ways = [(f"policy:{row.pk}", row.name) for row in policies_seen_by(self.actor)]
        people = [(f"user:{row.pk}", row.name) for row in active_people() if can_be_on_call(row)]
        field: Any = self.fields["to"]
        field.choices = [("", "Choose"), ("Escalation policies", ways), ("People", people)]

    def values(self) -> dict[str, Any]:
        """The chosen one as the command takes it."""
        kind, _, pk = self.cleaned_data["to"].partition(":")
        if kind == "policy":
            return {"policy": policy_seen_by(self.actor, int(pk)), "reason": self.cleaned_data["reason"]}
        return {"user": person_seen_by(self.actor, int(pk)), "reason": self.cleaned_data["reason"]}


class PriorityForm(VerbForm):
    """The new priority and why."""

    priority = forms.ChoiceField(label="Priority", widget=_select())
    reason = _line("Reason", 300, "Everybody on the incident reads it.", data_draft="reason")

    def prepare(self) -> None:
        """P1 to P5 as they are called here."""
        self.known = {str(row.pk): row for row in priorities(self.actor)}
        field: Any = self.fields["priority"]
        field.choices = [(pk, _priority_words(row)) for pk, row in self.known.items()]
        field.initial = str(self.incident.priority_id)

    def values(self) -> dict[str, Any]:
        """The row."""
        return {"priority": self.known[self.cleaned_data["priority"]], "reason": self.cleaned_data["reason"]}


def _priority_words(row: Priority) -> str:
    words = f"{row.name}, major" if row.major else row.name
    return words if row.pages else f"{words}, pages nobody"


class DeclareForm(forms.Form):
    """A title and a service are enough (DET-02)."""

    title = _line(
        "What is wrong?", 255, "One line, as you would say it on the phone.", required=True, data_draft="title"
    )
    service = forms.ChoiceField(label="Which service?", widget=_select())
    priority = forms.ChoiceField(label="Priority", required=False, widget=_select())
    description = _text("More", "What you see, since when, who reported it.", draft="description")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.services = {str(row.pk): row for row in services_seen_by(actor).prefetch_related(None)}
        self.priorities = {str(row.pk): row for row in priorities(actor)}
        service: Any = self.fields["service"]
        service.choices = [("", "Choose"), *((pk, f"{row.name} ({row.team})") for pk, row in self.services.items())]
        ranks: Any = self.fields["priority"]
        ranks.choices = [("", "Not sure"), *((pk, _priority_words(row)) for pk, row in self.priorities.items())]

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {
            "title": given["title"],
            "service": self.services[given["service"]],
            "priority": self.priorities.get(given["priority"]),
            "description": given["description"],
        }


class NoteForm(forms.Form):
    """What a person writes into the record, at its own time (S19)."""

    text = _text("Note", required=True)
    kind = forms.ChoiceField(label="Kind", required=False, widget=_select())
    occurred_at = _moment("When it happened", "Leave empty for now.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kind"]
        field.choices = [(kind.key, kind.label) for kind in entry_kinds() if kind.human]

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {"text": given["text"], "kind": given["kind"] or "note", "occurred_at": given["occurred_at"]}


class EditForm(forms.Form):
    """A new text; the former one stays as a revision (S18)."""

    text = _text("Text", required=True, draft="text")
    occurred_at = _moment("When it happened")
    why = _line("Why", 200)


class StrikeForm(forms.Form):
    """Why an entry is hidden; a secret's text can be removed for good (S18)."""

    reason = _line("Why strike it?", 200, "Others read the reason instead of the text.", required=True)
    redact = forms.BooleanField(label="It holds a secret: remove the text for good", required=False)


class MilestoneForm(forms.Form):
    """When something really was; both values are kept (S20)."""

    kind = forms.ChoiceField(label="Milestone", widget=_select())
    at = _moment("It was at", "In your own time zone.", required=True)
    why = _line("Why", 200)

    def __init__(self, *args: Any, reached: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kind"]
        field.choices = [(kind, kind.capitalize()) for kind in reached]


def local_text(at: datetime) -> str:
    """A moment as a datetime-local field shows it, in the viewer's zone."""
    return timezone.localtime(at).strftime(f"{LOCAL}:%S")
