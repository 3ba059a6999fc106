"""Saved views of the list, and the list as a file."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.permissions import require
from accounts.queries import teams_of
from core import clock
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import exporting, views
from incidents.forms.views import ViewForm
from incidents.models import SavedView
from incidents.queries.access import incidents_seen_by
from incidents.queries.search import Names, narrowed, query_of
from incidents.queries.sheet import Sheet
from incidents.queries.views import view_seen_by
from incidents.views.listing_parts import CRUMB, LIST, list_of


@signed_in
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The present query as CSV, streamed; one at a time for each person (A17, A90)."""
    actor: Actor = actor_of(request)
    text = request.POST.get("q", "")
    names, query = Names(actor), query_of(text)
    narrowed(names, incidents_seen_by(actor), query)  # a name that is not known is refused before the place is taken
    sheet = Sheet(names, query, exporting.begin_export(actor, query=text))
    answer = StreamingHttpResponse(sheet, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="incidents-{clock.now():%Y-%m-%d}.csv"'
    return cast(HttpResponse, answer)  # doors are typed for whole answers


# --- saved views ----------------------------------------------------------------------------------
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_view(request: HttpRequest) -> HttpResponse:
    """Keep the present query under a name."""
    actor: Actor = actor_of(request)
    require(actor, permissions.VIEW_SAVE)
    form = _form(request, initial={"query": request.GET.get("q", "")[:200]})
    if request.method == "POST":
        made = sent(form, lambda: views.save_view(actor, **form.values()))
        if made is not None:
            return done(request, _of(made), f"The view “{made.name}” is kept.")
    return _edit(request, form, "Save view", list_of(request))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename it, change what it asks for or who sees it."""
    actor: Actor = actor_of(request)
    kept = view_seen_by(actor, pk)
    require(actor, permissions.VIEW_EDIT, kept)
    stored = {"name": kept.name, "query": kept.query, "team": str(kept.team_id or "")}
    form = _form(request, initial={**stored, "version": kept.version})
    if request.method == "POST":
        made = sent(
            form,
            lambda: views.edit_view(actor, kept, version=form.seen(), **form.values()),
            lambda: (view_seen_by(actor, pk).version, stored),
        )
        if made is not None:
            return done(request, _of(made), f"The view “{made.name}” is changed.")
    return _edit(request, form, f"View: {kept.name}", _of(kept), remove=f"{LIST}views/{pk}/delete/")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take it away."""
    actor: Actor = actor_of(request)
    kept = view_seen_by(actor, pk)
    require(actor, permissions.VIEW_EDIT, kept)
    reach = [f"Everybody in {kept.team.name} loses it too."] if kept.team else []
    reach.append("The incidents stay as they are.")
    question = Question(f"Delete the view “{kept.name}”?", reach, "Delete view", _of(kept), [CRUMB, ("View", "")])

    def act() -> str:
        views.delete_view(actor, kept)
        return f"The view “{kept.name}” is deleted."

    return confirm(request, question, act, LIST)


def _of(kept: SavedView) -> str:
    return f"{LIST}?{urlencode({'q': kept.query})}"


def _form(request: HttpRequest, initial: dict[str, Any]) -> ViewForm:
    actor: Actor = actor_of(request)
    return ViewForm(request.POST or None, teams=list(teams_of(actor.user)) if actor.user else [], initial=initial)


def _edit(request: HttpRequest, form: ViewForm, title: str, back: str, remove: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "back": back, "remove": remove, "crumbs": [CRUMB, (title, "")]}
    return render(request, "incidents/list_view.html", context, status=form.status)
