"""What entries and their files look like in JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.permissions import can
from core.web.access import actor_of
from incidents import permissions
from incidents.kinds import entry_kinds
from incidents.models import Attachment, EntryAttachment, TimelineEntry
from incidents.queries.attachments import files_of
from incidents.queries.timeline import version_of


class AttachmentShape(serializers.ModelSerializer[Attachment]):
    """A file, as it was made anew; `url` is where its bytes are, for those who may read the timeline."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["key", "name", "media_type", "size", "width", "height", "sha256", "added_at", "url"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_url(self, attachment: Attachment) -> str:
        """The address on this portal."""
        number = getattr(attachment, "number", None) or self.context["number"]  # a list reads it with its rows
        return f"/api/v1/incidents/{number}/attachments/{attachment.key}/"


class PlaceShape(serializers.Serializer[EntryAttachment]):
    """A file in an entry, with the words for those who cannot see it."""

    alt = serializers.CharField()
    file = AttachmentShape(source="attachment")


class EntryShape(serializers.ModelSerializer[TimelineEntry]):
    """One line of the timeline; the text of a struck entry is hidden (S18), and all texts from stakeholders (S36)."""

    kind = serializers.ChoiceField(choices=[kind.key for kind in entry_kinds()])
    text = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field, taken out by the metaclass
    version = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta:
        model = TimelineEntry
        fields = [
            *("id", "seq", "kind", "occurred_at", "recorded_at", "actor_kind", "actor_label", "on_behalf_of", "text"),
            *("data", "pinned", "struck_reason", "visibility", "edited_at", "hash", "version", "files"),
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_text(self, entry: TimelineEntry) -> str:
        """The text, unless it was struck and the reader may not edit it."""
        if getattr(self.context.get("view"), "brief", False):
            return ""
        if entry.struck_reason and not can(actor_of(self.context["request"]), permissions.TIMELINE_EDIT, entry):
            return ""
        return entry.text

    @extend_schema_field(serializers.DictField())
    def get_data(self, entry: TimelineEntry) -> dict[str, Any]:
        """Values of the kind, without what only an undo needs and without another incident, which may be private."""
        if getattr(self.context.get("view"), "brief", False):
            return {}
        return {key: value for key, value in entry.data.items() if key not in ("before", "recurrence_of", "mark")}

    @extend_schema_field(serializers.IntegerField())
    def get_version(self, entry: TimelineEntry) -> int:
        """How often it was written; a list counts the revisions of all its entries at once."""
        found: int | None = getattr(entry, "revision_count", None)
        return version_of(entry) if found is None else found + 1

    @extend_schema_field(PlaceShape(many=True))
    def get_files(self, entry: TimelineEntry) -> Any:
        """What is attached, unless the entry was struck; nothing for stakeholders (S36)."""
        if getattr(self.context.get("view"), "brief", False):
            return []
        places: Any = files_of(entry)
        return PlaceShape(places, many=True, context={"number": entry.incident.number}).data
