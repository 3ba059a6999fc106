"""A refusal names a field as the body has it, whatever the command below calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
LATER, PUSH = "2027-01-01T00:00:00Z", "https://8.8.8.8/push"
TWILIO = {"account_sid": "no/sid", "auth_token": "t", "from_number": "+4512345678", "base_url": "https://8.8.8.8"}
KEYS = {"p256dh": "no key", "auth": "none"}
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "incidents/{incidents}/acknowledge/", {"version": None}, "version"),
    ("POST", "incidents/{incidents}/milestones/", {"kind": "started", "at": LATER}, "at"),
    ("POST", "incidents/{incidents}/timeline/", {"text": "Soon", "occurred_at": LATER}, "occurred_at"),
    ("POST", "changes/", {"service": 1, "summary": "Deploy 8", "started_at": LATER}, "started_at"),
    ("POST", "incident-views/", {"name": "Ours", "query": "stat:open"}, "query"),
    ("PUT", "services/{services}/grouping/", {"mode": "fields", "by": []}, "by"),
    ("POST", "contact-methods/", {"provider": "email", "address": "nobody"}, "address"),
    (
        "POST",
        "contact-methods/",
        {"provider": "ntfy", "address": PUSH, "secrets": {"token": "a\x01b"}},
        "secrets.token",
    ),
    ("PUT", "contact-methods/subscription/", {"endpoint": f"{PUSH}#there", "keys": KEYS}, "endpoint"),
    ("PUT", "contact-methods/subscription/", {"endpoint": PUSH, "keys": KEYS}, "keys.p256dh"),
    ("PUT", "providers/sms_twilio/", {"enabled": True, "settings": TWILIO}, "settings.account_sid"),
]


@pytest.mark.parametrize(("method", "path", "body", "place"), REFUSED)
def test_ada_is_told_the_field_that_she_has_sent(
    scene: Scene, browser: Callable[..., Client], method: str, path: str, body: dict[str, Any], place: str
) -> None:
    body = {**body, "service": int(scene.ids["services"])} if "service" in body else body
    answer = browser(scene.world.ada).generic(
        method, f"/api/v1/{path.format(**scene.ids)}", json.dumps(body), content_type="application/json"
    )
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [place]), answer.content
