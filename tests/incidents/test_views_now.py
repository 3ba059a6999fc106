"""Now: what waits for me, who is next, and my answers, all without a script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.test import Client

from core import clock, live
from incidents.commands import lifecycle
from incidents.models import Incident
from incidents.queries.pace import night_before
from oncall.models import Page
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:400]
    return answer.content.decode()


def test_strangers_are_sent_to_sign_in_and_back(world: make.World) -> None:
    client = Client()
    for path in ("/now/", "/incidents/", "/incidents/1/", "/incidents/new/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")
    assert client.get("/now/regions/", headers={"X-Live": "1"}).status_code == 401


def test_bo_sees_his_page_who_is_next_and_when(stage: Stage, browser: Browser) -> None:
    stage.fire("disk", severity="critical")
    page = text(browser(stage.world.bo), "/now/")
    assert "One page is waiting for your answer" in page
    assert "<title>(1) Now" in page
    assert '<bdi title="Cy Novak">Cy</bdi> next' in page
    assert "<bdi>Payments on call</bdi>, level 1" in page
    assert "in 5 min" in page
    assert "disk is bad" in page
    stage.wait(minutes=6)
    later = text(browser(stage.world.bo), "/now/")
    assert "The next level has been paged" in later


def test_the_title_is_the_finding(stage: Stage, browser: Browser) -> None:
    assert "Nothing is wrong in your teams." in text(browser(stage.world.bo), "/now/")
    assert "Nothing is wrong." in text(browser(stage.world.eve), "/now/")
    stage.fire()
    assert "One incident waits for an answer" in text(browser(stage.world.ana), "/now/")
    lifecycle.acknowledge(make.acts(stage.world.bo), stage.incident())
    assert "All quiet. 1 incident is being worked on." in text(browser(stage.world.ana), "/now/")


def test_bo_accepts_without_a_script_and_can_take_it_back(stage: Stage, browser: Browser) -> None:
    stage.fire()
    bo, page = browser(stage.world.bo), Page.objects.get()
    answer = bo.post(f"/now/pages/{page.pk}/accept/")
    assert (answer.status_code, answer["Location"]) == (303, f"/incidents/{stage.incident().number}/")
    assert stage.incident().status == "acknowledged"
    shown = text(bo, answer["Location"])
    assert "You have acknowledged INC-1." in shown
    assert 'action="/incidents/1/undo-acknowledge/"' in shown
    assert bo.post("/incidents/1/undo-acknowledge/").status_code == 303
    assert stage.incident().status == "triggered"


def test_bo_declines_and_cy_is_paged(stage: Stage, browser: Browser) -> None:
    stage.fire()
    answer = browser(stage.world.bo).post(f"/now/pages/{Page.objects.get().pk}/decline/")
    assert (answer.status_code, answer["Location"]) == (303, "/now/")
    assert stage.pages() == ["Bo", "Cy"]


def test_the_last_resort_is_told_so_and_asked_once(stage: Stage, browser: Browser) -> None:
    """Bo was asked as level 1 and is asked again at the end: one row, one answer, and nobody after him (O21)."""
    stage.world.policy.fallback = stage.world.bo
    stage.world.policy.save()
    stage.fire()
    stage.wait(minutes=6)
    stage.wait(minutes=6)
    page = text(browser(stage.world.bo), "/now/")
    assert page.count("Accept<span") == 1
    assert "last resort" in page
    assert "Nobody else is asked after you" in page
    assert "If you do nothing" not in page


def test_nobody_answers_the_page_of_another(stage: Stage, browser: Browser) -> None:
    """A57: Eve, and the administrator, get the same 404 as for a page that is not there."""
    stage.fire()
    page = Page.objects.get()
    for person in (stage.world.eve, stage.world.ada, stage.world.sam):
        assert browser(person).post(f"/now/pages/{page.pk}/accept/").status_code == 404
        assert browser(person).post(f"/now/pages/{page.pk + 99}/accept/").status_code == 404
    assert browser(stage.world.bo).post(f"/now/pages/{page.pk}/escape/").status_code == 404
    assert stage.incident().status == "triggered"


def test_an_answer_that_comes_too_late_is_told_who_was_first(stage: Stage, browser: Browser) -> None:
    """S51: 409 with the present state, on the page that one was on, at the time that one's own clock showed."""
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    stage.fire()
    page = Page.objects.get()
    lifecycle.acknowledge(make.acts(stage.world.ana), stage.incident())
    answer = browser(stage.world.bo).post(f"/now/pages/{page.pk}/decline/")
    assert answer.status_code == 409
    assert "Ana Lima acknowledged it at 10:00 CET." in answer.content.decode()


def test_answers_need_the_form_token_and_a_post(stage: Stage, browser: Browser) -> None:
    """A23: no state changes on GET, none without the token."""
    stage.fire()
    path = f"/now/pages/{Page.objects.get().pk}/accept/"
    assert browser(stage.world.bo).get(path).status_code == 405
    assert browser(stage.world.bo, csrf=True).post(path).status_code == 403
    strict = browser(stage.world.bo, csrf=True)
    strict.get("/now/")
    foreign = strict.post(path, {"csrfmiddlewaretoken": "x" * 64}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert stage.incident().status == "triggered"


def test_a_stakeholder_has_the_board_without_pages_or_what_is_not_open_to_all(stage: Stage, browser: Browser) -> None:
    stage.fire()
    Incident.objects.update(visibility="private")
    page = text(browser(stage.world.sam), "/now/")
    assert "disk is bad" not in page
    assert "Pages to you" not in page
    assert "New incident" not in page


def test_who_is_on_call_now_and_where_nobody_is(stage: Stage, browser: Browser) -> None:
    make.schedule("Payments primary", stage.world.payments, stage.world.bo, stage.world.cy)
    make.schedule("Nights", stage.world.search)
    ana = browser(stage.world.ana)
    page = text(ana, "/now/?scope=all")
    assert "Payments primary" in page
    assert "Nobody: a gap" in page
    assert "Nobody: a gap" not in text(ana, "/now/?scope=mine"), "Search is not a team of hers"


def test_the_region_is_what_the_page_shows(stage: Stage, browser: Browser) -> None:
    stage.fire()
    ana = browser(stage.world.ana)
    region = text(ana, "/now/regions/")
    assert region.startswith('<div id="now-head"')
    assert "<html" not in region
    assert "disk is bad" in region


def test_last_night_is_the_persons_own_night(world: make.World) -> None:
    """22:00 to 07:00 by his or her own clock; in the evening the present one."""
    world.bo.time_zone = "Europe/Berlin"
    with clock.frozen(datetime(2026, 11, 17, 9, 0, tzinfo=UTC)):
        start, end = night_before(world.bo)
    assert (start.astimezone(UTC).hour, start.day, end.astimezone(UTC).hour, end.day) == (21, 16, 6, 17)
    with clock.frozen(datetime(2026, 11, 17, 21, 30, tzinfo=UTC)):
        assert night_before(world.bo)[0].day == 17
    world.bo.time_zone = "Mars/Olympus"
    assert night_before(world.bo)[0].hour == 22


def test_boards_hear_of_an_escalation(stage: Stage) -> None:
    """Cy, who is paged next, has a live board too: the feed tells it."""
    stage.fire()
    before = live.last_seq(f"now:{stage.world.cy.pk}")
    stage.wait(minutes=6)
    assert live.last_seq(f"now:{stage.world.cy.pk}") > before
