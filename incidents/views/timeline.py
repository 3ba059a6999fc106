"""The record: writing into it, and changing what a person wrote; nothing is ever deleted (S18, S19, S20)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.errors import Conflict, Invalid
from core.web import htmx
from core.web.doors import Crumbs, actor_of, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import milestones, timeline
from incidents.forms.moments import local_text
from incidents.forms.timeline import EditForm, MilestoneForm, NoteForm, StrikeForm
from incidents.models import Incident, Milestone, TimelineEntry
from incidents.queries.access import incident_seen_by
from incidents.queries.timeline import entry_seen_by, lines, revisions_of


def _path(incident: Incident, entry: TimelineEntry | None = None) -> str:
    return f"/incidents/{incident.number}/" + (f"#entry-{entry.pk}" if entry is not None else "")


def _crumbs(incident: Incident, name: str) -> Crumbs:
    return [("Incidents", "/incidents/"), (str(incident), _path(incident)), (name, "")]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write an entry; GET shows the long form with kind and time. A refusal keeps what was typed."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.TIMELINE_NOTE, incident)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        made = sent(form, lambda: timeline.note(actor, incident, **form.values()))
        if made is not None:
            return _noted(request, _path(incident, made))
        if htmx.wants_partial(request):
            raise Invalid(" ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences))
    context = {"incident": incident, "form": form, "crumbs": _crumbs(incident, "Write an entry")}
    return render(request, "incidents/note.html", context, status=form.status)


def _noted(request: HttpRequest, path: str) -> HttpResponse:
    """A script has the change from the live feed; a browser is led to it."""
    return HttpResponse(status=204) if htmx.wants_partial(request) else htmx.redirect(request, path)


@signed_in
@require_safe
def entry(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """One entry with what it said before, and what the viewer may do with it."""
    return _entry_page(request, number, pk)


def _entry_page(
    request: HttpRequest,
    number: int,
    pk: int,
    form: EditForm | StrikeForm | None = None,
    conflict: Conflict | None = None,
) -> HttpResponse:
    """The entry's page; `form` is the one that was refused, and takes its own place there."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_SEE_ALL, incident)
    found = entry_seen_by(actor, incident, pk)
    line = lines([found])[0]
    may_change = line.kind.human and not line.is_struck and can(actor, permissions.TIMELINE_EDIT, found)
    initial = {"text": found.text, "occurred_at": local_text(found.occurred_at)}
    fresh_edit, fresh_strike = (EditForm(initial=initial), StrikeForm()) if may_change else (None, None)
    context = {
        "incident": incident,
        "line": line,
        "revisions": revisions_of(actor, found),
        "may_pin": can(actor, permissions.TIMELINE_NOTE, incident),
        "edit_form": form if isinstance(form, EditForm) else fresh_edit,
        "strike_form": form if isinstance(form, StrikeForm) else fresh_strike,
        "conflict": conflict,
        "crumbs": _crumbs(incident, line.heading),
    }
    refusal = conflict or form
    return render(request, "incidents/entry.html", context, status=refusal.status if refusal else 200)


@signed_in
@require_POST
def edit(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Change what a person wrote; what it said before stays (S18)."""
    said = "The entry was changed. What it said before is kept."
    return _change(request, number, pk, EditForm(request.POST), timeline.edit, said)


@signed_in
@require_POST
def strike(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Hide an entry with a reason; the fact that it was there stays (S18)."""
    return _change(request, number, pk, StrikeForm(request.POST), timeline.strike, "The entry was struck.")


def _change(
    request: HttpRequest,
    number: int,
    pk: int,
    form: EditForm | StrikeForm,
    command: Callable[..., Any],
    said: str,
) -> HttpResponse:
    """Call the command with the form's values; a refusal shows the entry again with what was typed."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    found = entry_seen_by(actor, incident, pk)
    require(actor, permissions.TIMELINE_EDIT, found)
    if not form.is_valid():
        form.refuse()
        return _entry_page(request, number, pk, form)
    try:
        command(actor, found, **form.cleaned_data)
    except Conflict as conflict:
        return _entry_page(request, number, pk, form, conflict)
    except Invalid as error:
        form.refuse(error)
        return _entry_page(request, number, pk, form)
    return done(request, _path(incident, found), said)


@signed_in
@require_POST
def pin(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Mark an entry as one that matters later, or take the mark off (`pinned` is 1 or 0)."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    found = entry_seen_by(actor, incident, pk)
    wanted = request.POST.get("pinned", "1")
    if wanted not in ("0", "1"):
        raise Invalid("Choose to pin it or not.", fields={"pinned": ["Must be 0 or 1."]})
    timeline.pin(actor, found, pinned=wanted == "1")
    return _noted(request, _path(incident, found))


def _told(row: Milestone) -> dict[str, Any]:
    """A milestone with its former times."""
    former = [{**edit, "at": datetime.fromisoformat(edit["at"])} for edit in row.edits]
    return {"kind": row.kind, "at": row.at, "former": former}


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def milestone(request: HttpRequest, number: int) -> HttpResponse:
    """Correct when something was reached; both values are kept (S20)."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.MILESTONE_EDIT, incident)
    reached = {row.kind: row for row in incident.milestones.order_by("at", "pk")}
    kind = request.GET.get("kind", "")
    initial = {"kind": kind, "at": local_text(reached[kind].at)} if kind in reached else {}
    form = MilestoneForm(request.POST if request.method == "POST" else None, initial=initial, reached=list(reached))
    if request.method == "POST":
        made = sent(form, lambda: milestones.correct(actor, incident, **form.cleaned_data))
        if made is not None:
            return done(request, _path(incident), "The milestone was corrected. Both times are kept.")
    context = {
        "incident": incident,
        "form": form,
        "reached": [_told(row) for row in reached.values()],
        "crumbs": _crumbs(incident, "Milestones"),
    }
    return render(request, "incidents/milestone.html", context, status=form.status)
