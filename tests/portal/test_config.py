"""`manage.py config`: a plan says what a file would do; applying does it by the commands, or nothing of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.actors import system
from accounts.models import Team, User
from core.config import applying, plan
from core.models import AuditEntry
from integrations.models import IntegrationKey
from oncall.models import Service, ServiceDependency
from tests.portal.configs import bring, change, said
from tests.world import World

pytestmark = pytest.mark.django_db


def test_a_plan_says_what_differs_and_changes_nothing(set_up: World) -> None:
    def work(found: dict[str, Any]) -> None:
        found["services"][1].update(team="Search", quiet_resolve_seconds=5)
        found["policies"][0]["levels"][0]["timeout_minutes"] = 9
        found["teams"].append({"name": "Platform", "managers": ["ANA@example.org"]})

    before = plan.export()
    read = change(before, work)
    assert applying.rehearse(system(), read).lines() == [
        "+ teams: Platform",
        "    managers: [ANA@example.org]",
        "~ policies: Payments on call",
        "    levels[0].timeout_minutes: 5 -> 9",
        "~ services: Checkout",
        "    team: Payments -> Search",
        "    quiet_resolve_seconds: 60 -> 5",
    ]
    assert plan.export() == before
    assert bring(read) == ["+ teams: Platform", "~ policies: Payments on call", "~ services: Checkout"]
    assert bring(read) == [], "what stands needs nothing: the second time there is nothing to do"
    assert Service.objects.get(name="Checkout").team.name == "Search"


def test_each_change_is_in_the_audit_under_the_name_of_the_one_who_applied(set_up: World) -> None:
    bring(said(teams=[{"name": "Payments", "description": "Money"}]))
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.label, entry.before, entry.after) == (
        "team.edit",
        "config apply",
        {"description": ""},
        {"description": "Money"},
    )


def test_what_a_file_does_not_say_stays_as_it_is(set_up: World) -> None:
    bring(said(services=[{"name": "checkout", "team": "PAYMENTS", "urgency": "high"}]))
    service = Service.objects.get(name="checkout")
    assert service.policy == set_up.policy
    assert [each.needs.name for each in service.dependencies.all()] == ["search"]
    assert Service.objects.filter(archived_at=None).count() == 4


def test_only_prune_removes_and_never_beyond_the_sections_of_the_file(set_up: World) -> None:
    def work(found: dict[str, Any]) -> None:
        del found["services"][0]
        found["event_rules"] = found["event_rules"][:1]
        found["integration_keys"] = [each for each in found["integration_keys"] if each["kind"] == "generic"]
        del found["people"]
        del found["own_alarms"]

    read = change(plan.export(), work)
    quiet = applying.rehearse(system(), read)
    assert quiet.changes == []
    assert "services: Bare" in quiet.left
    assert bring(read, prune=True) == [
        "- services: Bare",
        "- event_rules: search / Twice",
        "- event_rules: search / Twice",
        "- integration_keys: search / events",
        "- integration_keys: search / events",
    ]
    assert Service.objects.get(name="Bare").archived_at is not None, "archived: its history stays"
    assert IntegrationKey.objects.filter(revoked_at=None).count() == 1
    assert User.objects.filter(is_active=True).count() == 8
    bring(change(plan.export(), lambda found: found["services"].insert(0, {"name": "bare", "team": "Search"})))
    assert Service.objects.get(name="bare").archived_at is None, "named again it comes back"


def test_people_who_are_pruned_are_shut_out_and_come_back_by_name(set_up: World) -> None:
    gone = change(plan.export(), lambda found: found["people"].pop(4))
    assert bring(gone, prune=True) == ["- people: di@example.org"]
    assert "di@example.org" not in plan.export().decode()


def test_a_need_can_be_turned_round(world: World) -> None:
    """On the way from A needs B to B needs A there is no circle."""
    pair = [{"name": "A", "team": "Payments", "needs": ["B"]}, {"name": "B", "team": "Payments", "needs": []}]
    bring(said(services=pair))
    pair[0]["needs"], pair[1]["needs"] = [], ["A"]
    assert bring(said(services=pair)) == ["~ services: A", "~ services: B"]
    assert [str(each) for each in ServiceDependency.objects.all()] == ["B needs A"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_a_thing_once(world: World) -> None:
    read = said(teams=[{"name": "Platform", "members": ["bo@example.org"]}])
    done: list[int] = []

    def one() -> None:
        try:
            done.append(len(applying.apply(system(), read).plan.changes))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1]
    assert Team.objects.filter(name="Platform").count() == 1
