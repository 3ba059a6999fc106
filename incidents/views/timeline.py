"""The record: writing into it, and changing what a person wrote; nothing is ever deleted (S18, S19, S20)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import can, require
from core.errors import Conflict, Invalid
from core.web import htmx
from incidents import permissions
from incidents.commands import milestones, timeline
from incidents.forms import EditForm, MilestoneForm, NoteForm, StrikeForm, local_text
from incidents.models import Incident, Milestone, TimelineEntry
from incidents.queries.access import incident_seen_by
from incidents.queries.timeline import entry_seen_by, lines, revisions_of
from incidents.views.doors import actor_of, done, fill_errors, signed_in


def _path(incident: Incident, entry: TimelineEntry | None = None) -> str:
    return f"/incidents/{incident.number}/" + (f"#entry-{entry.pk}" if entry is not None else "")


def _crumbs(incident: Incident, name: str) -> list[tuple[str, str]]:
    return [("Incidents", "/incidents/"), (str(incident), _path(incident)), (name, "")]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write an entry; GET shows the long form with kind and time. A refusal keeps what was typed."""
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.TIMELINE_NOTE, incident)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "incidents/note.html", _note_context(incident, form))
    if form.is_valid():
        try:
            made = timeline.note(actor, incident, **form.values())
        except Invalid as error:
            fill_errors(form, error)
        else:
            if htmx.wants_partial(request):
                return HttpResponse(status=204)
            return htmx.redirect(request, _path(incident, made))
    if htmx.wants_partial(request):
        raise Invalid(" ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences))
    return render(request, "incidents/note.html", _note_context(incident, form), status=400)


def _note_context(incident: Incident, form: NoteForm) -> dict[str, Any]:
    return {"incident": incident, "form": form, "crumbs": _crumbs(incident, "Write an entry")}


@signed_in
@require_safe
def entry(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """One entry with what it said before, and what the viewer may do with it."""
    return _entry_page(request, number, pk)


def _entry_page(
    request: HttpRequest,
    number: int,
    pk: int,
    *,
    edit_form: EditForm | None = None,
    strike_form: StrikeForm | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_SEE_ALL, incident)
    found = entry_seen_by(actor, incident, pk)
    line = lines([found])[0]
    may_change = line.kind.human and not line.is_struck and can(actor, permissions.TIMELINE_EDIT, found)
    initial = {"text": found.text, "occurred_at": local_text(found.occurred_at)}
    context = {
        "incident": incident,
        "line": line,
        "revisions": revisions_of(actor, found),
        "may_pin": can(actor, permissions.TIMELINE_NOTE, incident),
        "edit_form": edit_form or (EditForm(initial=initial) if may_change else None),
        "strike_form": strike_form or (StrikeForm() if may_change else None),
        "conflict": conflict,
        "crumbs": _crumbs(incident, line.heading),
    }
    return render(request, "incidents/entry.html", context, status=status)


@signed_in
@require_POST
def edit(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Change what a person wrote; what it said before stays (S18)."""
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    found = entry_seen_by(actor, incident, pk)
    require(actor, permissions.TIMELINE_EDIT, found)
    form = EditForm(request.POST)
    if form.is_valid():
        try:
            timeline.edit(actor, found, **form.cleaned_data)
        except Conflict as conflict:
            return _entry_page(request, number, pk, edit_form=form, conflict=conflict, status=409)
        except Invalid as error:
            fill_errors(form, error)
        else:
            return done(request, _path(incident, found), "The entry was changed. What it said before is kept.")
    return _entry_page(request, number, pk, edit_form=form, status=400)


@signed_in
@require_POST
def strike(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Hide an entry with a reason; the fact that it was there stays (S18)."""
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    found = entry_seen_by(actor, incident, pk)
    require(actor, permissions.TIMELINE_EDIT, found)
    form = StrikeForm(request.POST)
    if form.is_valid():
        try:
            timeline.strike(actor, found, **form.cleaned_data)
        except Conflict as conflict:
            return _entry_page(request, number, pk, strike_form=form, conflict=conflict, status=409)
        except Invalid as error:
            fill_errors(form, error)
        else:
            return done(request, _path(incident, found), "The entry was struck.")
    return _entry_page(request, number, pk, strike_form=form, status=400)


@signed_in
@require_POST
def pin(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Mark an entry as one that matters later, or take the mark off (`pinned` is 1 or 0)."""
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    found = entry_seen_by(actor, incident, pk)
    wanted = request.POST.get("pinned", "1")
    if wanted not in ("0", "1"):
        raise Invalid("Choose to pin it or not.", fields={"pinned": ["Must be 0 or 1."]})
    timeline.pin(actor, found, pinned=wanted == "1")
    return HttpResponse(status=204) if htmx.wants_partial(request) else htmx.redirect(request, _path(incident, found))


def _told(row: Milestone) -> dict[str, Any]:
    """A milestone with its former times."""
    former = [{**edit, "at": datetime.fromisoformat(edit["at"])} for edit in row.edits]
    return {"kind": row.kind, "at": row.at, "former": former}


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def milestone(request: HttpRequest, number: int) -> HttpResponse:
    """Correct when something was reached; both values are kept (S20)."""
    actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.MILESTONE_EDIT, incident)
    reached = {row.kind: row for row in incident.milestones.order_by("at", "pk")}
    kind = request.GET.get("kind", "")
    initial = {"kind": kind, "at": local_text(reached[kind].at)} if kind in reached else {}
    form = MilestoneForm(request.POST if request.method == "POST" else None, initial=initial, reached=list(reached))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                milestones.correct(actor, incident, **form.cleaned_data)
            except Invalid as error:
                fill_errors(form, error)
            else:
                return done(request, _path(incident), "The milestone was corrected. Both times are kept.")
    context = {
        "incident": incident,
        "form": form,
        "reached": [_told(row) for row in reached.values()],
        "crumbs": _crumbs(incident, "Milestones"),
    }
    return render(request, "incidents/milestone.html", context, status=status)
