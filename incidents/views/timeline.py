"""The record: writing into it, and changing what a person wrote; nothing is ever deleted (S18, S19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require, rights
from core.errors import Conflict, Invalid, PortalError, TooMany
from core.web import htmx
from core.web.doors import Crumbs, actor_of, done, signed_in
from core.web.forms import sent
from core.web.zone import in_chosen_zone
from incidents import permissions
from incidents.commands import composing, timeline
from incidents.commands.storing import NotStored
from incidents.engine.files import TooBig, UnknownKind
from incidents.forms.moments import local_text
from incidents.forms.timeline import EditForm, NoteForm, StrikeForm
from incidents.kinds import Outcome
from incidents.models import Incident, TimelineEntry
from incidents.queries.access import incident_seen_by
from incidents.queries.composing import commands_for
from incidents.queries.details import allowed_verbs
from incidents.queries.timeline import CHAT, entry_seen_by, lines, revisions_of


def _path(incident: Incident, entry: TimelineEntry | None = None) -> str:
    """The incident, or the place of an entry on the tab that shows it."""
    tab = f"?show={CHAT}" if entry is not None and entry.kind == CHAT else ""
    return f"/incidents/{incident.number}/{tab}" + (f"#entry-{entry.pk}" if entry is not None else "")


def _crumbs(incident: Incident, name: str) -> Crumbs:
    return [("Incidents", "/incidents/"), (str(incident), _path(incident)), (name, "")]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@in_chosen_zone
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write an entry or run a command of the composer; GET shows the long form. A refusal keeps what was typed."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.TIMELINE_NOTE, incident)
    form = NoteForm(request.POST, request.FILES) if request.method == "POST" else NoteForm(initial=_asked_kind(request))
    if request.method == "POST":
        outcome = sent(form, lambda: composing.say(actor, incident, **form.values()))
        if outcome is not None:
            return _said(request, incident, outcome)
        if htmx.wants_partial(request) and form.is_misread:
            return _misread(request, form)
        if htmx.wants_partial(request):
            raise _short(form)
    context = {
        "incident": incident,
        "form": form,
        "commands": commands_for(rights(actor, incident), allowed_verbs(actor, incident)),
        "crumbs": _crumbs(incident, "Write an entry"),
    }
    return render(request, "incidents/note.html", context, status=form.status)


def _asked_kind(request: HttpRequest) -> dict[str, str]:
    return {"kind": request.GET.get("kind", "")[:30]}


def _short(form: NoteForm) -> PortalError:
    """The sentences of a refused form as one, for a page that keeps the form itself."""
    kinds = {kind.status: kind for kind in (Conflict, TooMany, TooBig, UnknownKind, NotStored)}
    refused: type[PortalError] = kinds.get(form.status, Invalid)
    return refused(_sentences(form))


def _sentences(form: NoteForm) -> str:
    return " ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences)


def _misread(request: HttpRequest, form: NoteForm) -> HttpResponse:
    """The refusal of a command, which the composer shows within itself: its button sends the text as it stands."""
    context = {"said": _sentences(form), "form": form}
    response = render(request, "incidents/_misread.html", context, status=form.status)
    response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML show:top"
    return response


def _said(request: HttpRequest, incident: Incident, outcome: Outcome) -> HttpResponse:
    """Where a line of the composer leads: to its entry, to a sentence, or to the page that asks before it pages."""
    if outcome.ask:
        return htmx.redirect(request, outcome.ask)
    if outcome.entry is not None and not outcome.says:
        return _noted(request, _path(incident, outcome.entry))
    if htmx.wants_partial(request):
        return htmx.toast(HttpResponse(status=204), outcome.says, undo=outcome.undo)
    return done(request, _path(incident, outcome.entry), outcome.says, undo=outcome.undo)


def _noted(request: HttpRequest, path: str) -> HttpResponse:
    """A script has the change from the live feed; a browser is led to it."""
    return HttpResponse(status=204) if htmx.wants_partial(request) else htmx.redirect(request, path)


@signed_in
@require_safe
@in_chosen_zone
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
    may_strike = line.kind.human and not found.redacted and can(actor, permissions.TIMELINE_EDIT, found)
    may_change = may_strike and not line.is_struck
    revisions = revisions_of(actor, found)
    if isinstance(form, EditForm) and conflict is not None:
        form.keep("version", len(revisions) + 1)
    fresh_edit = _edit_form(found, len(revisions) + 1) if may_change and found.copied_from_id is None else None
    fresh_strike = StrikeForm(initial={"redact": line.is_struck}) if may_strike else None
    edit_form = form if isinstance(form, EditForm) else fresh_edit
    if edit_form is not None and found.kind == CHAT:
        edit_form.fields.pop("occurred_at", None)  # a message has the time of the server, which nobody sets
    if edit_form is not None:
        edit_form.fields["text"].required = not found.data.get("files")  # after the answer: it only tells what is asked
    context = {
        "incident": incident,
        "line": line,
        "revisions": revisions,
        "may_pin": can(actor, permissions.TIMELINE_NOTE, incident),
        "edit_form": edit_form,
        "strike_form": form if isinstance(form, StrikeForm) else fresh_strike,
        "conflict": conflict,
        "crumbs": _crumbs(incident, line.heading),
    }
    refusal = conflict or form
    return render(request, "incidents/entry.html", context, status=refusal.status if refusal else 200)


def _edit_form(entry: TimelineEntry, version: int) -> EditForm:
    """What it says now."""
    return EditForm(initial={"version": version, "text": entry.text, "occurred_at": local_text(entry.occurred_at)})


@signed_in
@require_POST
@in_chosen_zone
def edit(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Change what a person wrote; what it said before stays (S18)."""
    said = "The entry was changed. What it said before is kept."
    return _change(request, number, pk, EditForm(request.POST), timeline.edit, said)


@signed_in
@require_POST
@in_chosen_zone
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
        command(actor, found, **form.values(found))
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
