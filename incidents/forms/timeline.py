"""The shape of what is written into the record: entries, their corrections, milestones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from core.web.forms import PortalForm, choice, line, offer, text
from incidents.forms.moments import moment
from incidents.kinds import entry_kinds

LONG = 10_000


class NoteForm(PortalForm):
    """What a person writes into the record, at its own time (S19)."""

    text = text("Note", LONG, required=True, rows=4, data_draft="note")
    kind = choice("Kind", required=False)
    occurred_at = moment("When it happened", "Leave empty for now.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(kind.key, kind.label) for kind in entry_kinds() if kind.human])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {"text": given["text"], "kind": given["kind"] or "note", "occurred_at": given["occurred_at"]}


class EditForm(PortalForm):
    """A new text; the former one stays as a revision (S18)."""

    text = text("Text", LONG, required=True, rows=4, data_draft="text")
    occurred_at = moment("When it happened")
    why = line("Why", 200, required=False)


class StrikeForm(PortalForm):
    """Why an entry is hidden; a secret's text can be removed for good (S18)."""

    reason = line("Why strike it?", 200, "Others read the reason instead of the text.", data_draft="reason")
    redact = forms.BooleanField(label="It holds a secret: remove the text for good", required=False)


class MilestoneForm(PortalForm):
    """When something really was; both values are kept (S20)."""

    kind = choice("Milestone")
    at = moment("It was at", "In your own time zone.", required=True)
    why = line("Why", 200, required=False)

    def __init__(self, *args: Any, reached: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(kind, kind.capitalize()) for kind in reached])
