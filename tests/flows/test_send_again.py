"""A form whose session has ended is not lost: sign in, look at it, send it (design 8; A23)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from core import clock
from core.web import held
from incidents.models import TimelineEntry
from tests.incidents.conftest import Stage
from tests.incidents.conftest import stage as stage
from tests.pages import EVIL, assert_inert, text_of
from tests.world import PASSWORD, World

TEXT = "The acquirer confirms trouble on their side."


def was_here(person: Any, **words: Any) -> Client:
    """A browser at which somebody was signed in until the session ended."""
    client = Client(**words)
    client.force_login(person)
    client.get("/keys/")
    del client.cookies[settings.SESSION_COOKIE_NAME]
    return client


def sign_in(client: Client, person: Any) -> Any:
    """By the form, as people do, to wherever it leads."""
    given = {"login": person.email, "password": PASSWORD}
    return client.post("/accounts/login/?next=/send-again/", given, follow=True)


def test_bo_signs_in_again_and_sends_the_note_that_he_had_typed(stage: Stage) -> None:
    stage.fire()
    bo, path = stage.world.bo, "/incidents/1/notes/"
    client = was_here(bo)
    answer = client.post(path, {"text": TEXT, "kind": "note"})
    assert answer["Location"] == "/accounts/login/?next=/send-again/"
    assert TEXT not in str(dict(client.session)), "it lies there encrypted"
    page = sign_in(client, bo)
    assert page.redirect_chain[-1][0] == "/send-again/"
    assert TEXT in text_of(page)
    assert f'action="{path}"' in text_of(page)
    assert re.search(rf"<bdi>Text</bdi></dt><dd[^>]*><bdi>{TEXT}</bdi>", text_of(page)), "each text under its name"
    assert not TimelineEntry.objects.filter(text=TEXT).exists(), "nothing is sent by looking"
    fields = dict(re.findall(r'type="hidden" name="(text|kind)" value="([^"]*)"', text_of(page)))
    assert client.post(path, fields).status_code == 303
    assert TimelineEntry.objects.get(text=TEXT).actor_user == bo
    assert client.get("/send-again/")["Location"] == "/now/", "it is offered a single time"


def test_a_form_without_text_says_what_it_does(world: World) -> None:
    """Beside the address of the form, which tells people nothing, the button names the act."""
    acts = {
        "/profile/contact-methods/7/code/": "Send the code again",
        "/people/invitations/7/resend/": "Send the invitation again",
        "/incidents/1/notes/?tab=log": "Send it again",
        "/no/such/door/": "Send it again",
    }
    assert {path: held.Held(path, []).act for path in acts} == acts
    client = was_here(world.bo)
    client.post("/profile/contact-methods/7/code/")
    page = text_of(sign_in(client, world.bo))
    assert "Send the code again</button>" in page


def test_a_text_stands_under_the_name_of_its_field() -> None:
    """Readable: "customer_impact" and "level-0-target" are words of ours."""
    pairs = [("customer_impact", "Nobody can pay"), ("level-0-target", "user:2"), ("x" * 99, "Somebody made this up")]
    names = [name for name, _ in held.Held("/", pairs).texts]
    assert names == ["Customer impact", "X" + "x" * 59]


def test_nobody_else_who_signs_in_at_that_browser_sees_it(world: World) -> None:
    """A57: Bo has walked away; Cy signs in at the same desk, and is led to Now."""
    client = was_here(world.bo)
    answer = client.post("/teams/new/", {"name": "Night watch of the harbour"})
    assert answer["Location"] == "/accounts/login/?next=/send-again/"
    page = sign_in(client, world.cy)
    assert page.redirect_chain[-1][0] == "/now/"
    assert "Night watch" not in text_of(page)


def test_a_mark_that_somebody_has_made_up_is_none(world: World) -> None:
    client = Client()
    client.cookies[held.WHO] = f"{world.bo.pk}:x:y"
    assert "send-again" not in client.post("/teams/new/", {"name": "Night watch of the harbour"})["Location"]


def test_a_key_that_was_taken_away_loses_the_form_and_breaks_nothing(world: World, settings: Any) -> None:
    client = was_here(world.ana)
    client.post("/teams/new/", {"name": "Night watch of the harbour"})
    settings.FIELD_KEYS = ["another-key-than-the-one-it-was-sealed-with"]
    client.force_login(world.ana)
    assert client.get("/send-again/")["Location"] == "/now/"
    assert client.post("/profile/", {"name": ""}).status_code == 400


@pytest.mark.parametrize("length", ["abc", "-5", "1_0", "9" * 40])
def test_a_form_without_a_proper_length_is_refused_and_not_kept(world: World, length: str) -> None:
    """A9."""
    request = RequestFactory().post("/teams/new/", {"name": "Night watch of the harbour"})
    request.META["CONTENT_LENGTH"] = length
    assert held.read(request) is None


def test_it_waits_for_a_quarter_of_an_hour(world: World, at: clock.FrozenClock) -> None:
    client = was_here(world.ana)
    client.post("/teams/new/", {"name": "Night watch of the harbour"})
    client.force_login(world.ana)
    assert "Night watch of the harbour" in text_of(client.get("/send-again/"))
    at.move(minutes=16)
    assert client.get("/send-again/")["Location"] == "/now/"


def test_secrets_and_large_forms_are_not_kept(world: World) -> None:
    for path, fields in (
        ("/accounts/password/change/", {"oldpassword": "a", "password1": "b", "password2": "b"}),
        ("/profile/contact-methods/1/", {"code": "123456"}),
        ("/profile/contact-methods/add/webhook/", {"address": "https://chat.example/hooks/T0-secret"}),
        ("/profile/contact-methods/add/webpush/", {"p256dh": "BNc", "auth": "tBH"}),
        ("/teams/new/", {"name": "x" * held.LARGEST}),
    ):
        client = was_here(world.ana)
        assert "send-again" not in client.post(path, fields)["Location"], path
        assert held.SLOT not in client.session


def test_a_stranger_fills_no_table_with_forms(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(held, "A_HOUR", 2)
    before = Session.objects.count()
    assert "send-again" not in Client().post("/teams/new/", {"name": "Team number 0"})["Location"]
    assert Session.objects.count() == before, "who was never here leaves nothing"
    browsers = [was_here(world.ana) for _ in range(3)]
    before = Session.objects.count()
    answers = [each.post("/teams/new/", {"name": f"Team number {n}"})["Location"] for n, each in enumerate(browsers)]
    assert [("send-again" in each) for each in answers] == [True, True, False]
    assert Session.objects.count() == before + 2


def test_a_stale_page_s_form_comes_back_with_its_text(world: World, settings: Any) -> None:
    """The token has changed with a sign-in elsewhere: 403, nothing saved, the text is there to be sent."""
    settings.PORTAL_URL = "http://testserver"
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ana)
    answer = client.post("/teams/new/", {"name": "Night watch of the harbour"}, headers={"Origin": "http://testserver"})
    assert answer.status_code == 403
    assert 'value="Night watch of the harbour"' in text_of(answer)
    assert "This form has expired, so nothing was saved." in text_of(answer)


def test_what_another_site_sends_is_never_offered(world: World) -> None:
    """A23: neither its text nor a valid token stand on the answer."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ana)
    for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        answer = client.post("/teams/new/", {"name": "Night watch of the harbour"}, headers=origin)
        assert answer.status_code == 403
        assert "Night watch of the harbour" not in text_of(answer), origin


def test_hostile_texts_are_inert(world: World) -> None:
    """A1."""
    client = was_here(world.ana)
    client.post("/teams/new/", {"name": EVIL, EVIL: "x"})
    client.force_login(world.ana)
    assert_inert(client.get("/send-again/"))


def test_a_field_s_several_values_come_back_in_order(world: World) -> None:
    client = was_here(world.ana)
    client.post("/policies/new/", {"level-0-target": ["user:2", "user:1"], "name": "Night"})
    client.force_login(world.ana)
    found = re.findall(r'name="level-0-target" value="([^"]*)"', text_of(client.get("/send-again/")))
    assert found == ["user:2", "user:1"]
