"""`manage.py demo --json`: one card, true by the auditor, made anew without losing the past (contract, ADM-10)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from core import health
from incidents.models import Incident
from tests import world


@pytest.fixture(autouse=True)
def own_mail(settings: Any, tmp_path: Any) -> None:
    settings.MAIL_DIR = tmp_path
    settings.EMAIL_URL = "smtp://nobody.invalid:25"


@pytest.fixture(autouse=True)
def priorities(db: None) -> None:
    """Those of the migration, also after a test that emptied the tables."""
    for rank in range(1, 6):
        world.priority(rank)


def card() -> dict[str, Any]:
    out = io.StringIO()
    call_command("demo", "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_the_card_is_whole_and_a_second_call_ends_the_first_tokens(api: Any) -> None:
    first = card()
    roles = {user["role"] for user in first["users"]}
    assert roles == {"administrator", "process_owner", "team_manager", "responder", "stakeholder"}
    assert {"name", "email", "password", "role", "token"} == set(first["users"][0])
    assert {"name", "team", "routing_key"} == set(first["services"][0])
    assert first["sandbox"]["service"] not in {service["name"] for service in first["services"]}
    audited = {name: list(check()) for name, (check, _) in health.checks().items() if name != "bulk_lane"}
    assert len(audited) >= 4
    assert not any(audited.values()), audited

    statuses = set(Incident.objects.values_list("status", flat=True))
    assert {"resolved", "identified", "triggered"} <= statuses
    assert Incident.objects.get(number=int(first["pages"]["incident"].split("/")[2])).priority.rank == 1

    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {first['users'][0]['token']}")
    assert client.get("/api/v1/me/").status_code == 200
    count = Incident.objects.count()
    second = card()
    assert Incident.objects.count() == count
    assert client.get("/api/v1/me/").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {second['users'][0]['token']}")
    assert client.get("/api/v1/me/").status_code == 200


def test_the_demo_keeps_away_from_a_portal_in_use() -> None:
    world.build()
    with pytest.raises(CommandError, match="in use"):
        card()
