"""The composer's door, the chat's tab, and forms that came too late (RES-17, S18, S20, S51, A87)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from incidents.commands import lifecycle, timeline
from incidents.models import EntryRevision, Incident, Milestone, TimelineEntry
from tests import world as make
from tests.incidents.conftest import Stage
from tests.pages import after, text_of

Browser = Callable[..., Client]
NOTES, PART = "/incidents/1/notes/", {"HX-Request": "true"}


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire()
    return stage.incident()


@pytest.fixture
def thought(stage: Stage, opened: Incident) -> TimelineEntry:
    """Bo's note on INC-1."""
    return timeline.note(make.acts(stage.world.bo), opened, text="first thought")


def test_a_command_without_a_script_leads_back_with_a_sentence(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    bo = browser(stage.world.bo)
    shown = after(bo, bo.post(NOTES, {"text": "/ack"}))
    assert "You have acknowledged INC-1" in shown
    assert stage.incident().status == "acknowledged"


def test_a_command_with_a_script_is_a_toast_with_its_undo(stage: Stage, opened: Incident, browser: Browser) -> None:
    answer = browser(stage.world.bo).post(NOTES, {"text": "/ack"}, headers=PART)
    toast = json.loads(answer["HX-Trigger"])["portal:toast"]
    assert (answer.status_code, toast["text"]) == (204, "You have acknowledged INC-1. Nobody else will be paged.")
    assert browser(stage.world.bo).post(toast["undo"]).status_code == 303
    assert stage.incident().status == "triggered"


def test_s19_what_was_filed_on_another_day_is_a_toast(stage: Stage, opened: Incident, browser: Browser) -> None:
    """At 09:00, 20:00 is that of the evening before; without a script the sentence stands over the entry's place."""
    bo = browser(stage.world.bo)
    answer = bo.post(NOTES, {"text": "/at 20:00 the deploy"}, headers=PART)
    toast = json.loads(answer["HX-Trigger"])["portal:toast"]
    assert (answer.status_code, toast["text"]) == (204, "Filed under Sun 15 Nov, 20:00.")
    plain = bo.post(NOTES, {"text": "/at 20:01 the deploy"})
    assert plain["Location"] == f"/incidents/1/#entry-{TimelineEntry.objects.latest('pk').pk}"
    assert "Filed under Sun 15 Nov, 20:01." in after(bo, plain)
    assert "HX-Trigger" not in bo.post(NOTES, {"text": "/at 08:50 close"}, headers=PART)


def test_what_pages_people_shows_its_page_filled_in(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo, before = browser(stage.world.bo), stage.pages()
    answer = bo.post(NOTES, {"text": "/assign @Cy he knows the pool"}, headers=PART)
    assert answer["HX-Redirect"].startswith("/incidents/1/reassign/?to=user")
    shown = after(bo, bo.post(NOTES, {"text": "/assign @Cy he knows the pool"}))
    assert re.search(rf'<option value="user:{stage.world.cy.pk}" selected>', shown)
    assert 'value="he knows the pool"' in shown
    raised = after(bo, bo.post(NOTES, {"text": "/priority P1 all shops"}))
    assert re.search(r"<option value=\"\d+\" selected>P1", raised)
    assert stage.pages() == before


def test_a_wrong_command_keeps_the_text_and_says_how(stage: Stage, opened: Incident, browser: Browser) -> None:
    answer = browser(stage.world.bo).post(NOTES, {"text": "/prority P2"})
    shown = text_of(answer)
    assert answer.status_code == 400
    assert "/prority P2</textarea>" in shown
    assert "Did you mean /priority?" in shown
    assert "<code>/snooze 30m</code>" in shown  # the list of commands stands below


def test_a_text_that_begins_like_a_command_is_sent_by_one_press(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    """The refusal says how it is written, keeps the text and offers to send it as it stands, script or none."""
    bo, body = browser(stage.world.bo), {"text": "/tmp is full", "kind": "note"}
    said = "There is no command /tmp. To begin a text with a slash, write two: //tmp."
    answer = bo.post(NOTES, body)
    assert (answer.status_code, said in text_of(answer)) == (400, True)
    assert "/tmp is full</textarea>" in text_of(answer)
    assert 'name="plain" value="1">Send as a note</button>' in text_of(answer)
    part = bo.post(NOTES, body, headers=PART)
    assert (part.status_code, part["HX-Retarget"]) == (400, "#messages")
    assert f"Not sent, your text is kept.</b> {said}" in text_of(part)
    assert 'name="plain" value="1">Send as a note</button>' in text_of(part)
    assert 'name="plain"' not in text_of(bo.post(NOTES, {"text": "x", "occurred_at": "2031-01-01T00:00"}, headers=PART))
    assert bo.post(NOTES, {**body, "plain": "1"}, headers=PART).status_code == 204
    assert TimelineEntry.objects.latest("pk").text == "/tmp is full"
    chat = text_of(bo.post(NOTES, {"text": "/at least two are down", "kind": "chat"}, headers=PART))
    assert "Send as a message</button>" in chat


def test_a_move_that_is_no_longer_possible_is_409(stage: Stage, opened: Incident, browser: Browser) -> None:
    lifecycle.acknowledge(make.acts(stage.world.cy), opened)
    answer = browser(stage.world.bo).post(NOTES, {"text": "/ack"})
    assert (answer.status_code, "Cy Novak acknowledged it" in text_of(answer)) == (409, True)
    part = browser(stage.world.bo).post(NOTES, {"text": "/ack"}, headers=PART)
    assert (part.status_code, part["HX-Retarget"]) == (409, "#messages")


def test_res_17_the_chat_is_a_tab_of_its_own(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    answer = bo.post(NOTES, {"text": "who looks at the pool? @Cy", "kind": "chat"})
    made = TimelineEntry.objects.get(kind="chat")
    assert answer["Location"] == f"/incidents/1/?show=chat#entry-{made.pk}"
    chat = text_of(bo.get("/incidents/1/?show=chat"))
    assert "who looks at the pool? <strong>@Cy</strong>" in chat
    assert '<option value="chat" selected>' in chat
    assert "who looks at" not in text_of(bo.get("/incidents/1/"))
    assert "who looks at" not in text_of(browser(stage.world.sam).get("/incidents/1/?show=chat"))


def test_a_pinned_message_says_where_it_comes_from(stage: Stage, opened: Incident, browser: Browser) -> None:
    browser(stage.world.bo).post(NOTES, {"text": "the pool is full", "kind": "chat"})
    message = TimelineEntry.objects.get(kind="chat")
    cy = browser(stage.world.cy)
    assert cy.post(f"/incidents/1/entries/{message.pk}/pin/", {"pinned": "1"}).status_code == 303
    shown = text_of(cy.get("/incidents/1/"))
    assert "from the chat, pinned by <bdi>Cy Novak</bdi>" in shown
    assert '<bdi class="who">Bo Chen</bdi>' in shown
    assert 'title="Cy Novak"' not in shown.split('id="entries"')[1].split("</ol>")[0], "no picture of whoever pinned it"
    stage.at.move(minutes=6)
    card = text_of(cy.get("/incidents/1/")).split('id="catch-up"')[1].split("</details>")[0]
    assert '<b class="med"><bdi>Bo Chen</bdi></b>: <bdi>the pool is full</bdi>' in card, "nobody's words are another's"


def test_s18_a_struck_entry_offers_to_remove_a_secret(stage: Stage, opened: Incident, browser: Browser) -> None:
    """And nothing more once that is done."""
    made = timeline.note(make.acts(stage.world.bo), opened, text="hunter2")
    bo, path = browser(stage.world.bo), f"/incidents/1/entries/{made.pk}/"
    assert bo.post(f"{path}strike/", {"reason": "Wrong incident"}).status_code == 303
    shown = text_of(bo.get(path))
    assert "Remove for good" in shown
    assert f'action="{path}edit/"' not in shown
    assert bo.post(f"{path}strike/", {"reason": "A password", "redact": "on"}).status_code == 303
    shown = text_of(bo.get(path))
    assert "Remove for good" not in shown
    assert "hunter2" not in shown


def test_addresses_in_notes_can_be_followed(stage: Stage, opened: Incident, browser: Browser) -> None:
    browser(stage.world.bo).post(NOTES, {"text": "see https://grafana.example/d/1?a=b&c=d."})
    shown = text_of(browser(stage.world.cy).get("/incidents/1/"))
    assert '<a href="https://grafana.example/d/1?a=b&amp;c=d" rel="noopener nofollow">' in shown


def test_s18_the_first_ten_minutes_are_ones_own(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """Not shown as edited, but what it said before is kept all the same."""
    bo, path = browser(stage.world.bo), f"/incidents/1/entries/{thought.pk}/"
    stage.at.move(minutes=9)
    assert bo.post(f"{path}edit/", {"text": "second thought"}).status_code == 303
    assert EntryRevision.objects.get().text == "first thought"
    assert ">edited<" not in text_of(bo.get("/incidents/1/"))
    stage.at.move(minutes=2)
    bo.post(f"{path}edit/", {"text": "third thought"})
    assert f'href="{path}#before">edited</a>' in text_of(bo.get("/incidents/1/"))
    shown = text_of(browser(stage.world.cy).get(path))
    assert "first thought" in shown
    assert "second thought" in shown


def test_s51_a_stale_edit_shows_both_texts(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """What it says now stands first, mine is kept in the box, and one press uses it."""
    bo, path = browser(stage.world.bo), f"/incidents/1/entries/{thought.pk}/"
    assert 'name="version" value="1"' in text_of(bo.get(path))
    timeline.edit(make.acts(stage.world.pat), thought, text="words of the process owner")
    answer = bo.post(f"{path}edit/", {"text": "words of Bo", "version": "1"})
    shown = text_of(answer)
    assert answer.status_code == 409
    assert shown.index("words of the process owner") < shown.index("words of Bo</textarea>")
    assert "Use mine" in shown
    assert "Keep theirs" in shown
    assert 'name="version" value="2"' in shown
    assert bo.post(f"{path}edit/", {"text": "words of Bo", "version": "2"}).status_code == 303
    thought.refresh_from_db()
    assert thought.text == "words of Bo"


def test_an_edit_of_the_text_leaves_its_time(stage: Stage, opened: Incident, browser: Browser) -> None:
    """The form shows whole seconds; a part of one is not lost with the next edit."""
    at = stage.at.at - timedelta(minutes=5, microseconds=123_456)
    entry = timeline.note(make.acts(stage.world.bo), opened, text="x", occurred_at=at)
    body = {"text": "y", "occurred_at": f"{at:%Y-%m-%dT%H:%M:%S}"}
    assert browser(stage.world.bo).post(f"/incidents/1/entries/{entry.pk}/edit/", body).status_code == 303
    entry.refresh_from_db()
    assert (entry.text, entry.occurred_at) == ("y", at)


def test_s20_a_stale_milestone_shows_both_times(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo, path = browser(stage.world.bo), "/incidents/1/milestones/?kind=started"
    found = re.search(r'name="seen" value="([^"]+)"', text_of(bo.get(path)))
    assert found is not None
    stage.at.move(minutes=1)
    mine = {"kind": "started", "at": "2026-11-16T08:20", "why": "mine", "seen": found[1]}
    assert bo.post(path, {**mine, "at": "2026-11-16T08:30", "why": "Cy was quicker"}).status_code == 303
    answer = bo.post(path, mine)
    shown = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody has corrected this milestone" in shown
    assert "2026-11-16T08:20" in shown
    assert "Cy was quicker" in shown
    fresh = re.search(r'name="seen" value="([^"]+)"', shown)
    assert fresh is not None
    assert bo.post(path, {**mine, "seen": fresh[1]}).status_code == 303
    assert Milestone.objects.get(kind="started").at.minute == 20


@pytest.mark.parametrize("seen", ["started=yesterday", "started", "=" * 500, "started=2026-11-16T09:00:00"])
def test_a_stamp_that_is_not_ours_asks_for_no_check(
    stage: Stage, opened: Incident, browser: Browser, seen: str
) -> None:
    body = {"kind": "started", "at": "2026-11-16T08:20", "seen": seen}
    assert browser(stage.world.bo).post("/incidents/1/milestones/", body).status_code == 303


def test_a87_marks_without_end_are_refused_in_time(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    for text in ("[" * 9_000, "> " * 4_900, "@a " * 3_300, "https://" * 1_200, "*a_ " * 2_400):
        assert bo.post(NOTES, {"text": text}).status_code in (303, 400)
    assert bo.get("/incidents/1/").status_code == 200
    TimelineEntry.objects.filter(kind="note").update(text="[<b>" * 2_000)  # of a road that asked nobody
    shown = bo.get("/incidents/1/")
    assert (shown.status_code, "[&lt;b&gt;" in text_of(shown)) == (200, True)


@pytest.mark.parametrize("path", ["edit", "strike"])
def test_a_copy_and_a_message_have_no_clock_of_their_own(
    stage: Stage, opened: Incident, browser: Browser, path: str
) -> None:
    message = timeline.note(make.acts(stage.world.bo), opened, text="hello", kind="chat")
    address = f"/incidents/1/entries/{message.pk}/"
    page = text_of(browser(stage.world.bo).get(address))
    assert 'name="occurred_at"' not in page
    refused = browser(stage.world.bo).post(f"{address}edit/", {"text": ""})
    assert (refused.status_code, 'name="occurred_at"' in text_of(refused)) == (400, False)
    body = {"text": "moved", "reason": "x", "occurred_at": "2026-11-16T08:20"}
    browser(stage.world.bo).post(f"/incidents/1/entries/{message.pk}/{path}/", body)
    message.refresh_from_db()
    assert message.occurred_at == message.recorded_at
