"""Keeping a query of the list under a name, for oneself or for a team (TRI-04)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import require
from core import audit
from core.db import bump, check_version, locked
from core.errors import Conflict, Invalid
from core.text import clean_line
from incidents import permissions
from incidents.models import SavedView
from incidents.queries.search import query_of

MOST = 50  # views of one person
LONGEST_NAME = 40
FIELDS = ("name", "query", "team")


@transaction.atomic
def save_view(actor: Actor, *, name: str, query: str, team: Team | None = None) -> SavedView:
    """Keep a query under a name; with a team its members see it too. Raises Conflict at the 51st view."""
    require(actor, permissions.VIEW_SAVE)
    if SavedView.objects.filter(user=actor.user).count() >= MOST:
        raise Conflict(f"You have {MOST} views already.", code="too_many", hint="Delete one that you do not need.")
    view = SavedView(user=actor.user)
    _fill(actor, view, {"name": name, "query": query, "team": team})
    _store(view)
    audit.write(actor, "create", f"view:{view.pk}", after=_plain(view))
    return view


@transaction.atomic
def edit_view(actor: Actor, view: SavedView, *, version: int | None = None, **values: Any) -> SavedView:
    """Rename it, change its query or who sees it; only what is given (name, query, team) changes."""
    require(actor, permissions.VIEW_EDIT, view)
    view = locked(SavedView.objects.filter(pk=view.pk)).get()
    check_version(view, version)
    before = _plain(view)
    _fill(actor, view, values)
    bump(view)
    _store(view)
    audit.write(actor, "edit", f"view:{view.pk}", before=before, after=_plain(view))
    return view


@transaction.atomic
def delete_view(actor: Actor, view: SavedView) -> None:
    """Take it away; the incidents stay as they are."""
    require(actor, permissions.VIEW_EDIT, view)
    audit.write(actor, "delete", f"view:{view.pk}", before=_plain(view))
    view.delete()


def _fill(actor: Actor, view: SavedView, values: dict[str, Any]) -> None:
    for field in values.keys() & set(FIELDS):
        setattr(view, field, values[field])
    view.name = clean_line(view.name, LONGEST_NAME, "name").strip()
    if not view.name:
        raise Invalid("A view needs a name.", fields={"name": ["Must not be empty."]})
    _check_query(view.query)
    if view.team is not None:  # whoever has left the team may take the view back, and put nothing else before it
        require(actor, permissions.VIEW_SHARE, view)


def _check_query(text: str) -> None:
    """A search that cannot be read is refused beside the field in which it was typed."""
    try:
        query_of(text)
    except Invalid as error:
        raise Invalid(error.detail, hint=error.hint, fields={"query": [error.detail]}) from error


def _store(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        sentence = f"You have a view called “{view.name}” already."
        raise Invalid(sentence, fields={"name": [sentence]}) from error


def _plain(view: SavedView) -> dict[str, Any]:
    return {"name": view.name, "query": view.query, "team": view.team_id, "user": view.user_id}
