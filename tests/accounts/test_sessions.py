"""Sessions: how long they last, what one sees of them, and how they are ended (A28, A29)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.test import Client
from rest_framework.test import APIClient

from accounts.access import socket_actor
from accounts.commands import users
from accounts.models import User
from accounts.sessions import BRIEF_IDLE, BRIEF_WHOLE, KEPT_IDLE, KEPT_WHOLE
from core.clock import FrozenClock
from core.models import AuditEntry
from tests.accounts.test_staff_factor import scope_of
from tests.pages import text_of
from tests.world import PASSWORD, World, acts, enter

LOGIN, SECURITY = "/accounts/login/", "/profile/security/"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"


def signed_in(user: User, agent: str = FIREFOX, *, stays: bool = True) -> Client:
    """A browser in which the person has signed in by the form."""
    client = Client(headers={"user-agent": agent})
    given = {"login": user.email, "password": PASSWORD, **({"remember": "on"} if stays else {})}
    assert client.post(LOGIN, given).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/now/").status_code == 200


@pytest.mark.parametrize(("stays", "idle", "whole"), [(True, KEPT_IDLE, KEPT_WHOLE), (False, BRIEF_IDLE, BRIEF_WHOLE)])
def test_a_session_ends_by_itself(
    world: World, at: FrozenClock, stays: bool, idle: timedelta, whole: timedelta
) -> None:
    """A29: when nobody used it for so long, and in any case so long after the sign-in."""
    left, used = signed_in(world.bo, stays=stays), signed_in(world.bo, stays=stays)
    begun = at.at
    step = idle * 0.9
    while at.at + step - begun < whole:
        at.move(seconds=step.total_seconds())
        assert is_in(used), at.at - begun
    assert not is_in(left), "idle"
    at.move(seconds=(begun + whole - at.at).total_seconds() + 1)
    assert not is_in(used), "the absolute end"
    assert socket_actor(scope_of(used)) is None


def test_a_phone_stays_signed_in_from_one_week_on_call_to_its_end(world: World, at: FrozenClock) -> None:
    """One look in six days is enough, for thirteen days."""
    phone = signed_in(world.bo, CHROME)
    for _ in range(2):
        at.move(days=6)
        assert is_in(phone)


def test_an_open_live_page_keeps_its_session(world: World, at: FrozenClock) -> None:
    """Whoever watches an incident without touching it is not signed out by sitting still."""
    client = signed_in(world.bo, stays=False)
    for _ in range(6):
        at.move(hours=1)
        assert socket_actor(scope_of(client)) is not None
    assert is_in(client)


def test_changing_the_password_moves_no_end(world: World, at: FrozenClock) -> None:
    """A29: the absolute end counts from the sign-in, under whatever key."""
    client = signed_in(world.bo)
    at.move(days=6)
    other = "a quiet harbour at dawn"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": other, "password2": other})
    at.move(days=6)
    assert is_in(client)
    at.move(days=2, seconds=1)
    assert not is_in(client)


def test_bo_sees_where_he_is_signed_in(world: World, at: FrozenClock, api: Callable[..., APIClient]) -> None:
    """Device in words, address, signed in, last seen, this one; on the page and in the API, his own alone."""
    laptop, phone, _ = signed_in(world.bo), signed_in(world.bo, CHROME), signed_in(world.ana)
    at.move(hours=2)
    assert is_in(laptop)
    page = text_of(laptop.get(SECURITY))
    assert page.count("this one") == 1
    assert "Firefox on Linux" in page
    assert "Chrome on Android" in page
    rows = laptop.get("/api/v1/me/sessions/").json()["results"]
    assert [(row["device"], row["is_this"]) for row in rows] == [
        ("Chrome on Android", False),
        ("Firefox on Linux", True),
    ]
    assert rows[1]["last_seen_at"] == "2026-11-16T11:00:00Z"
    assert rows[1]["address"] == "127.0.0.1"
    assert len(api(world.bo).get("/api/v1/me/sessions/").json()["results"]) == 2
    hers = UserSession.objects.get(user=world.ana)
    for path in (f"{SECURITY}sessions/{hers.pk}/end/", f"/api/v1/me/sessions/{hers.pk}/"):
        assert laptop.get(path).status_code == 404
    assert is_in(phone)


def test_bo_signs_out_the_phone_that_he_lost(world: World, at: FrozenClock) -> None:
    """A28: its next request and its sockets end; GET only asks."""
    laptop, phone = signed_in(world.bo), signed_in(world.bo, CHROME)
    row = UserSession.objects.get(session_key=phone.session.session_key)
    path = f"{SECURITY}sessions/{row.pk}/end/"
    assert "Sign out Chrome on Android?" in text_of(laptop.get(path))
    assert is_in(phone)
    laptop.post(path)
    assert not is_in(phone)
    assert socket_actor(scope_of(phone)) is None
    assert is_in(laptop)
    assert AuditEntry.objects.filter(verb="session.end", thing=f"user:{world.bo.pk}").count() == 1


@pytest.mark.parametrize("door", ["page", "api"])
def test_bo_signs_out_everywhere_else(world: World, at: FrozenClock, door: str) -> None:
    """A28: also where no list knows of the session; this browser goes on, under a new key."""
    laptop, phone, unlisted = signed_in(world.bo), signed_in(world.bo, CHROME), Client()
    unlisted.force_login(User.objects.get(pk=world.bo.pk))
    if door == "page":
        laptop.post(f"{SECURITY}sessions/others/")
    else:
        assert laptop.post("/api/v1/me/sessions/end-others/", content_type="application/json").status_code == 204
    assert is_in(laptop)
    assert not is_in(phone)
    assert not is_in(unlisted)
    assert text_of(laptop.get(SECURITY)).count("Firefox on Linux") == 1


def test_a_session_that_ended_with_the_password_is_listed_no_more(world: World, at: FrozenClock) -> None:
    """A28: by a new password, and by a colleague's act; this browser stays in the list."""
    laptop, _phone = signed_in(world.bo), signed_in(world.bo, CHROME)
    other = "a quiet harbour at dawn"
    laptop.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": other, "password2": other})
    said = text_of(laptop.get(SECURITY))
    assert ("Chrome on Android" in said, said.count("this one")) == (False, 1)
    assert [row["is_this"] for row in laptop.get("/api/v1/me/sessions/").json()["results"]] == [True]
    users.change_role(acts(world.ada), User.objects.get(pk=world.bo.pk), role="stakeholder")
    again = enter(Client(), User.objects.get(pk=world.bo.pk))
    assert again.get("/api/v1/me/sessions/").json()["results"] == []


def test_a_token_ends_no_session(world: World, at: FrozenClock, api: Callable[..., APIClient]) -> None:
    """Matrix 3.4, AT."""
    phone = signed_in(world.bo, CHROME)
    row = UserSession.objects.get(user=world.bo)
    assert api(world.bo).delete(f"/api/v1/me/sessions/{row.pk}/").status_code == 403
    assert api(world.bo).post("/api/v1/me/sessions/end-others/").status_code == 403
    assert is_in(phone)
    assert phone.delete(f"/api/v1/me/sessions/{row.pk}/").status_code == 204
    assert not is_in(phone)


def test_what_was_revoked_is_not_written_back(world: World, at: FrozenClock) -> None:
    """A request under way as its session is ended saves nothing that would bring it back."""
    phone = signed_in(world.bo, CHROME)
    session = phone.session
    session["x"] = "y"
    UserSession.objects.all().delete()
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()
    assert not is_in(phone)
