"""The engine in the admin: read-only, parked rows can be tried again, no page loads a pickle (A93, A95, A99)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from accounts.models import User
from core import alarms, due
from core.models import AuditEntry, Beat, BulkJob, DueRow, Fact
from tests.world import World

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


def test_the_bulk_librarys_pages_are_gone() -> None:
    assert not [model for model in apps.get_app_config("django_q").get_models() if admin.site.is_registered(model)]


@pytest.mark.parametrize("name", ["duerow", "bulkjob", "fact", "beat", "auditentry"])
def test_every_page_opens_for_those_who_may_enter(world: World, browser: Browser, name: str) -> None:
    assert browser(world.ada).get(f"/admin/core/{name}/").status_code == 200


@pytest.mark.parametrize("model", [DueRow, BulkJob, Fact, Beat, AuditEntry])
def test_nothing_can_be_added_changed_or_deleted_by_hand(
    world: World, browser: Browser, model: type[DueRow] | type[Fact]
) -> None:
    name = model.__name__.lower()
    client = browser(world.ada)
    assert client.get(f"/admin/core/{name}/add/").status_code == 403
    assert client.post(f"/admin/core/{name}/add/", {}).status_code == 403
    assert client.post(f"/admin/core/{name}/1/delete/", {"post": "yes"}).status_code in {302, 403}


def test_a_responder_may_not_enter(world: World, browser: Browser) -> None:
    assert browser(world.eve).get("/admin/core/duerow/").status_code in {302, 403, 404}


@pytest.mark.parametrize(("action", "state"), [("try_again", "waiting"), ("dismiss", "done")])
def test_parked_work_is_acted_on_and_audited(world: World, browser: Browser, action: str, state: str) -> None:
    due.put("page:1", "fact.read")
    due.put("page:2", "fact.read")
    parked, held = due.claim(2)
    parked.park("no")
    ids = [parked.id, held.id]
    client = browser(world.ada)
    mixed = client.post("/admin/core/duerow/", {"action": action, "_selected_action": ids}, follow=True)
    assert "Nothing was changed. page:2: It is not parked." in mixed.content.decode(), "A61: all or none"
    client.post("/admin/core/duerow/", {"action": action, "_selected_action": [parked.id]})
    assert dict(DueRow.objects.filter(pk__in=ids).values_list("pk", "state")) == {parked.id: state, held.id: "leased"}
    entry = AuditEntry.objects.get(verb=f"due.{action}")
    assert (entry.actor, entry.thing) == (f"user:{world.ada.pk}", "page:1")


def test_an_alarm_shows_its_sentence_and_not_the_number_of_a_private_incident(world: World, browser: Browser) -> None:
    """S34: the things of an alarm are for the engine."""
    alarms.alarm("incidents.unanswered", "A private incident waits.", {"INC-4711": "A private incident waits."})
    client, pk = browser(world.ada), Beat.objects.get().pk
    for path in ("/admin/core/beat/", f"/admin/core/beat/{pk}/change/"):
        page = client.get(path).content.decode()
        assert "A private incident waits." in page
        assert "INC-4711" not in page


def test_facts_show_kind_and_time_and_not_what_they_hold(world: World, browser: Browser) -> None:
    """S34: they name private incidents and who did what."""
    fact = Fact.objects.create(kind="incident.opened", payload={"incident_id": 4711, "actor": "user:4712"})
    client = browser(world.ada)
    for path in ("/admin/core/fact/", f"/admin/core/fact/{fact.pk}/change/"):
        page = client.get(path).content.decode()
        assert "incident.opened" in page
        assert "4711" not in page
        assert "4712" not in page
