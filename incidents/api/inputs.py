"""What the API takes: shapes only, limits and rules stand in the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.fields import CONTROL, Line
from incidents.commands.acceptance import CHANGE_KINDS
from incidents.commands.config import LONGEST_ACKNOWLEDGEMENT, MODES
from incidents.commands.describing import LONGEST_IMPACT, LONGEST_TITLE
from incidents.commands.lifecycle import RESOLUTION_CODES
from incidents.commands.milestones import KINDS
from incidents.engine.rules import FIELDS
from incidents.kinds import SEVERITIES, entry_kinds

Input = serializers.Serializer[Any]
LONG = 10_000
BLANK = rf"[^\S{CONTROL}]*"
FIELD = rf"^{BLANK}({'|'.join(FIELDS)}|details\.{BLANK}[^\s{CONTROL}][^{CONTROL}]*){BLANK}$"  # of an event


class VerbInput(Input):
    """A verb without values; `version` (or If-Match) refuses a stale form."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class DeclareInput(Input):
    """A title and a service are enough (DET-02)."""

    title = Line(max_length=255)
    service = serializers.IntegerField(min_value=1)
    priority = serializers.IntegerField(min_value=1, required=False)
    description = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    example = {"title": "Checkout is slow", "service": 1, "priority": 2, "description": "Baskets take 20 s."}


class TextInput(VerbInput):
    """What a person adds to a move."""

    text = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    example = {"text": "Traffic goes to the second site."}


class CauseInput(VerbInput):
    """The suspected cause."""

    cause = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    example = {"cause": "The cache is full."}


class KnownInput(VerbInput):
    """What is known; a text that is left out stays, an empty one is taken away (not the title)."""

    title = Line(max_length=LONGEST_TITLE, required=False)
    customer_impact = serializers.CharField(max_length=LONGEST_IMPACT, required=False, allow_blank=True)
    suspected_cause = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    description = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    example = {"customer_impact": "Nobody can pay by card.", "version": 3}


class ResolveInput(VerbInput):
    """How it ended."""

    resolution = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    code = serializers.ChoiceField(choices=RESOLUTION_CODES, required=False)
    example = {"resolution": "The cache was restarted.", "version": 4}


class ReasonInput(VerbInput):
    """Why."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    example = {"reason": "It came back."}


class SnoozeInput(VerbInput):
    """Until when, with its zone."""

    until = serializers.DateTimeField()
    example = {"until": "2026-11-16T12:00:00Z"}


class ReassignInput(VerbInput):
    """A person or a policy, one of the two."""

    user = serializers.IntegerField(min_value=1, required=False)
    policy = serializers.IntegerField(min_value=1, required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    exact = {"": {"oneOf": [{"required": ["user"]}, {"required": ["policy"]}]}}
    example = {"user": 2, "reason": "Knows the database."}


class PriorityChangeInput(VerbInput):
    """The new priority's id."""

    priority = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    review_later = serializers.BooleanField(required=False)
    example = {"priority": 1, "reason": "All customers are hit."}


class SplitInput(VerbInput):
    """Ids of the alerts that leave."""

    alerts = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=1000)
    title = Line(max_length=255, required=False, allow_blank=True)
    example = {"alerts": [7, 8], "title": "Search is down"}


class MilestoneInput(Input):
    """When it really was; `seen` is the time that the sender believes to stand there: 409 where it is another."""

    kind = serializers.ChoiceField(choices=KINDS)
    at = serializers.DateTimeField()
    why = serializers.CharField(max_length=200, required=False, allow_blank=True)
    seen = serializers.DateTimeField(required=False)
    example = {"kind": "started", "at": "2026-11-16T08:52:00Z", "why": "The graph says so."}


class NoteInput(Input):
    """What a person writes, at its own time (S19); `slash`: a command of the composer at its beginning is run."""

    text = serializers.CharField(max_length=LONG)
    kind = serializers.ChoiceField(choices=[kind.key for kind in entry_kinds() if kind.human], required=False)
    occurred_at = serializers.DateTimeField(required=False)
    slash = serializers.BooleanField(required=False)
    example = {"text": "Restarted the cache.", "kind": "note"}


class FilesInput(Input):
    """An entry that brings files, as multipart/form-data; `files` and `alt` may be given up to five times."""

    files = serializers.FileField()
    alt = serializers.CharField(max_length=200, required=False, allow_blank=True)
    text = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=[kind.key for kind in entry_kinds() if kind.human], required=False)
    occurred_at = serializers.DateTimeField(required=False)


class EntryInput(VerbInput):
    """A new text; the former one stays as a revision. `version` counts from 1; a stale one is 409 with both texts."""

    text = serializers.CharField(max_length=LONG)
    occurred_at = serializers.DateTimeField(required=False)
    why = serializers.CharField(max_length=200, required=False, allow_blank=True)
    example = {"text": "Restarted both caches.", "why": "There were two.", "version": 1}


class StrikeInput(Input):
    """Why it is struck; `redact` also removes the text of a secret."""

    reason = serializers.CharField(max_length=200)
    redact = serializers.BooleanField(required=False)
    example = {"reason": "It was another incident."}


class PinInput(Input):
    """Whether it is pinned."""

    pinned = serializers.BooleanField()
    example = {"pinned": True}


class PriorityInput(VerbInput):
    """What a priority is called and demands."""

    name = Line(max_length=20, required=False)
    definition = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    major = serializers.BooleanField(required=False)
    pages = serializers.BooleanField(required=False)
    urgency = serializers.ChoiceField(choices=["high", "low"], required=False)
    ack_timeout_minutes = serializers.IntegerField(
        min_value=0, max_value=LONGEST_ACKNOWLEDGEMENT, required=False, allow_null=True
    )
    example = {"definition": "Customers cannot pay.", "ack_timeout_minutes": 30}


class EventRuleInput(VerbInput):
    """An event rule; without a service it is for all of them."""

    service = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    name = Line(max_length=120)
    position = serializers.IntegerField(min_value=0, max_value=32_767, required=False)
    enabled = serializers.BooleanField(required=False)
    field = Line(max_length=120)
    operator = serializers.ChoiceField(choices=["equals", "contains", "matches", "exists"], required=False)
    value = serializers.CharField(max_length=500, required=False, allow_blank=True)
    priority = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    urgency = serializers.ChoiceField(choices=["high", "low"], required=False, allow_blank=True)
    informational = serializers.BooleanField(required=False)
    exact = {"field": {"pattern": FIELD}}
    example = {
        "service": 1,
        "name": "Disks",
        "field": "summary",
        "operator": "contains",
        "value": "disk",
        "urgency": "low",
    }


class TryInput(Input):
    """The fields of an event, as rules see them."""

    summary = serializers.CharField(max_length=1024, required=False, allow_blank=True)
    severity = serializers.ChoiceField(choices=SEVERITIES, required=False)
    source = serializers.CharField(max_length=255, required=False, allow_blank=True)  # type: ignore[assignment]
    component = serializers.CharField(max_length=255, required=False, allow_blank=True)
    group = serializers.CharField(max_length=255, required=False, allow_blank=True)
    key = serializers.CharField(max_length=255, required=False, allow_blank=True)
    tool = serializers.CharField(max_length=30, required=False, allow_blank=True)
    details = serializers.DictField(required=False)
    example = {"summary": "Disk full", "severity": "error", "tool": "alertmanager", "details": {"disk": "sda"}}


class GroupingInput(VerbInput):
    """How alerts become incidents; `by` are the fields of the mode fields."""

    mode = serializers.ChoiceField(choices=MODES)
    by = serializers.ListField(child=Line(max_length=120), max_length=10, required=False)
    window_minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False)
    exact = {"by": {"items": {"type": "string", "maxLength": 120, "pattern": FIELD}}}
    example = {"mode": "fields", "by": ["component"], "window_minutes": 10}


class ChangeInput(Input):
    """Something that was altered."""

    service = serializers.IntegerField(min_value=1)
    summary = Line(max_length=1024)
    kind = serializers.ChoiceField(choices=CHANGE_KINDS, required=False)
    source = Line(max_length=255, required=False, allow_blank=True)  # type: ignore[assignment]
    started_at = serializers.DateTimeField(required=False)
    details = serializers.DictField(required=False)
    example = {"service": 1, "summary": "Deploy 7 of checkout", "kind": "deploy", "started_at": "2026-11-16T08:50:00Z"}
