"""From event to incident (DET-01, O31-O39, S13, S14)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from incidents.commands import lifecycle, returning
from incidents.kinds import into_flood
from incidents.models import Alert, EarlyResolve, EventRule, GroupingRule, Incident, Signal
from notifications.models import Delivery
from oncall.models import Escalation, Page
from tests.incidents.conftest import Stage
from tests.world import acts, priority


def test_det_01_one_trigger_opens_one_incident_and_pages_level_one(stage: Stage) -> None:
    assert stage.fire() == "new"
    incident = stage.incident()
    assert (incident.number, incident.status, incident.priority.name) == (1, "triggered", "P3")
    assert stage.pages() == ["Bo"]
    assert stage.assignees() == {"Bo"}
    assert stage.kinds()[:2] == ["opened", "page_sent"]
    assert set(incident.milestones.values_list("kind", flat=True)) == {"started", "detected"}


def test_o34_a_duplicate_is_counted_and_pages_nobody(stage: Stage) -> None:
    stage.fire()
    due_at = Escalation.objects.get().due_at
    stage.at.move(seconds=30)
    assert stage.fire(summary="disk is still bad", details={"n": 2}) == "duplicate"
    alert = Alert.objects.get()
    assert (alert.count, alert.summary, alert.details) == (2, "disk is still bad", {"n": 2})
    assert alert.last_seen == clock.now()
    assert stage.count() == 1
    assert stage.pages() == ["Bo"]
    assert Escalation.objects.get().due_at == due_at


def test_o34_acknowledged_stays_acknowledged(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    stage.fire()
    stage.fire(severity="warning")
    assert stage.incident().status == "acknowledged"
    assert stage.pages() == ["Bo"]


def test_o34_the_worse_severity_is_kept(stage: Stage) -> None:
    assert stage.fire(severity="warning") == "new"
    assert stage.fire(severity="critical") == "worse"
    assert stage.fire(severity="info") == "duplicate"
    assert Alert.objects.get().severity == "critical"
    assert stage.incident().priority.name == "P2"


def test_o32_resolve_and_acknowledge_of_an_unknown_key_create_nothing(stage: Stage) -> None:
    assert stage.accept(stage.event(action="resolve"), stage.event(action="acknowledge")) == ["unknown_key"] * 2
    assert not Alert.objects.exists()
    assert stage.drain() == 0


def test_o35_a_resolve_older_than_the_last_trigger_is_ignored(stage: Stage) -> None:
    now = clock.now()
    stage.fire(event_at=now)
    assert stage.fire(action="resolve", event_at=now - timedelta(seconds=5)) == "stale"
    assert Alert.objects.get().state == "open"
    assert stage.fire(action="resolve", event_at=now) == "resolved"


def test_o35_words_of_an_older_trigger_do_not_replace_newer_ones(stage: Stage) -> None:
    now = clock.now()
    stage.fire(summary="newer", event_at=now)
    stage.fire(summary="older", event_at=now - timedelta(seconds=9))
    alert = Alert.objects.get()
    assert (alert.summary, alert.count, alert.event_at) == ("newer", 2, now)


def test_f16_a_resolve_that_overtakes_its_trigger_leaves_no_ghost(stage: Stage) -> None:
    now = clock.now()
    assert stage.fire(action="resolve", event_at=now) == "unknown_key"
    assert stage.fire(event_at=now - timedelta(seconds=5)) == "stale"
    assert stage.count() == 0
    stage.at.move(minutes=3)
    assert stage.fire(event_at=now - timedelta(seconds=5)) == "new"  # still firing: never lost for long


def test_f16_a_late_duplicate_after_the_resolve_is_stale(stage: Stage) -> None:
    now = clock.now()
    stage.fire(event_at=now - timedelta(seconds=9))
    stage.fire(action="resolve", event_at=now - timedelta(seconds=3))
    assert stage.fire(event_at=now - timedelta(seconds=9)) == "stale"
    assert stage.fire(event_at=now - timedelta(seconds=1)) == "new"


def test_a_tool_whose_clock_is_ahead_cannot_silence_later_events(stage: Stage) -> None:
    ahead = clock.now() + timedelta(days=1)
    stage.fire(event_at=ahead)
    stage.at.move(seconds=1)
    assert stage.fire(action="resolve", event_at=clock.now()) == "resolved"


def test_one_batch_is_worked_through_in_order(stage: Stage) -> None:
    events = [
        stage.event(),
        stage.event(),
        stage.event("cpu"),
        stage.event(action="resolve"),
        stage.event(action="resolve"),
        stage.event(severity="critical"),
        stage.event("cpu", severity="critical"),
        stage.event("note", "info"),
        stage.event("deploy 7", "change", kind="config"),
    ]
    outcomes = ["new", "duplicate", "new", "resolved", "unknown_key", "new", "worse", "signal", "change"]
    assert stage.accept(*events) == outcomes
    assert sorted(Alert.objects.values_list("key", "state", "count")) == [
        ("cpu", "open", 2),
        ("disk", "open", 1),
        ("disk", "resolved", 2),
    ]


def test_o39_resolved_before_the_first_page_pages_nobody(stage: Stage) -> None:
    assert stage.accept(stage.event()) == ["new"]
    assert stage.accept(stage.event(action="resolve")) == ["resolved"]
    stage.drain()
    assert stage.count() == 0
    assert stage.pages() == []


def test_f52_an_event_that_waited_for_hours_is_paged_for_once_and_late(stage: Stage) -> None:
    stage.accept(stage.event())
    stage.wait(hours=5)
    assert stage.pages() == ["Bo"]
    assert "Late by 300 min." in Delivery.objects.get().message["text"]


def test_o31_a_key_belongs_to_its_service(stage: Stage) -> None:
    other = stage.event(service_id=stage.service.pk)
    assert stage.accept(stage.event(), other) == ["new", "duplicate"]


def test_acknowledge_by_the_tool(stage: Stage) -> None:
    stage.fire()
    assert stage.fire(action="acknowledge") == "acknowledged"
    assert stage.incident().status == "acknowledged"
    assert not Escalation.objects.filter(state="running").exists()
    stage.fire(action="acknowledge")
    assert stage.kinds().count("acknowledged") == 1


def test_acknowledged_by_the_tool_before_the_worker_came_to_it(stage: Stage) -> None:
    """Somebody has taken it already: nobody is paged."""
    stage.accept(stage.event())
    stage.at.move(seconds=2)
    stage.accept(stage.event(action="acknowledge"))
    stage.at.move(seconds=2)
    stage.drain()
    assert stage.incident().status == "acknowledged"
    assert not Escalation.objects.filter(state="running").exists()
    assert not Page.objects.filter(state="sent").exists()


def test_s13_a_machine_resolves_a_minor_incident_after_the_quiet_time(stage: Stage) -> None:
    stage.fire()
    stage.at.move(minutes=1)
    stage.fire(action="resolve")
    assert stage.incident().status == "triggered"
    stage.wait(seconds=59)
    assert stage.incident().status == "triggered"
    stage.wait(seconds=2)
    incident = stage.incident()
    assert (incident.status, incident.resolution_code) == ("resolved", "self_healed")
    assert not Escalation.objects.filter(state="running").exists()


def test_s13_a_return_during_the_quiet_time_keeps_it_open(stage: Stage) -> None:
    stage.fire()
    stage.fire(action="resolve")
    stage.wait(seconds=30)
    assert stage.fire() == "new"
    stage.wait(minutes=3)
    assert stage.incident().status == "triggered"
    assert stage.incident().reopen_count == 0
    assert stage.pages() == ["Bo"]


def test_s13_a_major_incident_only_gets_a_suggestion(stage: Stage) -> None:
    stage.fire(severity="critical")
    stage.fire(action="resolve")
    stage.wait(minutes=2)
    assert stage.incident().status == "triggered"
    assert "suggestion" in stage.kinds()


def test_s14_the_same_key_reopens_after_29_minutes(stage: Stage) -> None:
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(minutes=29)
    stage.fire()
    incident = stage.incident()
    assert (incident.status, incident.reopen_count) == ("triggered", 1)
    assert stage.pages() == ["Bo", "Bo"]
    assert incident.impact_intervals.count() == 2
    assert stage.assignees() == {"Bo"}


def test_s14_after_31_minutes_it_is_a_recurrence(stage: Stage) -> None:
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(minutes=31)
    stage.fire()
    assert stage.count() == 2
    assert stage.incident(2).recurrence_of == stage.incident(1)
    assert stage.incident(1).status == "resolved"


def test_s14_a_window_of_zero_never_reopens(stage: Stage) -> None:
    stage.service.reopen_window_minutes = 0
    stage.service.save()
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.fire()
    assert stage.count() == 2


def test_s14_a_cancelled_incident_is_not_reopened(stage: Stage) -> None:
    stage.fire()
    lifecycle.cancel(acts(stage.world.bo), stage.incident())
    stage.fire()
    assert stage.count() == 2


def test_o33_a_flapping_alert_pages_once_per_window_and_is_never_forgotten(stage: Stage) -> None:
    stage.fire()
    for _ in range(3):
        lifecycle.resolve(acts(stage.world.bo), stage.incident())
        stage.at.move(minutes=2)
        stage.fire()
    assert stage.incident().reopen_count == 3
    assert stage.pages() == ["Bo", "Bo"]
    assert Escalation.objects.get(state="running").due_at is not None
    stage.wait(minutes=30)
    assert stage.pages()[:3] == ["Bo", "Bo", "Bo"]


def test_o36_grouped_incident_resolves_with_its_last_alert(stage: Stage) -> None:
    for key in ("a", "b", "c"):
        stage.fire(key, tool_group="g1")
    assert stage.count() == 1
    assert stage.pages() == ["Bo"]
    stage.fire("a", "resolve")
    stage.fire("b", "resolve")
    stage.wait(minutes=2)
    assert stage.incident().status == "triggered"
    stage.fire("c", "resolve")
    stage.wait(minutes=2)
    assert stage.incident().status == "resolved"


def test_o36_a_manual_resolve_closes_the_alerts_and_ends_the_group(stage: Stage) -> None:
    stage.fire("a", tool_group="g1")
    stage.fire("b", tool_group="g1")
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    assert not Alert.objects.filter(state="open").exists()
    stage.fire("c", tool_group="g1")
    assert stage.count() == 2


def test_o37_the_window_is_fixed_from_the_first_alert(stage: Stage) -> None:
    GroupingRule.objects.create(service=stage.service, mode="window", window_minutes=10)
    for number in range(5):
        stage.fire(f"key {number}")
        stage.at.move(minutes=2)
    assert stage.count() == 1
    assert stage.incident().alert_count == 5
    stage.fire("key 6")  # minute 10: the window has ended although alerts kept coming
    assert stage.count() == 2


def test_o37_alerts_lacking_the_grouping_field_stay_apart(stage: Stage) -> None:
    GroupingRule.objects.create(service=stage.service, mode="fields", fields=["component", "details.zone"])
    stage.fire("a", component="db", details={"zone": "x"})
    stage.fire("b", component="db", details={"zone": "x"})
    stage.fire("c", component="db", details={"zone": "y"})
    stage.fire("d", component="db")
    stage.fire("e", component="db")
    assert sorted(Incident.objects.values_list("alert_count", flat=True)) == [1, 1, 1, 2]


def test_grouping_off_keeps_every_key_apart(stage: Stage) -> None:
    GroupingRule.objects.create(service=stage.service, mode="none")
    stage.fire("a", tool_group="g")
    stage.fire("b", tool_group="g")
    assert stage.count() == 2


def test_det_05_a_priority_without_pages_is_listed_and_pages_nobody(stage: Stage) -> None:
    stage.fire(severity="info")
    incident = stage.incident()
    assert incident.priority.name == "P5"
    assert stage.pages() == []
    assert stage.assignees() == {"Ana"}  # the team's manager: nobody is never an answer (DET-09)


def test_det_06_first_matching_rule_wins(stage: Stage) -> None:
    for position, (name, rank) in enumerate([("zone", 1), ("any", 4)]):
        EventRule.objects.create(
            service=stage.service,
            name=name,
            position=position,
            field="details.zone" if name == "zone" else "summary",
            operator="exists" if name == "zone" else "matches",
            value=".*",
            priority=priority(rank),
        )
    stage.fire("a", details={"zone": "eu"})
    stage.fire("b")
    assert [i.priority.rank for i in Incident.objects.order_by("number")] == [1, 4]


def test_det_10_urgency_follows_rule_then_service_then_priority(stage: Stage) -> None:
    stage.fire("a", severity="warning")
    assert stage.incident(1).urgency == "low"
    stage.service.urgency = "high"
    stage.service.save()
    stage.fire("b", severity="warning")
    assert stage.incident(2).urgency == "high"
    EventRule.objects.create(
        service=stage.service, name="calm", field="key", operator="equals", value="c", urgency="low"
    )
    stage.fire("c", severity="critical")
    assert stage.incident(3).urgency == "low"


def test_det_12_an_informational_rule_makes_a_signal_and_opens_nothing(stage: Stage) -> None:
    EventRule.objects.create(name="quiet", field="summary", operator="contains", value="IS BAD", informational=True)
    stage.fire()
    stage.fire()
    assert stage.count() == 0
    assert Signal.objects.get().summary == "disk is bad"


def test_o27_a_worse_severity_ends_a_snooze_and_pages(stage: Stage) -> None:
    stage.fire(severity="warning")
    returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(hours=2))
    stage.fire(severity="warning")
    assert stage.incident().snoozed_until is not None
    stage.fire(severity="critical")
    incident = stage.incident()
    assert (incident.status, incident.snoozed_until) == ("triggered", None)
    assert stage.pages() == ["Bo", "Bo"]
    assert incident.priority.rank == 2


def test_a84_a_flood_is_one_incident_with_a_count(stage: Stage) -> None:
    stage.accept(*[into_flood(stage.event(f"key {n}")) for n in range(150)])
    stage.drain()
    incident = stage.incident()
    assert incident.flood
    assert Alert.objects.get().count == 150
    assert stage.pages() == ["Bo"]


def test_g6_ten_thousand_alerts_of_one_group_write_a_short_log(stage: Stage) -> None:
    for start in range(0, 60, 20):
        stage.accept(*[stage.event(f"key {start + n}", tool_group="g") for n in range(20)])
    stage.drain()
    assert stage.incident().alert_count == 60
    assert 1 <= stage.kinds().count("alert_grouped") <= 21


def test_early_resolves_are_forgotten(stage: Stage) -> None:
    stage.accept(stage.event(action="resolve", event_at=clock.now()))
    stage.at.move(minutes=5)
    stage.accept(stage.event("cpu", action="resolve", event_at=clock.now()))
    assert [row.key for row in EarlyResolve.objects.all()] == ["cpu"]


@pytest.mark.parametrize("times", [1, 3])
def test_ingest_may_be_repeated(stage: Stage, times: int) -> None:
    """A due row that is done twice after a crash opens nothing twice."""
    from accounts.actors import integration
    from incidents.commands.alerts import ingest

    stage.accept(stage.event())
    alert = Alert.objects.get()
    for _ in range(times):
        ingest(integration("Events", stage.service.pk), alert)
    assert stage.count() == 1
    assert stage.incident().alert_count == 1
