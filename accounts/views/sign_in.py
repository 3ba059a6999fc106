"""Sign-in pages on top of django-allauth's: what differs is who is counted and what is told."""

from __future__ import annotations

import re
from typing import Any

from allauth.account import views as allauth_views
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.timezone import localtime

from accounts import guessing, kinds
from accounts.emails import normal
from accounts.models import User
from accounts.queries import is_set_up, organisation, person_ref
from core import clock, throttle
from core.jobs import enqueue
from core.web.address import client_address, is_address, network_of
from core.web.doors import SEND_AGAIN, actor_of
from core.zones import zone_of

INCIDENT = re.compile(r"/incidents/([1-9]\d{0,8})/")


class _Inward:
    """Forgets a page to go on to that is none of ours, so that its form neither carries nor promises it (A27)."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the library found in the request, after the adapter's judgement."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if not self.get_next_url():  # type: ignore[attr-defined]
            context |= {"redirect_field": "", "redirect_field_value": None}
        return context


class LoginView(_Inward, allauth_views.LoginView):  # type: ignore[misc]
    """Signs in and goes on to the page that was asked for."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Also whether there is anybody yet who could sign in (A41), whose portal it is and what time it is there."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        ours = organisation()
        here = localtime(clock.now(), zone_of(ours.time_zone))
        going = INCIDENT.fullmatch(self.get_next_url() or "")
        return {
            **context,
            "set_up": is_set_up(),
            "organisation": ours,
            "clock": f"{here:%H:%M}",
            "day": f"{here:%A}, {here:%Z}",
            "going": f"INC-{going[1]}" if going else "",
            "passkey_refused": self.request.GET.get("passkey") == "refused",
            "by_number": is_address(self.request.get_host()),
            "held": self.get_next_url() == SEND_AGAIN,
        }

    def get_initial(self) -> dict[str, Any]:
        """A page at three in the morning needs one tap: the device stays signed in unless the person says otherwise."""
        return {**super().get_initial(), "remember": True}


class LogoutView(_Inward, allauth_views.LogoutView):  # type: ignore[misc]
    """Asks, then signs out."""

    def logout(self) -> None:
        """With what other rooms keep for this browser (S34)."""
        kinds.sign_out(self.request, actor_of(self.request))
        super().logout()


class PasswordResetView(allauth_views.PasswordResetView):  # type: ignore[misc]
    """Asks for an address and answers the same whether somebody has it or not (A38)."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Leave the rest to the bulk lane, which is asked for strangers as well and does nothing for them (A38).

        Raises TooMany after 5 an hour per address of either kind.
        """
        email = normal(form.cleaned_data["email"])
        throttle.hit("reset-person", email, 5, 60 * 60)
        throttle.hit("reset-address", network_of(client_address(self.request.META)), 20, 60 * 60)
        enqueue("accounts.reset_mail", person_ref(email))
        return HttpResponseRedirect(self.get_success_url())


class PasswordResetFromKeyView(allauth_views.PasswordResetFromKeyView):  # type: ignore[misc]
    """Sets a new password by the mailed link, once (A39)."""

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """A used, expired or wrong link is 400."""
        if context.get("token_fail"):
            kwargs["status"] = 400
        return super().render_to_response(context, **kwargs)  # type: ignore[no-any-return]


class PasswordChangeView(allauth_views.PasswordChangeView):  # type: ignore[misc]
    """Sets a new password against the present one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A stolen session does not make the present password guessable: ten tries (A37).

        Strangers are sent to sign-in uncounted; whoever has no password yet gets one by the mailed link.
        """
        if not isinstance(request.user, User):
            return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]
        if not request.user.has_usable_password():
            return HttpResponseRedirect(reverse("account_reset_password"))
        if request.method == "POST":
            person = str(request.user.pk)
            address = client_address(request.META)
            guessing.count(guessing.PASSWORD, person, person=person, mail="password_guessed", address=address)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]

    def form_valid(self, form: Form) -> HttpResponse:
        """The new password is set; the try was no guess."""
        self._take_back(form)
        return super().form_valid(form)  # type: ignore[no-any-return]

    def form_invalid(self, form: Form) -> HttpResponse:
        """The page with its sentences; where the present password was right, the try was no guess either."""
        self._take_back(form)
        return super().form_invalid(form)  # type: ignore[no-any-return]

    def _take_back(self, form: Form) -> None:
        if "oldpassword" not in form.errors:
            throttle.give_back(guessing.PASSWORD.name, str(self.request.user.pk))
