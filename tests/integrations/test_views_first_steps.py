"""The first steps: the checklist, and the card on Now that leads back to it (RES-20)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import actors
from accounts.commands.organisation import edit_organisation
from accounts.models import User
from core import clock, worker
from core.squares import square_code
from integrations.commands import keys, own_alarms
from integrations.queries import steps
from oncall.models import Page, Service
from tests import world as builders
from tests.pages import text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
SYSTEM = actors.system()


@pytest.fixture(autouse=True)
def new_portal(settings: Any) -> Iterator[None]:
    """A process keeps in mind that the portal is set up; each of these tests is a new process, with a mail server."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    steps._under_way.clear()
    yield
    steps._under_way.clear()


@pytest.fixture
def ada(db: None) -> User:
    for rank in range(1, 6):
        builders.priority(rank)
    return builders.person("Ada Admin", role="administrator")


def set_up(ada: User, *on_call: User) -> Service:
    """All that comes before the first event."""
    team = builders.team("Payments", managers=[ada])
    for person in on_call or (ada,):
        builders.rule(person, builders.method(person))
    service = builders.service("Checkout", team, policy=builders.policy("Ladder", team, list(on_call or (ada,))))
    keys.issue(SYSTEM, service)
    return service


def send(client: Client, service: Service) -> None:
    sent = client.post(f"/services/{service.pk}/test-event/", {"summary": "Hello", "severity": "critical"})
    assert sent.status_code == 303
    worker.drain()


def card(client: Client) -> str:
    """What the card on Now says; empty where there is none."""
    found = re.search(
        r'<section class="card" aria-labelledby="first-steps">.*?</section>', text_of(client.get("/now/")), re.S
    )
    return " ".join(found[0].split()) if found else ""


def test_the_steps_lead_to_the_first_page_and_the_second_person(
    browser: Browser, ada: User, at: clock.FrozenClock
) -> None:
    """RES-20: each step links to a real page; the last is done when a page has come."""
    client = browser(ada)
    assert "6 steps until pages reach people" in text_of(client.get("/first-steps/"))
    service = set_up(ada)
    page = text_of(client.get("/first-steps/"))
    assert "3 steps until" in page
    assert "Ada Admin" in page, "the first step is done by being here"
    assert f"/services/{service.pk}/intake/?severity=critical#test" in page
    send(client, service)
    page = text_of(client.get("/first-steps/"))
    assert "2 steps until" in page
    assert "/people/invite/" in page
    edit_organisation(SYSTEM, name="Fernhill", time_zone="Europe/Berlin")
    page = text_of(client.get("/first-steps/"))
    assert "1 step until" in page
    assert "Fernhill, Europe/Berlin" in page
    builders.person("Bo Chen")
    assert "All set" in text_of(client.get("/first-steps/"))
    for path in (
        "/teams/new/",
        "/profile/contact-methods/",
        "/policies/new/",
        "/services/new/",
        "/teams/",
        "/organisation/",
    ):
        assert client.get(path).status_code == 200, path


def test_now_leads_on_until_the_portal_is_set_up(browser: Browser, ada: User, at: clock.FrozenClock) -> None:
    """Whoever clicks away finds the way back; then the board is as quiet as it says."""
    client = browser(ada)
    assert "Invite the team" in card(client) or "Add a way" in card(client)
    assert "1 of 7 done" in card(client)
    assert 'href="/first-steps/"' in card(client)
    assert "First steps" in text_of(client.get("/now/regions/")), "a live page draws it anew"
    service = set_up(ada)
    assert "Send yourself a test page" in card(client), "what may wait stands back"
    send(client, service)
    assert "Name your organisation" in card(client)
    edit_organisation(SYSTEM, name="Fernhill")
    assert "Invite the team" in card(client)
    builders.person("Bo Chen")
    assert not card(client)
    with CaptureQueriesContext(connection) as found:
        assert steps.is_under_way()
    assert not found.captured_queries, "a finished portal asks nothing more"


def test_mail_that_is_only_filed_reaches_nobody(browser: Browser, ada: User, settings: Any) -> None:
    """RES-20: an e-mail address is a way to be reached where mail goes out; a browser is one in any case."""
    settings.EMAIL_URL = ""
    client = browser(ada)
    assert "Pages go nowhere without." in text_of(client.get("/first-steps/"))
    builders.method(ada)
    assert "5 steps until" not in text_of(client.get("/first-steps/"))
    assert "Mail is only written to files: set WATCHBILL_EMAIL_URL" in text_of(client.get("/first-steps/"))
    push = builders.method(ada, "webpush", "https://push.example/1")
    page = text_of(client.get("/first-steps/"))
    assert "5 steps until" in page
    assert "Mail is only written" not in page
    push.delete()
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    assert "5 steps until" in text_of(client.get("/first-steps/"))


def test_whoever_means_to_stay_alone_is_left_alone(browser: Browser, ada: User, at: clock.FrozenClock) -> None:
    client = browser(ada)
    send(client, set_up(ada))
    at.move(days=13)
    assert "Name your organisation" in card(browser(ada))
    at.move(days=2)
    assert not card(browser(ada))


def test_only_those_who_set_a_portal_up_see_the_card(world: World, browser: Browser) -> None:
    assert card(browser(world.pat))
    assert card(browser(world.ada))
    for user in (world.ana, world.bo, world.sam):
        assert not card(browser(user)), user


def test_the_portals_own_alarm_is_no_first_page(browser: Browser, ada: User, at: clock.FrozenClock) -> None:
    """G14: it pages the administrators of a portal that is not set up at all."""
    own = own_alarms._make_service()
    client = browser(ada)
    builders.rule(ada, builders.method(ada))
    client.post(f"/services/{own.pk}/test-event/", {"summary": "x", "severity": "error"})
    worker.drain()
    assert Page.objects.filter(user=ada).exists()
    builders.person("Bo Chen")
    assert "Invite the team" in card(client)


def test_the_phone_reads_the_address_off_the_screen(browser: Browser, ada: User, settings: Any) -> None:
    """A real code of the portal's own address; one that only this machine can open says so."""
    settings.PORTAL_URL = "https://watchbill.example.org"
    page = text_of(browser(ada).get("/first-steps/"))
    assert square_code("https://watchbill.example.org/now/").path in page
    assert "only this machine" not in page
    settings.PORTAL_URL = "http://localhost:8000"
    assert "only this machine can open" in text_of(browser(ada).get("/first-steps/"))


def test_the_test_event_of_the_first_steps_is_critical_and_says_whom_it_pages(
    browser: Browser, ada: User, at: clock.FrozenClock
) -> None:
    bo = builders.person("Bo Chen")
    service = set_up(ada, bo)
    client, path = browser(ada), f"/services/{service.pk}/intake/"
    guided = " ".join(text_of(client.get(path + "?severity=critical")).split())
    assert '<option value="critical" selected>' in guided
    assert 'A critical event now pages <b class="med"><bdi>Bo Chen</bdi></b>.' in guided
    assert guided.index("now pages") < guided.index(">Send it<")
    plain = text_of(client.get(path))
    assert '<option value="critical" selected>' not in plain
    assert "now pages" not in plain
    send(client, service)
    assert Page.objects.filter(user=bo).exists()
    assert not card(client), "somebody else's page is a page"


def test_where_nobody_is_on_the_policy_the_last_resort_is_named(
    browser: Browser, ada: User, at: clock.FrozenClock
) -> None:
    """O21."""
    service = set_up(ada)
    Service.objects.update(policy=None)
    page = " ".join(text_of(browser(ada).get(f"/services/{service.pk}/intake/?severity=critical")).split())
    assert 'the last resort: <b class="med"><bdi>Ada Admin</bdi> (you)</b>' in page
