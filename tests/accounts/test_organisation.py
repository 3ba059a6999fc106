"""Whose portal it is: named by an administrator, shown to whoever signs in (mock-ups 11 and 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import Organisation
from accounts.queries import organisation
from core import clock
from core.models import AuditEntry
from tests.pages import EVIL, after, assert_inert, text_of
from tests.world import PASSWORD, World

Browser = Callable[..., Client]


def test_ada_names_it_and_the_sign_in_page_says_so(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    ada = browser(world.ada)
    assert "Sign in to Watchbill" in text_of(Client().get("/accounts/login/"))
    given = {"name": "Fernhill", "time_zone": "Europe/Berlin", "staff_factor": "on", "version": organisation().version}
    assert "the portal of Fernhill now" in after(ada, ada.post("/organisation/", given))
    page = text_of(Client().get("/accounts/login/"))
    assert "<h1>Sign in to Fernhill</h1>" in page
    assert ">10:00</text>" in page, "09:00 UTC is 10:00 in Berlin"
    assert "Monday, CET" in page
    assert AuditEntry.objects.get(verb="organisation.edit").after == {"name": "Fernhill", "time_zone": "Europe/Berlin"}
    stale = ada.post("/organisation/", {**given, "name": "Ferndale"})
    assert stale.status_code == 409
    assert "Ferndale" in text_of(stale)
    assert organisation().name == "Fernhill"


def test_what_cannot_be_a_name_or_zone_is_said_beside_it(world: World, browser: Browser, api: Any) -> None:
    ada = browser(world.ada)
    for given in (
        {"name": "", "time_zone": "UTC"},
        {"name": "x" * 81, "time_zone": "UTC"},
        {"name": "F", "time_zone": "Mars/Base"},
    ):
        answer = ada.post("/organisation/", given)
        assert answer.status_code == 400, given
        assert 'aria-invalid="true"' in text_of(answer), given
    assert not Organisation.objects.exists()


def test_only_administrators_name_it(world: World, browser: Browser, api: Any) -> None:
    given = {"name": "Ours now", "time_zone": "UTC"}
    for person in (world.ana, world.bo):
        assert browser(person).post("/organisation/", given).status_code == 403
    assert not Organisation.objects.exists()


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A1, A4: also to those who have not signed in."""
    Organisation.objects.create(name=EVIL[:80])
    page = text_of(Client().get("/accounts/login/"))
    assert "<script>" not in page.split("<h1>")[1]
    assert "&lt;script&gt;" in page
    assert_inert(browser(world.ada).get("/organisation/"))


def test_the_sign_in_page_says_where_one_goes(world: World) -> None:
    page = text_of(Client().get("/accounts/login/?next=/incidents/12/"))
    assert "You will go straight to INC-12 afterwards." in page
    assert "page that you asked for" in text_of(Client().get("/accounts/login/?next=/teams/"))
    assert "What you sent is kept" in text_of(Client().get("/accounts/login/?next=/send-again/"))


def test_a_device_stays_signed_in_unless_one_says_otherwise(world: World) -> None:
    """The box is ticked; without it the visit ends with the browser (A29)."""
    assert 'name="remember" id="id_remember" checked' in text_of(Client().get("/accounts/login/"))
    for ticked, ends in (({"remember": "on"}, False), ({}, True)):
        client = Client()
        client.post("/accounts/login/", {"login": world.bo.email, "password": PASSWORD, **ticked})
        assert client.session.get_expire_at_browser_close() is ends
