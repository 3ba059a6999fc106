"""The status table of domain.md, with its time-outs and undos (O18-O20, O27, O28, S13, S20, S50, S53)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.actors import integration
from accounts.commands import users
from core import clock
from core.errors import Conflict, Forbidden, Invalid
from core.models import DueRow
from incidents import gates
from incidents.commands import assignment, lifecycle, milestones, opening, priority, returning, splitting, undoing
from incidents.models import Alert, Milestone
from notifications.models import Delivery
from oncall.models import Escalation, Page
from tests.incidents.conftest import Stage
from tests.world import acts
from tests.world import priority as of_rank


def test_det_02_declaring_needs_two_fields_and_pages(stage: Stage) -> None:
    incident = opening.declare(acts(stage.world.di), title="Checkout is slow", service=stage.service)
    assert incident.priority.rank == 3
    assert stage.pages() == ["Bo"]
    assert stage.assignees() == {"Bo"}


def test_declaring_is_for_staff_with_a_title(stage: Stage) -> None:
    with pytest.raises(Forbidden):
        opening.declare(acts(stage.world.sam), title="x", service=stage.service)
    for title in ("", "  ", "a\0b", "a\nb", "x" * 256, "\ud800"):
        with pytest.raises(Invalid):
            opening.declare(acts(stage.world.bo), title=title, service=stage.service)
    assert stage.count() == 0


def test_o18_acknowledging_stops_everything_in_one_step(stage: Stage) -> None:
    stage.accept(stage.event())
    DueRow.objects.filter(kind="event.evaluate").update(priority=10)
    from core import due, worker
    from core.claims import claim

    for item in claim(1, kinds=["event.evaluate"]):
        worker.do(item, strict=True)
    assert Delivery.objects.get().state == "queued"
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    assert Delivery.objects.get().state == "withdrawn"
    assert not Escalation.objects.filter(state="running").exists()
    assert set(Page.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert "incident.ack_timeout" in due.handlers()
    assert stage.assignees() == {"Cy"}
    assert stage.incident().milestones.filter(kind="acknowledged").exists()


def test_g17_the_second_to_acknowledge_sees_who_was_first(stage: Stage) -> None:
    stage.fire()
    incident = stage.incident()
    lifecycle.acknowledge(acts(stage.world.bo), incident, version=incident.version)
    with pytest.raises(Conflict, match=r"Bo Chen acknowledged it at 09:00 UTC") as refused:
        lifecycle.acknowledge(acts(stage.world.cy), incident, version=incident.version)
    assert refused.value.code == "already_acknowledged"


def test_o19_who_may_acknowledge(stage: Stage) -> None:
    """The owning team, managers, process owners; an outsider only when paged (security.md 3.4)."""
    stage.fire()
    for outsider in (stage.world.eve, stage.world.di, stage.world.sam):
        with pytest.raises(Forbidden):
            lifecycle.acknowledge(acts(outsider), stage.incident())
    assignment.reassign(acts(stage.world.ana), stage.incident(), user=stage.world.di)
    lifecycle.acknowledge(acts(stage.world.di), stage.incident())
    assert stage.assignees() == {"Di"}


def test_s51_a_stale_form_is_refused_and_says_what_changed(stage: Stage) -> None:
    stage.fire()
    seen = stage.incident()
    lifecycle.acknowledge(acts(stage.world.bo), seen)
    with pytest.raises(Conflict, match="Bo Chen acknowledged it") as refused:
        lifecycle.resolve(acts(stage.world.cy), seen, version=seen.version)
    assert refused.value.code == "stale"
    assert refused.value.fields["status"] == ["acknowledged"]
    assert stage.incident().status == "acknowledged"


def test_the_whole_way_with_both_ends_of_impact_res_21(stage: Stage) -> None:
    bo = acts(stage.world.bo)
    stage.fire()
    for verb in (lifecycle.acknowledge, lifecycle.identify, lifecycle.mitigate, lifecycle.resolve):
        stage.at.move(minutes=5)
        verb(bo, stage.incident())
    incident = stage.incident()
    times = dict(incident.milestones.values_list("kind", "at"))
    assert times["resolved"] - times["mitigated"] == timedelta(minutes=5)
    assert incident.impact_intervals.get().ended_at == times["mitigated"]
    stage.wait(hours=24)
    assert stage.incident().status == "closed"


def test_mitigated_can_relapse_into_a_new_interval(stage: Stage) -> None:
    bo = acts(stage.world.bo)
    stage.fire()
    lifecycle.acknowledge(bo, stage.incident())
    lifecycle.mitigate(bo, stage.incident())
    lifecycle.relapse(bo, stage.incident())
    lifecycle.mitigate(bo, stage.incident())
    lifecycle.identify(bo, stage.incident(), cause="A full disk")
    incident = stage.incident()
    assert (incident.status, incident.suspected_cause) == ("identified", "A full disk")
    assert incident.impact_intervals.count() == 3


@pytest.mark.parametrize("verb", ["mitigate", "identify", "relapse", "reopen", "close"])
def test_moves_that_the_table_does_not_know_are_refused(stage: Stage, verb: str) -> None:
    stage.fire()
    with pytest.raises(Conflict):
        getattr(lifecycle, verb)(acts(stage.world.ada), stage.incident())


def test_undo_within_ten_seconds_keeps_the_due_time(stage: Stage) -> None:
    stage.fire()
    due_at = Escalation.objects.get().due_at
    stage.at.move(seconds=60)
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    stage.at.move(seconds=9)
    undoing.undo_acknowledge(acts(stage.world.cy), stage.incident())
    assert stage.incident().status == "triggered"
    assert Escalation.objects.get(state="running").due_at == due_at
    assert stage.assignees() == {"Bo"}
    assert not Milestone.objects.filter(kind="acknowledged").exists()
    stage.wait(minutes=4)
    assert stage.pages() == ["Bo", "Cy"]


def test_undo_after_ten_seconds_starts_at_level_one(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    stage.at.move(seconds=11)
    undoing.undo_acknowledge(acts(stage.world.cy), stage.incident())
    assert stage.pages() == ["Bo", "Bo"]
    assert Milestone.objects.filter(kind="acknowledged").exists()


def test_undo_of_a_resolve_is_no_reopening(stage: Stage) -> None:
    stage.fire(tool_group="g")
    due_at = Escalation.objects.get().due_at
    before = stage.incident()
    stage.at.move(seconds=5)
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(seconds=5)
    undoing.undo_resolve(acts(stage.world.bo), stage.incident())
    incident = stage.incident()
    assert (incident.status, incident.reopen_count, incident.group_key) == ("triggered", 0, before.group_key)
    assert Alert.objects.get().state == "open"
    assert incident.impact_intervals.get().ended_at is None
    assert Escalation.objects.get(state="running").due_at == due_at
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(seconds=11)
    with pytest.raises(Conflict, match="ten seconds"):
        undoing.undo_resolve(acts(stage.world.bo), stage.incident())


def test_reopening_by_a_person_keeps_the_first_milestones(stage: Stage) -> None:
    bo = acts(stage.world.bo)
    stage.fire()
    lifecycle.acknowledge(bo, stage.incident())
    first = Milestone.objects.get(kind="acknowledged").at
    lifecycle.resolve(bo, stage.incident())
    stage.at.move(hours=1)
    lifecycle.reopen(bo, stage.incident())
    incident = stage.incident()
    assert (incident.status, incident.reopen_count) == ("acknowledged", 1)
    assert Milestone.objects.get(kind="acknowledged").at == first
    assert incident.impact_intervals.count() == 2
    assert stage.pages() == ["Bo"]


def test_a_closed_incident_is_reopened_by_the_process_owner_with_a_reason(stage: Stage) -> None:
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    lifecycle.close(acts(stage.world.pat), stage.incident())
    with pytest.raises(Forbidden):
        lifecycle.reopen(acts(stage.world.bo), stage.incident(), reason="It is back")
    with pytest.raises(Invalid):
        lifecycle.reopen(acts(stage.world.pat), stage.incident())
    lifecycle.reopen(acts(stage.world.pat), stage.incident(), reason="It is back")
    assert stage.incident().status == "acknowledged"


def test_s37_a_gate_keeps_an_incident_from_closing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "_closers", [lambda incident: ["The review is not finished."]])
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    with pytest.raises(Conflict, match="review is not finished"):
        lifecycle.close(acts(stage.world.pat), stage.incident())


def test_a_gate_holds_the_first_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    until = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(gates, "_holds", [lambda incident: until])
    stage.fire()
    assert stage.pages() == []
    assert stage.assignees() == {"Ana"}
    stage.wait(minutes=3)
    assert stage.pages() == ["Bo"]


def test_o20_an_old_acknowledgement_pages_level_one_and_the_one_who_gave_it(stage: Stage) -> None:
    stage.service.ack_timeout_minutes = 10
    stage.service.save()
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    stage.wait(minutes=9)
    assert stage.incident().status == "acknowledged"
    stage.wait(minutes=2)
    assert stage.incident().status == "triggered"
    assert sorted(stage.pages()) == ["Bo", "Bo", "Cy"]


def test_s53_time_out_is_cancelled_by_resolve_and_not_taken_by_work(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    lifecycle.identify(acts(stage.world.bo), stage.incident(), cause="x")
    stage.wait(hours=3)
    assert stage.incident().status == "identified"


def test_s53_the_priority_says_how_long_unless_the_service_does(stage: Stage) -> None:
    stage.fire()  # P3: two hours
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    stage.wait(minutes=119)
    assert stage.incident().status == "acknowledged"
    stage.wait(minutes=2)
    assert stage.incident().status == "triggered"


def test_o27_snooze_is_a_timed_acknowledgement(stage: Stage) -> None:
    stage.fire()
    returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(minutes=30))
    stage.fire()  # a duplicate does not end it
    stage.wait(minutes=29)
    assert stage.incident().status == "acknowledged"
    stage.wait(minutes=2)
    assert (stage.incident().status, stage.incident().snoozed_until) == ("triggered", None)
    assert stage.pages() == ["Bo", "Bo"]


def test_o27_resolve_during_a_snooze_clears_it(stage: Stage) -> None:
    stage.fire()
    returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(minutes=30))
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(hours=1)
    assert (stage.incident().status, stage.incident().snoozed_until) == ("resolved", None)


def test_o27_snoozing_again_moves_the_end(stage: Stage) -> None:
    stage.fire()
    for minutes in (10, 60):
        returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(minutes=minutes))
    stage.wait(minutes=11)
    assert stage.incident().snoozed_until is not None


@pytest.mark.parametrize("hours", [-1, 0, 24 * 8])
def test_a_snooze_ends_in_the_future_and_within_a_week(stage: Stage, hours: int) -> None:
    stage.fire()
    with pytest.raises(Invalid):
        returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(hours=hours))


def test_o28_reassigning_starts_at_the_new_target(stage: Stage) -> None:
    stage.fire()
    assignment.reassign(acts(stage.world.bo), stage.incident(), user=stage.world.di)
    assert stage.assignees() == {"Di"}
    assert stage.pages() == ["Bo", "Di"]
    assert Page.objects.get(user=stage.world.bo).state == "withdrawn"
    stage.drain()
    assert stage.incident().participants.count() == 2


def test_o28_exactly_one_active_target(stage: Stage) -> None:
    stage.fire()
    for target in ({}, {"user": stage.world.di, "policy": stage.world.policy}, {"user": stage.world.sam}):
        with pytest.raises(Invalid):
            assignment.reassign(acts(stage.world.bo), stage.incident(), **target)


def test_tri_14_escalate_now_pages_the_next_level_once(stage: Stage) -> None:
    stage.fire()
    assignment.escalate_now(acts(stage.world.bo), stage.incident())
    stage.drain()
    assert stage.pages() == ["Bo", "Cy"]
    assert stage.assignees() == {"Cy"}


def test_s50_a_deactivated_assignee_is_replaced_at_once(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    users.deactivate(acts(stage.world.ada), stage.world.cy)
    stage.drain()
    assert stage.incident().status == "triggered"
    assert stage.assignees() == {"Bo"}


def test_s10_raising_a_listed_incident_begins_to_page(stage: Stage) -> None:
    stage.fire(severity="info")
    priority.set_priority(acts(stage.world.eve), stage.incident(), priority=of_rank(2))
    assert stage.pages() == ["Bo"]
    assert stage.incident().is_major


def test_s11_anyone_may_raise_and_only_those_on_it_lower(stage: Stage) -> None:
    stage.fire()
    priority.set_priority(acts(stage.world.eve), stage.incident(), priority=of_rank(1))
    with pytest.raises(Forbidden):
        priority.set_priority(acts(stage.world.eve), stage.incident(), priority=of_rank(3))
    with pytest.raises(Forbidden):
        priority.set_priority(acts(stage.world.sam), stage.incident(), priority=of_rank(1))
    priority.set_priority(acts(stage.world.bo), stage.incident(), priority=of_rank(3), review_later=True)
    incident = stage.incident()
    assert (incident.priority.rank, incident.peak_priority.rank, incident.review_later) == (3, 1, True)


def test_s12_major_is_sticky(stage: Stage) -> None:
    stage.fire()
    for rank in (1, 3):
        priority.set_priority(acts(stage.world.bo), stage.incident(), priority=of_rank(rank))
    assert stage.incident().is_major


def test_s11_after_the_end_the_priority_fires_nothing(stage: Stage) -> None:
    stage.fire(severity="info")
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    priority.set_priority(acts(stage.world.bo), stage.incident(), priority=of_rank(1))
    assert stage.pages() == []


def test_s10_what_a_person_has_lowered_stays_low(stage: Stage) -> None:
    stage.fire(severity="critical")
    priority.set_priority(acts(stage.world.bo), stage.incident(), priority=of_rank(4))
    stage.fire("cpu", severity="critical")
    stage.fire(severity="critical")
    assert stage.incident(1).priority.rank == 4


def test_s20_milestones_are_corrected_in_order_and_keep_both_values(stage: Stage) -> None:
    bo = acts(stage.world.bo)
    stage.fire()
    stage.at.move(minutes=10)
    lifecycle.acknowledge(bo, stage.incident())
    lifecycle.mitigate(bo, stage.incident())
    entries = stage.kinds()
    with pytest.raises(Invalid, match="before"):
        milestones.correct(bo, stage.incident(), kind="mitigated", at=clock.now() - timedelta(hours=1))
    with pytest.raises(Invalid, match="future"):
        milestones.correct(bo, stage.incident(), kind="mitigated", at=clock.now() + timedelta(hours=1))
    earlier = clock.now() - timedelta(minutes=1)
    milestones.correct(bo, stage.incident(), kind="acknowledged", at=earlier - timedelta(minutes=1))
    found = milestones.correct(bo, stage.incident(), kind="mitigated", at=earlier, why="The graph says so")
    assert (found.at, found.source, len(found.edits)) == (earlier, "edited", 1)
    assert found.edits[0]["at"] == clock.now().isoformat()
    assert stage.incident().impact_intervals.get().ended_at == earlier
    assert stage.kinds()[: len(entries)] == entries


def test_det_07_splitting_moves_alerts_with_cross_links(stage: Stage) -> None:
    for key in "abcde":
        stage.fire(key, tool_group="g")
    source = stage.incident()
    two = list(source.alerts.order_by("pk").values_list("pk", flat=True))[:2]
    fresh = splitting.split(acts(stage.world.bo), source, alerts=two)
    assert (fresh.status, fresh.alerts.count(), stage.incident(1).alerts.count()) == ("acknowledged", 2, 3)
    assert (stage.incident(2).alert_count, stage.incident(1).alert_count) == (2, 3)
    assert "split" in stage.kinds(fresh)
    assert "split" in stage.kinds(stage.incident(1))
    assert stage.pages() == ["Bo"]
    rest = list(stage.incident(1).alerts.values_list("pk", flat=True))
    for wrong in ([], rest, [two[0]], [999]):
        with pytest.raises(Invalid):
            splitting.split(acts(stage.world.bo), stage.incident(1), alerts=wrong)


def test_a_machine_never_resolves_a_major_incident(stage: Stage) -> None:
    stage.fire(severity="critical")
    with pytest.raises(Conflict):
        lifecycle.resolve(integration("Events", stage.service.pk), stage.incident())


def test_a_key_may_not_touch_another_service(stage: Stage) -> None:
    stage.fire()
    with pytest.raises(Forbidden):
        lifecycle.resolve(integration("Events", stage.service.pk + 1), stage.incident())
