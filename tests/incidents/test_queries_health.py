"""The auditor: somebody knows of every open incident, and somebody answers for it (G14, DET-09, F60)."""

from __future__ import annotations

from accounts.models import User
from core.models import DueRow
from incidents.commands import lifecycle
from incidents.models import Alert, Participant
from incidents.queries.health import unanswered, unevaluated, unowned
from notifications.models import Delivery
from oncall.models import Page
from tests.incidents.conftest import Stage
from tests.world import acts


def test_g14_a_paged_person_is_enough(stage: Stage) -> None:
    stage.fire()
    stage.at.move(minutes=2)
    assert list(unanswered()) == []


def test_g14_a_future_step_is_enough(stage: Stage) -> None:
    stage.fire()
    Delivery.objects.all().delete()
    stage.at.move(minutes=2)
    assert list(unanswered()) == []


def test_g14_an_incident_that_nobody_knows_of_is_found(stage: Stage) -> None:
    stage.fire()
    Delivery.objects.all().delete()
    Page.objects.all().delete()
    DueRow.objects.filter(kind="escalation.step").delete()
    assert list(unanswered()) == []  # a minute's grace
    stage.at.move(minutes=2)
    assert [finding.thing for finding in unanswered()] == ["INC-1"]
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    assert list(unanswered()) == []


def test_g14_what_does_not_page_needs_nobody(stage: Stage) -> None:
    stage.fire(severity="info")
    stage.at.move(hours=2)
    assert list(unanswered()) == []


def test_det_09_an_incident_without_assignee_is_found(stage: Stage) -> None:
    stage.fire()
    assert list(unowned()) == []
    Participant.objects.all().delete()
    assert [finding.thing for finding in unowned()] == ["INC-1"]


def test_det_09_an_assignee_who_was_deactivated_is_none(stage: Stage) -> None:
    """S50: normally another answers at once; where that has failed, the auditor says so."""
    stage.fire()
    User.objects.filter(participations__in=Participant.objects.all()).update(is_active=False)
    assert [finding.thing for finding in unowned()] == ["INC-1"]


def test_an_accepted_alert_that_was_never_looked_at_is_found(stage: Stage) -> None:
    stage.accept(stage.event())
    stage.at.move(minutes=2)
    assert list(unevaluated()) == []
    DueRow.objects.all().delete()
    assert [finding.thing for finding in unevaluated()] == [f"alert {Alert.objects.get().pk}"]


def test_the_checks_are_cheap_in_a_storm(stage: Stage, django_assert_max_num_queries: object) -> None:
    from incidents.models import GroupingRule

    GroupingRule.objects.create(service=stage.service, mode="none")
    stage.accept(*[stage.event(f"key {n}") for n in range(40)])
    stage.drain()
    stage.at.move(minutes=2)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert list(unanswered()) == list(unowned()) == list(unevaluated()) == []
