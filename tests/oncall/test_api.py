"""The room's doors under /api/v1/."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from core.clock import FrozenClock
from oncall.models import Page, Service
from tests import world as w
from tests.oncall.cases import Case, paged, start
from tests.world import World

Api = Callable[..., APIClient]


def test_services_are_made_changed_and_archived(world: World, api: Api) -> None:
    client = api(world.ana)
    made = client.post("/api/v1/services/", {"name": "Cart", "team": world.payments.pk, "policy": world.policy.pk})
    assert made.status_code == 201, made.content
    address = f"/api/v1/services/{made.json()['id']}/"
    changed = client.patch(address, {"needs": [world.checkout.pk], "policy": None, "version": 1})
    assert (changed.json()["needs"], changed.json()["policy"]) == ([world.checkout.pk], None)
    assert client.patch(address, {"description": "late", "version": 1}).status_code == 409
    assert client.post(f"{address}archive/").json()["archived_at"]
    names = [row["name"] for row in client.get("/api/v1/services/").json()["results"]]
    assert names == ["Checkout"]
    assert len(client.get("/api/v1/services/?archived=true").json()["results"]) == 2
    assert client.get("/api/v1/services/?archived=maybe").status_code == 400
    assert client.post(f"{address}restore/").json()["archived_at"] is None


def test_policies_are_one_document(world: World, api: Api) -> None:
    client = api(world.ana)
    levels = [{"timeout_minutes": 3, "users": [world.bo.pk]}, {"users": [world.cy.pk]}]
    made = client.post("/api/v1/policies/", {"name": "Nights", "team": world.payments.pk, "levels": levels})
    assert made.status_code == 201, made.content
    body = made.json()
    assert [level["timeout_minutes"] for level in body["levels"]] == [3, 5]
    assert body["warnings"] == []
    refused = client.post("/api/v1/policies/", {"name": "Bad", "team": world.payments.pk, "levels": []})
    assert refused.status_code == 400
    assert "levels" in refused.json()["fields"]
    assert client.delete(f"/api/v1/policies/{body['id']}/").status_code == 204
    assert client.delete(f"/api/v1/policies/{world.policy.pk}/").status_code == 409


def test_schedules_and_who_is_on_call(world: World, api: Api, at: FrozenClock) -> None:
    client = api(world.ana)
    given = {
        "name": "Primary",
        "team": world.payments.pk,
        "anchor": "2026-11-09T09:00",
        "time_zone": "Europe/Berlin",
        "members": [world.bo.pk, world.cy.pk],
    }
    made = client.post("/api/v1/schedules/", given)
    assert made.status_code == 201, made.content
    address = f"/api/v1/schedules/{made.json()['id']}/"
    [row] = client.get("/api/v1/on-calls/").json()["results"]
    assert (row["user_name"], row["since"]) == ("Cy Novak", "2026-11-16T08:00:00Z")
    assert len(client.get(f"{address}shifts/").json()) == 5
    assert client.patch(address, {"members": [world.bo.pk]}).json()["members"] == [world.bo.pk]
    assert client.patch(address, {"members": [10**30]}).status_code == 400
    assert client.delete(address).status_code == 204


def test_a_person_answers_his_or_her_own_pages(world: World, api: Api, case: Case) -> None:
    start(w.policy("Both", world.payments, [world.bo, world.cy], [world.ana]))
    mine = api(world.bo).get("/api/v1/pages/?state=sent").json()["results"]
    assert [(row["subject"], row["open"]) for row in mine] == [("case:7", True)]
    address = f"/api/v1/pages/{mine[0]['id']}/"
    for action in ("accept", "decline", "escalate"):
        assert api(world.cy).post(f"{address}{action}/").status_code == 404
        assert api(world.bo, "read").post(f"{address}{action}/").status_code == 403
    declined = api(world.bo).post(f"{address}decline/", {"reason": "asleep"}).json()
    assert (declined["page"]["state"], declined["sentence"]) == ("declined", "decline: thank you.")
    other = Page.objects.get(user=world.cy)
    accepted = api(world.cy).post(f"/api/v1/pages/{other.pk}/accept/").json()
    assert (accepted["page"]["state"], accepted["page"]["answered_via"]) == ("accepted", "API")
    late = api(world.bo).post(f"{address}accept/")
    assert late.status_code == 409
    assert late.json()["detail"] == "Cy Novak acknowledged it."
    assert paged() == []


def test_rules_are_read_by_token_and_changed_in_the_browser_only(world: World, api: Api, browser: Api) -> None:
    method = w.method(world.bo, "ntfy", "bo-topic")
    given = {"delay_minutes": 3, "method": method.pk}
    assert len(api(world.bo).get("/api/v1/notification-rules/").json()["results"]) == 1
    assert api(world.bo).post("/api/v1/notification-rules/", given).status_code == 403
    session = browser(world.bo)
    made = session.post("/api/v1/notification-rules/", given, content_type="application/json")
    assert made.status_code == 201, made.content
    address = f"/api/v1/notification-rules/{made.json()['id']}/"
    assert browser(world.cy).delete(address).status_code == 404
    assert session.get(address).json()["provider"] == "ntfy"
    assert session.delete(address).status_code == 204
    assert session.delete("/api/v1/notification-rules/").status_code == 204


@pytest.mark.parametrize("address", ["services", "policies", "schedules"])
def test_a57_a_stakeholder_sees_and_changes_nothing(world: World, api: Api, address: str) -> None:
    w.schedule("Primary", world.payments, world.bo)
    client = api(world.sam)
    assert client.get(f"/api/v1/{address}/").json()["results"] == []
    assert client.get(f"/api/v1/{address}/1/").status_code == 404
    assert client.patch(f"/api/v1/{address}/1/", {"name": "Mine"}).status_code in {403, 404}
    assert client.delete(f"/api/v1/{address}/1/").status_code in {403, 404, 405}
    assert api().get(f"/api/v1/{address}/").status_code == 401


def test_a59_unknown_and_forbidden_fields_change_nothing(world: World, api: Api) -> None:
    address = f"/api/v1/services/{world.checkout.pk}/"
    for field in ("id", "archived_at", "owner", "team_name"):
        assert api(world.ana).patch(address, {field: 1}).status_code == 400
    assert Service.objects.get().archived_at is None


def test_a60_a_manager_cannot_take_another_teams_things(world: World, api: Api) -> None:
    theirs = w.service("Index", world.search)
    assert api(world.ana).patch(f"/api/v1/services/{theirs.pk}/", {"name": "Ours"}).status_code == 403
    assert api(world.ana).patch(f"/api/v1/services/{world.checkout.pk}/", {"team": world.search.pk}).status_code == 403


def test_coverage_names_the_holes(world: World, api: Api) -> None:
    w.service("Orphan", world.search)
    assert [row["name"] for row in api(world.bo).get("/api/v1/coverage/").json()] == ["Orphan"]
