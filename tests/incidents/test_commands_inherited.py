"""People who have to answer for an incident because its assignee is gone hear of it (S50)."""

from __future__ import annotations

from accounts.commands import users
from incidents.commands import lifecycle
from incidents.models import Incident
from notifications.models import Delivery
from oncall.models import Escalation
from tests.incidents.conftest import Stage
from tests.world import acts


def leave(stage: Stage) -> None:
    """Ada deactivates Cy, and everything follows."""
    users.deactivate(acts(stage.world.ada), stage.world.cy)
    stage.drain()


def told(stage: Stage) -> list[str]:
    """Who has been told, in order."""
    rows = Delivery.objects.filter(purpose="page.notice", purpose_key="incident:1").order_by("pk")
    return [str(each.user) for each in rows.select_related("user") if "answer for it now" in each.message["text"]]


def test_s50_the_managers_are_told_that_they_answer_for_it_now(stage: Stage) -> None:
    """Cy is at work on it and leaves: Ana becomes the assignee of an incident for which nobody is paged."""
    stage.fire()
    cy = acts(stage.world.cy)
    lifecycle.acknowledge(cy, stage.incident())
    lifecycle.identify(cy, stage.incident(), cause="A full disk")
    leave(stage)
    assert (stage.incident().status, stage.assignees()) == ("identified", {"Ana"})
    assert told(stage) == ["Ana Lima"]
    assert stage.pages() == ["Bo"]


def test_s50_a_minor_incident_that_pages_nobody_is_told_of_as_well(stage: Stage) -> None:
    stage.fire(severity="info")
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    leave(stage)
    assert (stage.incident().status, stage.assignees()) == ("acknowledged", {"Ana"})
    assert told(stage) == ["Ana Lima"]


def test_s50_whoever_is_paged_needs_no_notice(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    leave(stage)
    assert (stage.incident().status, stage.assignees()) == ("triggered", {"Bo"})
    assert told(stage) == []


def test_s34_an_outside_administrator_sees_no_notice_about_a_private_incident(stage: Stage) -> None:
    """Nobody was ever paged for it; Ana answers for it when Cy leaves, and Ada runs the portal."""
    stage.fire(severity="info")
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    Incident.objects.update(visibility="private", codename="Heron")
    leave(stage)
    assert told(stage) == ["Ana Lima"]
    assert not Escalation.objects.exists()
    seen = Delivery.objects.filter(purpose_key="incident:1")
    assert not seen.visible_to(acts(stage.world.ada)).exists()
    assert seen.visible_to(acts(stage.world.ana)).count() == 1
    Incident.objects.update(visibility="open")
    assert seen.visible_to(acts(stage.world.ada)).count() == 1
