"""Sign-in pages of second factors: the code after the password, and a passkey instead of both (A42)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts import second_factor
from accounts.commands import factors
from accounts.passkeys import AloneForm, StepForm
from core import throttle
from core.errors import Invalid
from core.web import held
from core.web.address import client_address, is_address, network_of

QUARTER = 15 * 60  # seconds
ANSWERS = "passkey-address"
challenges = throttle.Pace(per_second=1, burst=60)  # in memory: a GET changes nothing (A23)


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code."""

    def __init__(self, *args: Any, address: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean_code(self) -> str:
        """Used up by the command; raises TooMany after five wrong ones."""
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = factors.spend_code(self.user, code, address=self.address)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.detail) from refusal
        return code


class SecondStepView(AuthenticateView):  # type: ignore[misc]
    """Asks for the code or the passkey; nothing of the portal is open before."""

    template_name = "account/second_step.html"
    webauthn_form_class = StepForm

    def get_form_class(self) -> Any:
        """Ours, which counts exactly."""
        address = client_address(self.request.META)
        return lambda **kwargs: CodeForm(address=address, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Begin anew where the password was changed since it was typed."""
        if not self.stage.is_current():
            return self.stage.abort()  # type: ignore[no-any-return]
        return super().post(request, *args, **kwargs)  # type: ignore[no-any-return]

    def form_valid(self, form: Any) -> HttpResponse:
        """The session that is about to open was opened with a second factor."""
        second_factor.mark(self.request.session, self.stage.login.user)
        return super().form_valid(form)  # type: ignore[no-any-return]

    def form_invalid(self, form: Any) -> HttpResponse:
        """The same page with the sentence."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 400
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the person has: an app, passkeys, and whether passkeys work at this address."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        kinds = second_factor.kinds_of(self.stage.login.user)
        return {**context, "kinds": kinds, "by_number": is_address(self.request.get_host())}


def _whose(request: HttpRequest) -> str:
    """Under what a try by passkey counts: who was last signed in at this browser, else the address."""
    person = held.last_here(request)
    return f"person {person}" if person else network_of(client_address(request.META))


class PasskeyView(LoginWebAuthnView):  # type: ignore[misc]
    """Signs in by a passkey alone, which has asked its owner for a finger, a face or a PIN."""

    form_class = AloneForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Each challenge is a row of our table of sessions, so a client has them at a pace; refused answers count."""
        if request.method == "POST":
            throttle.hit(ANSWERS, _whose(request), 60, QUARTER)
        else:
            challenges.step(_whose(request))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]

    def form_valid(self, form: Any) -> HttpResponse:
        """The person of the passkey, unless shut out."""
        user = form.cleaned_data["credential"].user
        if not user.is_active:
            return self.form_invalid(form)
        throttle.give_back(ANSWERS, _whose(self.request))
        second_factor.mark(self.request.session, user)
        return super().form_valid(form)  # type: ignore[no-any-return]

    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the sign-in page, which says so."""
        return HttpResponseRedirect(f"{reverse('account_login')}?passkey=refused")
