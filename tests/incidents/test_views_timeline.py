"""The record through its pages: notes, edits, strikes, pins and milestones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from core import live
from incidents.commands import lifecycle, timeline
from incidents.models import EntryRevision, Incident, TimelineEntry
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]
NOTES = "/incidents/1/notes/"


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire()
    return stage.incident()


@pytest.fixture
def thought(stage: Stage, opened: Incident) -> TimelineEntry:
    """Bo's note on INC-1."""
    return timeline.note(make.acts(stage.world.bo), opened, text="first thought")


def test_a_note_without_a_script_leads_to_its_place(stage: Stage, opened: Incident, browser: Browser) -> None:
    answer = browser(stage.world.bo).post(NOTES, {"text": "The disk is *full*"})
    made = TimelineEntry.objects.get(kind="note")
    assert (answer.status_code, answer["Location"]) == (303, f"/incidents/1/#entry-{made.pk}")
    shown = browser(stage.world.cy).get("/incidents/1/").content.decode()
    assert "The disk is <em>full</em>" in shown


def test_what_must_be_written_is_not_called_optional(
    opened: Incident, thought: TimelineEntry, stage: Stage, browser: Browser
) -> None:
    """Only files may come without words; the other fields say it."""
    bo = browser(stage.world.bo)
    for path, label in ((NOTES, "Note"), (f"/incidents/1/entries/{thought.pk}/", "Text")):
        page = bo.get(path).content.decode()
        assert f">{label}</label>" in page, path
        assert "(optional)</span></label>" in page, path


def test_a_script_gets_no_page_and_the_feed_has_it(stage: Stage, opened: Incident, browser: Browser) -> None:
    seq = live.last_seq(opened.subject)
    answer = browser(stage.world.bo).post(NOTES, {"text": "seen"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert live.last_seq(opened.subject) == seq + 1


def test_a_note_at_its_own_time_and_kind(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S19: in the person's own zone; not in the future beyond a minute."""
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    bo = browser(stage.world.bo)
    bo.post(NOTES, {"text": "It began here", "kind": "finding", "occurred_at": "2026-11-16T09:40"})
    made = TimelineEntry.objects.get(kind="finding")
    assert made.occurred_at == datetime(2026, 11, 16, 8, 40, tzinfo=UTC)
    answer = bo.post(NOTES, {"text": "kept words", "occurred_at": "2026-11-16T10:30"})
    assert answer.status_code == 400
    assert "kept words" in answer.content.decode()
    assert "Must not be in the future." in answer.content.decode()


def test_s19_a_page_that_shows_utc_takes_times_in_utc(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Bo in Berlin has chosen UTC: what is typed there is read as it is shown, by a command and by a form."""
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    bo = browser(stage.world.bo)
    assert "Times in CET" in bo.get("/incidents/1/").content.decode()
    bo.post(NOTES, {"text": "/at 08:40 own"})
    shown = bo.get("/incidents/1/?zone=utc").content.decode()
    assert "Times in <b>UTC</b>" in shown.split('id="log"')[0], "outside what scrolls"
    bo.post(NOTES, {"text": "/at 08:40 chosen"})
    bo.post(NOTES, {"text": "formed", "occurred_at": "2026-11-16T08:41"})
    found = {entry.text: entry.occurred_at for entry in TimelineEntry.objects.filter(kind="note")}
    assert found["own"] == datetime(2026, 11, 16, 7, 40, tzinfo=UTC)
    assert found["chosen"] == datetime(2026, 11, 16, 8, 40, tzinfo=UTC)
    assert found["formed"] == datetime(2026, 11, 16, 8, 41, tzinfo=UTC)
    assert "In UTC, as times are shown." in bo.get(NOTES).content.decode()
    entry = TimelineEntry.objects.get(text="own")
    assert 'value="2026-11-16T07:40:00"' in bo.get(f"/incidents/1/entries/{entry.pk}/").content.decode()


@pytest.mark.parametrize("text", ["", "   ", "a\0b", "x" * 10_001])
def test_a_note_that_cannot_be_used_is_refused_with_its_text(
    stage: Stage, opened: Incident, browser: Browser, text: str
) -> None:
    """A21."""
    bo = browser(stage.world.bo)
    plain = bo.post(NOTES, {"text": text})
    assert plain.status_code == 400
    if text.strip() and "\0" not in text:
        box = plain.content.decode().split("<textarea")[1].split("</textarea>")[0]
        assert text in box
        assert "at most 10000 characters" in plain.content.decode()
    part = bo.post(NOTES, {"text": text}, headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Retarget"]) == (400, "#messages")
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_only_those_on_it_write(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A57, A94, A23."""
    for person in (stage.world.eve, stage.world.sam):
        assert browser(person).get(NOTES).status_code == 403
        assert browser(person).post(NOTES, {"text": "mine"}).status_code == 403
    assert browser(stage.world.bo, csrf=True).post(NOTES, {"text": "mine"}).status_code == 403
    assert browser(stage.world.bo).post(NOTES, {"text": "mine", "kind": "opened"}).status_code == 400
    assert not TimelineEntry.objects.filter(text="mine").exists()


def test_an_edit_keeps_what_it_said_before(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """S18: the author edits, everybody may look at the former text."""
    bo, path = browser(stage.world.bo), f"/incidents/1/entries/{thought.pk}/"
    assert 'name="text"' in bo.get(path).content.decode()
    stage.at.move(minutes=11)
    assert bo.post(f"{path}edit/", {"text": "second thought", "why": "typo"}).status_code == 303
    assert EntryRevision.objects.get().text == "first thought"
    shown = browser(stage.world.cy).get(path).content.decode()
    assert "second thought" in shown
    assert "first thought" in shown
    assert "edited" in shown


def test_nobody_edits_the_words_of_another(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """A94: not colleagues, not managers; process owners and administrators may."""
    path = f"/incidents/1/entries/{thought.pk}/"
    for person in (stage.world.cy, stage.world.ana, stage.world.eve):
        client = browser(person)
        assert f'action="{path}edit/"' not in client.get(path).content.decode()
        assert client.post(f"{path}edit/", {"text": "mine"}).status_code == 403
        assert client.post(f"{path}strike/", {"reason": "mine"}).status_code == 403
    assert browser(stage.world.pat).post(f"{path}strike/", {"reason": "Names a customer"}).status_code == 303


def test_a_struck_entry_shows_the_reason_and_cannot_be_edited(
    stage: Stage, thought: TimelineEntry, browser: Browser
) -> None:
    """S18; the second of two tabs gets 409 and keeps its text (S51)."""
    bo, path = browser(stage.world.bo), f"/incidents/1/entries/{thought.pk}/"
    assert bo.post(f"{path}strike/", {"reason": ""}).status_code == 400
    assert bo.post(f"{path}strike/", {"reason": "A password", "redact": "on"}).status_code == 303
    shown = browser(stage.world.cy).get("/incidents/1/").content.decode()
    assert "Struck: <bdi>A password</bdi>" in shown
    assert "first thought" not in shown
    answer = bo.post(f"{path}edit/", {"text": "typed in the other tab"})
    assert answer.status_code == 409
    assert "typed in the other tab" in answer.content.decode()


def test_entries_of_the_system_offer_no_form_and_take_none(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A94: immutable."""
    entry = opened.entries.get(kind="opened")
    path = f"/incidents/1/entries/{entry.pk}/"
    pat = browser(stage.world.pat)
    assert "Strike this entry" not in pat.get(path).content.decode()
    assert pat.post(f"{path}edit/", {"text": "never"}).status_code == 409
    assert pat.delete(path).status_code == 405


def test_pin_and_take_it_off(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    cy, path = browser(stage.world.cy), f"/incidents/1/entries/{thought.pk}/pin/"
    answer = cy.post(path, {"pinned": "1"})
    assert (answer.status_code, answer["Location"]) == (303, f"/incidents/1/#entry-{thought.pk}")
    assert "Pinned" in cy.get("/incidents/1/").content.decode()
    cy.post(path, {"pinned": "0"})
    thought.refresh_from_db()
    assert not thought.pinned
    assert cy.post(path, {"pinned": "yes"}).status_code == 400
    assert cy.get(path).status_code == 405
    assert browser(stage.world.eve).post(path, {"pinned": "1"}).status_code == 403


def test_an_entry_is_addressed_through_its_own_incident(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """A58: another incident's number with this entry's id is 404."""
    stage.fire("cpu")
    bo = browser(stage.world.bo)
    for path in ("", "edit/", "strike/", "pin/"):
        address = f"/incidents/2/entries/{thought.pk}/{path}"
        answer = bo.post(address, {"text": "x", "reason": "x"}) if path else bo.get(address)
        assert answer.status_code == 404, path


def test_milestones_are_corrected_with_both_values_kept(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S20: the order is checked; what was there before stays readable."""
    bo = browser(stage.world.bo)
    shown = bo.get("/incidents/1/milestones/?kind=started").content.decode()
    assert 'value="2026-11-16T09:00:00"' in shown
    good = {"kind": "started", "at": "2026-11-16T08:40:30", "why": "seen in the logs"}
    assert bo.post("/incidents/1/milestones/", good).status_code == 303
    shown = bo.get("/incidents/1/milestones/").content.decode()
    assert "08:40" in shown
    assert "was <time" in shown
    assert "seen in the logs" in shown
    wrong = bo.post("/incidents/1/milestones/", {"kind": "detected", "at": "2026-11-16T08:00"})
    assert wrong.status_code == 400
    assert "cannot be before" in wrong.content.decode()
    assert bo.post("/incidents/1/milestones/", {"kind": "closed", "at": "2026-11-16T08:00"}).status_code == 400
    assert browser(stage.world.eve).get("/incidents/1/milestones/").status_code == 403


def test_a_note_of_a_person_signed_out_meanwhile_is_no_page(opened: Incident) -> None:
    """A script is told 401 also where the form's token went with the session; it keeps the text."""
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(NOTES, {"text": "kept"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert "This form has expired" in stranger.post(NOTES, {"text": "kept"}).content.decode()


def test_a_stale_form_of_a_signed_in_person_says_what_to_do(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A23."""
    answer = browser(stage.world.bo, csrf=True).post(NOTES, {"text": "kept"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#messages")
    assert "Reload the page: what you typed is kept there." in answer.content.decode()


def test_a_decline_is_told_once(stage: Stage, opened: Incident, browser: Browser) -> None:
    browser(stage.world.bo).post("/incidents/1/decline/", {"reason": "on a train"})
    shown = browser(stage.world.cy).get("/incidents/1/").content.decode()
    assert "<bdi>Bo Chen declined: on a train</bdi>" in shown
    assert "Declined</b> by" not in shown


def test_a_resolution_that_begins_with_the_resolvers_name_is_still_called_resolved(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    lifecycle.resolve(make.acts(stage.world.bo), opened, resolution="Bo Chen restarted the node")
    shown = browser(stage.world.cy).get("/incidents/1/").content.decode()
    assert "<b>Resolved</b> by <bdi>Bo Chen</bdi>: <bdi>Bo Chen restarted the node</bdi>" in shown


def test_text_that_turns_direction_stands_alone(stage: Stage, browser: Browser) -> None:
    """Overrides of direction end with the text that holds them: name, title, note, reason and key."""
    stage.world.bo.name = "Bo \u202eChen"
    stage.world.bo.save()
    stage.fire("key\u202e", summary="title\u202e")
    browser(stage.world.bo).post("/incidents/1/decline/", {"reason": "busy\u202e"})
    shown = browser(stage.world.bo).get("/incidents/1/").content.decode()
    for text in ("Bo \u202eChen", "key\u202e", "title\u202e", "Bo \u202eChen declined: busy\u202e"):
        assert f"<bdi>{text}</bdi>" in shown
