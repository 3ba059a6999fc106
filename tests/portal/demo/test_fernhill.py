"""The demo, built once with two weeks of past for every story of it: its card, its past and present, the play.

In one file, since the suite hands out whole files: more of them would each build it anew (ADM-10).
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import F
from django.test import Client, override_settings
from pytest_django import DjangoDbBlocker

from accounts.actors import person
from accounts.models import User
from core import clock, health, startup, worker
from core.models import AuditEntry, DueRow
from incidents.commands import lifecycle
from incidents.models import ChangeEvent, Incident, Milestone, TimelineEntry
from oncall.models import Page, Service
from oncall.queries.on_call import person_on_call
from oncall.states import OPEN_PAGES
from portal.demo import history, live, organisation
from portal.demo.card import greeting
from portal.demo.organisation import Organisation
from portal.demo.plays import fresh
from tests import world


@dataclass
class Demo:
    """What the builder has printed: the card on standard output, and its lines for people beside it."""

    card: dict[str, Any]
    said: list[str]


def again(*words: str) -> Demo:
    """Call the builder and read what it prints."""
    out, err = io.StringIO(), io.StringIO()
    call_command("demo", "--json", *words, stdout=out, stderr=err)
    return Demo(json.loads(out.getvalue()), err.getvalue().splitlines())


@pytest.fixture(scope="module")
def built(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """At a stopped clock: a present that runs on while tests look at it would not be the one that was built."""
    mail = tmp_path_factory.mktemp("mail")
    own = override_settings(MAIL_DIR=mail, EMAIL_URL="smtp://nobody.invalid:25", PORTAL_URL="http://localhost:18124")
    with django_db_blocker.unblock(), own, clock.frozen(), transaction.atomic():
        for rank in range(1, 6):
            world.priority(rank)  # those of the migration, also after a test that emptied the tables
        yield again("--days", "14")
        transaction.set_rollback(True)


@pytest.fixture
def demo(built: Demo) -> Iterator[Demo]:
    """The demo as it was built; what a story does to it is taken back."""
    with transaction.atomic():
        yield built
        transaction.set_rollback(True)


@pytest.fixture
def fernhill(demo: Demo) -> Organisation:
    """Its organisation, by name."""
    found = organisation.found()
    assert found is not None
    return found


# --- the card -------------------------------------------------------------------------------------
def test_the_card_is_whole_and_a_second_call_ends_the_first_tokens(demo: Demo, api: Any) -> None:
    """The contract of `manage.py demo --json`."""
    card = demo.card
    roles = {user["role"] for user in card["users"]}
    assert roles == {"administrator", "process_owner", "team_manager", "responder", "stakeholder"}
    assert {"name", "email", "password", "role", "token"} == set(card["users"][0])
    assert {"name", "team", "routing_key"} == set(card["services"][0])
    assert card["sandbox"]["service"] not in {service["name"] for service in card["services"]}
    assert Incident.objects.get(number=int(card["pages"]["incident"].split("/")[2])).priority.rank == 1
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {card['users'][0]['token']}")
    assert client.get("/api/v1/me/").status_code == 200
    count = Incident.objects.count()
    second = again().card
    assert Incident.objects.count() == count
    assert client.get("/api/v1/me/").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {second['users'][0]['token']}")
    assert client.get("/api/v1/me/").status_code == 200


def test_the_password_stays_and_whoever_is_signed_in_stays(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `make demo` ends no visit; the password is everybody's, good for sign-in, and tried once: it is slow."""
    known = {user["password"] for user in demo.card["users"]}
    assert len(known) == 1
    client = Client()
    given = {"login": "priya@fernhill.example", "password": known.pop()}
    assert client.post("/accounts/login/", given).status_code == 302
    assert client.get("/now/").status_code == 200
    tried: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("portal.demo.card.check_password", lambda _, kept: not tried.append(kept))  # type: ignore[func-returns-value]
        assert {user["password"] for user in again().card["users"]} == {given["password"]}
    assert tried == [User.objects.values_list("password", flat=True).distinct().get()], "one hash for all"
    assert client.get("/now/").status_code == 200
    User.objects.filter(email="priya@fernhill.example").update(password="!")
    again()
    assert Client().post("/accounts/login/", given).status_code == 302, "what a visitor changed is set again"


def test_people_read_where_to_sign_in_last_of_all(demo: Demo) -> None:
    """Beside the JSON, which stays alone on standard output; without `--json` there is none."""
    begun, _, mail, story, _, where, password, *people = demo.said
    assert begun == "Building the demo: 40 people, 14 days.", "whoever waits knows for what"
    assert str(settings.MAIL_DIR) in mail
    assert demo.card["pages"]["incident"] in story
    assert "Dev Patel" in story
    assert where.split()[-1] == demo.card["url"] == "http://localhost:18124"
    assert demo.card["users"][0]["password"] in password
    assert people[0].split() == ["administrator", "priya@fernhill.example"]
    assert len(people) == 5
    out = io.StringIO()
    call_command("demo", stdout=out)
    assert out.getvalue().splitlines() == ["The demo is ready.", *demo.said[2:]]


def test_the_portal_greets_with_it_where_it_is_the_demo(demo: Demo) -> None:
    """After the address, as the last line of the console; not when the visitor has chosen another password."""
    said = f"This is the demo: sign in as priya@fernhill.example, password {demo.card['users'][0]['password']}"
    assert startup.lines()[-1] == said
    User.objects.filter(email="priya@fernhill.example").update(password="!")
    assert greeting() == []
    User.objects.filter(email="priya@fernhill.example").delete()
    assert greeting() == []


# --- the past and the present ---------------------------------------------------------------------
def test_the_organisation_is_a_company(fernhill: Organisation) -> None:
    """ADM-10: about 40 people, 8 teams, 25 services and one for trying out."""
    assert len(fernhill.people) == 40
    assert len(fernhill.teams) == 8
    assert Service.objects.count() == 26
    assert not Service.objects.filter(policy=None).exists()
    assert User.objects.values("email").distinct().count() == 40


def test_two_weeks_of_it_hold_together(fernhill: Organisation) -> None:
    """Every time lies where it belongs, every invariant holds, and the present is in the middle of its work."""
    now = clock.now()
    open_ones = Incident.objects.open().order_by("created_at")
    main = open_ones.order_by("priority__rank", "number")[0]
    assert main.priority.rank == 1
    assert main.status == "identified"
    assert [each.status for each in open_ones] == [
        "acknowledged", "acknowledged", "identified", "mitigated", "identified", "triggered",
    ]  # fmt: skip
    waiting = open_ones.get(status="triggered")
    assert waiting.priority.rank == 2
    assert Page.objects.filter(subject=waiting.subject, state__in=OPEN_PAGES).count() == 1
    assert not TimelineEntry.objects.filter(occurred_at__lt=F("incident__created_at") - timedelta(seconds=1)).exists()
    assert not TimelineEntry.objects.filter(occurred_at__gt=now).exists()
    assert not Milestone.objects.filter(at__gt=now).exists()
    assert not DueRow.objects.filter(state="waiting", due__lt=now).exists()
    audited = {name: list(check()) for name, (check, _) in health.checks().items() if name != "bulk_lane"}
    assert len(audited) >= 4
    assert not any(audited.values()), audited


def test_the_person_whose_turn_it_was_was_asked_first(fernhill: Organisation) -> None:
    for page in Page.objects.filter(level=1).select_related("user", "escalation"):
        number = int(page.subject.split(":")[1])
        service = Incident.objects.select_related("service__team").get(number=number).service
        turns = fernhill.schedules[service.team.name]
        assert person_on_call(turns, page.created_at) == page.user


def test_versions_rise_and_end_with_what_the_present_speaks_of(fernhill: Organisation) -> None:
    """The P1 goes back to payments-gateway 4.17.2, so that is what ran; the play speaks of search-api 2.9.0."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for summary in ChangeEvent.objects.order_by("started_at").values_list("summary", flat=True):
        assert "{" not in summary
        if match := re.fullmatch(r"(\S+) (\d+)\.(\d+)\.(\d+) deployed", summary):
            found.setdefault(match[1], []).append((int(match[2]), int(match[3]), int(match[4])))
    for service, versions in found.items():
        assert versions == sorted(set(versions)), service
    assert found["payments-gateway"][-1] == (4, 18, 0)
    whole = history.numbered([(clock.now() - timedelta(days=n), name, f"{name} {{v}} deployed")
                              for name in ("payments-gateway", "search-api") for n in range(12)])  # fmt: skip
    assert {whole[0][2], whole[1][2]} == {"payments-gateway 4.17.2 deployed", "search-api 2.9.0 deployed"}
    assert whole[-1][2] in {"payments-gateway 4.14.0 deployed", "search-api 2.5.1 deployed"}


def test_it_is_the_same_past_each_time() -> None:
    """About one incident a day, and no chance decides what a visitor sees."""
    now = clock.now()

    def drawn() -> list[tuple[Any, str]]:
        dice = random.Random(history.SEED)
        return [(begun, plot.title) for begun, plot in history._drawn(dice, now, history.DAYS)]

    assert drawn() == drawn()
    assert 80 <= len(drawn()) <= 130


def test_whoever_acts_was_there_before(fernhill: Organisation) -> None:
    """Nobody joins after having answered, and nothing is set up after it has failed."""
    first = Incident.objects.order_by("created_at")[0]
    assert not User.objects.filter(date_joined__gte=first.created_at).exists()
    assert not AuditEntry.objects.filter(verb="service.create", at__gte=first.created_at).exists()


# --- an incident that is played in the demo that runs ----------------------------------------------
def running(seconds: float) -> None:
    """The portal of the demo, as far as the play waits for it."""
    worker.drain()


def test_it_goes_from_the_alert_to_the_end(fernhill: Organisation) -> None:
    said: list[str] = []
    incident = live.play(fernhill, said.append, running)
    assert incident.status == "resolved"
    assert incident.peak_priority.rank == 1
    assert incident.entries.filter(kind="note").count() == 6
    assert said[0] == f"Open /incidents/{incident.number}/ in the demo and watch.", "the port may be of another shell"
    assert said[-1] == "Resolved."
    assert not any(sentence.startswith("Left out") for sentence in said)


def test_a_visitor_who_resolves_it_first_does_not_end_the_play(fernhill: Organisation) -> None:
    said: list[str] = []

    def meddling(seconds: float) -> None:
        running(seconds)
        found = Incident.objects.filter(status="identified", title=live.PLOT.title).first()
        if found is not None:
            lifecycle.resolve(person(fernhill.people["Priya Raman"]), fresh(found), resolution="Seen enough.")

    assert live.play(fernhill, said.append, meddling).resolution == "Seen enough."
    assert any(sentence.startswith("Left out: This incident is resolved") for sentence in said)


def test_without_a_running_portal_it_says_what_to_do(fernhill: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE", -1)  # the clock stands
    before = AuditEntry.objects.count()
    with pytest.raises(CommandError, match="start it with `make demo`"):
        call_command("demo", "--play", stdout=io.StringIO())
    assert AuditEntry.objects.count() == before, "no tokens are made anew"
