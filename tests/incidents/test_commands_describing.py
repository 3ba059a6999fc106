"""What is known of an incident, written by people: title, impact, cause, description (TRI-01, S18, S34, S36, S51)."""

from __future__ import annotations

from typing import Any

import pytest

from core import live, worker
from core.errors import Conflict, Forbidden, Invalid
from incidents.commands import composing, lifecycle
from incidents.commands.describing import describe
from incidents.models import Incident, Participant, TimelineEntry
from incidents.queries.access import incidents_seen_by
from incidents.queries.search import Names, narrowed, query_of
from incidents.queries.timeline import broken_links, entries_seen_by, lines
from tests.incidents.conftest import Stage
from tests.pages import EVIL
from tests.world import acts

IMPACT = "About 1 in 5 card payments fails for shoppers in the EU"


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire("disk", severity="error")
    return stage.incident()


def told(stage: Stage) -> list[tuple[str, str, str]]:
    """Heading, text and what stood there before, of the entries about what is known."""
    rows = stage.incident().entries.filter(kind="described").order_by("seq")
    return [(line.heading, line.entry.text, line.entry.data["was"]) for line in lines(rows)]


def found(stage: Stage, text: str) -> bool:
    actor = acts(stage.world.ana)
    return narrowed(Names(actor), incidents_seen_by(actor), query_of(text)).exists()


def test_bo_writes_what_is_known_and_nothing_is_lost(stage: Stage, opened: Incident) -> None:
    """S18: every change is an entry by its person that keeps what stood there, and the chain of entries holds."""
    bo = acts(stage.world.bo)
    describe(bo, opened, customer_impact="Some payments fail")
    describe(bo, stage.incident(), title="  Card payments fail  ", customer_impact=IMPACT, suspected_cause="The pool")
    now = stage.incident()
    assert (now.title, now.customer_impact, now.suspected_cause) == ("Card payments fail", IMPACT, "The pool")
    assert told(stage) == [
        ("Impact", "Some payments fail", ""),
        ("Title", "Card payments fail", "disk is bad"),
        ("Impact", IMPACT, "Some payments fail"),
        ("Cause", "The pool", ""),
    ]
    assert {row.actor_label for row in TimelineEntry.objects.filter(kind="described")} == {"Bo Chen"}
    assert broken_links(now) == []
    assert now.status == "triggered"


def test_what_is_not_changed_leaves_no_trace(stage: Stage, opened: Incident) -> None:
    """None leaves a text alone; the same text, with a browser's line breaks too, is no change."""
    describe(acts(stage.world.bo), opened, description="one\ntwo")
    before = stage.incident()
    describe(acts(stage.world.bo), before, title=before.title, description="one\r\ntwo\r\n", customer_impact=" ")
    assert stage.incident().version == before.version
    assert len(told(stage)) == 1


def test_an_impact_that_was_wrong_is_taken_away(stage: Stage, opened: Incident) -> None:
    describe(acts(stage.world.bo), opened, customer_impact=IMPACT)
    describe(acts(stage.world.bo), stage.incident(), customer_impact="")
    assert stage.incident().customer_impact == ""
    assert told(stage)[-1] == ("Impact", "Taken away.", IMPACT)


@pytest.mark.parametrize(
    ("who", "may"),
    [("bo", True), ("cy", True), ("ana", True), ("pat", True), ("ada", True), ("di", False), ("eve", False),
     ("sam", False)],
)  # fmt: skip
def test_who_may_write_it(stage: Stage, opened: Incident, who: str, may: bool) -> None:
    """Matrix 3.4: the owning team, process owner and administrator; other teams and stakeholders may not."""
    actor = acts(getattr(stage.world, who))
    if may:
        describe(actor, opened, customer_impact=IMPACT)
    else:
        with pytest.raises(Forbidden):
            describe(actor, opened, customer_impact=IMPACT)
    assert stage.incident().customer_impact == (IMPACT if may else "")


def test_a_responder_of_another_team_may_once_on_it(stage: Stage, opened: Incident) -> None:
    Participant.objects.create(incident=opened, user=stage.world.di)
    describe(acts(stage.world.di), stage.incident(), customer_impact=IMPACT)
    assert stage.incident().customer_impact == IMPACT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ({"title": ""}, "Must not be empty."),
        ({"title": " \t "}, "single line"),
        ({"title": "one\ntwo"}, "single line"),
        ({"title": "x" * 256}, "255 characters"),
        ({"customer_impact": "x" * 501}, "500 characters"),
        ({"description": "a\0b"}, "cannot be stored"),
        ({"suspected_cause": "\ud800"}, "cannot be stored"),
        ({"suspected_cause": "x" * 10_001}, "10000 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field(
    stage: Stage, opened: Incident, text: dict[str, str], why: str
) -> None:
    """A9, A21; nothing of the rest is written either."""
    given: dict[str, Any] = {"description": "kept?", **text}
    with pytest.raises(Invalid) as refusal:
        describe(acts(stage.world.bo), opened, **given)
    assert list(refusal.value.fields) == list(text)
    assert why in refusal.value.fields[next(iter(text))][0]
    assert stage.incident().description == ""


def test_who_comes_too_late_gets_both_texts(stage: Stage, opened: Incident) -> None:
    """S51: Cy's form is older than what Bo has written; only what differs is told."""
    describe(acts(stage.world.bo), opened, customer_impact=IMPACT, version=opened.version)
    cy, late = acts(stage.world.cy), opened.version
    with pytest.raises(Conflict) as refusal:
        describe(cy, opened, version=late, customer_impact="Everybody", title="disk is bad")
    assert refusal.value.code == "stale"
    fields = {"version": [str(stage.incident().version)], "customer_impact": [IMPACT, "Everybody"]}
    assert refusal.value.fields == fields
    assert stage.incident().customer_impact == IMPACT


def test_what_has_ended_may_be_corrected_but_not_what_is_no_incident_of_its_own(stage: Stage, opened: Incident) -> None:
    bo = acts(stage.world.bo)
    lifecycle.resolve(bo, opened, resolution="Replaced")
    describe(bo, stage.incident(), customer_impact=IMPACT)
    assert (stage.incident().status, stage.incident().customer_impact) == ("resolved", IMPACT)
    for status in ("merged", "cancelled"):
        Incident.objects.update(status=status)
        with pytest.raises(Conflict, match=status):
            describe(bo, stage.incident(), customer_impact="Nobody")


def test_what_is_known_is_found(stage: Stage, opened: Incident) -> None:
    """The index follows the row, on its way in and out."""
    describe(acts(stage.world.bo), opened, customer_impact="Vulcanizers stop", title="Zebra crossing")
    assert found(stage, "vulcanizers")
    assert found(stage, "zebra")
    assert not found(stage, "text:okapi")


def test_pages_and_boards_are_told(stage: Stage, opened: Incident) -> None:
    """Everybody who looks gets the entry and a header drawn anew; boards only where the title changed."""
    stage.drain()
    seen, board = live.last_seq("incident:1"), live.last_seq(f"now:{stage.world.bo.pk}")
    describe(acts(stage.world.bo), stage.incident(), customer_impact=IMPACT)
    worker.drain()
    assert [each.kind for each in live.since("incident:1", seen)] == ["panel", "entry"]
    assert live.last_seq(f"now:{stage.world.bo.pk}") == board
    describe(acts(stage.world.bo), stage.incident(), title="Card payments fail")
    worker.drain()
    assert live.last_seq(f"now:{stage.world.bo.pk}") > board


def test_stakeholders_read_none_of_the_entries(stage: Stage, opened: Incident) -> None:
    """S36: the impact stands in their summary; who wrote what, and the cause, stay with the team."""
    describe(acts(stage.world.bo), opened, customer_impact=IMPACT, suspected_cause="The pool")
    kinds = set(entries_seen_by(acts(stage.world.sam), opened).values_list("kind", flat=True))
    assert "described" not in kinds
    assert "opened" in kinds


def test_a_private_one_keeps_its_codename_outside(stage: Stage, opened: Incident) -> None:
    """S34: a new title is for its people; every page and list outside still says the codename."""
    Incident.objects.update(visibility="private", codename="Heron")
    describe(acts(stage.world.bo), stage.incident(), title="Salaries of all", customer_impact="Staff")
    assert stage.incident().public_name == "Heron"
    assert not found(stage, "salaries")


def test_slash_impact_and_title(stage: Stage, opened: Incident) -> None:
    bo = acts(stage.world.bo)
    assert composing.say(bo, opened, text=f"/impact {IMPACT}").says == "The impact of INC-1 is written."
    assert composing.say(bo, stage.incident(), text="/title Cards fail").says == "The title of INC-1 is changed."
    assert (stage.incident().customer_impact, stage.incident().title) == (IMPACT, "Cards fail")
    for text, sentence in (("/impact", "Write /impact and one sentence"), ("/title ", "Write /title and what is")):
        with pytest.raises(Invalid, match=sentence):
            composing.say(bo, stage.incident(), text=text)


def test_hostile_texts_are_kept_as_they_were_written(stage: Stage, opened: Incident) -> None:
    """A1: harmless on the way out (tests of the page), so nothing is cut on the way in."""
    describe(acts(stage.world.bo), opened, title=EVIL, customer_impact=EVIL)
    assert (stage.incident().title, stage.incident().customer_impact) == (EVIL, EVIL)
