"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from incidents.api import attachments, config, incidents, timeline, triage, verbs

app_name = "incidents"
ONE = "incidents/<int:number>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("incidents.api.list_urls")),
    path("incidents/", incidents.Incidents.as_view(), name="incidents"),
    path(ONE, incidents.OneIncident.as_view(), name="incident"),
    path(f"{ONE}alerts/", incidents.Alerts.as_view(), name="alerts"),
    path(f"{ONE}changes/", incidents.NearChanges.as_view(), name="near_changes"),
    path(f"{ONE}related/", triage.Related.as_view(), name="related"),
    path(f"{ONE}graph/", triage.Graph.as_view(), name="graph"),
    path(f"{ONE}acknowledge/", verbs.Acknowledge.as_view(), name="acknowledge"),
    path(f"{ONE}undo-acknowledge/", verbs.UndoAcknowledge.as_view(), name="undo_acknowledge"),
    path(f"{ONE}snooze/", verbs.Snooze.as_view(), name="snooze"),
    path(f"{ONE}identify/", verbs.Identify.as_view(), name="identify"),
    path(f"{ONE}mitigate/", verbs.Mitigate.as_view(), name="mitigate"),
    path(f"{ONE}relapse/", verbs.Relapse.as_view(), name="relapse"),
    path(f"{ONE}resolve/", verbs.Resolve.as_view(), name="resolve"),
    path(f"{ONE}undo-resolve/", verbs.UndoResolve.as_view(), name="undo_resolve"),
    path(f"{ONE}reopen/", verbs.Reopen.as_view(), name="reopen"),
    path(f"{ONE}cancel/", verbs.Cancel.as_view(), name="cancel"),
    path(f"{ONE}close/", verbs.Close.as_view(), name="close"),
    path(f"{ONE}reassign/", verbs.Reassign.as_view(), name="reassign"),
    path(f"{ONE}escalate-now/", verbs.EscalateNow.as_view(), name="escalate_now"),
    path(f"{ONE}priority/", verbs.ChangePriority.as_view(), name="change_priority"),
    path(f"{ONE}split/", verbs.Split.as_view(), name="split"),
    path(f"{ONE}milestones/", timeline.Milestones.as_view(), name="milestones"),
    path(f"{ONE}attachments/", attachments.Attachments.as_view(), name="attachments"),
    path(f"{ONE}attachments/<slug:file>/", attachments.OneAttachment.as_view(), name="attachment"),
    path(f"{ONE}timeline/", timeline.Timeline.as_view(), name="timeline"),
    path(f"{ONE}timeline/<int:pk>/", timeline.Entry.as_view(), name="entry"),
    path(f"{ONE}timeline/<int:pk>/strike/", timeline.Strike.as_view(), name="strike"),
    path(f"{ONE}timeline/<int:pk>/pin/", timeline.Pin.as_view(), name="pin"),
    path(f"{ONE}timeline/<int:pk>/revisions/", timeline.Revisions.as_view(), name="revisions"),
    path("priorities/", config.Priorities.as_view(), name="priorities"),
    path("priorities/<int:pk>/", config.OnePriority.as_view(), name="priority"),
    path("event-rules/", config.Rules.as_view(), name="event_rules"),
    path("event-rules/<int:pk>/", config.OneRule.as_view(), name="event_rule"),
    path("services/<int:pk>/event-rules/try/", config.TryRules.as_view(), name="try_rules"),
    path("services/<int:pk>/grouping/", config.Grouping.as_view(), name="grouping"),
    path("services/<int:pk>/changes/", config.ServiceChanges.as_view(), name="service_changes"),
    path("changes/", config.Changes.as_view(), name="changes"),
]
