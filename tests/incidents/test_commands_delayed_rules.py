"""A person who wants to be told later is not forgotten: the auditor knows of rules that still wait (O25, O29, G14)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import DueRow
from incidents.models import GroupingRule
from incidents.queries import health
from incidents.queries.health import unanswered
from notifications.models import Delivery
from oncall.models import NotificationRule, Page
from tests.incidents.conftest import Stage
from tests.world import World, rule


def mail_later(world: World, *, urgency: str, minutes: int = 15) -> None:
    """Bo, Cy and Ana are told of this urgency by mail, so many minutes after the page, and not before."""
    NotificationRule.objects.filter(urgency=urgency).delete()
    for user in (world.bo, world.cy, world.ana):
        rule(user, user.contact_methods.get(), urgency=urgency, delay_minutes=minutes)


def test_o25_bo_reads_his_mail_about_small_things_after_a_quarter_of_an_hour(stage: Stage) -> None:
    mail_later(stage.world, urgency="low")
    stage.fire(severity="warning")
    assert stage.incident().urgency == "low"
    assert stage.pages() == ["Bo"]
    for _ in range(14):
        stage.wait(minutes=1)
        assert list(unanswered()) == []
    assert not Delivery.objects.exists()
    stage.wait(minutes=2)
    assert Delivery.objects.get().state == "sent"
    assert list(unanswered()) == []


def test_g14_a_rule_that_was_taken_away_tells_nobody(stage: Stage) -> None:
    mail_later(stage.world, urgency="low")
    stage.fire(severity="warning")
    stage.at.move(minutes=2)
    DueRow.objects.filter(kind="rule.fire").update(state=DueRow.DONE)
    assert [finding.thing for finding in unanswered()] == ["INC-1"]


def test_g14_a_rule_of_a_withdrawn_page_or_of_another_incident_does_not_count(stage: Stage) -> None:
    """The keys of pages 1 and 10 begin alike but for the colon."""
    mail_later(stage.world, urgency="low")
    for number in range(11):
        stage.fire(f"key {number}", severity="warning")
    first = Page.objects.earliest("pk")
    DueRow.objects.filter(key__startswith=first.rule_prefix).update(state=DueRow.PARKED)
    second = Page.objects.exclude(pk=first.pk).earliest("pk")
    Page.objects.filter(pk=second.pk).update(state="declined")
    stage.at.move(minutes=2)
    expected = [page.subject.replace("incident:", "INC-") for page in (first, second)]
    assert [finding.thing for finding in unanswered()] == expected


def test_o21_the_last_resort_is_told_later(stage: Stage) -> None:
    """Everybody was asked in vain; Ana, the last resort, wants her mail twenty minutes after the page."""
    stage.fire()
    stage.world.ana.notification_rules.update(delay_minutes=20)
    stage.wait(minutes=5)
    stage.wait(minutes=5)
    assert stage.pages()[-1] == "Ana"
    Delivery.objects.all().delete()  # of what Bo and Cy got nothing is left
    stage.wait(minutes=2)
    assert not Delivery.objects.exists()
    assert list(unanswered()) == []


def test_a_storm_of_small_things_is_looked_through_in_a_few_questions(
    stage: Stage, django_assert_max_num_queries: object
) -> None:
    """105 pages whose rules wait: two chunks of keys."""
    mail_later(stage.world, urgency="low")
    GroupingRule.objects.create(service=stage.service, mode="none")
    stage.accept(*[stage.event(f"key {n}", severity="warning") for n in range(105)])
    stage.drain()
    assert DueRow.objects.filter(kind="rule.fire", state=DueRow.WAITING).count() > 100
    stage.at.move(minutes=2)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert list(unanswered()) == []


def test_the_keys_are_found_by_their_index(stage: Stage) -> None:
    """However many rows wait: no walk through the queue."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by what is in the table")
    mail_later(stage.world, urgency="low")
    stage.fire("a", severity="warning")
    stage.fire("b", severity="warning")
    with CaptureQueriesContext(connection) as asked:
        assert health._ruled({"incident:1", "incident:2"}) == {"incident:1", "incident:2"}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + asked[-1]["sql"])
        plan = [row[-1] for row in cursor.fetchall()]
    assert len([line for line in plan if "key>? AND key<?" in line]) == 2, plan
    assert not [line for line in plan if line.startswith("SCAN")], plan
