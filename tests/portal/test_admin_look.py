"""The administration's pages have landmarks with names, and what opens is a button."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.pages import text_of
from tests.world import World

Browser = Callable[..., Client]


@pytest.mark.django_db
def test_each_page_has_one_main_and_a_named_menu(world: World, browser: Browser) -> None:
    client = browser(world.ada)
    user = f"/admin/accounts/user/{world.bo.pk}/"
    for path in ("/admin/", "/admin/accounts/user/", f"{user}change/", f"{user}history/"):
        page = text_of(client.get(path))
        assert page.count("<main") == page.count("</main>") == 1, path
        assert page.count("<header") == 1, path
        assert [*re.findall(r"<nav [^>]*aria-label=\"([^\"]+)\"", page)][:1] == ["Administration"], path
        assert re.search(r"<button type=\"button\"[^>]*aria-controls=\"wb-own\"", page), path
    assert re.search(r"<main.*id=\"submit-row\".*</main>", text_of(client.get(f"{user}change/")), re.S)


@pytest.mark.django_db
def test_the_menu_says_where_one_is(world: World, browser: Browser) -> None:
    page = text_of(browser(world.ada).get("/admin/accounts/user/"))
    assert re.findall(r"<a href=\"([^\"]+)\" aria-current=\"page\"", page) == ["/admin/accounts/user/"]
    assert 'aria-hidden="true" class="material-symbols-outlined md-18' in page
