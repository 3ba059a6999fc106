"""The record in the administration as people read it: incidents by their names, with links to their pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.test import Client

from accounts.models import User
from incidents.models import TimelineEntry
from oncall.models import Escalation, Page
from tests.incidents.conftest import Stage
from tests.pages import text_of

Browser = Callable[..., Client]
LINK = '<a class="wb-link" href="/incidents/1/">INC-1</a>'


def test_an_escalation_is_told_in_words(stage: Stage, browser: Browser) -> None:
    stage.fire()
    escalation = Escalation.objects.get()
    Escalation.objects.update(fallback_id=stage.world.cy.pk)
    client = browser(stage.world.ada)
    listed = text_of(client.get("/admin/oncall/escalation/"))
    page = text_of(client.get(f"/admin/oncall/escalation/{escalation.pk}/change/"))
    for said in (listed, page):
        assert LINK in said
        assert "incident:1" not in said
    assert "INC-1, run 1" in page
    levels = re.findall(r"<li>(Level [^<]+)</li>", page)
    assert levels, page
    assert levels[0].startswith("Level 1: ")
    assert levels[0].endswith(" min")
    people = list(User.objects.values_list("name", flat=True))
    assert any(name in levels[0] for name in people)
    assert stage.world.cy.name in page
    assert stage.service.team.name in page
    assert "timeout_minutes" not in page


def test_a_page_names_its_incident_and_is_found_by_it(stage: Stage, browser: Browser) -> None:
    stage.fire()
    page = Page.objects.earliest("pk")
    client = browser(stage.world.ada)
    assert LINK in text_of(client.get("/admin/oncall/page/", {"q": "INC-1"}))
    assert LINK not in text_of(client.get("/admin/oncall/page/", {"q": "INC-7"}))
    whole = text_of(client.get(f"/admin/oncall/page/{page.pk}/change/"))
    assert LINK in whole
    assert "incident:1" not in whole


def test_times_are_on_the_persons_clock_on_every_page(stage: Stage, browser: Browser) -> None:
    stage.fire()
    User.objects.filter(pk=stage.world.ada.pk).update(time_zone="Asia/Tokyo")
    stage.world.ada.refresh_from_db()
    escalation = Escalation.objects.get()
    page = text_of(browser(stage.world.ada).get(f"/admin/oncall/escalation/{escalation.pk}/change/"))
    assert "16 Nov 2026, 18:00:00" in page
    assert "+00:00" not in page


def test_an_entry_is_told_without_what_the_engine_keeps(stage: Stage, browser: Browser) -> None:
    stage.fire(summary="Disk full")
    TimelineEntry.objects.update(hash="deadbeef" * 8)
    entry = TimelineEntry.objects.get(kind="opened")
    client = browser(stage.world.ada)
    listed = text_of(client.get("/admin/incidents/timelineentry/"))
    assert LINK in listed
    assert "Disk full" in listed
    assert "Opened" in listed
    whole = text_of(client.get(f"/admin/incidents/timelineentry/{entry.pk}/change/"))
    assert LINK in whole
    assert "deadbeef" not in whole
    incident = stage.incident()
    type(incident).objects.update(group_key="c0ffee" * 8)
    assert "c0ffee" not in text_of(client.get(f"/admin/incidents/incident/{incident.pk}/change/"))
