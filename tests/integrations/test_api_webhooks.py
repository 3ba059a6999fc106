"""Webhooks over the API: every verb, secrets shown once, refusals by field (A45, A58, A59, A65, A66, A69)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from core import clock
from incidents.models import Incident
from integrations.models import OutboundWebhook, WebhookDelivery
from tests.fakes import Carrier, drain
from tests.integrations.receivers import opened
from tests.world import World

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
ROOT = "/api/v1/webhooks/"


@pytest.fixture
def receiver(settings: Any, at: clock.FrozenClock) -> Iterator[Carrier]:
    """A receiver on loopback that the guard lets us reach."""
    made = Carrier()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    yield made
    made.close()


def body(world: World, receiver: Carrier, **more: Any) -> dict[str, Any]:
    values = {"name": "Chat bridge", "url": f"{receiver.url}/hook", "team": world.payments.pk}
    return {**values, "kinds": ["incident.opened"], **more}


def send(client: APIClient, method: str, path: str, data: Any = None, status: int = 200) -> Any:
    answer = getattr(client, method)(path, data, format="json")
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def test_a_webhooks_whole_life(world: World, api: Api, receiver: Carrier) -> None:
    """A45: the secret is in the answers to making and rotating alone."""
    ana = api(world.ana)
    made = send(ana, "post", ROOT, body(world, receiver), 201)
    path = f"{ROOT}{made['id']}/"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in send(ana, "get", path)
    assert send(ana, "patch", path, {"name": "Bridge", "services": [world.checkout.pk]})["services"] == [
        world.checkout.pk
    ]
    assert send(ana, "post", f"{path}rotate/", {"grace_hours": 1}, 201)["secret"] != made["secret"]
    opened(world)
    [event] = send(ana, "get", f"{path}deliveries/")["results"]
    assert (event["kind"], event["state"], event["incident"]) == ("incident.opened", "sent", 1)
    assert [(each["outcome"], each["took"]) for each in event["attempts"]] == [("2xx", "under 1 s")]
    one = f"{path}deliveries/{event['id']}/"
    assert send(ana, "get", one)["body"] == receiver.requests[0].json
    assert send(ana, "post", f"{one}replay/", {}, 202)["state"] == "waiting"
    assert send(ana, "post", f"{path}test/", {}, 202)["kind"] == "ping"
    drain()
    assert [request.headers["watchbill-event"] for request in receiver.requests[1:]] == ["ping", "incident.opened"]
    assert send(ana, "post", f"{path}pause/")["state"] == "paused"
    assert send(ana, "post", f"{path}resume/", {"send_waiting": False})["state"] == "active"
    WebhookDelivery.objects.update(state="failed")
    assert send(ana, "post", f"{path}replay/", {"since": "2026-11-16T00:00:00Z"}, 202) == {"events": 1}, "no ping"
    assert send(ana, "get", f"{ROOT}?state=active&q=bri")["results"][0]["name"] == "Bridge"
    send(ana, "delete", path, status=204)
    send(ana, "get", path, status=404)


def test_what_is_refused_and_where(world: World, api: Api, receiver: Carrier) -> None:
    """A58, A59, A69: 400 with the field's name, and nothing half done."""
    ana = api(world.ana)
    other = {"services": [10_000]}, {"team": 10_000}
    for wrong, field in (
        ({"url": "http://127.0.0.2:8000/x"}, "url"),
        ({"url": "http://169.254.169.254/"}, "url"),
        ({"kinds": ["everything"]}, "kinds"),
        ({"kinds": "incident.opened"}, "kinds"),
        ({"name": ""}, "name"),
        ({"secret": "mine"}, "secret"),
        ({"state": "paused"}, "state"),
        (other[0], "services"),
    ):
        found = send(ana, "post", ROOT, body(world, receiver, **wrong), 400)
        assert field in {place.partition(".")[0] for place in found["fields"]}, (wrong, found)
    inside = send(ana, "post", ROOT, body(world, receiver, url="http://10.0.0.7/x"), 400)
    assert "An operator can allow it with the setting WATCHBILL_OUTBOUND_ALLOW" in inside["hint"]
    assert inside["fields"] == {"url": [f"{inside['detail']} {inside['hint']}"]}
    send(ana, "post", ROOT, body(world, receiver, **other[1]), 404)
    send(ana, "post", ROOT, body(world, receiver, team=None), 403)
    send(ana, "post", ROOT, body(world, receiver, team=world.search.pk), 403)
    assert not OutboundWebhook.objects.exists()


def test_a_stale_write_is_refused(world: World, api: Api, receiver: Carrier) -> None:
    """S51: If-Match or version."""
    ana = api(world.ana)
    made = send(ana, "post", ROOT, body(world, receiver), 201)
    path = f"{ROOT}{made['id']}/"
    send(ana, "patch", path, {"name": "Bridge", "version": made["version"]})
    assert send(ana, "patch", path, {"name": "Other", "version": made["version"]}, 409)["code"] == "stale"


def test_a_private_incidents_events_are_not_in_the_log(world: World, api: Api, receiver: Carrier) -> None:
    """S34, A58: nor are those of another webhook found under this one."""
    ana, pat = api(world.ana), api(world.pat)
    mine = send(ana, "post", ROOT, body(world, receiver), 201)
    whole = send(pat, "post", ROOT, body(world, receiver, name="All", team=None), 201)
    incident = opened(world)
    path = f"{ROOT}{mine['id']}/deliveries/"
    [event] = send(ana, "get", path)["results"]
    send(pat, "get", f"{ROOT}{whole['id']}/deliveries/{event['id']}/", status=404)
    send(pat, "get", f"{path}{uuid.uuid4()}/", status=404)
    Incident.objects.filter(pk=incident.pk).update(visibility="private")
    assert send(ana, "get", path)["results"] == []
    send(ana, "get", f"{path}{event['id']}/", status=404)
    send(ana, "post", f"{path}{event['id']}/replay/", {}, 404)


def test_a_narrow_token_reads_and_changes_nothing(world: World, api: Api, receiver: Carrier) -> None:
    made = send(api(world.ana), "post", ROOT, body(world, receiver), 201)
    reader = api(world.ana, "read")
    send(reader, "get", f"{ROOT}{made['id']}/")
    for verb in ("rotate", "pause", "test"):
        send(reader, "post", f"{ROOT}{made['id']}/{verb}/", {}, 403)


def test_a_repeat_key_is_refused_where_a_secret_is_told(world: World, api: Api, receiver: Carrier) -> None:
    """A98: the kept answer would hold it."""
    ana = api(world.ana)
    answer = ana.post(ROOT, body(world, receiver), format="json", HTTP_IDEMPOTENCY_KEY="once")
    assert answer.status_code == 400
    assert not OutboundWebhook.objects.exists()


def test_the_log_is_read_by_pages(world: World, api: Api, receiver: Carrier) -> None:
    """A66: by key, newest first."""
    ana = api(world.ana)
    made = send(ana, "post", ROOT, body(world, receiver), 201)
    for number in range(3):
        opened(world, f"Incident {number}")
    path = f"{ROOT}{made['id']}/deliveries/"
    first = send(ana, "get", f"{path}?page_size=2")
    assert [each["incident"] for each in first["results"]] == [3, 2]
    assert [each["incident"] for each in send(ana, "get", first["next"])["results"]] == [1]
    send(ana, "get", f"{path}?order_by=body", status=400)
