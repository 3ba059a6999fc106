"""Fields of bodies whose description says exactly what is taken; the commands check it all the same."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"


class Line(serializers.CharField):
    """One line without control characters: names, titles, addresses (A9)."""

    @property
    def keywords(self) -> dict[str, Any]:
        """What it adds to its description."""
        if self.allow_blank:
            return {"pattern": f"^[^{CONTROL}]*$"}
        return {"pattern": rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"}


class VersionInput(serializers.Serializer[Any]):
    """Nothing but the version that was seen, for a view that is `versioned`."""


class TimeZone(serializers.CharField):
    """The name of a time zone, such as `Europe/Berlin`."""

    keywords: ClassVar[dict[str, Any]] = {"format": "time-zone"}


class LocalMinute(serializers.CharField):
    """A local day and minute without a zone, such as `2026-01-05T09:00`."""

    keywords: ClassVar[dict[str, Any]] = {"pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"}
