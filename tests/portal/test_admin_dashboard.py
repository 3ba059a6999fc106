"""The first page of the administration and its sidebar (ADM-03, A62, G15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import alarms, audit_watch, clock
from core.models import Beat
from incidents.models import Incident, Milestone
from portal.admin_navigation import GROUPS
from tests import world as builders
from tests.pages import text_of
from tests.world import World, acts

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
QUERIES = 30


def incident(world: World, number: int, rank: int, **fields: object) -> Incident:
    """An incident of Checkout, past every command."""
    level = builders.priority(rank)
    fields = {"title": f"Trouble {number}", **fields}
    levels = dict.fromkeys(("priority", "initial_priority", "peak_priority"), level)
    return Incident.objects.create(number=number, service=world.checkout, **levels, **fields)


def acknowledged(found: Incident, after: timedelta) -> None:
    """Somebody took it after so long."""
    Milestone.objects.create(incident=found, kind="acknowledged", at=found.created_at + after)


def test_the_process_is_measured_by_priority(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """ADM-03: of three P2 one is acknowledged in time, one late, one never; what is old or private does not count."""
    acknowledged(incident(world, 1, 2, status="resolved"), timedelta(minutes=4))
    acknowledged(incident(world, 2, 2, status="resolved"), timedelta(minutes=40))
    incident(world, 3, 2)
    incident(world, 4, 2, visibility="private", title="Payroll data stolen")
    incident(world, 5, 2, created_at=clock.now() - timedelta(days=31), status="closed")
    incident(world, 6, 2, kind="drill")
    answer = browser(world.pat).get("/admin/")
    second = answer.context["adherence"].priorities[1]
    assert (second.name, second.opened, second.acknowledged, second.in_time, second.share) == ("P2", 3, 2, 1, "33%")
    assert [each.number for each in answer.context["adherence"].unowned] == [6, 3]
    page = text_of(answer)
    assert "Trouble 3" in page
    assert "Payroll" not in page


def test_who_was_shut_out_answers_for_nothing_that_is_open(world: World, browser: Browser) -> None:
    """Cy is named on what has ended, for the record; of what is open the others answer, or nobody does."""
    lonely, shared, ended = incident(world, 1, 2), incident(world, 2, 2), incident(world, 3, 2, status="closed")
    for each in (lonely, shared, ended):
        each.participants.create(user=world.cy, assignee=True)
    shared.participants.create(user=world.bo, assignee=True)
    User.objects.filter(pk=world.cy.pk).update(is_active=False)
    assert [each.number for each in browser(world.pat).get("/admin/").context["adherence"].unowned] == [1]
    client = browser(world.bo)
    told = [client.get(f"/incidents/{number}/").context["page"].assignees for number in (1, 2, 3)]
    assert told == [[], [world.bo], [world.cy]]
    listed = client.get("/api/v1/incidents/2/").json()["assignees"]
    assert [each["name"] for each in listed] == [world.bo.name]


def test_what_is_wrong_stands_first(world: World, browser: Browser, at: clock.FrozenClock, settings: Any) -> None:
    settings.EMAIL_URL = ""
    alarms.alarm("policies", "Nobody on the escalation policy Nights can be reached.")
    Beat.objects.create(name="worker:host-a:71", at=clock.now())
    Beat.objects.create(name="worker:host-b:72", at=clock.now() - timedelta(minutes=10))
    audit_watch.verify("")
    builders.service("Refunds", world.payments)
    page = text_of(browser(world.ada).get("/admin/"))
    for said in (
        "Nobody on the escalation policy Nights can be reached.",
        "The auditor has not run.",
        "Worker 71 on host-a, seen 0 s ago.",
        "audit entries, unbroken. Looked through 16 Nov 09:00 UTC.",
        "E-mail is written to files and reaches nobody",
        "Refunds: It has no escalation policy",
        "Search: The team has no manager.",
        "SMS is not set up.",
    ):
        assert said in page, said
    assert page.index("Alarms") < page.index("The engine")


def test_the_process_owner_sees_no_providers(world: World, browser: Browser) -> None:
    assert browser(world.pat).get("/admin/").context["providers"] is None
    assert browser(world.ada).get("/admin/").context["providers"]


def test_the_page_costs_the_same_with_many_rows(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """P7: a fixed number of queries."""
    client = browser(world.ada)
    client.get("/admin/")
    counts = []
    for first in (10, 40):
        for number in range(first, first + 20):
            acknowledged(incident(world, number, 3), timedelta(minutes=1))
            builders.service(f"Service {number}", world.payments)
        with CaptureQueriesContext(connection) as found:
            assert client.get("/admin/").status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= QUERIES, counts


# --- the sidebar ----------------------------------------------------------------------------------
def groups(client: Client) -> dict[str, list[str]]:
    """Title -> pages of the sidebar."""
    found = client.get("/admin/").context["sidebar_navigation"]
    return {group.get("title", ""): [item["title"] for item in group["items"]] for group in found}


def test_everybody_has_the_groups_that_are_for_him(world: World, browser: Browser) -> None:
    """Administrators alone: users, tokens, the organisation, providers, pages (ADM-02)."""
    owner, administrator = groups(browser(world.pat)), groups(browser(world.ada))
    assert list(administrator) == ["", *(title for title, _ in GROUPS)]
    assert owner["Process"] == ["Priorities", "Event rules", "Grouping"]
    assert not {"Users", "API tokens"} & set(owner["People"])
    assert {"Users", "API tokens", "Teams"} <= set(administrator["People"])
    assert "Settings" not in owner
    assert not {"Escalations", "Pages", "Notification rules"} & set(owner["On call"])
    assert owner["Audit"] == ["Audit"]
    assert "Back to the portal" in owner[""]


def test_each_page_of_the_sidebar_opens(world: World, browser: Browser) -> None:
    for user in (world.pat, world.ada):
        client = browser(user)
        for group in client.get("/admin/").context["sidebar_navigation"]:
            for item in group["items"]:
                assert client.get(item["link"], follow=True).status_code == 200, item


def test_the_look_is_the_persons_own(world: World, browser: Browser) -> None:
    client = browser(world.ada)
    assert client.get("/admin/").context["theme"] is None
    type(world.ada).objects.filter(pk=world.ada.pk).update(theme="dark")
    assert client.get("/admin/").context["theme"] == "dark"
    assert acts(world.ada).user is not None
