"""Mail of this room, sent by the bulk lane: the page that asked answers as fast for nobody as for somebody (A38)."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.emails import normal
from accounts.models import User
from core import links
from core.jobs import job


@job("accounts.reset_mail")
def send_reset_mail(email: str) -> None:
    """Mail the link with which the active person of this address sets a new password; nothing for strangers (A39)."""
    user = User.objects.filter(email=normal(email), is_active=True).first()
    if user is None:
        return
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    context = {"user": user, "link": links.absolute(path.replace("UID-KEY", key))}
    body = render_to_string("account/email/reset.txt", context)
    EmailMessage("Set a new password for Watchbill", body, to=[user.email]).send()
