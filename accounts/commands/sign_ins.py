"""Verbs of sessions: end one, or all but this one (A28)."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.actors import Actor
from accounts.commands import users
from accounts.models import User
from accounts.permissions import SESSION_END, require
from core import audit


@transaction.atomic
def end(actor: Actor, session: UserSession) -> None:
    """End one session: its next request leads to sign-in, its sockets close within 5 s."""
    require(actor, SESSION_END, session)
    Session.objects.filter(pk=session.session_key).delete()
    UserSession.objects.filter(pk=session.pk).delete()
    audit.write(actor, "session.end", f"user:{session.user_id}", before={"session": session.pk, "address": session.ip})


@transaction.atomic
def end_others(actor: Actor, user: User, *, key: str) -> User:
    """End every session of the person but the one with this key, also those that no list shows.

    The caller renews the proof that its own session carries (`update_session_auth_hash`).
    """
    require(actor, SESSION_END, user)
    others = UserSession.objects.filter(user=user).exclude(session_key=key)
    Session.objects.filter(pk__in=list(others.values_list("session_key", flat=True))).delete()
    count = others.delete()[0]
    user = users.end_sessions(actor, user)
    audit.write(actor, "session.end_others", f"user:{user.pk}", before={"sessions": count})
    return user
