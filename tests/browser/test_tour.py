"""Every page of the demo, by people of each role, at each width, light and dark (design 10, 11)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.shop import Shop
from tests.browser.shop import shop as shop
from tests.browser.shop import stocked as stocked
from tests.browser.visit import Look, by_turns

pytestmark = pytest.mark.browser

LOOKS = tuple(Look(*each) for each in itertools.product((1440, 1024, 768, 360, 320), ("light", "dark")))
USUAL = (Look(1440), Look(360))
ROLES = ("administrator", "responder", "stakeholder")
MEANT = {  # the refusals that an administrator meets on the tour
    "/incidents/?q=priority%3Anone+colour%3Ared": 400,
    "/profile/rules/0/remove/": 404,
    "/accounts/password/reset/key/1-no-such-key/": 400,
    "/nowhere/at/all/": 404,
    "/nowhere/without/a/name/": 404,
    "/answer/no-such-page/": 404,
    "/setup/no-such-link/": 404,
    "/invitation/no-such-link/": 404,
}


def rounds() -> list[Any]:
    """Who goes round: an administrator at two widths, and in the long run each role at every width and theme.

    `make test` has axe read every other page at a desk's width, the rest at a phone's; the long run reads all of them.
    """
    long = [(role, LOOKS) for role in ("", *ROLES)]
    usual = [pytest.param(role, USUAL, id=f"{role or 'nobody'}-usual") for role in ("administrator", "")]
    return usual + [pytest.param(*each, id=each[0] or "nobody", marks=pytest.mark.long) for each in long]


@pytest.mark.parametrize(("role", "looks"), rounds())
def test_every_page_is_whole(chromium: Browser, shop: Shop, role: str, looks: tuple[Look, ...]) -> None:
    """No console error, nothing refused by the content policy, no sideways scroll, axe finds nothing."""
    wrong: list[str] = []
    with shop.guest(chromium, role, looks[0].width) as guest:
        for number, path in enumerate(shop.paths(public=not role)):
            meant = MEANT.get(path, 200) if role in ("administrator", "") else None
            wrong += guest.wrong_with(path, by_turns(looks, number) if looks is USUAL else looks, meant)
    assert not wrong, "\n".join(wrong)
