"""`manage.py demo --json`: one card, true by the auditor, made anew without losing the past (contract, ADM-10)."""

from __future__ import annotations

import io
import json
import os
import subprocess
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from accounts.models import User
from core import health
from incidents.models import Incident
from portal.demo import organisation
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
    call_command("demo", "--json", "--days", "2", stdout=out)
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


def test_the_password_stays_and_whoever_is_signed_in_stays(browser: Any) -> None:
    """A second `make demo` ends no visit; the password is everybody's, and good for sign-in."""
    first = card()
    known = {user["password"] for user in first["users"]}
    assert len(known) == 1
    client = Client()
    given = {"login": "priya@fernhill.example", "password": known.pop()}
    assert client.post("/accounts/login/", given).status_code == 302
    assert client.get("/now/").status_code == 200
    assert {user["password"] for user in card()["users"]} == {given["password"]}
    assert client.get("/now/").status_code == 200
    User.objects.filter(email="priya@fernhill.example").update(password="!")
    card()
    assert Client().post("/accounts/login/", given).status_code == 302, "what a visitor changed is set again"


def test_it_ends_with_what_to_do_first(settings: Any) -> None:
    """Beside the JSON, which stays alone on standard output: three lines for people."""
    settings.PORTAL_URL = "http://localhost:18124"
    out, err = io.StringIO(), io.StringIO()
    call_command("demo", "--json", "--days", "2", stdout=out, stderr=err)
    shown = json.loads(out.getvalue())
    first, who, mail, story = [line for line in err.getvalue().splitlines() if line]
    assert first == "Building the demo: 40 people, 2 days.", "whoever waits knows for what"
    assert shown["url"] in who
    assert "priya@fernhill.example (administrator)" in who
    assert shown["users"][0]["password"] in who
    assert str(settings.MAIL_DIR) in mail
    assert shown["pages"]["incident"] in story
    assert "Dev Patel" in story
    out = io.StringIO()
    call_command("demo", "--days", "2", stdout=out)
    assert who in out.getvalue()


def test_make_demo_says_the_address_that_it_serves() -> None:
    """`make demo PORT=18124`: the builder and the portal are told the same port."""
    said = subprocess.run(
        ["make", "-n", "-o", "setup", "demo", "PORT=18124"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout
    steps = [line for line in said.splitlines() if "manage.py" in line]
    assert len(steps) == 2
    assert all("WATCHBILL_PORT=${WATCHBILL_PORT:-18124}" in line for line in steps), said


def test_the_demo_keeps_away_from_a_portal_in_use() -> None:
    world.build()
    with pytest.raises(CommandError, match="in use"):
        card()


@pytest.mark.parametrize("words", [["--json"], ["--play"]])
def test_a_demo_of_an_older_version_or_one_cut_short_is_not_taken_for_the_demo(words: list[str], settings: Any) -> None:
    """The sentence says what to do: twelve people of a former demo, or all forty without their past."""
    world.person("Priya", email="priya@fernhill.example")
    with pytest.raises(CommandError, match=r"Delete that directory.*run `make demo` again") as refused:
        call_command("demo", *words)
    assert str(settings.DATA_DIR) in str(refused.value)
    User.objects.all().delete()
    organisation.build()
    with pytest.raises(CommandError, match="interrupted"):
        call_command("demo", *words)
