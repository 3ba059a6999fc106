"""A crawler in everybody's shoes: reading changes nothing, reveals nothing private, and carries the safe headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from core.models import AuditEntry
from core.web import held, news
from tests.flows.security_doors import ROUNDS, Door, Knocker, table
from tests.flows.security_scene import CODENAME, SECRET_TITLE, Scene, address
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.pages import text_of

pytestmark = pytest.mark.django_db
# Sessions are noted by the sign-in library, a token's last use at most every five minutes.
BOOKKEEPING = {"django_session", "usersessions_usersession"}
LEADING_AWAY = {"accounts/logout/"}
FILE_CSP = {"sandbox", "default-src 'none'"}
PAGE_CSP = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'",
    "form-action 'self'", "frame-ancestors 'none'", "connect-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "style-src-attr 'unsafe-inline'", "manifest-src 'self'", "worker-src 'self'",
}  # fmt: skip

INLINE = re.compile(r"<script(?![^>]*(?:src=|type=\"application/json\"))[^>]*>|\son\w+\s*=\s*[\"']|<style|hx-on", re.I)
FOREIGN = re.compile(r"(?:src|action|<link[^>]*href)=[\"']?(?:https?:)?//(?!localhost)", re.I)


@pytest.fixture
def knocker(scene: Scene) -> Knocker:
    """Everybody."""
    return Knocker(scene)


def readable() -> list[Door]:
    """Every door that can be read."""
    return [door for door in table() if door.method == "GET" and door.route not in LEADING_AWAY]


def dump() -> dict[str, str]:
    """A fingerprint of every table but the bookkeeping."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            if name in BOOKKEEPING:
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            rows = sorted(repr(row) for row in cursor.fetchall())
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that differ."""
    return sorted(name for name in after if before.get(name) != after[name])


def private(scene: Scene, answer: Any) -> str | None:
    """A62, S34: a trace of the private incident."""
    number = scene.hidden["incidents"]
    traces = (
        rf"{SECRET_TITLE}|{CODENAME}|INC-{number}\b|/incidents/{number}/|incident:{number}\b|\"number\": ?{number}\b"
    )
    found = re.search(traces, text_of(answer))
    return found and f"tells {found.group()}"


def unsafe(answer: Any) -> str | None:
    """A3, A30: an inline script or handler, or something that is loaded from or sent to another host."""
    text = text_of(answer)
    found = "<div" in text and (INLINE.search(text) or FOREIGN.search(text))
    return f"holds {found.group()}" if found else None


def bare(answer: Any) -> str | None:
    """A26, A29, A30, A32: a header that is missing or says too much."""
    policy = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    cached = answer["Cache-Control"]
    is_file = policy == FILE_CSP  # what people attached is asked for anew each time, and not kept out of the disk (A6)
    right = [
        is_file or policy == PAGE_CSP,
        answer["X-Frame-Options"] == "DENY",
        answer["X-Content-Type-Options"] == "nosniff",
        answer["Referrer-Policy"] in {"same-origin", "no-referrer"},
        answer["Cross-Origin-Opener-Policy"] == "same-origin",
        answer["Cross-Origin-Resource-Policy"] == "same-origin",
        is_file or "no-store" in cached,
        "private" in cached or "no-cache" in cached,
        "camera=()" in answer["Permissions-Policy"],
        "Access-Control-Allow-Origin" not in answer,
        "Server" not in answer,
        "X-Powered-By" not in answer,
    ]
    return (
        None
        if all(right)
        else f"headers: {[number for number, each in enumerate(right) if not each]} {policy - PAGE_CSP}"
    )


@pytest.mark.parametrize(
    "everybody", [("AN", "ST", "AD"), pytest.param(("RX", "RE", "MG", "PO"), marks=pytest.mark.long)]
)
def test_everybody_reads_everything(everybody: tuple[str, ...], scene: Scene, knocker: Knocker) -> None:
    """A3, A23, A26, A30, A32, A62: GET and HEAD of every address by everybody change nothing in the database, tell
    nothing private, and carry the safe headers, whatever the status."""
    for who in knocker.tokens:
        knocker.ask(who, "GET", "api/v1/me/", scene.ids, keep=True)  # the last use of each token is noted now
    before, wrong = dump(), []
    for who in everybody:
        for door in readable():
            if door.route == "api/v1/schema/" and who not in {"AN", "AD"}:
                continue  # the same for everybody, and slow to write
            answer = knocker.ask(who, "GET", door.route, scene.ids, keep=True)
            said = filter(None, (private(scene, answer), unsafe(answer), bare(answer)))
            wrong += [f"/{door.route} as {who} {sentence}" for sentence in said]
            if who == "AD" and door.route != "api/v1/schema/":
                assert not text_of(knocker.ask(who, "HEAD", door.route, scene.ids, keep=True)), door
    assert not wrong, "\n".join(wrong)
    assert changed(before, dump()) == []


def test_what_looks_like_a_verb_in_a_get_is_none(scene: Scene, knocker: Knocker) -> None:
    """A23: neither a method in the query nor one in a header turns a GET into a POST."""
    before = dump()
    verbs = [door for door in table() if door.method == "POST" and not door.is_api and "accounts/" not in door.route]
    for door in verbs:
        path = address(door.route, scene.ids)
        client = knocker.client("AD")
        client.get(path, {"_method": "POST", "version": "1"}, headers={"X-HTTP-Method-Override": "POST"})
    assert changed(before, dump()) == []


def test_the_people_of_a_private_incident_find_it(scene: Scene, browser: Callable[..., Client]) -> None:
    """S34: the counter-test, or the test above would prove nothing."""
    cy, number = browser(scene.world.cy), scene.hidden["incidents"]
    assert SECRET_TITLE in text_of(cy.get("/incidents/"))
    assert SECRET_TITLE in text_of(cy.get(f"/incidents/{number}/"))
    assert f"INC-{number}" in text_of(cy.get("/deliveries/"))
    assert cy.get(f"/deliveries/{scene.hidden['deliveries']}/").status_code == 200
    assert cy.get(f"/inbound/{scene.hidden['inbound']}/").status_code == 200


@pytest.mark.parametrize("path", ["/incidents/?text=payroll", "/incidents/?status=all", "/api/v1/incidents/?q=payroll"])
def test_search_finds_nothing_private(path: str, scene: Scene, browser: Callable[..., Client]) -> None:
    """A62: also not by its words, and the counts agree with the list."""
    for user in (scene.world.ana, scene.world.ada, scene.world.sam):
        assert SECRET_TITLE not in text_of(browser(user).get(path))
    shown = browser(scene.world.ada).get("/api/v1/incidents/").json()["results"]
    assert int(scene.ids["incidents"]) in [row["number"] for row in shown]
    assert int(scene.hidden["incidents"]) not in [row["number"] for row in shown]


def test_a_private_predecessor_is_not_named(scene: Scene, browser: Callable[..., Client]) -> None:
    """A62: "again after INC-…" is for those who may know of it."""
    path = f"/api/v1/incidents/{scene.ids['incidents']}/"
    assert browser(scene.world.bo).get(path).json()["recurrence_of"] is None
    assert browser(scene.world.cy).get(path).json()["recurrence_of"] == int(scene.hidden["incidents"])


def test_the_administration_shows_nothing_private(scene: Scene, browser: Callable[..., Client]) -> None:
    """S34: alerts, pages, escalations, deliveries, inbound events and the record of others, also there."""
    ada, number = browser(scene.world.ada), scene.hidden["incidents"]
    lists = ("incidents/incident", "incidents/alert", "incidents/timelineentry", "oncall/page", "oncall/escalation",
             "notifications/delivery", "integrations/inboundevent")  # fmt: skip
    for name in lists:
        text = text_of(ada.get(f"/admin/{name}/"))
        assert SECRET_TITLE not in text, name
        assert f"incident:{number}<" not in text, name
    assert ada.get(f"/admin/incidents/alert/{scene.hidden['alerts']}/change/").status_code in {302, 404}


# --- addresses and cookies ---------------------------------------------------------------------------
def test_no_header_of_a_stranger_reaches_a_page(scene: Scene, knocker: Knocker) -> None:
    """A32, A33: nothing that a client says of host or address comes back, on any page."""
    names = ("X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "Forwarded", "Referer")
    headers = dict.fromkeys(names, "https://evil.example/x")
    for door in readable():
        answer = knocker.client("AD").get(address(door.route, scene.ids), headers=headers)
        assert "evil.example" not in text_of(answer), door.route
        assert "evil.example" not in answer.get("Location", ""), door.route


def test_a_suffix_or_a_foreign_host_is_refused_everywhere(scene: Scene, knocker: Knocker) -> None:
    """A32, A33: `/incident/1/x.css` is no page, and a host that is not ours is 400."""
    client = knocker.client("AD")
    for door in readable():
        path = address(door.route, scene.ids)
        if path.endswith("/") and door.route not in {"", "answer/<str:token>/"}:
            assert client.get(f"{path}x.css").status_code in {302, 403, 404, 405}, door.route
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400, door.route
        assert client.get(path, headers={"Host": "localhost:8000@evil.example"}).status_code == 400, door.route


def test_cookies_are_as_narrow_as_can_be(scene: Scene, browser: Callable[..., Client]) -> None:
    """A29: HttpOnly, SameSite=Lax, no Domain, a path of the whole portal and an end."""
    client = Client()
    page = client.get("/accounts/login/")
    given = {"login": scene.world.cy.email, "password": "correct horse battery", "remember": "on"}
    client.post("/accounts/login/", given)
    client.get("/now/")
    client.post("/now/pages/999/accept/")
    assert page.status_code == 200
    found = client.cookies
    names = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, held.WHO, news.ACTED}
    assert names <= set(found)
    for name in names:
        cookie = found[name]
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert not cookie["domain"], name
        assert cookie["path"] == "/", name
    assert found[settings.SESSION_COOKIE_NAME]["max-age"] <= 14 * 24 * 3600


# --- forms of other sites -------------------------------------------------------------------------
PROVED = {"answer/<str:token>/", "callbacks/<slug:provider>/<str:token>/"}  # by a nonce, by a signature


def forms() -> list[Door]:
    """Every form of the pages, the library's included."""
    return [door for door in table() if door.method == "POST" and not door.is_api and door.route not in PROVED]


@pytest.mark.parametrize("whole", ROUNDS)
def test_no_form_works_without_our_token(scene: Scene, knocker: Knocker, whole: bool) -> None:
    """A23: no token, a foreign one, a foreign Origin or `null`, plain or by htmx: 403 and nothing has changed.

    `make test` tries two of the six ways at each form, the next two at the next one.
    """
    client = knocker.client("AD", csrf=True)
    client.get("/profile/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    before = dump()
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({}, {"HX-Request": "true"}),
        ({"csrfmiddlewaretoken": "x" * 64}, {}),
        ({"csrfmiddlewaretoken": token}, {"Origin": "https://evil.example"}),
        ({"csrfmiddlewaretoken": token}, {"Origin": "null"}),
        ({}, {"X-CSRFToken": token, "Origin": "http://localhost.evil.example"}),
    ]
    assert len(forms()) > 55
    for number, door in enumerate(forms()):
        for data, headers in tries if whole else tries[number % 3 :: 3]:
            answer = client.post(address(door.route, scene.ids), data, headers=headers)
            if door.route in {"", "setup/<str:token>/"} and not data:
                assert answer.status_code in {301, 302, 403, 404}, door.route
                continue
            assert answer.status_code == 403, f"/{door.route} {data} {headers}: {answer.status_code}"
    assert changed(before, dump()) == []


def test_json_does_not_get_round_the_token(scene: Scene, knocker: Knocker) -> None:
    """A23, A24: a session and JSON, or JSON as plain text, and no token: every changing door of the API is 403."""
    client = knocker.client("AD", csrf=True)
    before = dump()
    for door in table():
        if not door.is_api or door.method == "GET" or door.route == "api/v1/":
            continue
        for kind in ("application/json", "text/plain"):
            path = address(door.route, scene.ids)
            answer = client.generic(door.method, path, b"{}", content_type=kind)
            assert answer.status_code == 403, f"{door.method} {path}: {answer.status_code}"
            assert answer.json()["code"] == "forbidden"
    assert changed(before, dump()) == []


def test_the_answer_form_needs_its_nonce(scene: Scene) -> None:
    """A23, A46: the one form without Django's token takes nothing without its own, whoever sends it."""
    path = f"/answer/{scene.ids['answer']}/"
    before = dump()
    for data in ({}, {"answer": "accept"}, {"answer": "accept", "nonce": "x"}, {"answer": "accept", "nonce": "a.b.c"}):
        answer = Client(enforce_csrf_checks=True).post(path, data, headers={"Origin": "https://evil.example"})
        assert answer.status_code in {400, 404}, data
    assert changed(before, dump()) == []
    assert not AuditEntry.objects.filter(verb="page.answer").exists()
