"""Pages of event rules and grouping (DET-06, DET-07, TRI-06)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import actors
from incidents.commands import config
from incidents.models import EventRule, GroupingRule
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
SYSTEM = actors.system()


def rule(**more: object) -> dict[str, object]:
    """What the form sends."""
    usual = {"name": "Latency hurts", "field": "summary", "operator": "contains", "value": "latency"}
    return {**usual, "priority": builders.priority(1).pk, "urgency": "", "position": 10, "enabled": "on", **more}


def test_the_teams_manager_writes_rules_of_the_own_service(world: World, browser: Browser) -> None:
    """TRI-06."""
    ana, path = browser(world.ana), f"/services/{world.checkout.pk}/rules/"
    page = " ".join(after(ana, ana.post(f"{path}new/", rule())).split())
    assert "Latency hurts" in page
    assert "contains “<bdi>latency</bdi>”: <bdi>P1</bdi>" in page
    made = EventRule.objects.get()
    assert made.service == world.checkout
    assert ana.post(f"/rules/{made.pk}/", rule(value="slow", version=made.version)).status_code == 303
    stale = ana.post(f"/rules/{made.pk}/", rule(value="mine", version=1))
    assert stale.status_code == 409
    assert "Stored meanwhile: slow" in text_of(stale)
    assert "judged by the other rules" in text_of(ana.get(f"/rules/{made.pk}/delete/"))
    assert EventRule.objects.exists()
    assert ana.post(f"/rules/{made.pk}/delete/").status_code == 303
    assert not EventRule.objects.exists()


def test_general_rules_are_the_process_owners(world: World, browser: Browser) -> None:
    assert browser(world.ana).get("/rules/new/").status_code == 403
    assert browser(world.ana).post("/rules/new/", rule()).status_code == 403
    assert browser(world.pat).post("/rules/new/", rule()).status_code == 303
    assert "Latency hurts" in text_of(browser(world.eve).get("/rules/"))
    assert "Latency hurts" in text_of(browser(world.eve).get(f"/services/{world.checkout.pk}/rules/"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"operator": "matches", "value": "(a"}, "This pattern cannot be used"),
        ({"operator": "matches", "value": "(?<=a)b"}, "This pattern cannot be used"),
        ({"field": "nonsense"}, "Must be one of summary"),
        ({"value": ""}, "Must not be empty"),
        ({"priority": "", "urgency": ""}, "must set a priority or an urgency"),
        ({"name": " "}, "This field is required"),
        ({"position": "99999999999"}, "less than or equal to"),
        ({"priority": "999999"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_used_comes_back_beside_its_field(
    world: World, browser: Browser, more: dict[str, object], said: str
) -> None:
    """A80."""
    answer = browser(world.ana).post(f"/services/{world.checkout.pk}/rules/new/", rule(**more))
    assert answer.status_code == 400
    assert said in text_of(answer)
    assert "autofocus" in text_of(answer)
    assert not EventRule.objects.exists()


def test_grouping_is_chosen_on_the_services_page(world: World, browser: Browser) -> None:
    """DET-07."""
    ana, path = browser(world.ana), f"/services/{world.checkout.pk}/grouping/"
    given = {"mode": "fields", "fields_named": "component, details.region", "window_minutes": "15 min", "version": ""}
    assert ana.post(path, given).status_code == 303
    found = GroupingRule.objects.get()
    assert (found.mode, found.fields, found.window_minutes) == ("fields", ["component", "details.region"], 15)
    wrong = ana.post(path, {**given, "fields_named": "nonsense", "version": found.version})
    assert wrong.status_code == 400
    assert "Must be one of summary" in text_of(wrong)
    assert ana.post(path, {**given, "mode": "none", "version": found.version}).status_code == 303
    stale = ana.post(path, {**given, "mode": "window", "version": found.version})
    assert stale.status_code == 409


def test_eve_looks_and_changes_nothing(world: World, browser: Browser) -> None:
    """A57, A23."""
    made = config.create_rule(SYSTEM, service=world.checkout, name="R", field="summary", value="x", urgency="low")
    own = f"/services/{world.checkout.pk}/"
    for user in (world.eve, world.bo):
        client = browser(user)
        assert client.get(f"{own}rules/").status_code == 200
        for path in (f"{own}rules/new/", f"/rules/{made.pk}/", f"/rules/{made.pk}/delete/", f"{own}grouping/"):
            assert client.post(path, rule()).status_code == 403, path
    assert browser(world.sam).get("/rules/").status_code == 403
    assert browser(world.sam).get(f"{own}rules/").status_code == 404
    assert browser(world.ana, csrf=True).post(f"{own}rules/new/", rule()).status_code == 403
    assert browser().get("/rules/")["Location"].startswith("/accounts/login/")
    assert EventRule.objects.get().version == made.version


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    made = config.create_rule(SYSTEM, service=None, name=EVIL[:120], field="summary", value=EVIL, informational=True)
    for path in ("/rules/", f"/rules/{made.pk}/", f"/rules/{made.pk}/delete/", f"/services/{world.checkout.pk}/rules/"):
        assert_inert(browser(world.ada).get(path))


def test_the_pages_cost_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    ana, path = browser(world.ana), f"/services/{world.checkout.pk}/rules/"
    config.create_rule(SYSTEM, service=world.checkout, name="R", field="summary", value="x", urgency="low")
    few = {"rules": count(ana, "/rules/"), "service_rules": count(ana, path)}
    for number in range(12):
        for service in (None, world.checkout, builders.service(f"S{number}", world.payments)):
            config.create_rule(SYSTEM, service=service, name=f"R{number}", field="summary", value="x", urgency="low")
    assert {"rules": count(ana, "/rules/"), "service_rules": count(ana, path)} == few
    assert few == {name: recorded(__file__)[name] for name in few}
