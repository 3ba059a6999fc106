"""Every address of the portal stands in the table of doors, and says itself who may come in (A57, A67)."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from core.api.base import ApiView
from core.api.permissions import Anyone, Deny
from core.web.front import Front
from integrations.api.intake import Intake
from portal.asgi import application
from tests.architecture.source import ROOT
from tests.flows.security_doors import METHODS, PEOPLE, STAFF, WORDS, table
from tests.flows.security_scene import routes

OPEN_PAGES = {
    "",  # leads to /now/
    "healthz",
    "healthz/engine",
    "metrics",
    "setup/<str:token>/",
    "invitation/<str:token>/",
    "callbacks/<slug:provider>/<str:token>/",
    "answer/<str:token>/",
    "sw.js",
    "manifest.webmanifest",
    "offline/",
    "offline/answer/",
}
# Without Django's token: each has a proof of its own (a signature, a nonce).
EXEMPT = {"callbacks/<slug:provider>/<str:token>/", "answer/<str:token>/"}


def view_class(callback: Any) -> type | None:
    """The class behind a view, if there is one."""
    return getattr(callback, "cls", None) or getattr(callback, "view_class", None)


def test_the_table_knows_every_route_and_no_other() -> None:
    """A new route fails here until somebody has said who may use it (A57)."""
    assert {door.route for door in table()} == set(routes())


def test_the_table_is_well_formed() -> None:
    rows = table()
    assert len({(door.method, door.route) for door in rows}) == len(rows), "a door stands twice in the table"
    known = {"AN", *PEOPLE}
    for door in rows:
        assert door.method in METHODS
        assert set(door.may) | set(door.missing) <= known, door
        assert not set(door.may) & set(door.missing), door
    assert WORDS["STAFF"] == STAFF


@pytest.mark.parametrize("route", [route for route in routes() if route.startswith("api/")])
def test_every_api_view_says_who_may(route: str) -> None:
    """A67: closed by default; only the catch-all of unknown addresses answers strangers."""
    view: Any = view_class(routes()[route])
    if view is None:
        assert routes()[route].__name__ == "unknown_path"
        return
    assert view.permission_classes, route
    assert not {Deny, Anyone} & set(view.permission_classes), route
    if issubclass(view, ApiView):
        methods = {name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        known = {door.method.lower() for door in table() if door.route == route}
        assert methods & set(view.http_method_names) == known, route


def test_every_page_asks_who_is_there() -> None:
    """A67: each view function of a page goes through `signed_in`, the sign-in pages are the library's own."""
    for route, view in routes().items():
        if route.startswith("api/") or "accounts/" in route or route in OPEN_PAGES:
            continue
        names = set()
        while view is not None:
            names.add(getattr(view, "__code__", None) and view.__code__.co_filename.rpartition("/")[2])
            view = getattr(view, "__wrapped__", None)
        assert "doors.py" in names, f"{route} does not pass signed_in"


def test_only_two_pages_do_without_djangos_token() -> None:
    """A23: every other form is refused without it."""
    found = {route for route, view in routes().items() if getattr(view, "csrf_exempt", False)}
    assert {route for route in found if not route.startswith("api/")} == EXEMPT


def test_the_hot_doors_are_three() -> None:
    """What does not pass Django at all: the doors of monitoring tools and the static files."""
    assert isinstance(application, Front)
    doors = {prefix for prefix, door in application.doors.items() if isinstance(door, Intake)}
    assert doors == {"/v2/", "/integrations/", "/heartbeats/"}
    assert set(application.doors) - doors == {application.static.prefix}


def test_secrets_are_shown_by_doors_that_keep_no_answer() -> None:
    """A95, A98: whoever answers with a fresh secret must not be repeatable, or it would be kept in clear text."""
    telling = ("Issued", "Secret", "NewContactMethod", "ProviderDetail")
    for route, callback in routes().items():
        view: Any = view_class(callback)
        if view is None or not issubclass(view, ApiView):
            continue
        source = inspect.getsource(view)
        if any(word in source for word in telling):
            assert view.repeatable is False, f"{route} shows a secret and would keep it"


# --- the catalogue of attacks ---------------------------------------------------------------------
ROWS = [*range(1, 15), 16, *range(18, 41), 42, *range(44, 52), *range(57, 63), *range(64, 69),
        *range(69, 81), 83, *range(84, 88), 92, *range(93, 105), 108]  # fmt: skip
PAGE = ROOT / "docs/developers/security.md"


def test_every_attack_is_tried_where_the_page_says() -> None:
    """Each row that this release has a door for is named by the tests that the page names."""
    lines = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| A")]
    assert [cells[1].strip() for cells in lines] == [f"A{number}" for number in ROWS]
    for cells in lines:
        row, files = cells[1].strip(), re.findall(r"`([^`]+)`", cells[3])
        assert files, row
        for name in files:
            text = (ROOT / "tests" / name).read_text(encoding="utf-8")
            assert re.search(rf"\b{row}\b", text), f"{name} does not name {row}"
