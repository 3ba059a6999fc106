"""Pages of the room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from incidents.views import attachments, board, incident, known, milestones, panels, timeline, verbs

app_name = "incidents"
ONE = "incidents/<int:number>/"
ENTRY = f"{ONE}entries/<int:pk>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("now/", board.now, name="now"),
    path("now/regions/", board.regions, name="now_regions"),
    path("now/pages/<int:pk>/<str:wanted>/", board.answer, name="answer_page"),
    path("", include("incidents.list_urls")),
    path(ONE, incident.incident, name="incident"),
    path(f"{ONE}regions/", incident.regions, name="regions"),
    path(f"{ONE}triage/", incident.triage, name="triage"),
    path(f"{ONE}panels/<slug:panel>/", panels.part, name="panel"),
    path(f"{ONE}feed/", incident.feed, name="feed"),
    path(f"{ONE}acknowledge/", verbs.acknowledge, name="acknowledge"),
    path(f"{ONE}undo-acknowledge/", verbs.undo_acknowledge, name="undo_acknowledge"),
    path(f"{ONE}decline/", verbs.decline, name="decline"),
    path(f"{ONE}escalate/", verbs.escalate, name="escalate"),
    path(f"{ONE}reassign/", verbs.reassign, name="reassign"),
    path(f"{ONE}snooze/", verbs.snooze, name="snooze"),
    path(f"{ONE}priority/", verbs.change_priority, name="priority"),
    path(f"{ONE}known/", known.known, name="known"),
    path(f"{ONE}identify/", verbs.identify, name="identify"),
    path(f"{ONE}mitigate/", verbs.mitigate, name="mitigate"),
    path(f"{ONE}relapse/", verbs.relapse, name="relapse"),
    path(f"{ONE}resolve/", verbs.resolve, name="resolve"),
    path(f"{ONE}undo-resolve/", verbs.undo_resolve, name="undo_resolve"),
    path(f"{ONE}reopen/", verbs.reopen, name="reopen"),
    path(f"{ONE}cancel/", verbs.cancel, name="cancel"),
    path(f"{ONE}close/", verbs.close, name="close"),
    path(f"{ONE}notes/", timeline.note, name="note"),
    path(f"{ONE}attachments/<slug:file>/", attachments.attachment, name="attachment"),
    path(f"{ONE}milestones/", milestones.milestone, name="milestone"),
    path(ENTRY, timeline.entry, name="entry"),
    path(f"{ENTRY}edit/", timeline.edit, name="edit_entry"),
    path(f"{ENTRY}strike/", timeline.strike, name="strike_entry"),
    path(f"{ENTRY}pin/", timeline.pin, name="pin_entry"),
    path("", include("incidents.rule_urls")),
]
