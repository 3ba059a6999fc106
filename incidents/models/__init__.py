"""Tables of the room."""

from incidents.models.alerts import Alert, ChangeEvent, Signal
from incidents.models.incidents import ImpactInterval, Incident, Milestone, Participant, PriorityChange
from incidents.models.priorities import Priority
from incidents.models.routing import EventRule, GroupingRule
from incidents.models.timeline import EntryRevision, TimelineEntry

__all__ = [
    "Alert",
    "ChangeEvent",
    "EntryRevision",
    "EventRule",
    "GroupingRule",
    "ImpactInterval",
    "Incident",
    "Milestone",
    "Participant",
    "Priority",
    "PriorityChange",
    "Signal",
    "TimelineEntry",
]
