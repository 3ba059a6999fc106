"""The live topics (RES-20, S34, S36)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import actors
from core import live
from core.models import FeedEntry
from core.web.presence import Shown, shown_as
from incidents.commands import attachments, lifecycle, timeline
from incidents.commands.attachments import Upload
from incidents.consumers import IncidentTopic, NowTopic
from incidents.kinds import entry_kinds
from incidents.models import Incident
from tests.incidents.conftest import Stage
from tests.world import acts


def test_the_path_leads_to_the_topic(stage: Stage) -> None:
    bo = acts(stage.world.bo)
    assert live.name_for("ws/incidents/7/", bo) == "incident:7"
    assert live.name_for("ws/now/", bo) == f"now:{bo.user.pk}"  # type: ignore[union-attr]


def test_who_may_see_and_as_whom(stage: Stage) -> None:
    stage.fire()
    topic = IncidentTopic()
    assert topic.may_see(acts(stage.world.eve), "1") == "responders"
    assert topic.may_see(acts(stage.world.sam), "1") == "stakeholders"
    assert topic.may_see(acts(stage.world.eve), "2") is None
    assert topic.may_see(acts(stage.world.eve), "x") is None


def test_s34_a_private_incident_is_for_its_people(stage: Stage) -> None:
    stage.fire()
    Incident.objects.update(visibility="private", codename="Heron")
    topic = IncidentTopic()
    assert topic.may_see(acts(stage.world.bo), "1") == "responders"  # paged, so on it
    for outsider in (stage.world.eve, stage.world.cy, stage.world.ada, stage.world.sam):
        assert topic.may_see(acts(outsider), "1") is None


def test_every_number_arrives_and_stakeholders_get_skips(stage: Stage) -> None:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    entry = timeline.note(acts(stage.world.bo), stage.incident(), text="<b>x</b> **bold**")
    timeline.edit(acts(stage.world.bo), entry, text="<script>alert(1)</script> **bold**")
    feed = live.since("incident:1", 0)
    staff = IncidentTopic().render("1", feed, "responders")
    others = IncidentTopic().render("1", feed, "stakeholders")
    assert [f.seq for f in staff] == [f.seq for f in others] == [e.seq for e in feed]
    assert "skip" not in {f.kind for f in staff}
    html = "".join(f.html for f in staff)
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    by_seq = {f.seq: f for f in others}
    assert by_seq[entry.seq].kind == "skip"
    assert by_seq[feed[-1].seq].kind == "skip"
    assert any(f.kind == "entry" for f in others)


def test_a_long_catch_up_reads_all_files_at_once(stage: Stage, tmp_path: Path, settings: Any) -> None:
    """A57: not a query for each entry that brings some."""
    settings.ATTACHMENTS_DIR = tmp_path
    stage.fire()

    def cost() -> int:
        name = f"{live.last_seq('incident:1')}.txt"
        attachments.attach(acts(stage.world.bo), stage.incident(), uploads=[Upload(name, name.encode())])
        with CaptureQueriesContext(connection) as asked:
            frames = IncidentTopic().render("1", live.since("incident:1", 0), "responders")
        assert name in frames[-1].html
        return len(asked)

    assert cost() == cost() == cost()


def test_boards_of_the_people_concerned_are_told(stage: Stage) -> None:
    stage.fire()
    told = set(FeedEntry.objects.filter(topic__startswith="now:").values_list("topic", flat=True))
    assert told == {f"now:{u.pk}" for u in (stage.world.ana, stage.world.bo, stage.world.cy)}
    frames = NowTopic().render("1", list(FeedEntry.objects.filter(topic__startswith="now:")[:1]), "own")
    assert frames[0].html == "1"
    assert NowTopic().may_see(acts(stage.world.bo), str(stage.world.cy.pk)) is None


@pytest.mark.parametrize("kind", entry_kinds(), ids=lambda kind: kind.key)
def test_every_kind_has_a_symbol_of_the_sprite(kind: object) -> None:
    with open(str(finders.find("icons.svg")), encoding="utf-8") as sprite:
        assert f'id="{kind.icon}"' in sprite.read()  # type: ignore[attr-defined]


def test_responders_are_shown_to_each_other_and_nobody_else_sees_them(stage: Stage) -> None:
    """S36, S34: stakeholders and tokens are not shown and see nobody; a private incident has no other viewers."""
    stage.fire()
    topic, bo, sam = IncidentTopic(), acts(stage.world.bo), acts(stage.world.sam)
    assert topic.presence(bo, "1", "responders") == Shown(str(stage.world.bo.pk), "Bo Chen")
    assert topic.presence(sam, "1", topic.may_see(sam, "1") or "") is None
    token = actors.token_holder(stage.world.bo, None)
    assert topic.presence(token, "1", "responders") is None
    assert shown_as(NowTopic(), bo, "1", "own") is None
