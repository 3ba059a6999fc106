"""Web push from end to end: subscribed on the page, encrypted by the worker, shown and answered by the browser (S9)."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from tests.browser.conftest import shortly, sign_in
from tests.browser.test_answer import accept_offline, open_and_keep, ready
from tests.system.conftest import Make
from tests.system.scene import Scene, eventually, link_of

pytestmark = pytest.mark.browser
WINDOWED = True
METHODS = "/profile/contact-methods/"
# A browser's own push service is out of reach: what it would give to the page comes from the test.
SUBSCRIBE = """
var unsubscribe = async () => (self.ended = true);
var made = () => ({ endpoint: %(endpoint)s, unsubscribe, toJSON: () => (%(subscription)s) });
PushManager.prototype.subscribe = async (options) => {
  if (!options.userVisibleOnly || !options.applicationServerKey) throw new Error("not like this");
  if (self.localStorage) localStorage.subscribed = "yes";
  return made();
};
PushManager.prototype.getSubscription = async () => (self.localStorage && !localStorage.subscribed ? null : made());
"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((one) => ({
  title: one.title, body: one.body, tag: one.tag, stays: one.requireInteraction,
  actions: one.actions.map((each) => each.action) }))"""
CLICK = """async (action) => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}"""


class PushService:
    """Stands in for a browser vendor's push service: keeps what it is sent, and the browser's two keys."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/push/one"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def script(self, more: str = "") -> str:
        """What a page, or the worker, finds in place of the browser's own subscribe; `more` ends the endpoint."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": _packed(point), "auth": _packed(self.auth)}
        subscription = {"endpoint": self.endpoint + more, "expirationTime": None, "keys": keys}
        return SUBSCRIBE % {"endpoint": json.dumps(self.endpoint + more), "subscription": json.dumps(subscription)}

    def said(self, number: int) -> str:
        """The plain text of the n-th message, once it has come."""
        eventually(lambda: len(self.bodies) > number, 20, "a push")
        plain: bytes = http_ece.decrypt(
            self.bodies[number], private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        return plain.decode()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture(scope="module")
def scene(make: Make) -> Scene:
    """A running portal that may send to the loopback."""
    made = make(OUTBOUND_ALLOW="127.0.0.1")
    made.portal.start()
    return made


@pytest.fixture
def service() -> Iterator[PushService]:
    """The push service."""
    made = PushService()
    yield made
    made.close()


@pytest.fixture
def context(chromium: Browser, scene: Scene, service: PushService) -> Iterator[BrowserContext]:
    """A browser that may show notifications."""
    made = chromium.new_context(viewport={"width": 360, "height": 780}, reduced_motion="reduce")
    made.grant_permissions(["notifications"], origin=scene.portal.url)
    made.add_init_script(service.script())
    yield made
    made.close()


def responder(scene: Scene) -> tuple[str, str]:
    """The token of a fresh event and the address of whoever it pages, who has no rules: mail and push at once."""
    token = scene.fresh()
    email = f"p{int(token.removeprefix('chaos-')):03d}@example.org"
    scene.sql(
        "DELETE FROM oncall_notificationrule WHERE user_id = (SELECT id FROM accounts_user WHERE email = ?)", email
    )
    return token, email


def deliver(page: Page, scene: Scene, text: str) -> None:
    """Hand a message to the real worker, as the browser does when its push service has one."""
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: found.extend(each["registrationId"] for each in said["registrations"]),
    )
    session.send("ServiceWorker.enable")
    shortly(page, lambda: found, "the worker's registration")
    message = {"origin": scene.portal.url, "registrationId": found[-1], "data": text}
    session.send("ServiceWorker.deliverPushMessage", message)


def shown(page: Page, title: str) -> list[dict[str, Any]]:
    """The notifications that show, once one has this title."""

    def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = page.evaluate(SHOWN)
        return found if any(title in each["title"] for each in found) else []

    found: list[dict[str, Any]] = shortly(page, look, f"a notification that says {title}")
    return found


def test_a_page_reaches_a_browser_and_is_accepted_there(
    scene: Scene, context: BrowserContext, service: PushService
) -> None:
    """S9: the notification's Accept posts the one-time nonce; nothing is answered by looking."""
    token, email = responder(scene)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, scene, email)
    page.goto(f"{scene.portal.url}{METHODS}")
    page.get_by_role("button", name="Let this browser receive pages").click()
    expect(page.get_by_text("This browser receives pages now.")).to_be_visible()
    expect(page.get_by_text("To end that, remove it from the list")).to_be_visible()
    expect(page.locator("[data-endpoint]")).to_contain_text("Chrome on Linux")

    assert scene.try_post(token) == 202
    text = service.said(0)
    said = json.loads(text)
    assert f"Fault {token}" in said["title"]
    assert said["url"].startswith("/answer/")
    deliver(page, scene, text)
    [notification] = shown(page, token)
    assert notification["actions"] == ["accept", "decline"]
    assert notification["stays"]
    assert notification["tag"] == said["tag"]
    deliver(page, scene, text)
    assert len(shown(page, token)) == 1, "a repeat takes the place of what shows"
    assert scene.incident(token)["status"] == "triggered"

    worker = context.service_workers[0]
    worker.evaluate(CLICK, "accept")
    eventually(lambda: scene.incident(token)["status"] == "acknowledged", 15, "the answer")
    [result] = shown(page, "Accepted.")
    assert result["title"] == f"Accepted. INC-{scene.incident(token)['number']}"
    via = scene.sql("SELECT answered_via FROM oncall_page WHERE state = 'accepted' ORDER BY id DESC LIMIT 1")
    assert via == [("push",)]
    assert errors == []


def test_a_test_page_goes_the_whole_way_and_has_no_answer(
    scene: Scene, context: BrowserContext, service: PushService
) -> None:
    _, email = responder(scene)
    page = context.new_page()
    sign_in(page, scene, email)
    page.goto(f"{scene.portal.url}{METHODS}")
    page.get_by_role("button", name="Let this browser receive pages").click()
    row = page.locator("[data-endpoint]")
    expect(row).to_contain_text("no push yet")
    row.get_by_role("button", name="Send a test page").click()
    text = service.said(0)
    assert "nonce" not in json.loads(text)
    deliver(page, scene, text)
    [notification] = shown(page, "Watchbill test")
    assert notification["actions"] == []
    page.goto(f"{scene.portal.url}{METHODS}")
    expect(row).to_contain_text("last push")
    expect(row).to_contain_text("1 message in the last 30 days, it got through.")
    row.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("[data-endpoint]")).to_have_count(0)
    expect(page.get_by_role("button", name="Let this browser receive pages")).to_be_visible()


def test_what_became_of_a_late_answer_is_told(scene: Scene, context: BrowserContext) -> None:
    """S9: an Accept from the tunnel outlives the sign-in page, and that the page was over by then is said aloud."""
    token, email = responder(scene)
    page = context.new_page()
    sign_in(page, scene, email)
    ready(page)
    assert scene.try_post(token) == 202
    open_and_keep(page, link_of(scene.arrives(token).text))
    context.set_offline(True)
    page.reload()
    accept_offline(page)
    with suppress(Error):
        page.goto(f"{scene.portal.url}/accounts/login/")
    scene.api(f"incidents/{scene.incident(token)['number']}/resolve/", {"resolution": "By itself"})
    context.set_offline(False)
    page.goto(f"{scene.portal.url}/profile/")
    [told] = shown(page, "resolved")
    assert told["actions"] == []
    assert scene.incident(token)["status"] == "resolved"


def test_signing_out_ends_what_is_pushed_to_a_browser(
    scene: Scene, context: BrowserContext, service: PushService
) -> None:
    """S34: here at once, and on the list; whoever finds another person's pages there, since a session ended by itself,
    ends them too. A subscription that the browser changes without a word before that stays the person's own (F67)."""
    page = context.new_page()
    _, email = responder(scene)
    sign_in(page, scene, email)
    page.goto(f"{scene.portal.url}{METHODS}")
    page.get_by_role("button", name="Let this browser receive pages").click()
    expect(page.get_by_text("To end that, remove it from the list")).to_be_visible()
    ready(page)
    worker = context.service_workers[0]
    worker.evaluate(service.script("/two"))
    worker.evaluate("self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))")
    mine = (
        "SELECT address FROM notifications_contactmethod WHERE provider = 'webpush'"
        f" AND user_id = (SELECT id FROM accounts_user WHERE email = '{email}')"
    )
    eventually(lambda: scene.sql(mine) == [(f"{service.endpoint}/two",)], 10, "the new one in the former's row")
    page.goto(f"{scene.portal.url}/now/")
    page.wait_for_timeout(300)
    assert not worker.evaluate("self.ended"), "they are still this person's"
    page.goto(f"{scene.portal.url}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    shortly(page, lambda: worker.evaluate("self.ended"), "the end of the pages here")
    assert scene.sql(mine) == []
    assert worker.evaluate("caches.keys().then((names) => names.filter((name) => /^[do]/.test(name)))") == []
    worker.evaluate("self.ended = false; caches.open('o999')")
    sign_in(page, scene, responder(scene)[1])
    page.goto(f"{scene.portal.url}/now/")
    shortly(page, lambda: worker.evaluate("self.ended"), "the end of the other's pages")
