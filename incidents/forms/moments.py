"""Moments as a browser's own field takes and shows them, in the viewer's zone."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils import timezone

LOCAL = "%Y-%m-%dT%H:%M"


def moment(label: str, help_text: str = "", *, required: bool = False) -> forms.DateTimeField:
    """A day and a time, to the second."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format=f"{LOCAL}:%S")
    formats = [LOCAL, f"{LOCAL}:%S"]
    return forms.DateTimeField(
        label=label, help_text=help_text, required=required, widget=widget, input_formats=formats
    )


def local_text(at: datetime) -> str:
    """A moment as the field shows it."""
    return timezone.localtime(at).strftime(f"{LOCAL}:%S")


def read_in() -> str:
    """The zone in which a field of this page is read, as a sentence: the viewer's, or UTC where that was chosen."""
    return f"In {timezone.get_current_timezone_name()}, as times are shown."
