"""The portal as an app: manifest, service worker, what shows offline; open to strangers, since they hold nothing."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import resolve

from notifications.views import app
from tests.pages import text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def test_the_manifest_makes_an_app(world: World) -> None:
    """Design 9: name, three icons that are as large as they say, standalone, Now first, three shortcuts that exist."""
    answer = Client().get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    said = json.loads(answer.content)
    assert (said["name"], said["short_name"]) == ("Watchbill", "Watchbill")
    assert (said["display"], said["start_url"], said["scope"]) == ("standalone", "/now/", "/")
    assert [icon["purpose"] for icon in said["icons"]] == ["any", "any", "maskable"]
    for icon in said["icons"]:
        picture = Path(str(finders.find(icon["src"].removeprefix(settings.STATIC_URL)))).read_bytes()
        width, height = struct.unpack(">II", picture[16:24])
        assert icon["sizes"] == f"{width}x{height}"
        assert len(picture) < 10_000
    assert [each["name"] for each in said["shortcuts"]] == ["Answer pages", "Declare an incident", "Who is on call"]
    for each in said["shortcuts"]:
        assert resolve(each["url"]).route, each


def test_every_page_names_the_manifest_and_loads_the_workers_script(world: World, browser: Browser) -> None:
    page = text_of(browser(world.bo).get("/now/"))
    assert 'rel="manifest" href="/manifest.webmanifest"' in page
    assert page.count('name="theme-color"') == 2
    assert "js/push.js" in page
    assert 'rel="apple-touch-icon"' in page


def test_the_worker_has_the_portal_for_its_scope_and_no_more(world: World) -> None:
    """A34: it stands at the root, so no header widens its scope; each release is another worker."""
    answer = Client().get("/sw.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "no-store" in answer["Cache-Control"], "a browser asks for it each time"
    assert "Service-Worker-Allowed" not in answer
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    text = text_of(answer)
    head = re.match(r'const VERSION = "shell-[0-9a-f]{12}", SHELL = (\[.*?\]);\n', text)
    assert head
    shell = json.loads(head[1])
    assert {"/offline/", "/offline/answer/"} <= set(shell)
    assert any(name.endswith("css/portal.css") for name in shell)
    assert any("Inter-Regular" in name for name in shell)
    assert not any("sw.js" in name for name in shell)
    for name in shell:
        found = Client().get(name).status_code == 200 if name.startswith("/offline/") else False
        assert found or finders.find(name.removeprefix(settings.STATIC_URL)), name


def test_another_style_is_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    before = app.source()
    monkeypatch.setattr(app, "OFFLINE", ("/offline/",))
    assert app.source().split(",")[0] != before.split(",")[0]


def test_the_workers_rules(world: World) -> None:
    """A34: it answers messages of this origin alone, and keeps no answer of the API and none to a POST."""
    text = (Path(settings.BASE_DIR) / "static/js/sw.js").read_text()
    assert 'on("message", async (ev) => ev.origin === origin &&' in text
    own = re.search(r"const OWN = /(.*?)/;", text)
    assert own
    kept = re.compile(own[1].replace("\\/", "/"))
    assert kept.match("/now/")
    assert kept.match("/answer/abc.def.ghi/")
    for path in ("/api/v1/me/", "/incidents/7/", "/now/regions/", "/profile/", "/admin/", "/accounts/login/"):
        assert not kept.match(path), path
    assert text.count(".put(") == 2, "own pages, and answers that wait"
    assert "importScripts" not in text
    assert "eval" not in text


@pytest.mark.parametrize(("path", "title"), [("/offline/", "You are offline"), ("/offline/answer/", "Will be sent")])
def test_the_offline_pages_hold_nothing_of_anybody(world: World, browser: Browser, path: str, title: str) -> None:
    page = text_of(browser(world.bo).get(path))
    assert title in page
    assert "What still works" in page
    assert world.bo.name not in page
    assert "data-user" not in page, "the worker would keep it as a page of somebody"
    assert Client().post(path).status_code == 405
