"""Who may do what on an incident: this room's rows of the matrix (security.md 3.4, domain.md)."""

from __future__ import annotations

from accounts.permissions import STAFF, permission

ON_IT = ("RE", "IN", "MG", "PO", "AD")

INCIDENT_SEE = permission("incident.see", ("ST", *STAFF), "see this incident", scope="read")
INCIDENT_SEE_ALL = permission("incident.see_all", STAFF, "see more than the summary of this incident", scope="read")
INCIDENT_DECLARE = permission("incident.declare", STAFF, "declare an incident")
INCIDENT_ACKNOWLEDGE = permission(
    "incident.acknowledge", (*ON_IT, "IK"), "acknowledge this incident without being paged for it"
)
INCIDENT_WORK = permission("incident.work", ON_IT, "move this incident on")
INCIDENT_DESCRIBE = permission("incident.describe", ON_IT, "write what is known of this incident")
INCIDENT_RESOLVE = permission("incident.resolve", (*ON_IT, "IK"), "resolve this incident")
INCIDENT_CLOSE = permission("incident.close", ("MG", "PO", "AD"), "close this incident")
INCIDENT_REOPEN = permission("incident.reopen", ON_IT, "reopen this incident")
INCIDENT_REOPEN_CLOSED = permission("incident.reopen_closed", ("PO", "AD"), "reopen a closed incident")
INCIDENT_ASSIGN = permission("incident.assign", ON_IT, "give this incident to somebody else")
PRIORITY_RAISE = permission("incident.raise_priority", (*STAFF, "IK"), "raise the priority of this incident")
PRIORITY_LOWER = permission("incident.lower_priority", ON_IT, "lower the priority of this incident")
TIMELINE_NOTE = permission("timeline.note", ON_IT, "write into this incident's timeline")
TIMELINE_RECORD = permission("timeline.record", ("ST", *STAFF, "IK"), "leave a mark in this timeline")
TIMELINE_EDIT = permission("timeline.edit", ("OW", "PO", "AD"), "change other people's timeline entries")
MILESTONE_EDIT = permission("milestone.edit", ON_IT, "correct the milestones of this incident")
INCIDENT_EXPORT = permission("incident.export", ("ST", *STAFF), "take the list of incidents away", scope="read")
INCIDENT_BULK = permission("incident.bulk", STAFF, "work on several incidents at once")
VIEW_SAVE = permission("view.save", ("ST", *STAFF), "keep views of the list")
VIEW_SHARE = permission("view.share", ("RE", "MG"), "share a view with this team")
VIEW_EDIT = permission("view.edit", ("OW", "MG"), "change this view")
INCIDENT_SPLIT = permission("incident.split", ON_IT, "move alerts out of this incident")

EVENT_SEND = permission("event.send", ("IK",), "send events for this service")
ALERT_SEE = permission("alert.see", STAFF, "see alerts", scope="read")
CHANGE_SEE = permission("change.see", STAFF, "see changes", scope="read")
CHANGE_RECORD = permission("change.record", ("RE", "MG", "PO", "AD", "IK"), "record a change of this service")

PRIORITY_SEE = permission("priority.see", ("ST", *STAFF), "see the priorities", scope="read")
PRIORITY_EDIT = permission("priority.edit", ("PO", "AD"), "change what the priorities mean")
RULE_SEE = permission("event_rule.see", STAFF, "see event rules", scope="read")
RULE_EDIT = permission("event_rule.edit", ("MG", "PO", "AD"), "change the event rules of this service")
GROUPING_EDIT = permission("grouping.edit", ("MG", "PO", "AD"), "change how alerts of this service are grouped")

VERBS = {
    "acknowledge": INCIDENT_ACKNOWLEDGE,
    "snooze": INCIDENT_WORK,
    "escalate_now": INCIDENT_ASSIGN,
    "reassign": INCIDENT_ASSIGN,
    "undo_acknowledge": INCIDENT_WORK,
    "identify": INCIDENT_WORK,
    "mitigate": INCIDENT_WORK,
    "relapse": INCIDENT_WORK,
    "resolve": INCIDENT_RESOLVE,
    "undo_resolve": INCIDENT_WORK,
    "reopen": INCIDENT_REOPEN,
    "close": INCIDENT_CLOSE,
    "cancel": INCIDENT_WORK,
}
