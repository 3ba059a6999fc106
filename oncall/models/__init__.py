"""Tables of the room."""

from oncall.models.escalations import Escalation, NotificationRule, Page
from oncall.models.policies import EscalationPolicy, Level, Target
from oncall.models.schedules import Schedule, ScheduleMember
from oncall.models.services import Service, ServiceDependency

__all__ = [
    "Escalation",
    "EscalationPolicy",
    "Level",
    "NotificationRule",
    "Page",
    "Schedule",
    "ScheduleMember",
    "Service",
    "ServiceDependency",
    "Target",
]
