"""Pages of services: the directory, one service, and changing it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock, worker
from incidents.kinds import Normalised
from integrations.commands import inbound
from oncall.models import Service, ServiceDependency
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
USUAL = {"urgency": "priority", "reopen_window_minutes": "30 min", "quiet_resolve_seconds": "60 s"}


def test_the_directory_says_who_is_paged_now(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ladder = builders.policy("By turns", world.payments, [turns], [world.ana])
    builders.service("Gateway", world.payments, policy=ladder)
    builders.service("Orphan", world.payments)
    page = text_of(browser(world.eve).get("/services/"))
    assert "Cy Novak" in page or "Bo Chen" in page
    assert ">last resort</span>" in page, "who answers without a policy"
    assert "1 service without an escalation policy" in page
    assert "Operational" in page
    assert "/services/new/" not in page, "Eve makes none"


def test_ana_makes_a_service_and_changes_it(world: World, browser: Browser) -> None:
    ana = browser(world.ana)
    given = {**USUAL, "name": "Ledger", "team": world.payments.pk, "policy": world.policy.pk, "description": "Books"}
    made = ana.post("/services/new/", given)
    ledger = Service.objects.get(name="Ledger")
    assert made["Location"] == f"/services/{ledger.pk}/"
    changed = {**given, "name": "Ledger 2", "policy": "", "needs": [world.checkout.pk], "version": ledger.version}
    page = after(ana, ana.post(f"/services/{ledger.pk}/edit/", changed))
    assert "Ledger 2" in page
    assert "No escalation policy." in page
    assert "Ana Lima" in page, "the team's manager answers"
    assert "Checkout" in page, "what it needs"
    ledger.refresh_from_db()
    assert ledger.policy is None


def test_a_circle_is_refused_and_the_form_kept(world: World, browser: Browser) -> None:
    """A83."""
    other = builders.service("Other", world.payments)
    ServiceDependency.objects.create(service=other, needs=world.checkout)
    given = {**USUAL, "name": "Checkout", "team": world.payments.pk, "policy": world.policy.pk, "needs": [other.pk]}
    answer = browser(world.ana).post(f"/services/{world.checkout.pk}/edit/", {**given, "description": "Typed text"})
    assert answer.status_code == 400
    assert "circle" in text_of(answer)
    assert "Typed text" in text_of(answer)


def test_a_policy_of_another_team_is_no_choice(world: World, browser: Browser) -> None:
    """A58."""
    foreign = builders.policy("Search ladder", world.search, [world.di])
    given = {**USUAL, "name": "Mine", "team": world.payments.pk, "policy": foreign.pk}
    assert browser(world.ana).post("/services/new/", given).status_code == 400
    assert browser(world.ana).post("/services/new/", {**given, "team": world.search.pk}).status_code == 400
    assert not Service.objects.filter(name="Mine").exists()
    assert browser(world.pat).post("/services/new/", given).status_code == 303, "a process owner may"


def test_a_service_page_shows_ladder_behaviour_and_open_incidents(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    event = Normalised(world.checkout.pk, "trigger", "k", summary="Latency is high", severity="critical", tool="events")
    inbound.write_batch([inbound.Arrival(world.checkout.pk, "events", [event], clock.now())])
    worker.drain()
    page = text_of(browser(world.bo).get(f"/services/{world.checkout.pk}/"))
    for words in ("Latency is high", "Partial outage", "Who is paged", "Bo Chen", "after 5 min", "Cy Novak"):
        assert words in page, words
    assert "Latency is high" in text_of(browser(world.ana).get(f"/services/{world.checkout.pk}/"))
    assert "Checkout" in text_of(browser(world.ana).get("/services/?health=bad"))


def test_archiving_asks_says_its_reach_and_can_be_taken_back(world: World, browser: Browser) -> None:
    ana, path = browser(world.ana), f"/services/{world.checkout.pk}/"
    assert "nothing that its monitoring reports pages anybody" in text_of(ana.get(f"{path}archive/"))
    world.checkout.refresh_from_db()
    assert world.checkout.archived_at is None
    assert "Archived" in after(ana, ana.post(f"{path}archive/"))
    assert ana.post(f"{path}archive/").status_code == 409
    assert "Checkout" not in text_of(ana.get("/services/?text=check"))
    assert "Checkout" in text_of(ana.get("/services/?archived=1"))
    assert ana.post(f"{path}restore/").status_code == 303


def test_eve_looks_and_changes_nothing(world: World, browser: Browser) -> None:
    """A57: 403 where she may look, 404 where a stakeholder may not know."""
    path = f"/services/{world.checkout.pk}/"
    for each in ("edit/", "archive/", "restore/"):
        assert browser(world.eve).get(path + each).status_code == 403, each
        assert browser(world.eve).post(path + each, {"name": "Mine"}).status_code == 403, each
    assert browser(world.eve).post("/services/new/", {"name": "Mine"}).status_code == 403
    assert browser(world.sam).get(path).status_code == 404
    assert browser(world.sam).get("/services/").status_code == 403
    assert browser(world.bo).post(path + "archive/").status_code == 403, "a member is no manager"
    world.checkout.refresh_from_db()
    assert (world.checkout.name, world.checkout.archived_at) == ("Checkout", None)


def test_strangers_forms_without_token_and_wild_addresses(world: World, browser: Browser) -> None:
    """A23; huge and hostile values of the address change nothing."""
    assert browser().get("/services/")["Location"].startswith("/accounts/login/")
    assert browser(world.ana, csrf=True).post("/services/new/", {"name": "X"}).status_code == 403
    eve = browser(world.eve)
    for path in ("/services/?team=9999999999999999999999&text=%00&after=%00", "/services/?team=x&health=?"):
        assert eve.get(path).status_code == 200, path
    assert eve.get("/services/99999999999999999999999999/").status_code == 404


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    evil = builders.service(EVIL, world.payments, policy=world.policy, description=EVIL)
    for path in ("/services/", f"/services/{evil.pk}/", f"/services/{evil.pk}/edit/", f"/services/{evil.pk}/archive/"):
        assert_inert(browser(world.ana).get(path))
    assert_inert(browser(world.ana).get("/services/", {"text": EVIL}))


def test_pages_cost_the_same_for_few_and_many(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    bo, page = browser(world.bo), f"/services/{world.checkout.pk}/"
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ladder = builders.policy("Ladder", world.payments, [turns], [world.ana, world.di])
    need = builders.service("Need", world.payments, policy=ladder)
    ServiceDependency.objects.create(service=world.checkout, needs=need)
    few = {"services": count(bo, "/services/"), "service": count(bo, page)}
    for number in range(15):
        extra = builders.policy(f"Policy {number}", world.payments, [turns], [world.bo, world.cy])
        service = builders.service(f"Service {number}", world.payments, policy=extra)
        ServiceDependency.objects.create(service=world.checkout, needs=service)
    assert {"services": count(bo, "/services/"), "service": count(bo, page)} == few
    assert few == {name: recorded(__file__)[name] for name in few}


def test_the_new_form_can_be_sent_with_a_name_alone(world: World, browser: Browser) -> None:
    """What is required stands there already: the folded part need not be opened."""
    page = text_of(browser(world.ana).get("/services/new/"))
    assert 'name="reopen_window_minutes" value="30 min"' in page
    assert 'name="quiet_resolve_seconds" value="1 min"' in page


@pytest.mark.parametrize(
    ("typed", "kept", "said"),
    [
        ("45", None, "Write a number and its unit, such as 5 min, 1 h or 2 d."),
        ("90 s", None, "Must be whole minutes, such as 5 min, 1 h or 2 d."),
        ("8 d", None, "Must be from 1 min to 7 d."),
        ("1 h 30 min", 90, ""),
        ("2d", 2880, ""),
        ("", None, ""),
    ],
)
def test_lengths_of_time_are_typed_with_their_unit(
    world: World, browser: Browser, typed: str, kept: int | None, said: str
) -> None:
    ana = browser(world.ana)
    given = {**USUAL, "name": "Ledger", "team": world.payments.pk, "ack_timeout_minutes": typed}
    answer = ana.post("/services/new/", given)
    if said:
        assert answer.status_code == 400
        assert said in text_of(answer)
        assert f'value="{typed}"' in text_of(answer)
    else:
        made = Service.objects.get(name="Ledger")
        assert made.ack_timeout_minutes == kept
        shown = text_of(ana.get(f"/services/{made.pk}/edit/"))
        assert {90: 'value="1 h 30 min"', 2880: 'value="2 d"', None: 'name="ack_timeout_minutes"'}[kept] in shown
