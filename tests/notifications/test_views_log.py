"""The delivery log: one's own, the team's for managers, all for administrators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from notifications.commands.deliveries import queue
from notifications.messages import Message
from notifications.models import Delivery, DeliveryAttempt
from tests.fakes import Mailbox, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.pages import EVIL, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
ANSWER = "http://localhost:8000/answer/secret-of-this-page/"


def message(world: World, number: int = 0, *, purpose: str = "test", title: str = "Disk full") -> Delivery:
    """A message to Bo that the carrier refused once."""
    made = queue(
        key=f"{purpose}:{number}",
        purpose=purpose,
        purpose_key=str(number),
        method=world.bo.contact_methods.get(),
        message=Message(title=title, text="Please look.", answer_link=ANSWER, link="http://localhost:8000/now/"),
        rank=3,
        first=False,
    )
    assert made is not None
    DeliveryAttempt.objects.create(
        delivery=made, number=1, started_at=clock.now(), outcome="temporary", detail="451 try later"
    )
    return made


def test_bo_reads_every_attempt_and_the_words(world: World, browser: Browser) -> None:
    made = message(world)
    bo = browser(world.bo)
    assert "Disk full" in text_of(bo.get("/deliveries/"))
    page = text_of(bo.get(f"/deliveries/{made.pk}/"))
    for words in ("451 try later", "temporary", "Please look.", ANSWER):
        assert words in page, words


def test_what_was_only_written_to_a_file_is_not_called_sent(
    world: World, browser: Browser, settings: Any, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """Bo's page of the time without a mail server stays what it was after one is set; the one after it was sent."""
    url, settings.EMAIL_URL = settings.EMAIL_URL, ""
    mine = world.bo.contact_methods.get()
    for number in (1, 2, 3):
        page(mine, number)
        drain()
    run_until(at, at.at + timedelta(minutes=2))
    settings.EMAIL_URL = url
    at.move(minutes=5)
    page(mine, 4)
    drain()
    written = Delivery.objects.get(key=f"page:1:{mine.pk}")
    assert written.state == "sent", "the stored states stay as they are"
    bo = browser(world.bo)
    shown = text_of(bo.get(f"/deliveries/{written.pk}/"))
    assert "Written to a file" in shown
    assert "no mail server is set" in shown
    assert 'badge-green">Sent' not in shown
    assert "<dt>Sent</dt>" not in shown
    listed = text_of(bo.get("/deliveries/"))
    assert listed.count('badge-amber">Written to a file') == 3, "the digest and what rode in it too"
    assert listed.count('badge-green">Sent') == 1
    assert [d.filed for d in Delivery.objects.order_by("pk")] == [True, True, True, False]


def test_others_see_the_fact_but_never_the_link_that_answers(world: World, browser: Browser) -> None:
    """A47, A95: the manager and the administrator see that it went, not the words; the address stays masked."""
    made = message(world)
    for user in (world.ana, world.ada):
        page = text_of(browser(user).get(f"/deliveries/{made.pk}/"))
        assert "Disk full" in page
        assert "secret-of-this-page" not in page
        assert "Please look." not in page
        assert "bo@example.org" not in page
        assert "Disk full" in text_of(browser(user).get("/deliveries/"))


def test_a_code_is_on_no_page(world: World, browser: Browser) -> None:
    """A43: whoever reads the log does not hold the address."""
    made = message(world, 7, purpose="verify", title="Your code is 123456")
    for user in (world.bo, world.ana, world.ada):
        for path in ("/deliveries/", f"/deliveries/{made.pk}/"):
            page = text_of(browser(user).get(path))
            assert "Verification code" in page
            assert "123456" not in page
    assert "123456" not in text_of(browser(world.ada).get(f"/admin/notifications/delivery/{made.pk}/change/"))


def test_eve_sees_nothing_of_it(world: World, browser: Browser) -> None:
    """A57."""
    made = message(world)
    for user in (world.eve, world.cy, world.di, world.sam):
        assert browser(user).get(f"/deliveries/{made.pk}/").status_code == 404, user.name
        assert "Disk full" not in text_of(browser(user).get("/deliveries/"))
    assert browser().get("/deliveries/")["Location"].startswith("/accounts/login/")


def test_filters_and_pages(world: World, browser: Browser) -> None:
    for number in range(55):
        message(world, number, title=f"Message {number:02d}.")
    Delivery.objects.filter(key="test:3").update(state="failed", error="550 gone")
    bo = browser(world.bo)
    assert "Message 54." in text_of(bo.get("/deliveries/"))
    assert "Message 03." not in text_of(bo.get("/deliveries/"))
    older = text_of(bo.get(f"/deliveries/?before={Delivery.objects.get(key='test:5').pk}"))
    assert "Message 04." in older
    assert "Message 05." not in older
    failed = text_of(bo.get("/deliveries/?state=failed"))
    assert "Message 03." in failed
    assert "Message 04." not in failed
    for wild in ("?before=99999999999999999999", "?before=x", "?state=%00", "?mine=2"):
        assert bo.get(f"/deliveries/{wild}").status_code == 200, wild


def test_hostile_titles_are_inert(world: World, browser: Browser) -> None:
    """A1."""
    made = message(world, title=EVIL)
    assert_inert(browser(world.bo).get("/deliveries/"))
    assert_inert(browser(world.bo).get(f"/deliveries/{made.pk}/"))


def test_the_pages_cost_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    made = message(world, 1)
    ana = browser(world.ana)
    few = {"deliveries": count(ana, "/deliveries/"), "delivery": count(ana, f"/deliveries/{made.pk}/")}
    for number in range(2, 40):
        message(world, number)
    assert {"deliveries": count(ana, "/deliveries/"), "delivery": count(ana, f"/deliveries/{made.pk}/")} == few
    assert few == {name: recorded(__file__)[name] for name in few}
