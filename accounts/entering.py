"""The last step of every way in that is not the sign-in form: the library's stages, then the session."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse

from accounts.models import User


def enter(request: HttpRequest, user: User, path: str, *, method: str, **details: str) -> HttpResponse:
    """Sign this active person in and go on to a path of ours; a second factor is asked for first, as after a password.

    `method` is what has just been proven ("password", "socialaccount"), with `details` such as its provider.
    """
    record_authentication(request, user, method=method, **details)
    answer: HttpResponse = perform_login(request, user, email_verification="none", redirect_url=path)
    return answer
