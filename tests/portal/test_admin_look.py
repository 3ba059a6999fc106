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
        assert page.count('role="main"') == 1, path
        assert [*re.findall(r"<nav [^>]*aria-label=\"([^\"]+)\"", page)][:1] == ["Administration"], path
        assert "Your account" in re.findall(r"<nav [^>]*aria-label=\"([^\"]+)\"", page), path
        openers = re.findall(r"<\w+ [^>]*x-on:click=\"(?:sidebar|openUserLinks)[^>]*>", page)
        assert len(openers) == 4, path
        assert [each for each in openers if 'role="button" tabindex="0"' not in each] == [], path
        assert len([each for each in openers if 'aria-label="' in each]) == 3, path
    assert re.search(r"role=\"main\".*id=\"submit-row\"", text_of(client.get(f"{user}change/")), re.S)
    assert 'aria-label="Acts"' in text_of(client.get(f"{user}change/"))
    assert re.search(r"id=\"searchbar-submit\" aria-label=\"Search\"", text_of(client.get("/admin/accounts/user/")))


@pytest.mark.django_db
def test_the_menu_says_where_one_is(world: World, browser: Browser) -> None:
    page = text_of(browser(world.ada).get("/admin/accounts/user/"))
    assert re.findall(r"<a aria-current=\"page\" href=\"([^\"]+)\"", page) == ["/admin/accounts/user/"]
    assert 'aria-hidden="true" class="material-symbols-outlined md-18' in page
