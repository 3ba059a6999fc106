"""What becomes of both sides of a split (S13, S17, O20)."""

from __future__ import annotations

from accounts.models import User
from incidents.commands import lifecycle, people, splitting
from incidents.models import Incident
from oncall.models import Escalation
from tests.incidents.conftest import Stage
from tests.world import acts


def split(stage: Stage, *keys: str, by: User | None = None) -> Incident:
    """Bo, or another, moves the alerts of these keys out of INC-1."""
    source = stage.incident(1)
    alerts = list(source.alerts.filter(key__in=keys).values_list("pk", flat=True))
    return splitting.split(acts(by or stage.world.bo), source, alerts=alerts)


def two_alerts(stage: Stage) -> None:
    """web1 has ended, web2 has not; both are of INC-1."""
    for key in ("web1", "web2"):
        stage.fire(key, tool_group="g")
    stage.fire("web1", "resolve")


def test_s13_the_rest_of_a_split_resolves_when_all_that_is_left_has_ended(stage: Stage) -> None:
    two_alerts(stage)
    stage.at.move(seconds=10)
    split(stage, "web2")
    stage.wait(seconds=40)
    assert stage.incident(1).status == "triggered"  # not before it has been quiet for a minute
    stage.wait(seconds=11)
    assert (stage.incident(1).status, stage.incident(1).resolution_code) == ("resolved", "self_healed")
    assert stage.incident(2).status == "acknowledged"
    assert not Escalation.objects.filter(state="running").exists()
    stage.wait(minutes=10)
    assert stage.pages() == ["Bo"]


def test_s13_what_was_split_off_resolves_when_all_of_it_has_ended(stage: Stage) -> None:
    two_alerts(stage)
    split(stage, "web1")
    stage.wait(seconds=61)
    assert stage.incident(2).status == "resolved"
    assert stage.incident(1).status == "triggered"


def test_s13_neither_half_of_what_bo_holds_open_resolves_by_itself(stage: Stage) -> None:
    """All its alerts had ended when he reopened it, because customers still complain."""
    for key in ("web1", "web2"):
        stage.fire(key, tool_group="g")
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(minutes=2)
    lifecycle.reopen(acts(stage.world.bo), stage.incident(1), reason="Customers still complain")
    split(stage, "web2")
    stage.wait(minutes=3)
    assert [stage.incident(number).status for number in (1, 2)] == ["acknowledged", "acknowledged"]


def test_s13_both_halves_of_a_split_inside_the_quiet_time_resolve(stage: Stage) -> None:
    """web1 ended an hour ago, web2 half a minute ago: INC-2 has its own quiet time from the split on."""
    two_alerts(stage)
    stage.wait(hours=1)
    stage.fire("web2", "resolve")
    stage.wait(seconds=30)
    split(stage, "web1")
    stage.wait(seconds=31)
    assert [stage.incident(number).status for number in (1, 2)] == ["resolved", "acknowledged"]
    stage.wait(seconds=30)
    assert stage.incident(2).resolution_code == "self_healed"


def test_s17_a_guest_of_the_incident_may_split_it(stage: Stage) -> None:
    """Di of another team helps with INC-1; splitting is a right of those on it, and makes it hers."""
    two_alerts(stage)
    people.join(stage.incident(1), [stage.world.di.pk])
    fresh = split(stage, "web2", by=stage.world.di)
    assert (fresh.status, stage.assignees(fresh)) == ("acknowledged", {"Di"})


def test_o20_whoever_let_a_split_incident_time_out_is_asked_again(stage: Stage) -> None:
    """Nobody was ever paged for INC-2: Cy, who took it, is asked beside level 1."""
    stage.service.ack_timeout_minutes = 10
    stage.service.save()
    for key in ("web1", "web2"):
        stage.fire(key, tool_group="g")
    fresh = split(stage, "web2", by=stage.world.cy)
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident(1))
    lifecycle.identify(acts(stage.world.bo), stage.incident(1), cause="A full disk")
    stage.wait(minutes=11)
    assert stage.incident(2).status == "triggered"
    assert sorted(stage.pages(fresh)) == ["Bo", "Cy"]
    escalation = Escalation.objects.get(subject=fresh.subject)
    assert (escalation.policy, escalation.run, escalation.fallback_id) == (stage.world.policy, 1, stage.world.ana.pk)
