"""Keys, heartbeats, the inbound log and test events over /api/v1 (A45, A57, S34)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from core import clock, worker
from core.clock import FrozenClock
from incidents.models import Alert, Incident
from integrations.adapters import alertmanager
from integrations.commands import inbound, keys
from integrations.commands.inbound import Arrival, write_batch
from integrations.models import Heartbeat, InboundEvent, IntegrationKey
from tests.integrations import recorded
from tests.integrations.conftest import OWNER
from tests.world import World

Api = Callable[..., APIClient]


def stored(world: World, body: str = "the body", key_id: int | None = None) -> InboundEvent:
    """One alert of Alertmanager, stored as intake does."""
    sent = recorded.body("alertmanager-webhook-firing-1")
    events = alertmanager.parse({}, sent, recorded.door(service_id=world.checkout.pk))
    with transaction.atomic():
        write_batch([Arrival(world.checkout.pk, "alertmanager", events, clock.now(), key_id, body)])
    return InboundEvent.objects.latest("pk")


def test_a_key_is_issued_rotated_and_revoked(world: World, api: Api) -> None:
    ana = api(world.ana)
    made = ana.post(f"/api/v1/services/{world.checkout.pk}/keys/", {"kind": "alertmanager", "name": "Prod"}, "json")
    assert made.status_code == 201
    raw, pk = made.json()["key"], made.json()["id"]
    listed = ana.get(f"/api/v1/services/{world.checkout.pk}/keys/")
    assert listed.status_code == 200
    assert raw not in listed.content.decode()
    assert listed.json()["results"][0]["health"] == {"events": 0, "refused": 0, "unknown": 0, "last_event_at": None}
    renamed = ana.patch(f"/api/v1/keys/{pk}/", {"name": "Staging", "version": 1}, "json")
    assert renamed.json()["name"] == "Staging"
    rotated = ana.post(f"/api/v1/keys/{pk}/rotate/", {"grace_hours": 1}, "json")
    assert rotated.status_code == 201
    assert rotated.json()["key"] != raw
    assert ana.post(f"/api/v1/keys/{pk}/revoke/").json()["revoked_at"]
    seen = ana.get(f"/api/v1/keys/{pk}/")
    assert "digest" not in seen.json()
    assert raw not in seen.content.decode()


def test_others_find_no_key_and_may_not_make_one_a45_a57(world: World, api: Api) -> None:
    row, _ = keys.issue(OWNER, world.checkout)
    for user in (world.eve, world.di):
        assert api(user).get(f"/api/v1/keys/{row.pk}/").status_code == 404
        assert api(user).post(f"/api/v1/keys/{row.pk}/revoke/").status_code == 404
        assert api(user).get(f"/api/v1/services/{world.checkout.pk}/keys/").status_code == 403
        assert api(user).post(f"/api/v1/services/{world.checkout.pk}/keys/", {}, "json").status_code == 403
    assert api(world.sam).get(f"/api/v1/services/{world.checkout.pk}/keys/").status_code in {403, 404}
    assert api().get(f"/api/v1/keys/{row.pk}/").status_code == 401
    assert api(world.bo).get(f"/api/v1/keys/{row.pk}/").status_code == 200
    assert api(world.bo).post(f"/api/v1/keys/{row.pk}/revoke/").status_code == 403
    assert api(world.ana, "read").post(f"/api/v1/keys/{row.pk}/revoke/").status_code == 403
    assert IntegrationKey.objects.get().revoked_at is None


def test_wrong_values_are_named(world: World, api: Api) -> None:
    path = f"/api/v1/services/{world.checkout.pk}/keys/"
    answer = api(world.ana).post(path, {"kind": "generic", "paths": {"summary": ".."}}, "json")
    assert answer.status_code == 400
    assert "paths.summary" in answer.json()["fields"]
    assert api(world.ana).post(path, {"digest": "x"}, "json").status_code == 400


def test_heartbeats(world: World, api: Api) -> None:
    ana = api(world.ana)
    made = ana.post(f"/api/v1/services/{world.checkout.pk}/heartbeats/", {"name": "Backup"}, "json").json()
    assert made["url"].endswith(f"/heartbeats/{made['key']}")
    assert made["state"] == "new"
    one = f"/api/v1/heartbeats/{made['id']}/"
    assert ana.patch(one, {"interval_seconds": 60}, "json").json()["interval_seconds"] == 60
    assert ana.post(f"{one}pause/").json()["state"] == "paused"
    assert ana.post(f"{one}pause/").status_code == 409
    assert ana.post(f"{one}resume/").json()["state"] == "new"
    assert api(world.di).get(one).status_code == 200
    assert api(world.di).delete(one).status_code == 403
    listed = ana.get(f"/api/v1/services/{world.checkout.pk}/heartbeats/")
    assert made["key"] not in listed.content.decode()
    assert ana.delete(one).status_code == 204
    assert not Heartbeat.objects.exists()


def test_a_test_event_takes_the_road_of_all_events(world: World, api: Api) -> None:
    path = f"/api/v1/services/{world.checkout.pk}/test-event/"
    answer = api(world.bo).post(path, {"summary": "Is anybody there?", "severity": "critical"}, "json")
    assert answer.status_code == 202
    assert answer.json()["outcome"] == "new"
    worker.drain()
    assert Incident.objects.get().title == "Is anybody there?"
    assert InboundEvent.objects.get().outcome == "opened"
    assert api(world.eve).post(path, {}, "json").status_code == 403


def test_the_log_and_the_body_of_a_request(world: World, api: Api) -> None:
    row = stored(world)
    listed = api(world.bo).get(f"/api/v1/services/{world.checkout.pk}/inbound/?outcome=accepted").json()["results"]
    assert [each["id"] for each in listed] == [row.pk]
    seen = api(world.bo).get(f"/api/v1/inbound/{row.pk}/").json()
    assert (seen["body"], seen["tool"], seen["dedup_key"]) == ("the body", "alertmanager", "ba578dd48dd32ee9")
    for user in (world.eve, world.di, world.sam):
        assert api(user).get(f"/api/v1/services/{world.checkout.pk}/inbound/").status_code in {403, 404}
        assert api(user).get(f"/api/v1/inbound/{row.pk}/").status_code in {403, 404}
    assert api(world.bo).get(f"/api/v1/services/{world.checkout.pk}/inbound/?outcome=lost").status_code == 400


def test_what_came_in_for_a_private_incident_is_for_its_people_s34(world: World, api: Api) -> None:
    row = stored(world)
    worker.drain()
    incident = Incident.objects.get()
    Incident.objects.update(visibility="private")
    incident.participants.all().delete()
    assert api(world.bo).get(f"/api/v1/inbound/{row.pk}/").status_code == 404
    assert api(world.bo).get(f"/api/v1/services/{world.checkout.pk}/inbound/").json()["results"] == []
    incident.participants.create(user=world.bo)
    assert api(world.bo).get(f"/api/v1/inbound/{row.pk}/").status_code == 200


def test_rows_are_kept_for_30_days_g20(world: World, at: FrozenClock) -> None:
    stored(world)
    at.move(days=30)
    assert inbound.prune() == 0
    stored(world)
    at.move(seconds=1)
    assert inbound.prune(1) == 1
    assert inbound.prune() == 0
    assert InboundEvent.objects.count() == 1
    assert Alert.objects.get().count == 2


@pytest.mark.parametrize("user", ["pat", "ada"])
def test_the_administration_shows_no_secret_a95(world: World, browser: Callable[..., Client], user: str) -> None:
    row, raw = keys.issue(OWNER, world.checkout)
    stored(world, "a body", row.pk)
    client = browser(getattr(world, user))
    for page in ("integrationkey", "heartbeat", "inboundevent"):
        shown = client.get(f"/admin/integrations/{page}/")
        assert shown.status_code == 200
    shown = client.get(f"/admin/integrations/integrationkey/{row.pk}/change/")
    assert shown.status_code == 200
    assert row.digest not in shown.content.decode()
    assert raw not in shown.content.decode()
