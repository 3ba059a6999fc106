"""What the first page after sign-in weighs (issue 3, "Speed")."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response

from tests.browser.shop import Shop
from tests.browser.shop import shop as shop
from tests.browser.shop import stocked as stocked

pytestmark = pytest.mark.browser

FIRST_PAGE, STYLES, SCRIPTS = 100_000, 90_000, 40_000  # bytes: sent with gzip without fonts; ours, unzipped
OURS = Path("static/js")


def test_the_first_page_after_sign_in_is_light(chromium: Browser, shop: Shop) -> None:
    """100 KB transferred with gzip without fonts, no request to a foreign host; CSS 90 KB and JS of ours 40 KB."""
    answers: list[Response] = []
    with shop.guest(chromium, "responder", 1440) as guest:
        guest.page.on("response", answers.append)
        guest.open("/now/")
        guest.page.wait_for_load_state("networkidle")
        hosts = {urlsplit(answer.url).hostname for answer in answers}
        sent = {answer.url: answer.request.sizes()["responseBodySize"] for answer in answers if not is_font(answer)}
        styles = sum(len(answer.body()) for answer in answers if answer.request.resource_type == "stylesheet")
        scripts = sum(len(answer.body()) for answer in answers if is_ours(answer))
    assert hosts == {"127.0.0.1"}
    assert 0 < sum(sent.values()) <= FIRST_PAGE, sorted(sent.items(), key=lambda item: -item[1])
    assert 0 < styles <= STYLES
    assert 0 < scripts <= SCRIPTS


def is_font(answer: Response) -> bool:
    return answer.request.resource_type == "font"


def is_ours(answer: Response) -> bool:
    """A script that stands in our folder; htmx comes with a package."""
    name = urlsplit(answer.url).path.rpartition("/")[2]
    return answer.request.resource_type == "script" and (OURS / f"{name.split('.')[0]}.js").exists()
