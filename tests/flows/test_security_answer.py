"""The link in a page: whoever looks changes nothing, and nothing but this page can be answered with it (A46, A47)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import actors
from accounts.commands import users
from core import clock, links, worker
from core.links import sign
from incidents.commands import lifecycle
from notifications import due
from notifications.models import Delivery
from oncall.models import Page
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.flows.test_security_crawl import changed, dump

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


def path_of(scene: Scene) -> str:
    """The address in Bo's mail."""
    return f"/answer/{scene.ids['answer']}/"


def nonce_of(client: Client, path: str) -> str:
    """What the form carries."""
    found = re.search(r'name="nonce" value="([^"]+)"', client.get(path).content.decode())
    assert found
    return found.group(1)


def forged(nonce: str) -> str:
    """The nonce with another signature: another first letter, whatever it was."""
    said, dot, signature = nonce.rpartition(".")
    return said + dot + ("b" if signature[0] == "a" else "a") + signature[1:]


def state(scene: Scene) -> str:
    """How Bo's page stands."""
    return Page.objects.get(pk=scene.ids["pages"]).state


def test_looking_is_not_answering(scene: Scene) -> None:
    """A46: scanners, previews, prefetches, HEAD, and a page opened ten times: nothing in the database moves."""
    client, path, before = Client(), path_of(scene), dump()
    for _ in range(10):
        page = client.get(path)
        assert page.status_code == 200
    assert client.head(path).status_code == 200
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"):
        assert client.get(path, headers={name: "prefetch;prerender"}).status_code in {200, 204}
    for query in ("?answer=accept", "?answer=accept&nonce=x", "?_method=POST"):
        client.get(path + query)
    assert changed(before, dump()) == []
    text = page.content.decode()
    assert "<script" not in text
    assert "http-equiv" not in text
    assert "autofocus" not in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex"
    assert not page.cookies


def test_an_answer_is_taken_once(scene: Scene) -> None:
    """A46: the nonce of the form is good for one POST; a replay says what it did and does nothing."""
    client, path = Client(), path_of(scene)
    given = {"answer": "accept", "nonce": nonce_of(client, path)}
    assert client.post(path, given).status_code == 200
    assert state(scene) == "accepted"
    before = dump()
    for again in (given, {**given, "answer": "decline"}):
        assert client.post(path, again).status_code == 409
    assert changed(before, dump()) == []
    assert client.get("/now/").status_code == 302, "the link has signed somebody in"


def test_a_nonce_of_another_page_is_none(scene: Scene) -> None:
    """A46, A47: what one form carries answers no other page and no other purpose."""
    client, path, before = Client(), path_of(scene), dump()
    wrong = [
        links.nonce("answer", scene.hidden["pages"]),
        links.nonce("reset", scene.ids["pages"]),
        sign("answer", scene.ids["pages"]),
        sign("answer.nonce", scene.ids["pages"]),
        forged(nonce_of(client, path)),
    ]
    for nonce in wrong:
        assert client.post(path, {"answer": "accept", "nonce": nonce}).status_code in {400, 404}, nonce
    assert changed(before, dump()) == []


def test_every_flipped_letter_is_refused(scene: Scene) -> None:
    """A47: a link that was changed anywhere, or made for another purpose, is not ours."""
    token = scene.ids["answer"]
    for place in range(0, len(token), 3):
        letter = "A" if token[place] != "A" else "B"
        changed_one = token[:place] + letter + token[place + 1 :]
        assert Client().get(f"/answer/{changed_one}/").status_code == 404, place
    for other in ("reset", "set-up", "nonce", "answer.nonce", ""):
        assert Client().get(f"/answer/{sign(other, scene.ids['pages'])}/").status_code == 404, other
    for value in ("0", "-1", str(2**62)):
        assert Client().get(f"/answer/{sign('answer', value)}/").status_code == 404, value


def test_a_link_ends(scene: Scene, at: clock.FrozenClock) -> None:
    """A47: 48 hours after it was made it is 410, whatever stands behind it."""
    at.move(hours=47)
    assert Client().get(path_of(scene)).status_code in {200, 410}
    at.move(hours=2)
    assert Client().get(path_of(scene)).status_code == 410


def test_a_link_of_a_matter_that_is_over(scene: Scene) -> None:
    """A47: after the resolve the form is gone; an old form says how it stands."""
    client, path = Client(), path_of(scene)
    nonce = nonce_of(client, path)
    lifecycle.resolve(actors.person(scene.world.ana), scene.open)
    worker.drain()
    before = dump()
    page = client.get(path)
    assert page.status_code == 410
    assert b'name="nonce"' not in page.content
    assert client.post(path, {"answer": "accept", "nonce": nonce}).status_code in {409, 410}
    assert state(scene) != "accepted"
    assert changed(before, dump()) == []


def test_a_link_of_somebody_who_has_left(scene: Scene) -> None:
    """A47: the deactivated person's link opens nothing, also with a form from before."""
    client, path = Client(), path_of(scene)
    nonce = nonce_of(client, path)
    users.deactivate(actors.person(scene.world.ada), scene.world.bo)
    worker.drain()
    assert client.get(path).status_code == 410
    assert client.post(path, {"answer": "accept", "nonce": nonce}).status_code == 410
    assert state(scene) != "accepted"


def test_a_forwarded_link_acts_for_its_addressee(scene: Scene, browser: Callable[..., Client]) -> None:
    """A47: a colleague who follows it answers as "mail link of Bo", whoever he himself is signed in as."""
    cy, path = browser(scene.world.cy), path_of(scene)
    assert cy.post(path, {"answer": "accept", "nonce": nonce_of(cy, path)}).status_code == 200
    page = Page.objects.get(pk=scene.ids["pages"])
    assert (page.user, page.answered_via) == (scene.world.bo, "mail link")
    entry: Any = scene.open.entries.filter(kind="acknowledged").get()
    assert entry.actor_label == "Bo Chen"


def test_the_link_opens_no_other_door(scene: Scene) -> None:
    """A47: it is no sign-in: not as a token, not as a cookie, not for the page itself over the API."""
    token = scene.ids["answer"]
    client = Client()
    client.get(path_of(scene))
    page = f"/api/v1/pages/{scene.ids['pages']}/accept/"
    assert client.post(page, {}, content_type="application/json").status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.post(page, {}, content_type="application/json", headers=bearer).status_code == 401
    assert client.post(f"/now/pages/{scene.ids['pages']}/accept/").status_code == 302
    assert state(scene) == "sent"


def test_a_link_lives_from_the_moment_its_message_leaves(
    scene: Scene, at: clock.FrozenClock, browser: Browser, settings: Settings
) -> None:
    """F53: Bo's page waited for three days, and the operator has changed the key: the link in his mail works."""
    waiting = Delivery.objects.get(pk=scene.ids["deliveries"])
    at.move(hours=72)
    settings.SECRET_KEY = "another-secret-key-of-the-same-portal-" * 2
    link = due.worded(waiting, []).answer_link
    at.move(hours=47)
    assert Client().get(urlsplit(link).path).status_code == 200
    assert Client().get(path_of(scene)).status_code == 404
    log = browser(scene.world.bo).get(f"/deliveries/{waiting.pk}/").content.decode()
    shown = re.search(r'href="[^"]*(/answer/[^"]+)"', log)
    assert shown
    assert Client().get(shown[1]).status_code == 200
