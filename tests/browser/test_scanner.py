"""Scanners open every link of a mail, some with a browser: nothing but a person's POST answers (S9, A46)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.system.scene import Scene, fields_of, link_of
from tools.chaos.portal import fetch

pytestmark = pytest.mark.browser


def test_opening_the_link_answers_nothing_and_a_plain_post_does(scene: Scene, chromium: Browser) -> None:
    token = scene.post()
    link = link_of(scene.arrives(token).text)
    assert fetch(link, method="HEAD") == (200, b"")
    for _ in range(3):
        status, html = fetch(link)
        assert status == 200
    errors: list[str] = []
    opened = [chromium.new_context(java_script_enabled=scripts).new_page() for scripts in (True, False)]
    for page in opened:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(link)
        assert page.get_by_role("button", name="Accept").is_visible()
    opened[0].wait_for_timeout(1500)
    for page in opened:
        assert page.url == link
        assert page.context.cookies() == []
        page.context.close()
    assert errors == []
    assert scene.incident(token)["status"] == "triggered"
    assert len(scene.mails(token)) == 1

    fields = fields_of(html.decode()) | {"answer": "accept"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    assert fetch(link, body, Content_Type="application/x-www-form-urlencoded")[0] == 200
    assert scene.incident(token)["status"] == "acknowledged"
