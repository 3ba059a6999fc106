"""Shapes of what the room's pages take; the rules stand in the commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from core.errors import Invalid
from core.web.forms import PortalForm, VersionedForm, choice, length, line, offer, text
from incidents.kinds import SEVERITIES
from integrations.adapters.generic import VALUES
from integrations.commands.heartbeats import GRACES, INTERVALS
from integrations.kinds import adapters

LONGEST_PAYLOAD = 512 * 1024


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
        [("0", "not at all: it ends at once"), ("1", "1 hour"), ("24", "1 day"), ("168", "7 days"), ("720", "30 days")],
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
