"""The record of an incident; entries are never deleted (S18)."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import can, require
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import BIGGEST, Filter, choice, number
from core.errors import Conflict
from core.zones import zone_of
from incidents import permissions
from incidents.api import entries, inputs, shapes
from incidents.commands import composing, milestones, timeline
from incidents.kinds import entry_kinds
from incidents.models import EntryRevision
from incidents.queries.access import incident_seen_by
from incidents.queries.timeline import counted, entries_seen_by, entry_seen_by, revisions_of

SEQ = {"type": "integer", "minimum": 0, "maximum": BIGGEST}


def _after(text: str) -> Any:
    return number("seq__gt").read(text)


class RevisionShape(serializers.ModelSerializer[EntryRevision]):
    """What an entry said before."""

    class Meta:
        model = EntryRevision
        fields = ["text", "occurred_at", "actor", "at", "why"]
        read_only_fields = fields


class SaidShape(serializers.Serializer[Any]):
    """What a command of the composer has done."""

    says = serializers.CharField()


class Timeline(ListView):
    """The entries of an incident."""

    permission_classes = [SignedIn]
    brief = False
    orderings = {"seq": ("seq",), "occurred": ("occurred_at", "pk"), "newest": ("-seq",)}
    filters = {
        "since": Filter(_after, SEQ, "Entries after this number of the live feed."),
        "kind": choice("kind", [kind.key for kind in entry_kinds()], "Entries of these kinds."),
    }

    @extend_schema(operation_id="timeline_list", responses=entries.EntryShape(many=True))
    def get(self, request: Request, number: int) -> Response:
        """List the entries."""
        incident = incident_seen_by(self.actor, number)
        prefetch_related_objects([incident], "participants")  # who is on it decides on each struck text
        self.brief = not can(self.actor, permissions.INCIDENT_SEE_ALL, incident)
        return self.page(counted(entries_seen_by(self.actor, incident)), entries.EntryShape)

    @extend_schema(
        operation_id="timeline_note",
        request=inputs.NoteInput,
        responses={201: entries.EntryShape, 200: SaidShape},
    )
    def post(self, request: Request, number: int) -> Response:
        """Write an entry; with `slash`, run a command: one that would page somebody is 409 with its own address.

        Times of day in a command are read in the time zone of the one who asks (S19).
        """
        given = self.parse(inputs.NoteInput)
        incident, slashes = incident_seen_by(self.actor, number), given.pop("slash", False)
        with timezone.override(zone_of(self.actor.user.time_zone if self.actor.user else "")):
            outcome = composing.say(self.actor, incident, slashes=slashes, **given)
        if outcome.ask:
            hint = f"Send it to {outcome.door} itself."
            raise Conflict("This pages people, so it is not done in passing.", code="needs_its_door", hint=hint)
        if outcome.entry is None:
            return Response({"says": outcome.says})
        data = entries.EntryShape(outcome.entry, context={"request": request}).data
        return Response(data, status=status.HTTP_201_CREATED)


class Entry(ApiView):
    """One entry."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="timeline_edit", request=inputs.EntryInput, responses=entries.EntryShape)
    def patch(self, request: Request, number: int, pk: int) -> Response:
        """Change what a person wrote; the former text stays as a revision."""
        given = self.parse(inputs.EntryInput, partial=True)
        given.pop("version", None)
        entry = entry_seen_by(self.actor, incident_seen_by(self.actor, number), pk)
        made = timeline.edit(self.actor, entry, version=self.version(), **{"text": entry.text, **given})
        return Response(entries.EntryShape(made, context={"request": request}).data)


class Strike(ApiView):
    """Hiding an entry."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="timeline_strike", request=inputs.StrikeInput, responses=entries.EntryShape)
    def post(self, request: Request, number: int, pk: int) -> Response:
        """Strike an entry with a reason."""
        entry = entry_seen_by(self.actor, incident_seen_by(self.actor, number), pk)
        made = timeline.strike(self.actor, entry, **self.parse(inputs.StrikeInput))
        return Response(entries.EntryShape(made, context={"request": request}).data)


class Pin(ApiView):
    """Marking an entry."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="timeline_pin", request=inputs.PinInput, responses=entries.EntryShape)
    def post(self, request: Request, number: int, pk: int) -> Response:
        """Pin an entry or take the pin off."""
        entry = entry_seen_by(self.actor, incident_seen_by(self.actor, number), pk)
        made = timeline.pin(self.actor, entry, **self.parse(inputs.PinInput))
        return Response(entries.EntryShape(made, context={"request": request}).data)


class Revisions(ApiView):
    """What an entry said before."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="timeline_revisions", responses=RevisionShape(many=True))
    def get(self, request: Request, number: int, pk: int) -> Response:
        """List an entry's revisions, oldest first."""
        incident = incident_seen_by(self.actor, number)
        require(self.actor, permissions.INCIDENT_SEE_ALL, incident)
        entry = entry_seen_by(self.actor, incident, pk)
        rows: Any = revisions_of(self.actor, entry)
        return Response(RevisionShape(rows, many=True).data)


class Milestones(ApiView):
    """When something was reached."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="milestones_correct", request=inputs.MilestoneInput, responses=shapes.MilestoneShape)
    def post(self, request: Request, number: int) -> Response:
        """Correct a milestone; both values are kept (S20)."""
        incident = incident_seen_by(self.actor, number)
        found = milestones.correct(self.actor, incident, **self.parse(inputs.MilestoneInput))
        return Response(shapes.MilestoneShape(found).data)
