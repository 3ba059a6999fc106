"""The doors in front of Django, and what a stranger may say about himself (A32, A33, A37, A104)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from core import health
from core.web.front import Front
from tests.world import World, token

Header = tuple[bytes, bytes]


class Door:
    """Remembers what came through."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.name})

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.scopes[-1]["headers"])


@pytest.fixture
def pages() -> Door:
    return Door(b"pages")


@pytest.fixture
def front(pages: Door) -> Front:
    return Front(
        pages,
        doors={"/v2/": Door(b"intake")},
        sockets=Door(b"sockets"),
        body_limits={"/v2/": 10, "/v2/big/": 99, "": 50},
    )


def ask(
    front: Front, path: str, *, headers: list[Header] | None = None, peer: str = "203.0.113.9", query: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    heard: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        heard.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query,
        "headers": headers or [],
        "client": [peer, 1],
    }
    asyncio.run(front(scope, asyncio.Queue().get, send))
    return heard[0]["status"], dict(heard[0]["headers"]), b"".join(message.get("body", b"") for message in heard[1:])


def test_each_path_has_its_door(front: Front) -> None:
    assert ask(front, "/now/")[2] == b"pages"
    assert ask(front, "/v2/enqueue")[2] == b"intake"
    assert ask(front, "/v2")[2] == b"pages"
    assert ask(front, "/healthz")[2] == b"ok\n"
    assert ask(front, "/healthz/engine")[2] == b"pages"


@pytest.mark.parametrize("path", ["now", "", "*", "http://evil.example/", "/a\x00b"])
def test_what_is_no_path_is_400(front: Front, path: str) -> None:
    assert ask(front, path)[0] == 400


def test_a_nul_in_the_query_is_400(front: Front) -> None:
    assert ask(front, "/now/", query=b"q=a%00b")[0] == 400


def test_limits_of_bodies_go_by_the_longest_prefix(front: Front) -> None:
    assert [front.body_limit(path) for path in ("/v2/x", "/v2/big/x", "/now/")] == [10, 99, 50]


def test_a_strangers_forwarded_headers_are_dropped_a37(front: Front, pages: Door) -> None:
    planted: list[Header] = [
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-proto", b"https"),
        (b"x-original-url", b"/admin/"),
        (b"forwarded", b"for=127.0.0.1"),
        (b"x_forwarded_for", b"127.0.0.1"),
        (b"x-real-ip", b"127.0.0.1"),
        (b"accept", b"*/*"),
    ]
    ask(front, "/now/", headers=planted)
    assert pages.headers == {b"accept": b"*/*", b"x-relayed": b"1"}
    ask(front, "/now/", headers=[(b"x-relayed", b"0"), (b"accept", b"*/*")])
    assert pages.headers[b"x-relayed"] == b"1"


def test_behind_our_own_proxy_the_real_address_alone_is_passed_on(front: Front, pages: Door, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    sent: list[Header] = [(b"x-forwarded-for", b"127.0.0.1, 198.51.100.7"), (b"x-forwarded-proto", b"https")]
    ask(front, "/now/", headers=[*sent, (b"x-forwarded-host", b"evil.example")], peer="10.1.2.3")
    assert pages.headers == {b"x-forwarded-for": b"198.51.100.7", b"x-forwarded-proto": b"https"}


def test_static_files_come_without_django_and_can_be_cached(front: Front) -> None:
    status, headers, body = ask(front, "/static/css/tokens.css")
    found = finders.find("css/tokens.css")
    assert status == 200
    assert body == Path(str(found)).read_bytes()
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert ask(front, "/static/css/tokens.css", headers=[(b"if-none-match", headers[b"etag"])])[0] == 304


@pytest.mark.parametrize(
    "path", ["/static/", "/static/../portal/settings.py", "/static/css/", "/static/nothing.css", "/static//etc/passwd"]
)
def test_nothing_but_static_files_is_served_there(front: Front, path: str) -> None:
    assert ask(front, path)[0] == 404


# --- health ---------------------------------------------------------------------------------------
@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = {"name": "auditor", "ok": False, "sentence": "The auditor has not run."}
    monkeypatch.setattr(health, "report", lambda: {"healthy": False, "at": "now", "checks": [finding]})


@pytest.mark.django_db
def test_strangers_learn_only_whether_the_engine_is_well_g15(ill: None) -> None:
    response = Client().get("/healthz/engine")
    assert response.status_code == 503
    assert response.json() == {"healthy": False}
    assert Client().get("/healthz/engine", headers={"Authorization": "Bearer wb_wrong"}).json() == {"healthy": False}


@pytest.mark.django_db
def test_people_and_tokens_learn_what_is_wrong(ill: None, world: World, browser: Callable[..., Client]) -> None:
    assert browser(world.bo).get("/healthz/engine").json()["checks"][0]["sentence"] == "The auditor has not run."
    named = Client().get("/healthz/engine", headers={"Authorization": f"Bearer {token(world.bo)}"})
    assert named.json()["checks"]
    User.objects.filter(pk=world.bo.pk).update(is_active=False)
    assert "checks" not in browser(world.bo).get("/healthz/engine").json()


@pytest.mark.django_db
def test_metrics_are_for_this_machine_and_for_tokens(world: World) -> None:
    local = Client(REMOTE_ADDR="127.0.0.1").get("/metrics")
    assert local.status_code == 200
    assert local.content.decode().splitlines()[2].startswith("watchbill_due_lateness_seconds ")
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 403
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics", headers={"X-Relayed": "1"}).status_code == 403
    bearer = {"Authorization": f"Bearer {token(world.bo)}"}
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics", headers=bearer).status_code == 200
