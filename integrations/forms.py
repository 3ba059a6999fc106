"""Shapes of what the room's pages take; the rules stand in the commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms

from accounts.models import Team
from core.errors import Invalid
from core.web.forms import PortalForm, VersionedForm, choice, length, line, offer, text
from incidents.kinds import SEVERITIES
from integrations.adapters.generic import VALUES
from integrations.commands.heartbeats import GRACES, INTERVALS
from integrations.kinds import WEBHOOK_KINDS, adapters
from oncall.models import Service

LONGEST_PAYLOAD = 512 * 1024
GRACES_TO_CHOOSE = [
    ("0", "not at all: it ends at once"),
    ("1", "1 hour"),
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
]


class KeyForm(PortalForm):
    """A key for one kind of tool."""

    kind = choice("For", ())
    name = line("Name", 80, "Such as the cluster that will use it.", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(each.id, each.label) for each in adapters()])


class KeyEditForm(VersionedForm):
    """A key's name and, for plain JSON, where its values stand."""

    name = line("Name", 80, required=False)
    paths = text(
        "Paths",
        8000,
        "One per line, such as “summary: alert.title” or “resolve_values: ok, closed”. What is not named is found by"
        " the usual names.",
    )

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        return {"name": self.cleaned_data["name"], "paths": read_paths(self.cleaned_data["paths"])}

    def refuse(self, error: Any = None) -> None:
        """The command names each path; here they are lines of one field."""
        if error is not None:
            said = [f"{name.removeprefix('paths.')} {each}." for name, found in error.fields.items() for each in found]
            error.fields = {"paths": said} if error.fields else {}
        super().refuse(error)


def read_paths(lines: str) -> dict[str, Any]:
    """The lines as the command takes them; raises Invalid for a line without a colon."""
    found: dict[str, Any] = {}
    for each in filter(None, (part.strip() for part in lines.splitlines())):
        name, colon, value = (part.strip() for part in each.partition(":"))
        if not colon or not value:
            raise Invalid(
                "These paths cannot be used.", fields={f"paths.{each[:60]}": ["needs a name, a colon and a path"]}
            )
        if name in VALUES:
            found[name] = [item.strip() for item in value.split(",") if item.strip()]
        else:
            found[name] = value.lower() == "true" if name == "informational" else value
    return found


def written_paths(paths: dict[str, Any]) -> str:
    """Stored paths as lines of the form."""
    return "\n".join(
        f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in paths.items()
    )


class RotateForm(PortalForm):
    """How long the old key goes on working."""

    grace = choice(
        "The old key works for",
        GRACES_TO_CHOOSE,
        "Time to put the new key in place without losing an event.",
    )

    def span(self) -> timedelta:
        """The time of grace."""
        return timedelta(hours=int(self.cleaned_data["grace"]))


class HeartbeatForm(VersionedForm):
    """A promise to give signs of life."""

    name = line("Name", 120, "What gives the signs of life, such as “Nightly backup”.")
    interval_seconds = length("A sign of life every", *INTERVALS, "Such as 5 min, 1 h or 90 s.")
    grace_seconds = length("And patience of", *GRACES, "More, before silence opens an incident. Such as 1 min, or 0.")

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the commands."""
        return {name: self.cleaned_data[name] for name in ("name", "interval_seconds", "grace_seconds")}


class TestEventForm(PortalForm):
    """An event as a monitoring tool would send it."""

    __test__ = False  # no test of pytest's
    summary = line("What it says", 255, required=False)
    severity = choice(
        "Severity",
        [(each, each.capitalize()) for each in reversed(SEVERITIES)],
        "Info pages nobody: its incident waits on the board until somebody takes it. The others page who is on call.",
    )


class PayloadForm(PortalForm):
    """A payload to be judged; nothing of it is stored."""

    kind = choice("Sent by", ())
    payload = forms.CharField(
        label="Payload",
        max_length=LONGEST_PAYLOAD,
        strip=False,
        help_text="The JSON that the tool posts, as it is.",
        widget=forms.Textarea(attrs={"rows": 14, "class": "textarea mono", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(each.id, each.label) for each in adapters()])


class WebhookForm(VersionedForm):
    """Who is told, of what."""

    name = line("Name", 80, "What listens there, such as “Chat bridge”.")
    url = line("Address", 500, "It gets a signed POST. Only public addresses, and those that the operator allows.")
    team = choice("Team", (), "Its managers may change the webhook, which hears of this team's services alone.")
    kinds = forms.MultipleChoiceField(
        label="When an incident is", choices=list(WEBHOOK_KINDS.items()), widget=forms.CheckboxSelectMultiple
    )
    services = forms.MultipleChoiceField(
        label="Only of these services, else of all",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expected = ("team",)

    def __init__(
        self, *args: Any, teams: Iterable[Team], services: Iterable[Service], whole: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in teams}
        self.known = {str(each.pk): each for each in services}
        everybody = [("", "The whole organisation")] if whole else []
        offer(self, "team", [*everybody, *((pk, team.name) for pk, team in self.teams.items())])
        self.fields["team"].required = not whole
        offer(self, "services", [(pk, f"{each.name} ({each.team.name})") for pk, each in self.known.items()])

    def owner(self) -> Team | None:
        """The chosen team; None for the whole organisation."""
        return self.teams.get(self.cleaned_data["team"])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the commands, but for the team."""
        chosen = [self.known[pk] for pk in self.cleaned_data["services"]]
        return {**{name: self.cleaned_data[name] for name in ("name", "url", "kinds")}, "services": chosen}


class SecretForm(PortalForm):
    """How long messages are signed with the old secret too."""

    grace = choice("The old secret signs as well for", GRACES_TO_CHOOSE, "Time to give the receiver the new one.")

    def span(self) -> timedelta:
        """The time of grace."""
        return timedelta(hours=int(self.cleaned_data["grace"]))


class ResumeForm(PortalForm):
    """What becomes of the events that came during a pause."""

    waiting = choice(
        "Events that waited",
        [("send", "are sent now, the oldest first"), ("leave", "are left out; they can be replayed later")],
    )


class ReplayForm(PortalForm):
    """How far back a replay goes."""

    since = choice(
        "Not taken in the last", [("1", "hour"), ("24", "day"), ("168", "7 days"), ("720", "30 days")],
        "Events that were given up or left out are sent again with their own ids, so a receiver drops what it has.",
    )  # fmt: skip

    def span(self) -> timedelta:
        """How far back."""
        return timedelta(hours=int(self.cleaned_data["since"]))
