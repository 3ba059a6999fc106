"""The tour of the browser tests and of the pictures leaves out no page."""

from __future__ import annotations

import re

from django.urls import resolve

from tests.flows.security_doors import table
from tests.flows.security_scene import routes
from tools.tour import LEFT_OUT, PLACES

WORDS = {"answer": "a-token", "provider": "email", "event": "0d5f7f8e-5d8e-4f63-9d55-0c4a3c9f2b1e"}


def visited() -> set[str]:
    """The routes of the tour's addresses, with any number where a row's name stands."""

    def fill(found: re.Match[str]) -> str:
        return WORDS.get(found[1], "1")

    paths = [re.sub(r"\{(\w+)\}", fill, place.path).partition("?")[0] for place in PLACES]
    return {resolve(path).route for path in paths if not path.startswith("/nowhere/")}


def test_every_page_stands_in_the_tour_or_is_left_out_with_a_reason() -> None:
    """Issue 3, "Shown by": a new page cannot be forgotten."""
    pages = {door.route for door in table() if door.method == "GET" and not door.route.startswith("api/")}
    assert len(pages) > 80
    assert sorted(pages - visited() - set(LEFT_OUT)) == [], "neither in PLACES nor in LEFT_OUT of tools/tour.py"


def test_what_is_left_out_is_a_route_and_is_not_visited() -> None:
    """No reason outlives its route."""
    assert not set(LEFT_OUT) - set(routes())
    assert not set(LEFT_OUT) & visited()
    assert all(LEFT_OUT.values())


def test_the_tour_visits_nothing_twice() -> None:
    paths = [place.path for place in PLACES]
    assert sorted(paths) == sorted(set(paths))
