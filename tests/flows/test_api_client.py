"""The client in `docs/examples` is that of today's API, and does what a program on call needs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler

from tests import world as builders
from tests.flows.api_schema import one_connection
from tests.world import World
from tools import client as maker

pytestmark = pytest.mark.django_db


@pytest.fixture
def library() -> Any:
    """The module as somebody would copy it."""
    spec = importlib.util.spec_from_file_location("watchbill_client", maker.TARGET)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["watchbill_client"] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def portal(world: World, library: Any) -> Iterator[Any]:
    """Bo's client; the portal answers in this process."""
    behind = httpx.WSGITransport(app=WSGIHandler())
    with one_connection(), library.Watchbill("http://localhost:8000", builders.token(world.bo), transport=behind) as it:
        yield it


def test_the_client_is_that_of_the_description() -> None:
    """`make docs-generate` was run: each operation has its method, with today's types."""
    assert maker.source() == maker.TARGET.read_text(encoding="utf-8"), "run `make docs-generate`"


def test_bo_handles_an_incident(portal: Any, library: Any, world: World) -> None:
    """Declared once however often it is sent; noted, acknowledged, described against a colleague, resolved."""
    asked = {"title": "Checkout is slow", "service": world.checkout.pk}
    made = portal.incidents_declare(asked, idempotency_key="cart-7")
    assert portal.incidents_declare(asked, idempotency_key="cart-7")["number"] == made["number"]
    number = made["number"]
    taken = portal.incidents_acknowledge(number, version=made["version"])
    assert taken["status"] == "acknowledged"
    assert (
        portal.timeline_note(number, {"text": "Restarted the cache", "kind": "note"})["text"] == "Restarted the cache"
    )
    with pytest.raises(library.Refused) as late:
        portal.incidents_describe(number, {"customer_impact": "Nobody can pay"}, version=made["version"])
    assert (late.value.status, late.value.code) == (409, "stale")
    known = portal.incidents_describe(number, {"customer_impact": "Nobody can pay"}, version=late.value.version)
    assert known["customer_impact"] == "Nobody can pay"
    assert portal.incidents_resolve(number, {"resolution": "Cache restarted"})["status"] == "resolved"


def test_lists_are_read_page_by_page(portal: Any, world: World) -> None:
    for title in ("One", "Two", "Three"):
        portal.incidents_declare({"title": title, "service": world.checkout.pk})
    found = portal.incidents_list(ordering="oldest", status=["triggered", "acknowledged"], page_size=1)
    assert [each["title"] for each in found] == ["One", "Two", "Three"]
    assert [each["title"] for each in portal.incidents_list(q="text:two")] == ["Two"]


def test_files_go_up_and_come_down(portal: Any, world: World) -> None:
    number = portal.incidents_declare({"title": "Slow", "service": world.checkout.pk})["number"]
    entry = portal.attachments_add(number, [("pods.log", b"pod 3 restarted")], {"text": "The log"})
    assert entry["text"] == "The log"
    [file] = portal.attachments_list(number)
    assert portal.attachments_read(number, file["key"]) == b"pod 3 restarted"


def test_a_refusal_says_why(portal: Any, library: Any, world: World) -> None:
    """The place of each mistake, what is not there, and what one may not do."""
    with pytest.raises(library.Refused) as wrong:
        portal.incidents_declare({"title": "", "service": world.checkout.pk})
    assert (wrong.value.status, list(wrong.value.fields)) == (400, ["title"])
    with pytest.raises(library.Refused) as nothing:
        portal.incidents_see(999)
    assert (nothing.value.status, nothing.value.code) == (404, "not_found")
    with pytest.raises(library.Refused) as forbidden:
        portal.users_create({"name": "Zoe", "email": "zoe@example.org"})
    assert forbidden.value.status == 403


@pytest.mark.long
def test_the_client_is_typed(tmp_path: Path) -> None:
    """`mypy --strict` finds nothing."""
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(maker.TARGET)]
    done = subprocess.run(mypy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
