"""The administration writes through the commands (A68)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.models import AuditEntry
from oncall.models import EscalationPolicy, Schedule, Service
from tests import world as w
from tests.oncall.cases import Case, start
from tests.world import World

Browser = Callable[..., Client]


def test_a_policy_is_written_as_lines(world: World, browser: Browser) -> None:
    w.schedule("Primary", world.payments, world.bo)
    client = browser(world.pat)
    assert client.get("/admin/oncall/escalationpolicy/add/").status_code == 200
    given = {
        "name": "Nights",
        "team": world.payments.pk,
        "repeats": 1,
        "fallback": "",
        "levels": "3: bo@example.org, Primary\n10: ana@example.org",
    }
    assert client.post("/admin/oncall/escalationpolicy/add/", given).status_code == 302
    made = EscalationPolicy.objects.get(name="Nights")
    assert [(level.timeout_minutes, level.targets.count()) for level in made.levels.all()] == [(3, 2), (10, 1)]
    assert AuditEntry.objects.filter(verb="policy.create").count() == 1
    address = f"/admin/oncall/escalationpolicy/{made.pk}/change/"
    assert "3: bo@example.org, Primary" in client.get(address).content.decode()
    for wrong in ("bo@example.org", "3: nobody@example.org", "3: Secondary", "x: bo@example.org"):
        assert client.post(address, {**given, "levels": wrong}).status_code == 200
    refused = client.post(address, {**given, "levels": "3: di@example.org, sam@example.org"}, follow=True)
    assert "Sam Stake is a stakeholder and cannot be paged." in refused.content.decode()
    assert client.post(address, {**given, "levels": "9: cy@example.org"}).status_code == 302
    assert [level.timeout_minutes for level in made.levels.all()] == [9]


def test_services_and_schedules_are_written_through_the_commands(world: World, browser: Browser) -> None:
    client = browser(world.pat)
    given = {
        "name": "Cart",
        "description": "",
        "team": world.payments.pk,
        "policy": world.policy.pk,
        "urgency": "high",
        "ack_timeout_minutes": "",
        "reopen_window_minutes": 30,
        "quiet_resolve_seconds": 60,
        "needs": "Checkout",
    }
    assert client.post("/admin/oncall/service/add/", given).status_code == 302
    cart = Service.objects.get(name="Cart")
    assert [row.needs for row in cart.dependencies.all()] == [world.checkout]
    address = f"/admin/oncall/service/{cart.pk}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {**given, "policy": "", "needs": ""}).status_code == 302
    assert (Service.objects.get(name="Cart").policy, cart.dependencies.count()) == (None, 0)
    turn = {
        "name": "Primary",
        "team": world.payments.pk,
        "time_zone": "UTC",
        "anchor": "2026-11-09T09:00",
        "unit": "week",
        "length": 1,
        "members": "bo@example.org\ncy@example.org",
    }
    assert client.post("/admin/oncall/schedule/add/", turn).status_code == 302
    assert Schedule.objects.get().members.count() == 2
    act = {"action": "archive", "_selected_action": [cart.pk]}
    assert client.post("/admin/oncall/service/", act).status_code == 302
    assert Service.objects.get(name="Cart").archived_at is not None


def test_live_rows_are_read_only_and_for_administrators(world: World, browser: Browser, case: Case) -> None:
    escalation = start(world.policy)
    client = browser(world.ada)
    for name in ("escalation", "page", "notificationrule"):
        assert client.get(f"/admin/oncall/{name}/").status_code == 200
        assert client.get(f"/admin/oncall/{name}/add/").status_code == 403
        assert browser(world.pat).get(f"/admin/oncall/{name}/").status_code == 403
    address = f"/admin/oncall/escalation/{escalation.pk}/"
    assert client.get(f"{address}change/").status_code == 200
    assert client.post(f"{address}change/", {"state": "stopped"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["service", "escalationpolicy", "schedule"])
def test_a68_responders_do_not_enter(world: World, browser: Browser, name: str) -> None:
    assert browser(world.bo).get(f"/admin/oncall/{name}/").status_code in {302, 403}
