"""The demo's past and present agree with themselves: nothing before its time, nobody asked who was not on call."""

from __future__ import annotations

import io
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from accounts.models import User
from core import clock, health
from core.models import AuditEntry, DueRow
from incidents.models import ChangeEvent, Incident, Milestone, TimelineEntry
from oncall.models import Page, Service
from oncall.queries.on_call import person_on_call
from oncall.states import OPEN_PAGES
from portal.demo import history, organisation
from portal.demo.organisation import Organisation
from tests import world


@pytest.fixture
def fernhill(db: None, settings: Any, tmp_path: Any) -> Organisation:
    settings.MAIL_DIR = tmp_path
    settings.EMAIL_URL = ""
    for rank in range(1, 6):
        world.priority(rank)
    return organisation.build()


def test_the_organisation_is_a_company(fernhill: Organisation) -> None:
    """ADM-10: about 40 people, 8 teams, 25 services and one for trying out."""
    assert len(fernhill.people) == 40
    assert len(fernhill.teams) == 8
    assert Service.objects.count() == 26
    assert not Service.objects.filter(policy=None).exists()
    assert User.objects.values("email").distinct().count() == 40


def test_two_weeks_of_it_hold_together(fernhill: Organisation) -> None:
    """Every time lies where it belongs, every invariant holds, and the present is in the middle of its work."""
    main = history.tell(fernhill, days=14)
    now = clock.now()
    assert main.priority.rank == 1
    assert main.status == "identified"
    open_ones = Incident.objects.open().order_by("created_at")
    assert [each.status for each in open_ones] == [
        "acknowledged", "acknowledged", "identified", "mitigated", "identified", "triggered",
    ]  # fmt: skip
    waiting = open_ones.get(status="triggered")
    assert waiting.priority.rank == 2
    assert Page.objects.filter(subject=waiting.subject, state__in=OPEN_PAGES).count() == 1
    assert not TimelineEntry.objects.filter(occurred_at__lt=F("incident__created_at") - timedelta(seconds=1)).exists()
    assert not TimelineEntry.objects.filter(occurred_at__gt=now).exists()
    assert not Milestone.objects.filter(at__gt=now).exists()
    assert not DueRow.objects.filter(state="waiting", due__lt=now - timedelta(seconds=60)).exists()
    for _, (check, _) in health.checks().items():
        assert not list(check())


def test_the_person_whose_turn_it_was_was_asked_first(fernhill: Organisation) -> None:
    history.tell(fernhill, days=8)
    for page in Page.objects.filter(level=1).select_related("user", "escalation"):
        number = int(page.subject.split(":")[1])
        service = Incident.objects.select_related("service__team").get(number=number).service
        turns = fernhill.schedules[service.team.name]
        assert person_on_call(turns, page.created_at) == page.user


def test_versions_rise_and_end_with_what_the_present_speaks_of(fernhill: Organisation) -> None:
    """The P1 goes back to payments-gateway 4.17.2, so that is what ran; the play speaks of search-api 2.9.0."""
    history.tell(fernhill, days=14)
    found: dict[str, list[tuple[int, ...]]] = {}
    for summary in ChangeEvent.objects.order_by("started_at").values_list("summary", flat=True):
        assert "{" not in summary
        if match := re.fullmatch(r"(\S+) (\d+)\.(\d+)\.(\d+) deployed", summary):
            found.setdefault(match[1], []).append((int(match[2]), int(match[3]), int(match[4])))
    for service, versions in found.items():
        assert versions == sorted(set(versions)), service
    assert found["payments-gateway"][-1] == (4, 18, 0)
    whole = history.numbered([(clock.now() - timedelta(days=n), name, f"{name} {{v}} deployed")
                              for name in ("payments-gateway", "search-api") for n in range(12)])  # fmt: skip
    assert {whole[0][2], whole[1][2]} == {"payments-gateway 4.17.2 deployed", "search-api 2.9.0 deployed"}
    assert whole[-1][2] in {"payments-gateway 4.14.0 deployed", "search-api 2.5.1 deployed"}


def test_it_is_the_same_past_each_time() -> None:
    """About one incident a day, and no chance decides what a visitor sees."""
    now = clock.now()

    def drawn() -> list[tuple[Any, str]]:
        dice = random.Random(history.SEED)
        return [(begun, plot.title) for begun, plot in history._drawn(dice, now, history.DAYS)]

    assert drawn() == drawn()
    assert 80 <= len(drawn()) <= 130


def test_whoever_acts_was_there_before(db: None, settings: Any, tmp_path: Any) -> None:
    """Nobody joins after having answered, and nothing is set up after it has failed."""
    settings.MAIL_DIR = tmp_path
    for rank in range(1, 6):
        world.priority(rank)
    call_command("demo", "--json", "--days", "1", stdout=io.StringIO(), stderr=io.StringIO())
    first = Incident.objects.order_by("created_at")[0]
    assert not User.objects.filter(date_joined__gte=first.created_at).exists()
    assert not AuditEntry.objects.filter(verb="service.create", at__gte=first.created_at).exists()
