"""Several incidents at once, from the list (A61)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Invalid
from core.web.doors import actor_of, done, signed_in
from incidents import permissions
from incidents.commands import bulk
from incidents.forms.views import BULK_FORMS, bulk_form
from incidents.models import Incident
from incidents.queries.bulk import Chosen, chosen, refused
from incidents.views.listing_parts import CRUMB, LIST, list_of

WORDS = {
    "acknowledge": ("Acknowledge", "acknowledged", "Their escalations stop: nobody else will be paged."),
    "resolve": ("Resolve", "resolved", "Paging and timers stop, and their open alerts are closed."),
    "reassign": ("Reassign", "given away", "Whoever you choose is paged at once for each of them."),
    "undo_acknowledge": (
        "Undo the acknowledgement of",
        "as before",
        "Where nobody had taken one, somebody is paged again.",
    ),
    "undo_resolve": ("Take back the resolve of", "as before", "They are as they were."),
}
UNDO = {"acknowledge": "undo_acknowledge", "resolve": "undo_resolve"}


def _numbers(request: HttpRequest) -> list[int]:
    given = request.POST.getlist("number") or request.GET.getlist("number")
    if any(not (text.isascii() and text.isdigit() and len(text) <= 9) for text in given):
        raise Invalid("This address cannot be read.", fields={"number": ["Must be whole numbers."]})
    return [int(text) for text in given]


def _counted(count: int) -> str:
    return "1 incident" if count == 1 else f"{count} incidents"


def _others(rest: Sequence[Chosen]) -> str:
    """What is left when some are in the way: how many, or the only one by its name."""
    return f"the other {len(rest)}" if len(rest) > 1 else str(rest[0]) if rest else ""


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def several(request: HttpRequest) -> HttpResponse:
    """GET says whom and what it reaches, and to which it cannot be done; POST does it to all or to none (A61)."""
    actor: Actor = actor_of(request)
    require(actor, permissions.INCIDENT_BULK)
    verb = request.POST.get("do") or request.GET.get("do") or ""
    if verb not in BULK_FORMS:
        raise Invalid("This address cannot be read.", fields={"do": [f"Must be one of {', '.join(BULK_FORMS)}."]})
    numbers = _numbers(request)
    known = [each.incident for each in chosen(actor, verb, numbers) if each.incident is not None]
    form = bulk_form(verb, request.POST if request.method == "POST" else None, actor, known[0]) if known else None
    status, failed = 200, None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            made = bulk.act_on_all(actor, verb, numbers, **form.values())
            return _said(request, verb, made)
        except Conflict as conflict:
            status, failed = conflict.status, conflict
        except Invalid as error:
            form.refuse(error)
            status = error.status
    elif request.method == "POST" and form is not None:
        form.refuse()
        status = 400
    return _page(request, verb, numbers, form, failed, status)


def _page(
    request: HttpRequest, verb: str, numbers: list[int], form: Any, failed: Conflict | None, status: int
) -> HttpResponse:
    choice = chosen(actor_of(request), verb, numbers)
    against = refused(choice)
    title, _, reach = WORDS[verb]
    rest = [each for each in choice if not each.reason]
    if against and request.method == "POST":
        status = 409
    context = {
        "verb": verb,
        "title": f"{title} {_counted(len(choice))}",
        "button": f"{title} {_others(rest) if against else _counted(len(rest))}",
        "reach": reach,
        "choice": choice,
        "against": against,
        "rest": rest,
        "form": form,
        "failed": failed if failed is not None and not against else None,
        "q": request.POST.get("q") or request.GET.get("q") or "",
        "back": list_of(request),
        "crumbs": [CRUMB, (title, "")],
    }
    return render(request, "incidents/list_several.html", context, status=status)


def _said(request: HttpRequest, verb: str, made: list[Incident]) -> HttpResponse:
    """Where the single verb can be taken back, all of them can."""
    numbers = [("number", each.number) for each in made]
    undo = f"{LIST}several/?{urlencode([('do', UNDO[verb]), *numbers])}" if verb in UNDO else ""
    names = str(made[0]) if len(made) == 1 else _counted(len(made))
    said = f"{names} {'is' if len(made) == 1 else 'are'} {WORDS[verb][1]}."
    return done(request, list_of(request), said, undo=undo)
