"""Tables of the room."""

from incidents.models.alerts import Alert, ChangeEvent, EarlyResolve, Signal
from incidents.models.attachments import Attachment, EntryAttachment
from incidents.models.incidents import (
    ImpactInterval,
    Incident,
    IncidentCounter,
    Milestone,
    Participant,
    PriorityChange,
)
from incidents.models.priorities import Priority
from incidents.models.routing import EventRule, GroupingRule
from incidents.models.timeline import EntryRevision, TimelineEntry
from incidents.models.views import SavedView

__all__ = [
    "Alert",
    "Attachment",
    "ChangeEvent",
    "EarlyResolve",
    "EntryAttachment",
    "EntryRevision",
    "EventRule",
    "GroupingRule",
    "ImpactInterval",
    "Incident",
    "IncidentCounter",
    "Milestone",
    "Participant",
    "Priority",
    "PriorityChange",
    "SavedView",
    "Signal",
    "TimelineEntry",
]
