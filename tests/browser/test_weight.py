"""What the first page after sign-in weighs (issue 3, "Speed")."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response

from tests.browser.shop import opened
from tests.browser.shop import stocked as stocked

pytestmark = [pytest.mark.browser, pytest.mark.long]
WINDOWED = True

FIRST_PAGE, STYLES, SCRIPTS = 100_000, 90_000, 40_400  # bytes: sent with gzip without fonts; ours, unzipped
OURS = Path("static/js")


def test_the_first_page_after_sign_in_is_light(chromium: Browser, stocked: Path, tmp_path: Path) -> None:
    """100 KB transferred with gzip without fonts, no request to a foreign host; CSS 90 KB and JS of ours 40 KB."""
    answers: list[Response] = []
    kinds: dict[str, str] = {}
    sent: dict[str, int] = {}  # bytes on the wire, headers included
    # From the source files are served as they are; a portal serves its collected ones compressed.
    with (
        opened(stocked, tmp_path, STATIC_FROM_SOURCE="off") as shop,
        shop.guest(chromium, "responder", 1440) as guest,
    ):
        guest.page.on("response", lambda answer: answers.append(answer))
        wire = guest.page.context.new_cdp_session(guest.page)
        wire.on("Network.responseReceived", lambda seen: kinds.update({seen["requestId"]: seen["type"]}))
        wire.on("Network.loadingFinished", lambda seen: sent.update({seen["requestId"]: seen["encodedDataLength"]}))
        wire.send("Network.enable")
        guest.open("/now/")
        guest.page.wait_for_load_state("networkidle")
        hosts = {urlsplit(answer.url).hostname for answer in answers}
        styles = sum(len(answer.body()) for answer in answers if answer.request.resource_type == "stylesheet")
        scripts = sum(len(answer.body()) for answer in answers if is_ours(answer))
    assert hosts == {"127.0.0.1"}
    total = sum(size for request, size in sent.items() if kinds.get(request) != "Font")
    assert 10_000 < total <= FIRST_PAGE
    assert 0 < styles <= STYLES
    assert 0 < scripts <= SCRIPTS


def is_ours(answer: Response) -> bool:
    """A script that stands in our folder; htmx comes with a package."""
    name = urlsplit(answer.url).path.rpartition("/")[2]
    return answer.request.resource_type == "script" and (OURS / f"{name.split('.')[0]}.js").exists()
