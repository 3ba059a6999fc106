"""Moments as a browser's own field takes and shows them, in the viewer's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core import clock

LOCAL = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A time of the viewer's clock. In the hour that comes twice when summer time ends, the later of the two counts
    unless it is still to come, as after `/at` (S19); Django would refuse both."""

    def to_python(self, value: Any) -> datetime | None:
        """An aware time; None for nothing. Raises ValidationError, also for an hour that summer time leaves out.

        And for the first and last hours of the calendar where they lie outside of it in UTC.
        """
        try:
            return self._read(value)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def _read(self, value: Any) -> datetime | None:
        try:
            read: datetime | None = super().to_python(value)
        except ValidationError:
            found = _later_of_two(str(value))
            if found is None:
                raise
            return found
        if read is not None:
            read.astimezone(UTC)  # raises OverflowError where UTC has no such day
        return read


def _later_of_two(text: str) -> datetime | None:
    try:
        read = parse_datetime(text.strip())
    except ValueError:
        return None
    if read is None or read.tzinfo is not None:
        return None
    zone = timezone.get_current_timezone()
    first, second = (read.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != read:  # the clock never showed it
        return None
    return second if second <= clock.now() else first


def moment(label: str, help_text: str = "", *, required: bool = False) -> MomentField:
    """A day and a time, to the second."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format=f"{LOCAL}:%S")
    formats = [LOCAL, f"{LOCAL}:%S"]
    return MomentField(label=label, help_text=help_text, required=required, widget=widget, input_formats=formats)


def local_text(at: datetime) -> str:
    """A moment as the field shows it."""
    return timezone.localtime(at).strftime(f"{LOCAL}:%S")


def read_in() -> str:
    """The zone in which a field of this page is read, as a sentence: the viewer's, or UTC where that was chosen."""
    return f"In {timezone.get_current_timezone_name()}, as times are shown."
