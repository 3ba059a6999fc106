"""An address that only takes forms: whoever opens it is led to the page of the form, as a page of ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.web.above import page_above
from tests.world import World

Browser = Callable[..., Client]
HTML = "text/html,application/xhtml+xml"


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/teams/1/members/", "/teams/1/"),
        ("/teams/1/members/2/", "/teams/1/"),
        ("/services/4/heartbeats/7/test/", "/services/4/"),
        ("/incidents/3/entries/9/pin/", "/incidents/3/entries/9/"),
        ("/now/pages/3/accept/", "/now/"),
        ("/callbacks/sms/abc/", "/now/"),
    ],
)
def test_the_nearest_page_is_one_that_opens(path: str, above: str) -> None:
    assert page_above(path) == above


def test_ana_reloads_the_address_of_a_refused_form(world: World, browser: Browser) -> None:
    path = f"/teams/{world.payments.pk}/members/"
    answer = browser(world.ana).get(path, headers={"Accept": HTML})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    shown = answer.content.decode()
    assert "<h1>This address only takes forms</h1>" in shown
    assert f'href="/teams/{world.payments.pk}/">' in shown
    assert 'class="mobilebar' in shown


def test_a_stranger_gets_a_page_without_the_shell_and_a_program_the_bare_status(world: World) -> None:
    path = f"/teams/{world.payments.pk}/members/"
    shown = Client().get("/callbacks/sms/abc/", headers={"Accept": HTML})
    assert (shown.status_code, shown["Allow"]) == (405, "POST")
    assert "This address only takes forms" in shown.content.decode()
    bare = Client().get("/callbacks/sms/abc/")
    assert (bare.status_code, bare.content) == (405, b"")
    assert Client().get(path, headers={"Accept": HTML})["Location"].startswith("/accounts/login/")
