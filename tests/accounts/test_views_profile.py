"""One's own profile and API tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def test_ana_chooses_her_zone_and_a_dark_page(world: World, browser: Browser) -> None:
    ana = browser(world.ana)
    given = {"name": "Ana Lima", "time_zone": "Europe/Berlin", "theme": "dark", "announce": "all", "version": 1}
    assert ana.post("/profile/", given).status_code == 303
    page = text_of(ana.get("/profile/"))
    assert 'data-theme="dark"' in page
    world.ana.refresh_from_db()
    assert (world.ana.time_zone, world.ana.theme) == ("Europe/Berlin", "dark")


def test_bo_switches_single_keys_off_and_hears_key_moments_alone(world: World, browser: Browser) -> None:
    """WCAG 2.1.4: single keys can be switched off; the very next page is without them. Nobody else is touched."""
    bo = browser(world.bo)
    before = text_of(bo.get("/now/"))
    assert "data-keys" not in before
    assert 'data-announce="all"' in before
    given = {"name": "Bo Chen", "time_zone": "UTC", "theme": "", "announce": "key", "version": 1}
    page = after(bo, bo.post("/profile/", given))
    assert 'data-keys="off" data-announce="key"' in page
    assert "Switch them on in your profile" in text_of(bo.get("/keys/"))
    assert "data-keys" not in text_of(browser(world.ana).get("/now/"))
    on = after(bo, bo.post("/profile/", {**given, "single_keys": "on", "version": 2}))
    assert "data-keys" not in on


def test_what_nobody_can_hear_is_refused_and_the_rest_stays_typed(world: World, browser: Browser) -> None:
    """A4."""
    given = {"name": "Bo the Second", "time_zone": "UTC", "theme": "", "announce": "everything<script>"}
    answer = browser(world.bo).post("/profile/", given)
    assert answer.status_code == 400
    assert "Bo the Second" in text_of(answer)
    assert "everything<script>" not in text_of(answer)
    world.bo.refresh_from_db()
    assert (world.bo.name, world.bo.announce) == ("Bo Chen", "all")


def test_a_program_changes_the_same_comforts(world: World) -> None:
    """The API knows what the page knows, with its version, and refuses what is neither on nor off (A4)."""
    me = {"authorization": f"Bearer {builders.token(world.bo)}", "content-type": "application/json"}
    client = Client()
    change = {"single_keys": False, "announce": "none"}
    answer = client.patch("/api/v1/me/", change, content_type="application/json", headers=me)
    assert answer.status_code == 200
    assert (answer.json()["single_keys"], answer.json()["announce"]) == (False, "none")
    assert client.get("/api/v1/me/", headers=me).json()["announce"] == "none"
    for wrong in ({"announce": "loud"}, {"announce": None}, {"single_keys": "perhaps"}):
        refused = client.patch("/api/v1/me/", wrong, content_type="application/json", headers=me)
        assert refused.status_code == 400, wrong
    world.bo.refresh_from_db()
    assert (world.bo.single_keys, world.bo.announce) == (False, "none")


def test_the_profile_says_in_plain_words_what_a_page_does(world: World, browser: Browser, settings: Any) -> None:
    """O29: what the engine would do, by urgency; who cannot be reached is told first of all."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    bo = browser(world.bo)
    mail = world.bo.contact_methods.get()
    builders.rule(world.bo, mail, delay_minutes=5)
    page = " ".join(re.sub(r"<[^>]+>", " ", text_of(bo.get("/profile/"))).split())
    assert "A page of high urgency reaches you at once by e-mail (bo@example.org) , after 5 min by e-mail" in page
    assert "A page of low urgency reaches you at once by e-mail" in page
    mail.delete()
    silent = text_of(bo.get("/profile/"))
    assert "A page of high urgency cannot reach you." in silent
    assert 'href="/profile/contact-methods/"' in silent
    assert "When a page comes" not in text_of(browser(world.sam).get("/profile/")), "a stakeholder is never paged"


def test_a_zone_that_is_not_in_the_set_is_refused(world: World, browser: Browser) -> None:
    """A4."""
    answer = browser(world.ana).post("/profile/", {"name": EVIL, "time_zone": "Mars/Phobos", "theme": "pink"})
    assert answer.status_code == 400
    assert_inert(answer)
    nul = browser(world.ana).post("/profile/", {"name": "A\0na", "time_zone": "UTC", "theme": ""})
    assert nul.status_code == 400


def test_a_token_is_shown_once_and_revoked_by_a_question(world: World, browser: Browser) -> None:
    """A44."""
    ana = browser(world.ana)
    made = ana.post("/profile/tokens/", {"name": "deploy", "scopes": ["read", "write"], "days": "30"})
    assert (made.status_code, made["Location"]) == (303, "/profile/tokens/"), "loading the page again makes no other"
    assert made.content == b""
    made = ana.get("/profile/tokens/")
    found = re.search(r"wb_[\w\-]{40,}", text_of(made))
    assert found
    assert "no-store" in made["Cache-Control"]
    raw, token = found[0], ApiToken.objects.get()
    assert (token.scopes, token.expires_at is not None) == (["read", "write"], True)
    assert raw not in text_of(ana.get("/profile/tokens/")), "never again"
    assert Client().get("/api/v1/me/", headers={"authorization": f"Bearer {raw}"}).status_code == 200
    assert ana.get(f"/profile/tokens/{token.pk}/revoke/").status_code == 200
    token.refresh_from_db()
    assert token.revoked_at is None, "a question changes nothing"
    assert ana.post(f"/profile/tokens/{token.pk}/revoke/").status_code == 303
    assert Client().get("/api/v1/me/", headers={"authorization": f"Bearer {raw}"}).status_code == 401


def test_a_token_needs_a_name_and_a_scope(world: World, browser: Browser) -> None:
    answer = browser(world.ana).post("/profile/tokens/", {"name": "", "days": ""})
    assert answer.status_code == 400
    assert not ApiToken.objects.exists()


def test_another_persons_token_does_not_exist(world: World, browser: Browser) -> None:
    """A57."""
    builders.token(world.ana)
    path = f"/profile/tokens/{ApiToken.objects.get().pk}/revoke/"
    assert browser(world.eve).get(path).status_code == 404
    assert browser(world.eve).post(path).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_strangers_and_forms_without_their_token(world: World, browser: Browser) -> None:
    """A23."""
    for path in ("/profile/", "/profile/tokens/"):
        assert browser().get(path)["Location"].startswith("/accounts/login/")
        assert browser(world.ana, csrf=True).post(path, {"name": "X"}).status_code == 403


def test_pages_cost_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    ana = browser(world.ana)
    builders.token(world.ana)
    few = {"profile": count(ana, "/profile/"), "tokens": count(ana, "/profile/tokens/")}
    for number in range(20):
        builders.token(world.ana)
        builders.team(f"Team {number}", members=[world.ana])
    assert {"profile": count(ana, "/profile/"), "tokens": count(ana, "/profile/tokens/")} == few
    assert few == {name: recorded(__file__)[name] for name in few}
