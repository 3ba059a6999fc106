"""Staff need a second factor: whoever may enter the administration sets it up before anything else (A42, A68)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from rest_framework.test import APIClient

from accounts import second_factor
from accounts.access import socket_actor
from accounts.commands import factors, first_run
from accounts.commands.organisation import edit_organisation
from accounts.models import Organisation, User
from accounts.queries import organisation
from core import clock
from core.clock import FrozenClock
from core.links import sign
from core.models import AuditEntry
from tests import world as builders
from tests.flows.security_doors import table
from tests.pages import text_of
from tests.world import PASSWORD, World, acts, enter
from tools.enrolment import code_of

SECURITY = "/profile/security/"
ENROL, PROVE = f"{SECURITY}enrol/", f"{SECURITY}prove/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OWN = {f"{SECURITY}{page}"[1:] for page in ("enrol/", "prove/", "app/", "passkey/")}
Browser = Callable[..., Client]


def bare(user: User) -> Client:
    """Signed in by a password alone."""
    return enter(Client(), user, factor=False)


def scope_of(client: Client) -> dict[str, Any]:
    return {"type": "websocket", "headers": [(b"cookie", f"watchbill={client.cookies['watchbill'].value}".encode())]}


def test_the_rule_is_on_until_somebody_turns_it_off() -> None:
    assert Organisation().staff_factor


def test_every_page_leads_staff_to_enrolment(world: World) -> None:
    """Every address of the table that strangers do not open, for the process owner and the administrator."""
    doors = [door for door in table() if door.method == "GET" and not door.is_api and "AN" not in door.may]
    pages = [door.route for door in doors if "accounts/" not in door.route and "<" not in door.route]
    assert len(pages) > 30
    for user in (world.pat, world.ada):
        client = bare(user)
        for route in sorted(set(pages) - OWN):
            answer = client.get(f"/{route}")
            assert answer.status_code == 302, route
            assert answer["Location"].startswith(f"{ENROL}?next=%2F{route.split('/')[0]}"), route
        for route in OWN - {PROVE[1:]}:
            assert client.get(f"/{route}").status_code == 200, route


def test_the_administration_api_and_sockets_stay_shut(world: World) -> None:
    """A68: /admin/ never opens without a factor in the session; the API says why."""
    client = bare(world.ada)
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(f"{ENROL}?next=%2Fadmin%2Faccounts%2Fuser%2F")
    refused = client.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
    assert client.post("/api/v1/teams/", {"name": "X"}, content_type="application/json").status_code == 403
    assert client.get("/api/v1/me/", headers={"Authorization": "Basic eDp5"}).status_code == 403
    assert socket_actor(scope_of(client)) is None
    assert client.get("/now/", headers={"X-Live": "1"}).status_code == 401
    part = client.get("/now/", headers={"HX-Request": "true"})
    assert part.status_code == 204
    assert part["HX-Redirect"].startswith(ENROL)


def test_a_responder_is_never_held_up(world: World) -> None:
    """A page at night: the board, sockets and API of responders, managers and stakeholders open by a password alone."""
    for user in (world.bo, world.ana, world.eve, world.sam):
        client = bare(user)
        assert client.get("/now/").status_code == 200
        assert client.get("/api/v1/me/").status_code == 200
        assert socket_actor(scope_of(client)) is not None


def test_answer_links_and_signing_out_work_for_staff_without_a_factor(world: World) -> None:
    client = bare(world.ada)
    assert client.get(f"/answer/{sign('answer', '1')}/").status_code in {404, 410}
    assert client.get("/accounts/logout/").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/now/")["Location"].startswith("/accounts/login/")


def test_tokens_of_staff_go_on_working(world: World, api: Callable[..., APIClient]) -> None:
    """A token is a secret of its own, made in a browser that had a factor; it never opens the administration."""
    client = api(world.ada)
    assert client.get("/api/v1/me/").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_ada_enrols_an_app_and_goes_on_where_she_wanted(world: World, at: FrozenClock, mailoutbox: Any) -> None:
    """Recovery codes are shown once; the key of the session is new (A28); a mail says so."""
    client = bare(world.ada)
    assert "An app that shows codes" in text_of(client.get(f"{ENROL}?next=/teams/"))
    page = text_of(client.get(f"{SECURITY}app/?next=/teams/"))
    secret = re.search(r'id="key">([A-Z2-7 ]+)<', page)
    assert secret
    wrong = client.post(f"{SECURITY}app/", {"code": "000000", "next": "/teams/"})
    assert wrong.status_code == 400
    assert "not the code that the app shows" in text_of(wrong)
    assert secret[1] in text_of(wrong), "the same key: the phone has it already"
    before = client.session.session_key
    done = client.post(f"{SECURITY}app/", {"code": code_of(secret[1], clock.now().timestamp()), "next": "/teams/"})
    assert (done.status_code, done["Location"]) == (303, f"{SECURITY}codes/")
    assert client.session.session_key != before
    shown = text_of(client.get(f"{SECURITY}codes/"))
    assert len(re.findall(r"^\d{4} \d{4}$", shown.replace('">', "\n"), re.MULTILINE)) == 10
    assert 'href="/teams/"' in shown
    again = client.get(f"{SECURITY}codes/")
    assert again.status_code == 302, "shown once"
    assert client.get("/teams/").status_code == 200
    assert client.get("/admin/").status_code == 200
    assert AuditEntry.objects.filter(verb="factor.add", thing=f"user:{world.ada.pk}").exists()


def test_a_form_sent_as_the_rule_comes_on_is_kept(world: World, at: FrozenClock) -> None:
    edit_organisation(acts(world.ada), staff_factor=False)
    client = bare(world.ada)
    assert client.get("/teams/new/").status_code == 200
    edit_organisation(acts(world.ada), staff_factor=True)
    sent = client.post("/teams/new/", {"name": "Platform", "description": "Hosts, databases and queues"})
    assert sent["Location"] == f"{ENROL}?next=%2Fsend-again%2F"
    second_session = client.session
    second_factor.mark(second_session, world.ada)
    second_session.save()
    assert "Hosts, databases and queues" in text_of(client.get("/send-again/"))


def test_with_a_factor_elsewhere_the_session_shows_it_first(world: World, at: FrozenClock) -> None:
    """A68: a session from before Ada's enrolment opens nothing by the fact that she has a factor now."""
    client = bare(world.ada)
    factors.add_app(acts(world.ada), world.ada, secret=SECRET, code=code_of(SECRET, clock.now().timestamp()))
    at.move(seconds=90)
    assert client.get("/teams/")["Location"] == f"{PROVE}?next=%2Fteams%2F"
    for path in ("app/", "passkey/"):
        assert client.get(f"{SECURITY}{path}")["Location"].startswith(PROVE)
    page = f"{PROVE}?next=/teams/"
    code = code_of(SECRET, clock.now().timestamp())
    assert client.post(page, {"password": "wrong", "code": code, "next": "/teams/"}).status_code == 400
    assert client.post(page, {"password": PASSWORD, "code": "", "next": "/teams/"}).status_code == 400
    answer = client.post(page, {"password": PASSWORD, "code": code, "next": "/teams/"})
    assert (answer.status_code, answer["Location"]) == (303, "/teams/")
    assert client.get("/teams/").status_code == 200


def test_what_a_removed_factor_opened_is_shut_when_the_rule_comes_back(
    world: World, at: FrozenClock, browser: Browser
) -> None:
    """A68: Ada removes her last factor while the rule is off; neither this browser nor another enters afterwards."""
    factors.add_app(acts(world.ada), world.ada, secret=SECRET, code=code_of(SECRET, clock.now().timestamp()))
    at.move(seconds=90)
    here, elsewhere = (enter(Client(), world.ada) for _ in range(2))
    edit_organisation(acts(world.ada), staff_factor=False)
    path = f"{SECURITY}factors/{Authenticator.objects.get(user=world.ada, type='totp').pk}/remove/"
    here.post(PROVE, {"password": PASSWORD, "code": code_of(SECRET, clock.now().timestamp()), "next": path})
    assert here.post(path).status_code in {302, 303}
    assert here.get("/admin/").status_code == 200, "the rule is off, and this browser stays signed in"
    edit_organisation(acts(world.ada), staff_factor=True)
    assert here.get("/teams/")["Location"].startswith(ENROL)
    assert here.get("/admin/").status_code == 302
    assert elsewhere.get("/teams/")["Location"].startswith("/accounts/login/")


def test_half_signed_in_staff_see_no_more_than_strangers(world: World) -> None:
    """A42: the page of an error draws no figures and names; the figures of the engine are shut as well."""
    client = bare(world.ada)
    missing = client.get("/no-such-page/")
    assert missing.status_code == 404
    assert 'aria-label="Sections' not in text_of(missing)
    outside: Any = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", **outside).status_code == 403
    assert client.get("/healthz/engine", **outside).json().keys() == {"healthy"}
    second_factor.mark(session := client.session, world.ada)
    session.save()
    assert 'aria-label="Sections' in text_of(client.get("/no-such-page/"))
    assert client.get("/metrics", **outside).status_code == 200


def test_ada_turns_the_rule_off_and_the_audit_knows(
    world: World, browser: Browser, api: Callable[..., APIClient]
) -> None:
    ada = browser(world.ada)
    page = text_of(ada.get("/organisation/"))
    assert "Staff need a second factor" in page
    given = {"name": "Fernhill", "time_zone": "UTC", "version": organisation().version}
    assert ada.post("/organisation/", given).status_code == 303
    entry = AuditEntry.objects.get(verb="organisation.edit")
    assert (entry.before["staff_factor"], entry.after["staff_factor"]) == (True, False)
    assert bare(world.pat).get("/teams/").status_code == 200
    turned = api(world.ada).patch("/api/v1/organisation/", {"staff_factor": True}, format="json")
    assert (turned.status_code, turned.json()["staff_factor"]) == (200, True)
    assert bare(world.pat).get("/teams/").status_code == 302
    assert api(world.pat).patch("/api/v1/organisation/", {"staff_factor": False}, format="json").status_code == 403
    bad = api(world.ada).patch("/api/v1/organisation/", {"staff_factor": "perhaps"}, format="json")
    assert "staff_factor" in bad.json()["fields"]


@pytest.mark.django_db
def test_the_first_administrator_enrols_in_the_set_up() -> None:
    """After the account comes the second factor; the first steps open behind it, not before."""
    raw = first_run.prepare()
    client = Client()
    given = {"name": "Ada", "email": "ada@example.org", "password": "a quiet harbour at dawn", "time_zone": "UTC"}
    answer = client.post(f"/setup/{raw}/", given, follow=True)
    assert answer.redirect_chain[-1] == (f"{ENROL}?next=%2Ffirst-steps%2F", 302)
    page = text_of(client.get(f"{SECURITY}app/?next=/first-steps/"))
    secret = re.search(r'id="key">([A-Z2-7 ]+)<', page)
    assert secret, "no second password so soon after the set-up"
    code = code_of(secret[1], clock.now().timestamp())
    client.post(f"{SECURITY}app/", {"code": code, "next": "/first-steps/"})
    assert 'href="/first-steps/"' in text_of(client.get(f"{SECURITY}codes/"))
    assert client.get("/first-steps/").status_code == 200
    assert "this one" in text_of(client.get(SECURITY)), "the browser of the set-up stands in the list of sessions"


@pytest.mark.parametrize("path", ["app/", "passkey/"])
def test_a_session_that_lies_open_adds_nothing(world: World, at: FrozenClock, path: str) -> None:
    """A42: ten minutes after the sign-in the password is asked for first, for staff and others."""
    client = bare(world.bo)
    assert client.get(f"{SECURITY}{path}").status_code == 200
    at.move(minutes=11)
    assert client.get(f"{SECURITY}{path}")["Location"].startswith(PROVE)
    assert client.post(f"{SECURITY}{path}", {"code": "1"})["Location"].startswith(PROVE)
    client.post(PROVE, {"password": PASSWORD})
    assert client.get(f"{SECURITY}{path}").status_code == 200


def test_the_rule_says_what_it_means_before_it_is_turned_off(world: World, browser: Browser) -> None:
    """A42: Ada has a passkey, Pat and Abe have none, and Ora, who was shut out, does not count."""
    builders.person("Abe Ode", role="administrator")
    builders.person("Ora Poe", role="process_owner", is_active=False)
    Authenticator.objects.create(user=world.ada, type="webauthn", data={})
    Authenticator.objects.create(user=world.pat, type="recovery_codes", data={})
    client = browser(world.ada)
    Organisation.objects.get_or_create(id=1)
    page = text_of(client.get("/admin/accounts/organisation/1/change/"))
    assert "Without this rule their password alone opens the administration. Now 2 of 3 have none" in page
    found = re.search(r'href="(/admin/accounts/user/[^"]+)">see who', page)
    assert found is not None
    listed = client.get(found[1].replace("&amp;", "&")).context["cl"].result_list
    assert {world.pat.name, "Abe Ode"} <= {each.name for each in listed}
    assert not {world.ada.name, "Ora Poe"} & {each.name for each in listed}
