"""Where sessions live: rows of the database, each with an idle and an absolute end (A29), ended by deleting the row.

The row's `expire_date` is the idle end and never lies behind the absolute one. Whoever reads the row renews it: a
request, or the re-check of an open live page, so that nobody who watches an incident is signed out by sitting still.
The absolute end counts from the sign-in and nothing moves it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import DatabaseError

from accounts.models import User
from core import clock

BEGUN = "begun"  # seconds since 1970 of the sign-in
# A device that stays signed in is a responder's phone: it lasts from one week on call to the next page.
KEPT_WHOLE, KEPT_IDLE = timedelta(days=14), timedelta(days=7)
BRIEF_WHOLE, BRIEF_IDLE = timedelta(hours=12), timedelta(hours=2)
NOTED_EVERY = timedelta(minutes=5)  # how exact "last seen" and the idle end are: not one write per request


def keys_of(user: User) -> list[str]:
    """The keys of the person's sessions that have not run out and fit the password and epoch of now (A28)."""
    noted = UserSession.objects.filter(user=user).values("session_key")
    fitting = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    rows = Session.objects.filter(pk__in=noted, expire_date__gt=clock.now())
    return [row.pk for row in rows if row.get_decoded().get(HASH_SESSION_KEY) in fitting]


class SessionStore(db.SessionStore):
    """A session of one browser."""

    _expires: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Django's own table."""
        return Session

    @property
    def begun(self) -> datetime | None:
        """When its person signed in (UTC); None before."""
        at = self.get(BEGUN)
        return None if at is None else datetime.fromtimestamp(float(at), UTC)

    @property
    def is_kept(self) -> bool:
        """Whether the person asked to stay signed in on this device."""
        return not self.get_expire_at_browser_close()

    def ends(self, now: datetime) -> datetime:
        """When it ends unless it is used again."""
        whole, idle = (KEPT_WHOLE, KEPT_IDLE) if self.is_kept else (BRIEF_WHOLE, BRIEF_IDLE)
        return min(now + idle, (self.begun or now) + whole)

    def load(self) -> dict[str, Any]:
        """What the row holds, whose idle end is moved on."""
        data = super().load()
        if SESSION_KEY in data:
            self._session_cache = data
            self._renew()
        return data

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row as it is saved; the first save after a sign-in is its beginning."""
        now = clock.now()
        if SESSION_KEY in data:
            data.setdefault(BEGUN, now.timestamp())
        made: Any = super().create_model_instance(data)
        made.expire_date = self.ends(now) if SESSION_KEY in data else now + BRIEF_WHOLE
        return made

    def cycle_key(self) -> None:
        """A new key; what is told of the session goes with it."""
        former = self.session_key
        super().cycle_key()
        if former:
            UserSession.objects.filter(session_key=former).update(session_key=self.session_key)

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(session_key=self.session_key, expire_date__gt=clock.now()).first()
        self._expires = None if found is None else found.expire_date
        if found is None:
            self._session_key = None
        return found

    def _renew(self) -> None:
        now = clock.now()
        wanted = self.ends(now)
        if self._expires is None or wanted - self._expires < NOTED_EVERY:
            return
        try:
            Session.objects.filter(pk=self.session_key, expire_date__gt=now).update(expire_date=wanted)
            UserSession.objects.filter(session_key=self.session_key).update(last_seen_at=now)
        except DatabaseError:  # a database that cannot be written to must not shut people out of its pages
            return
        self._expires = wanted
