"""The one-time set-up page, opened by the link that the console prints (A41)."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.commands import first_run
from accounts.forms import FirstAdministratorForm
from accounts.queries import is_set_up
from core.errors import Invalid, Missing


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the form, POST makes the administrator and signs him or her in; 404 ever after.

    The first steps lead to a second factor before they open, since the rule on it is on in a new portal.
    """
    if not first_run.is_open(token):
        return _closed(request)
    form = FirstAdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = first_run.complete(token, **form.cleaned_data)
        except Invalid as refusal:
            for field, sentences in refusal.fields.items():
                form.add_error(field if field in form.fields else None, sentences)
        except Missing:  # another one was quicker
            return _closed(request)
        else:
            login(request, user)
            UserSession.objects.create_from_request(request)
            return HttpResponseRedirect("/first-steps/")
    return render(request, "setup/first.html", {"form": form}, status=400 if form.errors else 200)


def _closed(request: HttpRequest) -> HttpResponse:
    """Where to go on from a link that makes nobody: alike for old, used and guessed ones (A41)."""
    return render(request, "setup/closed.html", {"set_up": is_set_up()}, status=404)
