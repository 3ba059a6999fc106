"""The shape of what is written into the record: entries, their corrections, milestones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from core.errors import PortalError
from core.web.forms import LARGEST, PortalForm, choice, line, offer, text
from incidents.commands.attachments import Upload
from incidents.commands.slashes import MISREAD
from incidents.engine.files import ACCEPT
from incidents.engine.files import LARGEST as LARGEST_FILE
from incidents.forms.moments import local_text, moment, read_in
from incidents.kinds import entry_kinds
from incidents.models import TimelineEntry

LONG = 10_000


class FilesInput(forms.FileInput):
    """Several files at once; `data-paste` tells scripts that a pasted picture goes here."""

    allow_multiple_selected = True


class NoteForm(PortalForm):
    """What a person writes into the record, at its own time (S19), with files and words for who cannot see them."""

    expected = ("text",)  # only files may come without
    is_misread = False  # what was taken for a command may be sent as a text

    text = text("Note", LONG, required=False, rows=4, data_draft="note")
    kind = choice("Kind", required=False)
    occurred_at = moment("When it happened")
    files = forms.Field(  # type: ignore[assignment]  # a field, taken out by the metaclass
        label="Pictures and texts",
        required=False,
        help_text="Five files at most, 10 MB together: PNG, JPEG, GIF, WebP; log, txt, json, csv, yaml, patch.",
        widget=FilesInput(attrs={"accept": ACCEPT, "multiple": True, "data-paste": True, "class": "input"}),
    )
    mark = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    alt = line("What the picture shows", 200, "For those who cannot see it.", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(kind.key, kind.label) for kind in entry_kinds() if kind.human])
        self.fields["occurred_at"].help_text = f"{read_in()} Leave empty for now."

    def refuse(self, error: PortalError | None = None) -> None:
        """Remember whether the text begins like a command that cannot be done."""
        self.is_misread = error is not None and error.code == MISREAD
        super().refuse(error)

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command; `plain` (a button beside the refusal) takes the text as it stands."""
        given = self.cleaned_data
        said = {
            "slashes": "plain" not in self.data,
            "mark": given["mark"],
            "text": given["text"],
            "kind": given["kind"] or "note",
            "occurred_at": given["occurred_at"],
        }
        files: Any = self.files
        words: Any = self.data
        return {**said, "uploads": uploads_of(files.getlist("files"), words.getlist("alt"))}


def uploads_of(files: Sequence[UploadedFile], alts: Sequence[str]) -> list[Upload]:
    """The files of a form, each with the words at its place; not more of one is read than can be refused."""
    words = [*alts, *[""] * len(files)]
    return [
        Upload(each.name or "file", each.read(LARGEST_FILE + 1), alt) for each, alt in zip(files, words, strict=False)
    ]


class EditForm(PortalForm):
    """A new text; the former one stays as a revision (S18). `version` is what the person saw (S51)."""

    expected = ("text",)  # only an entry with files may say nothing

    version = forms.IntegerField(min_value=1, max_value=LARGEST, required=False, widget=forms.HiddenInput)
    text = text("Text", LONG, required=False, rows=4, data_draft="text")
    occurred_at = moment("When it happened")
    why = line("Why", 200, required=False)

    def values(self, entry: TimelineEntry) -> dict[str, Any]:
        """Keyword arguments of the command; a time that still reads as it was shown is no other time."""
        given = dict(self.cleaned_data)
        if self.data.get("occurred_at") == local_text(entry.occurred_at):
            given["occurred_at"] = None
        return given


class StrikeForm(PortalForm):
    """Why an entry is hidden; a secret's text can be removed for good (S18)."""

    reason = line("Why strike it?", 200, "Others read the reason instead of the text.", data_draft="reason")
    redact = forms.BooleanField(label="It holds a secret: remove its text and files for good", required=False)

    def values(self, _entry: TimelineEntry) -> dict[str, Any]:
        """Keyword arguments of the command."""
        return dict(self.cleaned_data)


class MilestoneForm(PortalForm):
    """When something really was; both values are kept (S20)."""

    seen = forms.CharField(max_length=600, required=False, widget=forms.HiddenInput)
    kind = choice("Milestone")
    at = moment("It was at", required=True)
    why = line("Why", 200, required=False)

    def __init__(self, *args: Any, reached: Mapping[str, datetime], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamp = " ".join(f"{kind}={at.isoformat()}" for kind, at in reached.items())
        self.fields["seen"].initial = self.stamp
        self.fields["at"].help_text = read_in()
        offer(self, "kind", [(kind, kind.capitalize()) for kind in reached])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command; `seen` is the time of this milestone that the person saw (S51)."""
        given = dict(self.cleaned_data)
        stamps = dict(each.partition("=")[::2] for each in given["seen"].split())
        return {**given, "seen": _read(stamps.get(given["kind"], ""))}


def _read(stamp: str) -> datetime | None:
    """A time of our own writing; None for anything else."""
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
