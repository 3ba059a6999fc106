"""The shape of what is done with an incident: declaring it, and the values of each verb."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.actors import Actor
from accounts.queries import active_people, person_seen_by
from core import clock
from core.web.forms import PortalForm, VersionedForm, choice, line, offer, text
from incidents.commands.describing import CLEAN, LONGEST_IMPACT, LONGEST_TITLE
from incidents.commands.lifecycle import RESOLUTION_CODES
from incidents.forms.moments import moment
from incidents.models import Incident, Priority
from incidents.queries.priorities import priorities
from oncall.queries.on_call import can_be_on_call
from oncall.queries.services import policies_seen_by, policy_seen_by, services_seen_by

LONG = 10_000
MINUTE_STEPS = (("30", "30 minutes"), ("60", "1 hour"), ("120", "2 hours"), ("240", "4 hours"), ("480", "8 hours"))


class VerbForm(VersionedForm):
    """A verb without values: only the version that the person saw (S51)."""

    def __init__(self, *args: Any, actor: Actor, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.incident = actor, incident
        self.fields["version"].initial = incident.version
        self.prepare()

    def prepare(self) -> None:
        """Fill in the choices that depend on the actor or the incident."""

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class DeclineForm(VerbForm):
    """Why not, if one wants to say it."""

    reason = line("Reason", 200, "The others read it in the timeline.", required=False, data_draft="reason")


class CauseForm(VerbForm):
    """The suspected cause."""

    cause = text("What is the cause?", LONG, "One or two sentences are enough.", rows=4, data_draft="cause")


class TextForm(VerbForm):
    """What was done."""

    text = text("What happened?", LONG, "One or two sentences are enough.", rows=4, data_draft="text")


class ResolveForm(VerbForm):
    """One sentence about how it ended; a field called `code` would keep the form from outliving a session."""

    resolution = text("How did it end?", LONG, "One sentence is enough.", rows=4, data_draft="resolution")
    ending = choice(
        "Kind of end", [(code, code.replace("_", " ").capitalize()) for code in RESOLUTION_CODES], required=False
    )

    def values(self) -> dict[str, Any]:
        """Fixed unless something else was chosen."""
        return {"resolution": self.cleaned_data["resolution"], "code": self.cleaned_data["ending"] or "fixed"}


class ReasonForm(VerbForm):
    """Why."""

    reason = line("Reason", 300, required=False, data_draft="reason")


class SnoozeForm(VerbForm):
    """For how long, or until when by the person's own clock."""

    minutes = choice("Snooze for", MINUTE_STEPS, required=False)
    until = moment("Or until", "In your own time zone, seven days at most.")

    def values(self) -> dict[str, Any]:
        """The moment; a given time wins over the list."""
        minutes = int(self.cleaned_data["minutes"] or MINUTE_STEPS[0][0])
        until: datetime = self.cleaned_data["until"] or clock.now() + timedelta(minutes=minutes)
        return {"until": until}


class ReassignForm(VerbForm):
    """To a policy or a person, one list with the roles first."""

    to = choice("Give it to")
    reason = line("Reason", 300, "Everybody on the incident reads it.", required=False, data_draft="reason")

    def prepare(self) -> None:
        """Policies before people; those who cannot answer are left out."""
        ways = [(f"policy:{row.pk}", row.name) for row in policies_seen_by(self.actor)]
        people = [(f"user:{row.pk}", row.name) for row in active_people() if can_be_on_call(row)]
        offer(self, "to", [("", "Choose"), ("Escalation policies", ways), ("People", people)])

    def values(self) -> dict[str, Any]:
        """The chosen one as the command takes it."""
        kind, _, pk = self.cleaned_data["to"].partition(":")
        if kind == "policy":
            return {"policy": policy_seen_by(self.actor, int(pk)), "reason": self.cleaned_data["reason"]}
        return {"user": person_seen_by(self.actor, int(pk)), "reason": self.cleaned_data["reason"]}


class PriorityForm(VerbForm):
    """The new priority and why."""

    priority = choice("Priority")
    reason = line("Reason", 300, "Everybody on the incident reads it.", required=False, data_draft="reason")

    def prepare(self) -> None:
        """P1 to P5 as they are called here."""
        self.known = {str(row.pk): row for row in priorities(self.actor)}
        offer(self, "priority", [(pk, _priority_words(row)) for pk, row in self.known.items()])
        self.fields["priority"].initial = str(self.incident.priority_id)

    def values(self) -> dict[str, Any]:
        """The row."""
        return {"priority": self.known[self.cleaned_data["priority"]], "reason": self.cleaned_data["reason"]}


def _priority_words(row: Priority) -> str:
    words = f"{row.name}, major" if row.major else row.name
    return words if row.pages else f"{words}, pages nobody"


class KnownForm(VerbForm):
    """What is known, as it stands: the four texts that people keep up to date while they learn more."""

    customer_impact = text(
        "Customer impact",
        LONGEST_IMPACT,
        "Who is hit, how many, what they cannot do. Leave it empty while no customer is hit.",
        rows=2,
        data_draft="customer_impact",
    )
    suspected_cause = text("Suspected cause", LONG, rows=3, data_draft="suspected_cause")
    title = line("Title", LONGEST_TITLE, "One line, as you would say it on the phone.", data_draft="title")
    description = text(
        "Description", LONG, "What you see, since when, who reported it.", rows=3, data_draft="description"
    )

    def prepare(self) -> None:
        """What stands there now."""
        for name in CLEAN:
            self.fields[name].initial = getattr(self.incident, name)


class DeclareForm(PortalForm):
    """A title and a service are enough (DET-02)."""

    title = line("What is wrong?", 255, "One line, as you would say it on the phone.", data_draft="title")
    service = choice("Which service?")
    priority = choice("Priority", required=False)
    description = text("More", LONG, "What you see, since when, who reported it.", rows=4, data_draft="description")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.services = {str(row.pk): row for row in services_seen_by(actor).prefetch_related(None)}
        self.priorities = {str(row.pk): row for row in priorities(actor)}
        known = ((pk, f"{row.name} ({row.team})") for pk, row in self.services.items())
        offer(self, "service", [("", "Choose"), *known])
        ranks = ((pk, _priority_words(row)) for pk, row in self.priorities.items())
        offer(self, "priority", [("", "Not sure"), *ranks])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {
            "title": given["title"],
            "service": self.services[given["service"]],
            "priority": self.priorities.get(given["priority"]),
            "description": given["description"],
        }
