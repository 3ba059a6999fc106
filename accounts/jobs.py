"""Mail of this room, sent by the bulk lane: the page that asked answers as fast for nobody as for somebody (A38)."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import localtime

from accounts import guessing
from accounts.actors import ANONYMOUS, person
from accounts.models import Invitation, User
from accounts.queries import invitation_link, organisation
from core import alarms, clock, links
from core.jobs import cron, job
from core.models import AuditEntry
from core.retention import forget
from core.secrets import decrypt
from core.text import one_line
from core.zones import zone_of

KEEP_INVITATIONS = timedelta(days=90)
CODES = 10  # recovery codes of one person, as django-allauth makes them


@job("accounts.reset_mail")
def send_reset_mail(ref: str) -> None:
    """Mail the link with which this active person sets a new password; nothing for strangers, whose ref is empty."""
    user = User.objects.filter(pk=int(ref), is_active=True).first() if ref else None
    if user is None:
        return
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    context = {"user": user, "link": links.absolute(path.replace("UID-KEY", key))}
    body = render_to_string("account/email/reset.txt", context)
    EmailMessage("Set a new password for Watchbill", body, to=[user.email]).send()


@job("accounts.invitation_mail")
def send_invitation_mail(ref: str) -> None:
    """Mail the link of an invitation that still waits; from then on nobody here can read it (A40)."""
    found = Invitation.objects.select_related("team", "invited_by").filter(pk=int(ref)).first()
    if found is None or found.state != "waiting" or not found.sealed:
        return
    ours = one_line(str(organisation()), 80)
    context = {"invitation": found, "link": invitation_link(decrypt(found.sealed)), "organisation": ours}
    body = render_to_string("account/email/invitation.txt", context)
    EmailMessage(f"An invitation to the incident portal of {ours}", body, to=[found.email]).send()
    Invitation.objects.filter(pk=found.pk, digest=found.digest).update(sealed="")


# What a person is told of his or her account: the subject, and the sentences of the mail.
SECURITY_MAILS = {
    "factor_added": ("A second factor was added", "A second factor was added to your account."),
    "factor_removed": ("A second factor was removed", "A second factor was removed from your account."),
    "codes_made": ("New recovery codes", "New recovery codes were made for your account; the former ones are void."),
    "code_used": ("A recovery code was used", "A recovery code of your account was used, in place of the app."),
    "password_set": (
        "Your password was changed",
        "The password of your account was changed; other devices were signed out.",
    ),
    "factors_reset": (
        "Your second factors were reset",
        "A colleague has taken the second factors off your account, and all your devices were signed out."
        " Sign in with your password and add a new one.",
    ),
    "codes_guessed": (
        "Somebody tries codes at your account",
        "Somebody knows your password, signed in with it and typed five wrong codes. Further codes are refused for up"
        " to a quarter of an hour; a passkey still works, and so do the links in pages. While it goes on you are told"
        " once a day.",
    ),
    "password_guessed": (
        "Somebody tries passwords at your account",
        "Somebody typed many wrong passwords for your account. Further tries are refused for up to an hour; a passkey"
        " still works, and so do the links in pages. While it goes on you are told once a day.",
    ),
}


@job("accounts.security_mail")
def send_security_mail(ref: str) -> None:
    """Tell an active person what happened to the account; `ref` is made by `accounts.telling.tell`."""
    kind, whose, entry, device = (*ref.split(":", 3), "", "", "")[:4]
    user = User.objects.filter(pk=int(whose), is_active=True).first() if whose else None
    if user is None:
        return
    subject, sentence = SECURITY_MAILS[kind]
    context = {"user": user, "sentence": sentence, "link": links.absolute("/profile/security/")}
    context["particulars"] = _particulars(user, AuditEntry.objects.filter(pk=int(entry or 0)).first(), device)
    EmailMessage(subject, render_to_string("account/email/security.txt", context), to=[user.email]).send()


def _particulars(user: User, entry: AuditEntry | None, device: str) -> list[str]:
    """Which factor, when by the person's own clock, and from where; or by which colleague, whose place is his own."""
    if entry is None:
        return []
    at, about = localtime(entry.at, zone_of(user.time_zone)), entry.after or entry.before
    what = "the app that shows codes" if about.get("type") == Authenticator.Type.TOTP else ""
    what = f"the passkey “{about['name']}”" if about.get("name") else what
    lines = [f"Which: {what}"] if what else []
    lines += [f"Left: {about['left']} of {CODES} codes"] if "left" in about else []
    lines.append(f"When: {at:%a} {at.day} {at:%b %Y}, {at:%H:%M} {at:%Z}")
    if entry.actor in (person(user).key, ANONYMOUS.key):
        place = ", ".join(each for each in (entry.address, device) if each)
        return [*lines, f"From: {place}"] if place else lines
    return [*lines, f"By: {entry.label}"]


@job("accounts.guessing_alarm")
def tell_of_guessing(ref: str) -> None:
    """Mail the administrators that somebody guesses; `ref` is verb:address. Once in 30 minutes for each verb."""
    verb, _, address = ref.partition(":")
    what = "API tokens" if verb == guessing.TOKEN.verb else "passwords of many people"
    text = f"Many wrong {what} came from {address or 'one address'}. Further ones are refused; the audit has an entry."
    alarms.tell(f"guessing:{verb}", f"Somebody guesses {what}", text)


@job("accounts.prune_sessions")
def prune_sessions(_ref: str) -> None:
    """Forget sessions that have run out, and what was noted of sessions that are no more."""
    now = clock.now()
    forget(Session.objects.filter(expire_date__lt=now), "expire_date")
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    # A day old at least: the note of a sign-in may be written before its session.
    forget(UserSession.objects.filter(~Exists(alive), created_at__lt=now - timedelta(days=1)))


@job("accounts.prune_invitations")
def prune_invitations(_ref: str) -> None:
    """Forget invitations that ended long ago; who invited whom stands in the audit."""
    forget(Invitation.objects.filter(expires_at__lt=clock.now() - KEEP_INVITATIONS))


cron("accounts.prune_sessions", every=timedelta(hours=1))
cron("accounts.prune_invitations", every=timedelta(days=1))
