"""The pages of inviting and of joining (A23, A27, A33, A40)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.commands import invitations
from accounts.models import Invitation, Organisation, User
from accounts.views import invitations as views
from core import clock, throttle
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, text_of
from tests.world import PASSWORD, World, acts
from tools.enrolment import code_of

Browser = Callable[..., Client]
GIVEN = {"name": "Kim Yu", "email": "kim@example.org", "role": "responder", "team_role": "member"}
JOINING = {"name": "Kim Yu", "password": "a quiet harbour at dawn", "time_zone": "Europe/Rome"}


def link(world: World, **more: Any) -> str:
    """The path of Kim's invitation, as an administrator hands it over where there is no mail server."""
    sent = invitations.invite(acts(world.ada), **{"email": "kim@example.org", "name": "Kim Yu", **more})
    return f"/invitation/{sent.raw}/"


def test_a_manager_invites_into_the_team(world: World, browser: Browser, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"
    ana = browser(world.ana)
    page = text_of(ana.get(f"/people/invite/?team={world.payments.pk}"))
    assert f'<option value="{world.payments.pk}" selected>' in page
    assert f'value="{world.search.pk}"' not in page, "another's team is not offered"
    assert 'value="administrator"' not in page
    done = ana.post("/people/invite/", {**GIVEN, "team": world.payments.pk})
    said = after(ana, done)
    assert "An invitation is on its way to kim@example.org." in said
    assert "/invitation/" not in said
    waiting = Invitation.objects.get()
    assert (waiting.team, waiting.invited_by) == (world.payments, world.ana)
    assert f"/people/invitations/{waiting.pk}/revoke/" in said


def test_without_a_mail_server_the_link_is_shown_once(world: World, browser: Browser, settings: Any) -> None:
    """A40, A98: to the administrator; a manager is told whom to ask."""
    settings.EMAIL_URL = ""
    ada, ana = browser(world.ada), browser(world.ana)
    shown = after(ada, ada.post("/people/invite/", GIVEN))
    found = re.search(r"http://localhost:8000(/invitation/[\w-]{32}/)", shown)
    assert found
    assert Client().get(found[1]).status_code == 200
    assert "/invitation/" not in text_of(ada.get("/people/"))
    said = after(ana, ana.post("/people/invite/", {**GIVEN, "email": "lou@example.org", "team": world.payments.pk}))
    assert "an administrator can hand the link over" in said
    assert "/invitation/" not in said


def test_what_is_wrong_stands_beside_its_field(world: World, browser: Browser) -> None:
    ada = browser(world.ada)
    for field, value, sentence in (
        ("email", world.bo.email, "is here already"),
        ("email", "kim@example.org, lou@example.org", "Enter one address"),
        ("team", world.payments.pk, "Leave it empty for a stakeholder"),
    ):
        role = "stakeholder" if field == "team" else "responder"
        answer = ada.post("/people/invite/", {**GIVEN, "role": role, field: value})
        assert answer.status_code in {400, 409}
        page = text_of(answer)
        assert sentence in page
        assert 'value="Kim Yu"' in page, "what was typed stays"
    assert not Invitation.objects.exists()


def test_looking_changes_nothing_and_joining_signs_in(world: World) -> None:
    """A23, A40: a scanner that opens the link uses nothing up."""
    Organisation.objects.update_or_create(id=1, defaults={"name": "Fernhill"})
    path = link(world, team=world.payments)
    kim = Client()
    for _ in range(3):
        page = kim.get(path)
        assert page.status_code == 200
    assert 'value="Kim Yu"' in text_of(page)
    assert "kim@example.org" in text_of(page)
    assert "Welcome to Fernhill" in text_of(page)
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    assert not User.objects.filter(email="kim@example.org").exists()
    done = kim.post(path, JOINING)
    assert (done.status_code, done["Location"]) == (302, "/profile/contact-methods/")
    said = text_of(kim.get("/profile/contact-methods/"))
    assert "Now say how you want to be reached" in said
    closed = Client().get(path)
    assert closed.status_code == 404
    assert "This link opens nothing" in text_of(closed)
    assert Client().post(path, {**JOINING, "name": "Somebody else"}).status_code == 404
    assert User.objects.filter(email="kim@example.org").count() == 1


def test_the_codes_come_before_the_welcome(world: World) -> None:
    """Kim joins as a process owner: the page of the recovery codes says what to do with them, the next one welcomes."""
    kim = Client()
    kim.post(link(world, role="process_owner"), JOINING)
    app = "/profile/security/app/?next=/profile/contact-methods/"
    page = kim.get(app).content.decode()
    secret = re.search(r'id="key">([A-Z2-7 ]+)<', page)
    assert secret
    given = {"code": code_of(secret[1].replace(" ", ""), clock.now().timestamp()), "next": "/profile/contact-methods/"}
    codes = after(kim, kim.post(app, given))
    assert "Your recovery codes" in codes
    assert "You are in" not in codes
    assert "You are in. Now say how you want to be reached" in text_of(kim.get("/profile/contact-methods/"))


def test_every_link_that_opens_nothing_reads_the_same(world: World) -> None:
    """A40: used, revoked, and made up."""
    used, revoked = link(world), link(world, email="lou@example.org", name="Lou")
    Client().post(used, JOINING)
    invitations.revoke(acts(world.ada), Invitation.objects.get(email="lou@example.org"))
    guessed = f"/invitation/{'x' * 32}/"
    for method in ("get", "post"):
        answers = [getattr(Client(), method)(path, JOINING) for path in (used, revoked, guessed)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1


def test_guessing_is_throttled(world: World, at: clock.FrozenClock) -> None:
    """A40: thirty forms in a quarter of an hour, sixty looks at once from one address; a good link still opens."""
    path = link(world)
    codes = [Client().post(f"/invitation/{number:032}/", JOINING).status_code for number in range(32)]
    assert codes == [404] * 30 + [429] * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "looks", throttle.Pace(per_second=1, burst=60))
        codes = [Client().get(f"/invitation/{number:032}/").status_code for number in range(70)]
    assert (codes[:60], codes[-1]) == ([404] * 60, 429)
    assert Client().get(path).status_code == 200


def test_a_weak_password_keeps_what_was_typed(world: World) -> None:
    path = link(world)
    answer = Client().post(path, {**JOINING, "name": "Kim Yu-Lan", "password": "kim@example.org"})
    assert answer.status_code == 400
    assert 'value="Kim Yu-Lan"' in text_of(answer)
    assert "kim@example.org" not in re.sub(r"<b class.*?</b>|<input type=.hidden.*?>", "", text_of(answer))
    assert Client().post(path, JOINING).status_code == 302


def test_the_form_of_joining_needs_its_token(world: World, browser: Browser) -> None:
    """A23."""
    assert browser(None, csrf=True).post(link(world), JOINING).status_code == 403
    assert not User.objects.filter(email="kim@example.org").exists()


def test_the_link_joins_also_where_another_is_signed_in(world: World, browser: Browser) -> None:
    """A28: a browser shared by two ends up with the one who joined, under a new session."""
    bo = browser(world.bo)
    before = bo.cookies["watchbill"].value
    assert bo.post(link(world), JOINING).status_code == 302
    assert bo.cookies["watchbill"].value != before
    assert bo.get("/api/v1/me/").json()["email"] == "kim@example.org"


def test_a_stakeholder_is_led_to_now(world: World) -> None:
    assert Client().post(link(world, role="stakeholder"), JOINING)["Location"] == "/now/"


def test_sending_again_and_taking_back(world: World, browser: Browser, settings: Any) -> None:
    settings.EMAIL_URL = ""
    path = link(world)
    ada = browser(world.ada)
    waiting = Invitation.objects.get()
    assert "/invitation/" in after(ada, ada.post(f"/people/invitations/{waiting.pk}/resend/"))
    assert Client().get(path).status_code == 404
    ask = f"/people/invitations/{waiting.pk}/revoke/"
    assert "Take back the invitation of Kim Yu?" in text_of(ada.get(ask))
    assert Invitation.objects.get().state == "waiting"
    assert "Kim Yu is no longer invited." in after(ada, ada.post(ask))
    assert ada.post(ask).status_code == 409
    assert ada.post(f"/people/invitations/{waiting.pk}/resend/").status_code == 409


def test_hostile_names_stay_names(world: World, browser: Browser) -> None:
    """A4."""
    link(world, name=EVIL)
    assert_inert(browser(world.ada).get("/people/"))


def test_the_list_of_people_tells_addresses_to_administrators(world: World, browser: Browser) -> None:
    page = text_of(browser(world.eve).get("/people/"))
    assert world.bo.name in page
    assert world.bo.email not in page
    assert world.eve.email in page
    assert "Invite somebody" not in page
    assert world.bo.email in text_of(browser(world.ada).get("/people/"))
    assert browser(world.sam).get("/people/").status_code == 403
    assert PASSWORD not in page


def test_the_list_asks_no_more_for_more_people(world: World, browser: Browser) -> None:
    """P7: neither for people in teams nor for invitations."""
    ada = browser(world.ada)
    link(world)
    before = count(ada, "/people/")
    for number in range(3):
        builders.person(f"New{number} Person", teams=[world.payments, world.search])
        link(world, email=f"kim{number}@example.org", team=world.search)
    assert count(ada, "/people/") == before
