"""The directory and a service's page where there is much, little, or something that is no longer in use."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock, figures
from incidents.models import Incident
from oncall.models import EscalationPolicy, Service, ServiceDependency
from oncall.queries.catalogue import Wanted, catalogue
from oncall.queries.standby import standby
from tests import world as builders
from tests.oncall.test_views_service_page import fire, names, path, words
from tests.pages import count, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
LIMITS = {"/services/": 8, "service": 20}


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    figures.forget("pulses")


def opened(service: Service, first: int, many: int, rank: int) -> None:
    """So many open incidents of a service, without the road that leads to them."""
    level = builders.priority(rank)
    ranks = {"priority": level, "initial_priority": level, "peak_priority": level}
    Incident.objects.bulk_create(
        Incident(number=first + each, title=f"Trouble {first + each}", service=service, group_key=f"g{each}", **ranks)
        for each in range(many)
    )


# --- much -------------------------------------------------------------------------------------------
def test_ten_and_five_hundred_services_cost_the_same(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """Lists take 8 queries at most, a service with its directory 20, for whoever looks and however it stands."""
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ladders = [builders.policy(f"Ladder {n}", world.payments, [turns], [world.ana, world.di]) for n in range(10)]
    made = [builders.service(f"Box {n:03}", world.payments, policy=ladders[n]) for n in range(9)]
    ServiceDependency.objects.create(service=world.checkout, needs=made[0])
    fire(world.checkout, "k", "critical")
    fire(made[0], "k", "critical")
    addresses = ("/services/", path(world.checkout), path(made[1]))

    def cost() -> dict[tuple[str, str], int]:
        return {(who.name, each): count(browser(who), each) for who in (world.bo, world.ana) for each in addresses}

    few = cost()
    more = [Service(name=f"Box {n:03}", team=world.payments, policy=ladders[n % 10]) for n in range(9, 500)]
    Service.objects.bulk_create(more)
    others = Service.objects.filter(name__startswith="Box").exclude(pk=made[0].pk)[:300]
    ServiceDependency.objects.bulk_create(ServiceDependency(service=world.checkout, needs=each) for each in others)
    assert cost() == few
    assert all(found <= LIMITS.get(address, LIMITS["service"]) for (_, address), found in few.items()), few


def test_in_a_storm_every_service_still_stands_as_it_does(world: World, browser: Browser) -> None:
    """More is open elsewhere than anybody reads: the quiet service with one small thing is degraded all the same."""
    noisy = builders.service("Noisy", world.search, policy=world.policy)
    opened(noisy, 1, 1200, 1)
    opened(world.checkout, 2000, 1, 4)
    bo = browser(world.bo)
    page = text_of(bo.get("/services/"))
    assert names(page) == ["Noisy", "Checkout"]
    assert "2 not healthy" in page
    assert '<td role="cell" class="right num">1200</td>' in page
    assert "Degraded" in page
    noisy_page = words(bo.get(path(noisy)))
    assert "990 more are open." in noisy_page, "of the thousand that are read"


def test_the_eleventh_open_incident_is_one_more(world: World, browser: Browser) -> None:
    opened(world.checkout, 1, 11, 3)
    assert "1 more is open." in words(browser(world.bo).get(path(world.checkout)))


def test_all_of_three_hundred_needs_stand_on_the_page(world: World, browser: Browser) -> None:
    """The map shows six a side, the list twelve at once; the others are folded, not lost."""
    for number in range(300):
        box = builders.service(f"Box {number:03}", world.search)
        ServiceDependency.objects.create(service=world.checkout, needs=box)
    page = text_of(browser(world.bo).get(path(world.checkout)))
    side = page.split('id="needs"')[1].split("</section>")[0]
    assert "288 more" in side
    assert len(set(re.findall(r"Box \d{3}", side))) == 300


# --- little -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("health=bad", "Every service is healthy"),
        ("archived=1", "Nothing is archived"),
        ("mine=1", "Your teams have no services"),
        ("text=zzz", "No service fits"),
        ("after=3:zzz", "No service fits"),
        ("after=9:%27%22%3E&health=bad", "Every service is healthy"),
    ],
)
def test_an_empty_list_says_why(world: World, browser: Browser, query: str, said: str) -> None:
    """A66: a place that nobody was given is no empty portal."""
    page = text_of(browser(world.eve).get(f"/services/?{query}"))
    assert said in page or (query.startswith("after=9") and "No service fits" in page)
    assert "No services yet" not in page


def test_the_way_back_to_the_start_keeps_the_filters(world: World, browser: Browser) -> None:
    page = text_of(browser(world.eve).get("/services/?text=check&after=0:A"))
    assert 'href="/services/?text=check">From the start' in page


def test_a_service_that_never_waits_and_one_without_rights_to_change(world: World, browser: Browser) -> None:
    """Sentences fit the values; links that lead nowhere for this viewer are not there."""
    Service.objects.filter(pk=world.checkout.pk).update(quiet_resolve_seconds=0)
    page = text_of(browser(world.bo).get(path(world.checkout)))
    assert "As soon as the last alert has ended it resolves" in page
    assert "No monitoring is connected." in page
    assert "Issue a key" not in page, "Bo is no manager"
    assert "Managers of the team issue its keys" in text_of(browser(world.bo).get(path(world.checkout, "intake/")))
    assert "Issue a key" in text_of(browser(world.ana).get(path(world.checkout)))


# --- no longer in use -------------------------------------------------------------------------------
def test_an_edit_keeps_the_need_of_an_archived_service(world: World, browser: Browser) -> None:
    """Saving something else does not take it away: it is offered, by name, picked."""
    old = builders.service("Old", world.search, archived_at=clock.now())
    builders.service("Another", world.search)
    ServiceDependency.objects.create(service=world.checkout, needs=old)
    ana = browser(world.ana)
    form = text_of(ana.get(path(world.checkout, "edit/")))
    picked = re.search(rf'value="{old.pk}"[^>]*checked', form)
    assert picked
    assert "Old (archived)" in form
    assert form.index("Old (archived)") < form.index(">Another"), "what it needs stands first"
    given = {"name": "Checkout", "team": world.payments.pk, "policy": world.policy.pk, "urgency": "priority"}
    given |= {"reopen_window_minutes": "30 min", "quiet_resolve_seconds": "60 s", "needs": [old.pk], "version": 1}
    assert ana.post(path(world.checkout, "edit/"), given).status_code == 303
    assert world.checkout.dependencies.get().needs == old


def test_archiving_counts_only_services_in_use(world: World, browser: Browser) -> None:
    for name, archived in (("Shop", None), ("Old", clock.now())):
        user = builders.service(name, world.search, archived_at=archived)
        ServiceDependency.objects.create(service=user, needs=world.checkout)
    assert "1 other service needs it." in text_of(browser(world.ana).get(path(world.checkout, "archive/")))


# --- links ------------------------------------------------------------------------------------------
def test_page_the_team_leads_to_a_new_incident_of_this_service(world: World, browser: Browser) -> None:
    """The next press pages; an archived service has no such button."""
    bo = browser(world.bo)
    address = f"/incidents/new/?service={world.checkout.pk}"
    builders.service("Another", world.payments)
    for each in (path(world.checkout), path(world.checkout, "intake/")):
        assert f'href="{address}"' in text_of(bo.get(each))
    form = text_of(bo.get(address))
    assert re.search(rf'<option value="{world.checkout.pk}"[^>]*selected', form)
    made = bo.post(address, {"service": world.checkout.pk, "title": "Baskets are empty"})
    assert made.status_code == 303, text_of(made)
    assert Incident.objects.get().service == world.checkout
    Service.objects.filter(pk=world.checkout.pk).update(archived_at=clock.now())
    assert "Page the team" not in text_of(bo.get(path(world.checkout)))


@pytest.mark.parametrize("name", ["Edge", 'A "quoted", name', "-minus: colon", '"" ' * 40])
def test_all_of_its_incidents_shows_its_incidents_alone(world: World, browser: Browser, name: str) -> None:
    """The words of the search survive whatever a service is called; a name too long for a search has no link."""
    service = builders.service(name.strip(), world.payments, policy=world.policy)
    near = builders.service("Edge case", world.payments, policy=world.policy)
    opened(service, 1, 2, 3)
    opened(near, 10, 1, 3)
    Incident.objects.filter(number=1).update(status="resolved")
    bo = browser(world.bo)
    page = text_of(bo.get(path(service)))
    links = [html.unescape(each) for each in re.findall(r'href="(/incidents/\?[^"]*)"', page.split('id="past"')[1])]
    if len(name) > 100:
        assert links == []
        return
    answer = bo.get(links[0])
    assert answer.status_code == 200
    listed = text_of(answer)
    assert "INC-1<" in listed
    assert "INC-2<" in listed
    assert "INC-10<" not in listed


def test_what_is_archived_pages_nobody_and_says_so(world: World, browser: Browser) -> None:
    """Neither on its page nor in the list: no turn, no rule, no health of something that nobody watches."""
    Service.objects.filter(pk=world.checkout.pk).update(archived_at=clock.now())
    ana = browser(world.ana)
    page = words(ana.get(path(world.checkout)))
    assert "Nobody while it is archived." in page
    assert "Bring it back" in page
    for each in ("Bo Chen", "On new incidents", "Operational", "Issue a key", "Archive this service"):
        assert each not in page, each
    row = text_of(ana.get("/services/?archived=1")).split("<tbody")[1].split("</tbody>")[0]
    assert "Checkout" in row
    assert "Bo Chen" not in row
    assert "Operational" not in row


def test_a_page_of_services_with_a_policy_each_says_whom_each_pages(world: World, browser: Browser) -> None:
    """Eight queries in a fresh process too; neither the next page nor a policy that two have is any trouble."""
    for number in range(60):
        turns = builders.schedule(f"Turns {number:02}", world.payments, world.cy)
        ladder = builders.policy(f"Ladder {number:02}", world.payments, [turns, world.di], [world.ana])
        builders.service(f"Box {number:02}", world.payments, policy=ladder)
    builders.service("Box 00 again", world.payments, policy=EscalationPolicy.objects.get(name="Ladder 00"))
    builders.service("Box 00 alone", world.payments)
    bo = browser(world.bo)
    bo.get("/services/")
    figures.forget("*")
    with CaptureQueriesContext(connection) as asked:
        assert bo.get("/services/").status_code == 200
    assert len(asked) <= 8
    found = catalogue(builders.acts(world.bo), Wanted())
    policies = {row.service.name: row.service.policy_id for row in found.rows}
    assert [*policies][:3] == ["Box 00", "Box 00 again", "Box 00 alone"]
    assert len(policies) == 50
    assert found.older
    alone = standby(policies.values())
    assert {row.service.name: row.people for row in found.rows} == {
        name: alone.first(pk) for name, pk in policies.items()
    }
    assert {*found.rows[0].people} == {world.cy, world.di}
    assert {pk: list(levels) for pk, levels in found.standby.levels.items()} == alone.levels
