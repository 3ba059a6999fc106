"""Whatever the description promises, the API does: requests are made up from it and each answer is compared with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.api_reached import own_rows
from tests.flows.api_schema import Asker, one_connection, stories, successes
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
CALLERS = ("administrator", "responder", "stakeholder", "integration", "anonymous")
PARTS = 16  # of the operations, so that several workers end at the same time


def test_five_requests_to_each_operation(scene: Scene) -> None:
    """No status, header, content type or body that is not described; nothing wrong taken, nothing right refused."""
    asker = Asker(scene, "administrator")
    with one_connection():
        found = list(stories(asker, examples=5, systematic=False))
    assert not found, "\n".join(found)


def test_an_administrator_reaches_a_success_of_every_operation(scene: Scene, settings: Any) -> None:
    """In a browser, which alone may do all of it; each answer passes every check of its description."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    asker = Asker(scene, "browser", ids=own_rows(scene))
    with one_connection():
        missed = [f"{name}: {said}" for name, said in successes(asker) if said]
    assert not missed, "\n".join(missed)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_two_hundred_requests_to_each_operation(part: int, scene: Scene) -> None:
    """The same with every check and phase, each request as each kind of caller."""
    asker = Asker(scene, *CALLERS)
    with one_connection():
        found = list(stories(asker, examples=200, systematic=True, part=(part, PARTS)))
    assert not found, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_twenty_requests_from_a_browser_to_each_operation(part: int, scene: Scene) -> None:
    """Some of them take no token at all: addresses, passwords, tokens."""
    asker = Asker(scene, "browser")
    with one_connection():
        found = list(stories(asker, examples=20, systematic=True, part=(part, PARTS)))
    assert not found, "\n".join(found)
