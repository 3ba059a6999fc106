"""The page of the organisation: its name and time zone (mock-up 14)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.commands.organisation import edit_organisation
from accounts.forms import OrganisationForm
from accounts.models import Organisation
from accounts.permissions import SETTINGS_EDIT, require
from accounts.queries import organisation as the_organisation
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent

FIELDS = ("name", "time_zone", "staff_factor")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: HttpRequest) -> HttpResponse:
    """Name the organisation."""
    actor: Actor = actor_of(request)
    require(actor, SETTINGS_EDIT)
    stored = _stored(the_organisation())
    form = OrganisationForm(request.POST if request.method == "POST" else None, initial=stored)
    if request.method == "POST":
        made = sent(form, lambda: edit_organisation(actor, version=form.seen(), **_values(form)), _fresh)
        if made is not None:
            return done(request, "/first-steps/", f"This is the portal of {made.name} now.")
    context = {
        "form": form,
        "title": "Your organisation",
        "intro": "Its name stands on the sign-in page, and its time zone is that of pages without a signed-in person.",
        "back": "/first-steps/",
        "crumbs": [("Set up", "/first-steps/"), ("Your organisation", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


def _values(form: OrganisationForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in FIELDS}


def _stored(found: Organisation) -> dict[str, object]:
    return {name: getattr(found, name) for name in (*FIELDS, "version")}


def _fresh() -> tuple[int, dict[str, object]]:
    found = the_organisation()
    return found.version, _stored(found)
