"""Two desks and a phone on one incident: the same order, no typed character lost, everybody seen (RES-20, RES-24)."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Scribe, sign_in
from tests.browser.test_live import SHOWN, SOCKETS
from tests.system.scene import Scene, eventually

pytestmark = pytest.mark.browser
#: The teams of the two ladders: two of each sit at a desk, the third has a phone.
RED, BLUE = ("Lea First", "Moe Second", "Noa Third"), ("Tia One", "Uma Two", "Vic Three")
HERE = "document.getElementById('here').hidden ? '' : document.querySelector('#here .sr').textContent"
WRITING = "document.querySelector('[data-writing]').textContent"
PRIORITY = "document.querySelector('#inc-head .prio').textContent"
NOW = "SELECT priority_id FROM incidents_incident WHERE number = %d"
IS_OPEN = "window.sockets.some((socket) => socket.readyState === 1)"


def watch(scene: Scene, chromium: Browser, number: int, name: str, width: int) -> Page:
    """Somebody's browser on the incident, live."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    context.add_init_script(SOCKETS)
    page = context.new_page()
    sign_in(page, scene, f"{name}@example.org")
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    eventually(partial(page.evaluate, IS_OPEN), 20, f"the line of {name} is open")
    return page


def says(page: Page, what: str, wanted: object) -> bool:
    """Whether the page says exactly this there."""
    return bool(page.evaluate(what) == wanted)


def cut(page: Page) -> None:
    """Pull the line out."""
    page.context.set_offline(True)
    page.evaluate("window.sockets.forEach((socket) => socket.close())")


def type_on(pages: list[Page], typed: list[str], words: str) -> None:
    """Both go on typing, a key at a time."""
    for at, page in enumerate(pages):
        page.locator("#note").press_sequentially(words)
        typed[at] += words


def written(scene: Scene, number: int) -> list[tuple[int, str]]:
    """The record as the database has it: id and text, in order."""
    of = f"incident_id = (SELECT id FROM incidents_incident WHERE number = {number})"
    return scene.sql(f"SELECT id, text FROM incidents_timelineentry WHERE {of} ORDER BY occurred_at, id")


def texts(scene: Scene, number: int) -> list[str]:
    """What was written, in order."""
    return [text for _, text in written(scene, number)]


def respond(scene: Scene, chromium: Browser, team: tuple[str, str, str], count: int, rate: float) -> None:
    """The story; `count` entries are written by others while two people type and one loses the line."""
    token = scene.post(scene.ladders[(RED, BLUE).index(team)])
    scene.arrives(token)
    number = scene.incident(token)["number"]
    first, second, _ = (name.split()[0] for name in team)
    lea, moe, noa = (
        watch(scene, chromium, number, name.split()[0].lower(), width)
        for name, width in zip(team, (1280, 1280, 360), strict=True)
    )
    pages, typed = [lea, moe, noa], ["", ""]
    everybody = f": {', '.join(team)}"
    for page in pages:
        eventually(partial(says, page, HERE, everybody), 20, "three people are here")
    type_on([lea, moe], typed, "I look at ")
    eventually(partial(says, noa, WRITING, f"{first}, {second} are writing"), 5, "the phone sees who writes")
    eventually(partial(says, lea, WRITING, f"{second} is writing"), 5, "nobody is told of oneself")

    turn = 0
    with Scribe(scene, number, count, rate, first.lower()) as scribe:
        while scribe.writes():
            type_on([lea, moe], typed, f"step {turn}, ")
            turn += 1
            if turn == 2:
                cut(moe)
            elif turn == 5:
                eventually(partial(says, lea, HERE, f": {team[0]}, {team[2]}"), 20, "who has lost the line is gone")
                assert says(moe, HERE, "")
                moe.context.set_offline(False)
    moe.context.set_offline(False)
    noa.fill("#note", "From the phone")
    noa.get_by_role("button", name="Add note").click()

    eventually(lambda: "From the phone" in texts(scene, number), 10, "the phone's note is written")
    assert texts(scene, number).count("From the phone") == 1
    wanted = [pk for pk, _ in written(scene, number)]
    assert len(wanted) > count
    for page in pages:
        eventually(partial(says, page, SHOWN, wanted), 40, "the same order everywhere")
        eventually(partial(says, page, HERE, everybody), 30, "three people are here again")
        assert page.locator(".tl-pending").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert [page.input_value("#note") for page in (lea, moe)] == typed
    priority = scene.sql(f"SELECT name FROM incidents_priority WHERE id = ({NOW % number})")[0][0]
    for page in pages:
        eventually(partial(says, page, PRIORITY, priority), 10, "everybody sees the priority")
        page.context.close()


def test_two_desks_and_a_phone_through_twelve_entries(scene: Scene, chromium: Browser) -> None:
    respond(scene, chromium, RED, 12, 3)


@pytest.mark.long
def test_two_desks_and_a_phone_through_forty_entries(scene: Scene, chromium: Browser) -> None:
    respond(scene, chromium, BLUE, 40, 2)
