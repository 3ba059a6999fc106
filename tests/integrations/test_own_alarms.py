"""The portal's own alarms: an incident of its own, one page to the administrator, never a storm (G14, F60-F62)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from accounts import actors
from core import alarms, auditor, db, health, worker
from core.clock import FrozenClock
from core.health import Finding
from incidents.commands import lifecycle
from incidents.models import Alert, Incident
from integrations.advice import ADVICE, OTHERWISE, advice_on
from integrations.models import OwnService
from integrations.queries.steps import first_steps
from notifications.models import Delivery
from oncall.commands import services
from oncall.models import Page, Service
from tests.world import World, acts, method, person, priority, service, team

PARKED = "“fact:7” was given up after 8 attempts: boom"


@pytest.fixture
def portal(world: World, at: FrozenClock) -> World:
    """The world, with an administrator who has an address."""
    method(world.ada)
    return world


def raise_it(code: str = "core.parked", sentence: str = PARKED, *things: str) -> None:
    alarms.alarm(code, sentence, things)
    worker.drain()


def end_it(code: str = "core.parked") -> None:
    alarms.clear(code)
    worker.drain()


def paged() -> list[str]:
    return [page.user.name for page in Page.objects.select_related("user").order_by("pk")]


def test_an_alarm_is_an_incident_and_ada_is_paged_once(portal: World) -> None:
    """G14: the alarm pages a person, who reads in plain words what is wrong and what to do."""
    raise_it()
    incident = Incident.objects.get()
    assert incident.service.name == "Watchbill"
    assert (incident.service.policy, incident.urgency, incident.status) == (None, "high", "triggered")
    assert incident.title == f"{PARKED} {ADVICE['core.parked']}"
    assert paged() == ["Ada Admin"]
    assert Delivery.objects.get(purpose="page").user == portal.ada
    alert = Alert.objects.get()
    assert alert.details["what_to_do"] == ADVICE["core.parked"]
    assert alert.details["what_is_wrong"] == PARKED


def test_an_alarm_that_stays_is_one_incident_with_a_count_and_one_page(portal: World, at: FrozenClock) -> None:
    raise_it()
    for _ in range(65):
        at.move(minutes=1)
        raise_it()
    assert Incident.objects.count() == 1
    assert Alert.objects.get().count == 3  # told again each half hour
    assert paged() == ["Ada Admin"]


def test_raised_again_after_its_end_it_comes_back_to_its_incident(portal: World, at: FrozenClock) -> None:
    raise_it()
    end_it()
    raise_it()
    assert Incident.objects.count() == 1
    assert Incident.objects.get().status == "triggered"
    assert paged() == ["Ada Admin"]


def test_its_end_resolves_after_the_quiet_time_s13(portal: World, at: FrozenClock) -> None:
    raise_it()
    end_it()
    assert Alert.objects.get().state == "resolved"
    assert Incident.objects.get().status == "triggered"
    at.move(seconds=61)
    worker.drain()
    assert Incident.objects.get().status == "resolved"


def test_readers_look_at_the_alarm_as_it_stands_now(portal: World) -> None:
    """Facts come at least once and in any order: what ended before anybody looked opens nothing."""
    alarms.alarm("core.parked", PARKED)
    alarms.clear("core.parked")
    worker.drain()
    assert not Incident.objects.exists()
    assert not OwnService.objects.exists()


def test_whoever_resolves_it_while_it_stands_hears_of_it_again(portal: World, at: FrozenClock) -> None:
    raise_it()
    lifecycle.resolve(actors.system(), Incident.objects.get(), resolution="I looked away.")
    at.move(minutes=29)
    raise_it()
    assert Incident.objects.get().status == "resolved"
    at.move(minutes=1)
    raise_it()
    assert Incident.objects.filter(status="triggered").count() == 1
    assert paged() == ["Ada Admin", "Ada Admin"]


def test_each_kind_of_alarm_has_an_incident_of_its_own(portal: World) -> None:
    """One that somebody has put aside must not hide another."""
    raise_it()
    raise_it("provider.email", "The provider “email” does not work: 535.")
    assert Incident.objects.count() == 2
    assert advice_on("provider.email") in Incident.objects.get(title__contains="email").title


@pytest.mark.parametrize("name", ["INC-{}", "incident:{}"])
def test_an_alarm_about_its_own_incident_only_counts_it_up(portal: World, name: str) -> None:
    """The audit finds that the internal incident itself is unattended: no second one, whatever the check is called."""
    raise_it()
    own = Incident.objects.get()
    raise_it("incidents.unanswered", "Nobody has been told.", name.format(own.number))
    assert Incident.objects.get() == own
    assert Alert.objects.get().count == 2
    assert paged() == ["Ada Admin"]
    end_it("incidents.unanswered")
    assert Alert.objects.get().state == "open"  # what it was opened for still stands


def test_but_a_forgotten_incident_of_somebody_else_beside_it_is_told_at_once(portal: World, at: FrozenClock) -> None:
    raise_it()
    own = f"INC-{Incident.objects.get().number}"
    raise_it("incidents.unanswered", f"{own} waits.", own)
    at.move(minutes=1)
    raise_it("incidents.unanswered", f"{own} waits (and 1 more).", own, "INC-999")
    assert Incident.objects.count() == 2


def raise_of(*numbers: int, code: str = "incidents.unanswered") -> None:
    """What the auditor says of incidents of other people that nobody has been told of."""
    said = {f"INC-{number}": f"INC-{number} waits." for number in numbers}
    more = f" (and {len(numbers) - 1} more)" if numbers[1:] else ""
    alarms.alarm(code, f"INC-{numbers[0]} waits.{more}", said)
    worker.drain()


def test_a_second_forgotten_incident_pages_although_the_first_is_known(portal: World, at: FrozenClock) -> None:
    """G14: Ada has acknowledged the alarm about one and works on it when another is forgotten."""
    raise_of(905)
    first = Incident.objects.get()
    lifecycle.acknowledge(acts(portal.ada), first)
    at.move(minutes=5)
    raise_of(905, 907)
    second = Incident.objects.exclude(pk=first.pk).get()
    assert second.title.startswith("INC-907 waits. Open that incident now")
    assert paged() == ["Ada Admin", "Ada Admin"]
    at.move(minutes=1)
    raise_of(905, 907)
    assert paged() == ["Ada Admin", "Ada Admin"]
    raise_of(907)
    assert Alert.objects.get(incident=first).state == "resolved", "it is no longer forgotten"
    assert Alert.objects.get(incident=second).state == "open"
    end_it("incidents.unanswered")
    assert not Alert.objects.filter(state="open").exists()


def test_many_forgotten_incidents_are_no_storm_of_pages(portal: World, at: FrozenClock) -> None:
    raise_of(*range(901, 941))
    assert Incident.objects.count() == 11
    assert Incident.objects.filter(title__startswith="INC-911 waits. (and 29 more)").count() == 1
    for left in range(39, 10, -1):  # as they are dealt with, nobody is paged about those that were counted
        at.move(minutes=1)
        raise_of(*range(941 - left, 941))
    assert Incident.objects.count() == 11
    raise_of(*range(931, 941))
    assert Alert.objects.filter(state="open").count() == 10, "few enough for one each"


def test_the_keys_of_alerts_do_not_name_what_may_be_private_s34(portal: World) -> None:
    raise_of(905_123_456)
    assert "905123456" not in Alert.objects.get().key


def test_the_own_incident_is_held_while_an_alarm_is_counted_on_it(
    portal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL another worker may be resolving its alert: then nothing must be counted on what ends."""
    raise_it()
    asked: list[type] = []

    def locked(rows: Any) -> Any:
        asked.append(rows.model)
        return rows

    monkeypatch.setattr(db, "locked", locked)
    raise_it("incidents.unanswered", "Nobody has been told.", f"INC-{Incident.objects.get().number}")
    assert Alert in asked


def test_the_auditor_says_which_things_are_wrong(portal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the check to the incident, the whole way."""
    monkeypatch.setattr(health, "_checks", {})
    health.check("test.forgotten")(lambda: [Finding("INC-42", "INC-42 is forgotten.")])
    auditor.audit_engine()
    worker.drain()
    assert Incident.objects.get().title == f"INC-42 is forgotten. {OTHERWISE}"
    assert alarms.standing()[0].detail["things"] == ["INC-42"]


def test_a_renamed_or_archived_service_is_found_and_used_again(portal: World, at: FrozenClock) -> None:
    raise_it()
    own = services.edit(actors.system(), Service.objects.get(name="Watchbill"), name="Portal")
    services.archive(actors.system(), own)
    raise_it("core.bulk", "The bulk lane does not work.")
    assert {incident.service_id for incident in Incident.objects.all()} == {own.pk}
    own.refresh_from_db()
    assert (own.name, own.archived_at) == ("Portal", None)


def test_a_service_that_people_have_named_so_stays_theirs(portal: World) -> None:
    theirs = service("watchbill", portal.payments, policy=portal.policy)
    raise_it()
    assert Incident.objects.get().service.name == "Watchbill 2"
    assert not Alert.objects.filter(service=theirs).exists()


def test_with_a_policy_its_people_are_paged_instead(portal: World) -> None:
    raise_it("core.bulk", "The bulk lane does not work.")
    services.edit(actors.system(), OwnService.objects.get().service, policy=portal.policy)
    raise_it()
    assert paged() == ["Ada Admin", "Bo Chen"]


def test_a_new_portal_with_an_alarm_has_not_taken_its_first_steps(at: FrozenClock, db: None) -> None:
    """The service that made itself is not the one that Ada has yet to name."""
    ada = person("Ada Admin", role="administrator")
    for rank in range(1, 6):
        priority(rank)
    raise_it()
    assert [step.title for step in first_steps(acts(ada)) if step.done] == ["Create the administrator"]
    assert "New service" in [step.action for step in first_steps(acts(ada))]
    named = service("Checkout", team("Payments"))
    assert f"/services/{named.pk}/intake/" in [step.path for step in first_steps(acts(ada))]


def test_every_check_of_the_auditor_has_its_advice() -> None:
    kept = [name for name in health.checks() if not name.startswith("test.")]
    assert len(kept) >= 10
    assert [name for name in kept if advice_on(name) == OTHERWISE] == []


def test_the_operators_page_has_the_same_advice() -> None:
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
    for code, advice in ADVICE.items():
        assert f"| `{code}{'…' * code.endswith('.')}` | {advice} |" in page


def test_what_is_wrong_and_what_to_do_fit_into_one_title() -> None:
    assert max(len(advice) for advice in [*ADVICE.values(), OTHERWISE]) <= 255 - 151
