"""The page of a service says who is paged now, what stands around it and what happens next (mock-up 10)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from core import clock, figures, worker
from incidents.commands import lifecycle
from incidents.kinds import Normalised
from incidents.models import ChangeEvent, EventRule, GroupingRule, Incident, Participant
from integrations.commands import inbound
from notifications.models import ContactMethod
from oncall.models import Service, ServiceDependency
from tests import world as builders
from tests.pages import EVIL, assert_inert, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    figures.forget("pulses")


def path(service: Service, more: str = "") -> str:
    return f"/services/{service.pk}/{more}"


def fire(service: Service, key: str, severity: str = "error", summary: str = "") -> Incident:
    """An event of a tool and what follows from it."""
    event = Normalised(service.pk, "trigger", key, summary=summary or f"{key} is bad", severity=severity, tool="events")
    inbound.write_batch([inbound.Arrival(service.pk, "events", [event], clock.now())])
    worker.drain()
    return Incident.objects.order_by("-number")[0]


def words(answer: object) -> str:
    """The page's words alone, with single spaces."""
    plain = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text_of(answer))).split())
    return re.sub(r" ([.,])", r"\1", plain)


def names(page: str) -> list[str]:
    """The directory's services in order."""
    return re.findall(r'class="t-title trunc block"[^>]*><bdi>([^<]*)<', page)


# --- the directory ----------------------------------------------------------------------------------
def test_the_worst_stand_first_then_names(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    for name in ("Alpha", "Beta", "Gamma"):
        builders.service(name, world.search, policy=world.policy)
    fire(Service.objects.get(name="Gamma"), "g", "critical")
    fire(world.checkout, "c", "warning")
    bo = browser(world.bo)
    page = text_of(bo.get("/services/"))
    assert names(page) == ["Gamma", "Checkout", "Alpha", "Beta"]
    assert "4 services, 2 teams. 2 not healthy. Every service has an owner and a policy." in page
    assert page.count('class="spark"') == 2
    assert names(text_of(bo.get("/services/?health=bad"))) == ["Gamma", "Checkout"]
    assert names(text_of(bo.get("/services/?mine=1"))) == ["Checkout"]
    assert names(text_of(bo.get(f"/services/?team={world.search.pk}&text=a"))) == ["Gamma", "Alpha", "Beta"]
    assert "No service fits" in text_of(bo.get("/services/?text=nothing"))


def test_the_directory_goes_on_by_keyset_and_keeps_its_filters(world: World, browser: Browser) -> None:
    for number in range(70):
        builders.service(f"Box {number:02}", world.search)
    fire(Service.objects.get(name="Box 69"), "k", "critical")
    eve = browser(world.eve)
    first = text_of(eve.get("/services/?text=box"))
    more = re.search(r'href="(\?[^"]*|/services/\?[^"]*)" rel="next"', first)
    assert more
    second = text_of(eve.get(more[1].replace("&amp;", "&")))
    assert names(first)[0] == "Box 69"
    assert names(first) + names(second) == ["Box 69", *(f"Box {number:02}" for number in range(69))]
    assert "?text=box" in re.findall(r'href="(/services/\d+/[^"]*)"', first)[0], "a service opens beside the same list"


def test_a_service_stands_beside_the_list_and_alone_for_a_script(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    page = text_of(bo.get(path(world.checkout)))
    assert page.count("<h1") == 1
    assert 'class="is-selected is-cursor"' in page
    part = bo.get(path(world.checkout), headers={"HX-Request": "true"})
    assert "HX-Request" in part["Vary"]
    assert "<html" not in text_of(part)
    assert 'id="detail"' in text_of(part)
    assert f'hx-get="{path(world.checkout)}"' in text_of(bo.get("/services/"))


# --- who is paged -----------------------------------------------------------------------------------
def test_level_one_is_a_person_until_a_time(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """MOB-25: the policy as sentences, with the turn that the person is on."""
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    world.checkout.policy = builders.policy(
        "Ladder", world.payments, [turns], [world.di], repeats=1, fallback=world.ana
    )
    world.checkout.save()
    page = words(browser(world.eve).get(path(world.checkout)))
    found = re.search(r"(Cy Novak|Bo Chen) on call until (Mon \d+ \w+, 09:00 UTC), Primary level 1", page)
    assert found, page
    assert "Di Okoro after 5 min" in page
    assert "It begins again once, then Ana Lima as the last resort." in page
    assert "Nobody would be paged" not in page


def test_nobody_would_be_paged_is_red_and_says_what_to_do(world: World, browser: Browser) -> None:
    ContactMethod.objects.all().delete()
    page = browser(world.ana).get(path(world.checkout))
    assert "notice-red" in text_of(page)
    assert "Nobody would be paged. Level 1: Bo Chen has no working way to be reached." in words(page)
    assert f"/policies/{world.policy.pk}/" in text_of(page)
    assert "Nobody</span>" in text_of(browser(world.ana).get("/services/"))
    orphan = builders.service("Orphan", world.search)
    told = words(browser(world.eve).get(path(orphan)))
    assert "No escalation policy. The last resort is paged. AA Ada Admin last resort" in told
    assert "Choose a policy" not in told, "Eve may not"


# --- around it --------------------------------------------------------------------------------------
def test_both_sides_with_their_health_and_a_map(world: World, browser: Browser) -> None:
    shop, ledger = (builders.service(name, world.search, policy=world.policy) for name in ("Shop", "Ledger"))
    old = builders.service("Old", world.search, archived_at=clock.now())
    for service, needs in ((world.checkout, ledger), (shop, world.checkout), (world.checkout, old)):
        ServiceDependency.objects.create(service=service, needs=needs)
    incident = fire(ledger, "k", "critical")
    page = text_of(browser(world.bo).get(path(world.checkout)))
    side = page.split('id="needs"')[1].split("</section>")[0]
    assert side.index("Ledger") < side.index(str(incident)) < side.index("Needed by") < side.index("Shop")
    drawn = page.split('class="map map-wide"')[1].split("</svg>\n")[0]
    assert "Ledger, Partial outage" in drawn
    assert 'aria-hidden="true"' in drawn.split(">")[0], "the lists beside it speak"
    assert ">Old<" not in page
    assert "Change what it needs" not in page, "a member is no manager"
    assert "Change what it needs" in text_of(browser(world.ana).get(path(world.checkout)))


def test_a_circle_is_refused_with_every_name_of_it(world: World, browser: Browser) -> None:
    """A83: three services; the sentence stands beside the field, and what was picked stays."""
    second, third = (builders.service(name, world.payments) for name in ("Second", "Third"))
    ServiceDependency.objects.create(service=second, needs=third)
    ServiceDependency.objects.create(service=third, needs=world.checkout)
    given = {"name": "Checkout", "team": world.payments.pk, "policy": world.policy.pk, "urgency": "priority"}
    given |= {"reopen_window_minutes": "30 min", "quiet_resolve_seconds": "60 s", "needs": [second.pk]}
    answer = browser(world.ana).post(path(world.checkout, "edit/"), given)
    assert answer.status_code == 400
    assert "in a circle: Checkout → Second → Third → Checkout." in words(answer)
    assert re.search(rf'value="{second.pk}"[^>]*checked', text_of(answer))
    assert not world.checkout.dependencies.exists()


def test_private_incidents_colour_and_count_nothing(world: World, browser: Browser) -> None:
    """A62, S34: neither on the page nor in the directory, but for who is on it."""
    secret = fire(world.checkout, "k", "critical", "Payroll stolen")
    Incident.objects.filter(pk=secret.pk).update(visibility="private", codename="Blue Heron")
    Participant.objects.filter(incident=secret).exclude(user=world.bo).delete()
    for who, knows in ((world.eve, False), (world.ana, False), (world.bo, True)):
        for each in ("/services/", path(world.checkout)):
            page = text_of(browser(who).get(each))
            assert ("Partial outage" in page) is knows, (who.name, each)
            assert ('class="hot"' in page) is knows, (who.name, each)
            if not knows:
                assert "Payroll" not in page
                assert "Blue Heron" not in page
                assert str(secret) not in page


# --- what happens, and what happened ----------------------------------------------------------------
def test_new_incidents_in_sentences(world: World, browser: Browser) -> None:
    page = words(browser(world.ana).get(path(world.checkout)))
    assert "Its severity decides: critical makes P2, error makes P3, warning makes P4, info makes P5." in page
    assert "Alerts that the tool groups become one incident." in page
    assert "An alert within 30 min of the resolution reopens the incident." in page
    EventRule.objects.create(service=world.checkout, name="Disks", field="summary", value="disk")
    EventRule.objects.create(service=None, name="All", field="summary", value="x")
    GroupingRule.objects.create(service=world.checkout, mode="fields", fields=["source"], window_minutes=7)
    Service.objects.filter(pk=world.checkout.pk).update(ack_timeout_minutes=90, urgency="low", reopen_window_minutes=0)
    page = words(browser(world.ana).get(path(world.checkout)))
    assert "1 rule of its own and 1 general rule are asked first; without a match critical makes P2" in page
    assert "Alerts with the same source within 7 min become one incident." in page
    assert "It pages again 1 h 30 min after an acknowledgement without a resolution." in page
    assert "level 1 only, and nobody else follows" in page
    assert "An alert after the resolution makes a new incident." in page


def test_days_changes_and_past_incidents(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    incident = fire(world.checkout, "k", "critical")
    at.move(days=2)
    lifecycle.resolve(builders.acts(world.bo), incident, resolution="Put the old version back")
    at.move(days=1)
    ChangeEvent.objects.create(service=world.checkout, summary="Deploy 7.42", source="Ruth", started_at=clock.now())
    page = text_of(browser(world.bo).get(path(world.checkout)))
    assert "87 of 90 days without an incident of P3 or above" in page
    assert page.count('class="p"') == 3
    assert "Put the old version back" in page
    assert "Deploy 7.42" in page
    link = html.unescape(re.findall(r'href="(/incidents/\?q=[^"]*)"', page.split('id="past"')[1])[0])
    assert "k is bad" in text_of(browser(world.bo).get(link)), "all of its incidents"
    at.move(days=120)
    assert "90 of 90 days" in text_of(browser(world.bo).get(path(world.checkout)))


def test_the_last_events_say_what_became_of_them_to_the_own_team(world: World, browser: Browser) -> None:
    """A57: Eve reads the page without the log."""
    incident = fire(world.checkout, "disk-full", summary="Volume is bad")
    fire(world.checkout, "disk-full", summary="Volume is bad")
    inbound.send_test(builders.acts(world.ana), world.checkout, summary="Trial", severity="info")
    worker.drain()
    page = text_of(browser(world.bo).get(path(world.checkout)))
    log = page.split('id="intake"')[1].split("</section>")[0]
    for each in ("disk-full", "Opened", "Counted", str(incident), "Send a test event", "No monitoring is connected"):
        assert each in log, each
    assert "disk-full" not in text_of(browser(world.eve).get(path(world.checkout)))


def test_hostile_words_are_inert(world: World, browser: Browser) -> None:
    """A1, A4: names, policies, schedules, changes, resolutions."""
    turns = builders.schedule(EVIL[:100], world.payments, world.bo, world.cy)
    ladder = builders.policy(EVIL, world.payments, [turns])
    evil = builders.service(EVIL, world.payments, policy=ladder, description=EVIL)
    ServiceDependency.objects.create(service=world.checkout, needs=evil)
    ServiceDependency.objects.create(service=evil, needs=builders.service(EVIL + "2", world.search))
    ChangeEvent.objects.create(service=evil, summary=EVIL, source=EVIL)
    incident = fire(evil, EVIL, summary=EVIL)
    lifecycle.resolve(builders.acts(world.bo), incident, resolution=EVIL)
    fire(evil, EVIL + "2", summary=EVIL)
    for each in (path(evil), path(world.checkout), "/services/"):
        assert_inert(browser(world.ana).get(each))


@pytest.mark.parametrize("more", ["", "intake/", "edit/"])
def test_every_id_of_a_page_stands_once(world: World, browser: Browser, more: str) -> None:
    """Two things of one name: the sheet of keys was the heading of the integration keys once."""
    page = text_of(browser(world.ana).get(path(world.checkout, more)))
    found = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(found) == sorted(set(found))
