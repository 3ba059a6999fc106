"""The page that answers: what a link shows, what only its signed-in addressee sees, and the page after it (S9, A47)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.actors import link_holder, person
from accounts.models import User
from core import clock, links, worker
from core.errors import Conflict, Forbidden, Invalid
from incidents.commands.alerts import accept_batch
from incidents.kinds import Normalised
from incidents.models import ChangeEvent, Incident
from oncall.commands import pages, reasons
from oncall.models import Page
from oncall.queries import answering
from oncall.queries.escalations import waiting_for
from tests.flows.security_scene import CODENAME, SECRET_TITLE, Scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.pages import EVIL, assert_inert, count, recorded, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def scene(scenes: Callable[[], Scene], at: clock.FrozenClock) -> Scene:
    """Bo is paged for a full disk, Cy for something private."""
    made = scenes()
    Page.objects.filter(user=made.world.bo).exclude(pk=made.ids["pages"]).update(state="withdrawn")
    return made


def path_of(page: Page) -> str:
    """The address in the person's message."""
    return f"/answer/{links.sign('answer', str(page.pk))}/"


def page_of(scene: Scene) -> Page:
    """Bo's page."""
    return Page.objects.select_related("escalation", "user").get(pk=scene.ids["pages"])


def second(scene: Scene, *, title: str = "Cards are refused") -> Page:
    """Another incident pages Bo."""
    event = Normalised(scene.world.checkout.pk, "trigger", title, summary=title, severity="error", tool="events")
    with transaction.atomic():
        accept_batch([event])
    worker.drain()
    return Page.objects.filter(user=scene.world.bo).latest("pk")


def hidden(html: str, name: str) -> str:
    """The value of the answer form's hidden field."""
    thumb = html[html.index('class="thumb"') :]
    found = re.search(rf'name="{name}" value="([^"]+)"', thumb)
    assert found, name
    return found[1]


def give(client: Client, html: str, answer: str, **headers: str) -> Any:
    """Press a button of the form that is shown."""
    action = re.search(r'class="thumb".*?action="([^"]+)"', html, re.S)
    assert action
    fields = {"answer": answer, "nonce": hidden(html, "nonce")}
    if 'name="turn"' in html:
        fields["turn"] = hidden(html, "turn")
    return client.post(action[1], fields, headers=headers)


def test_the_facts_come_in_the_order_of_the_drawing(scene: Scene, at: clock.FrozenClock) -> None:
    """Mock-up 12: priority, state, number, title, what is asked, service, when, impact, alerts, the change before."""
    Incident.objects.filter(pk=scene.open.pk).update(customer_impact="Nobody in the EU can pay", alert_count=41)
    ChangeEvent.objects.update(service=scene.open.service, started_at=scene.open.created_at - timedelta(minutes=9))
    html = text_of(Client().get(path_of(page_of(scene))))
    words = ["prio-", "Triggered", str(scene.open), "<h1>", "Accept to acknowledge", "Checkout", "Asked of",
             "Paged at level 1", "Nobody in the EU can pay", "41 grouped", "Deploy 7, 9 min before", "Next: ",
             "Accept</button>", "Decline</button>"]  # fmt: skip
    places = [html.index(word) for word in words]
    assert places == sorted(places)
    assert html.encode().index(b'value="accept"') < 8192
    assert set(re.findall(r'href="#(i-[a-z]+)"', html)) <= set(re.findall(r'symbol id="([^"]+)"', html))
    assert "icons.svg" not in html


def test_the_button_is_near_the_beginning_whatever_was_written(scene: Scene) -> None:
    """Design 9: within the first 8 KB, with the longest title and facts."""
    Incident.objects.filter(pk=scene.open.pk).update(title="W" * 255, customer_impact="I" * 5000)
    scene.open.alerts.update(summary="S" * 1000)
    ChangeEvent.objects.update(summary="C" * 1000, started_at=scene.open.created_at - timedelta(minutes=9))
    html = text_of(Client().get(path_of(page_of(scene))))
    assert html.encode().index(b'value="accept"') < 8192


def test_a_link_shows_its_page_and_nothing_else(scene: Scene, browser: Browser) -> None:
    """A47: no count of other pages, nothing from the timeline, and no second page after the first was answered."""
    other = second(scene)
    for client in (Client(), browser(scene.world.cy)):
        html = text_of(client.get(path_of(page_of(scene))))
        assert "of 2" not in html
        assert "So far" not in html
        assert "data-user" not in html, "the worker keeps it for nobody"
    done = text_of(give(Client(), html, "accept"))
    assert "Cards are refused" not in done
    assert f"Open {scene.open}" in done
    other.refresh_from_db()
    assert other.state == "sent"


def test_the_next_page_slides_in_for_its_addressee(scene: Scene, browser: Browser) -> None:
    """Design 9: "Page 2 of 2" in the same place, with a form of its own; a repeat of the first answers nothing more."""
    first, other, bo = page_of(scene), second(scene), browser(scene.world.bo)
    html = text_of(bo.get(path_of(first)))
    assert "Page 1 of 2" in html
    assert f'data-user="{scene.world.bo.pk}"' in html
    answer = give(bo, html, "accept")
    after = text_of(answer)
    assert "Page 2 of 2" in after
    assert "arrives" in after
    assert "You have acknowledged" in after
    assert "Cards are refused" in after
    again = give(bo, html, "accept")
    assert again.status_code == 409
    assert "Page 2 of 2" in text_of(again), "a second tap that was faster than the answer"
    other.refresh_from_db()
    assert other.state == "sent"
    last = text_of(give(bo, after, "decline"))
    other.refresh_from_db()
    assert other.state == "declined"
    assert "arrives" not in last
    assert "Why?" in last


def test_a_reason_on_the_way_does_not_count_the_pages_anew(scene: Scene, browser: Browser) -> None:
    """The third of three is still the third once it is said why the second was declined, a mistyped reason included."""
    page_of(scene), second(scene), second(scene, title="Third")
    bo = browser(scene.world.bo)
    declined = text_of(give(bo, text_of(give(bo, text_of(bo.get(path_of(page_of(scene)))), "accept")), "decline"))
    assert "Page 3 of 3" in declined
    for reason in (" ", "At the dentist's"):
        why = re.search(r'<form[^>]* action="([^"]+)"(?:(?!</form>).)*value="reason"', declined, re.DOTALL)
        assert why
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', why[0]))
        declined = text_of(bo.post(why[1], {**hidden, "answer": "reason", "reason": reason}))
    assert "Page 3 of 3" in declined


@pytest.mark.parametrize("turn", ["", "x", "-1", "999", "٣", "1e9", EVIL])
def test_a_made_up_turn_breaks_nothing(scene: Scene, browser: Browser, turn: str) -> None:
    second(scene)
    bo = browser(scene.world.bo)
    html = text_of(bo.get(path_of(page_of(scene))))
    fields = {"answer": "accept", "nonce": hidden(html, "nonce"), "turn": turn}
    assert "Page 2 of 2" in text_of(bo.post(path_of(page_of(scene)), fields))


def test_a_private_incident_stays_its_codename(scene: Scene, browser: Browser) -> None:
    """S34: neither facts nor state nor what happened, also for the one who was paged."""
    page = Page.objects.get(pk=scene.hidden["pages"])
    Incident.objects.filter(pk=scene.private.pk).update(customer_impact="Salaries of all")
    for client in (Client(), browser(scene.world.cy)):
        html = text_of(client.get(path_of(page)))
        assert CODENAME in html
        for word in (SECRET_TITLE, "Salaries", "Triggered", "So far", "Checkout"):
            assert word not in html, word


def test_the_worker_is_told_a_sentence(scene: Scene) -> None:
    """A notification's Accept: JSON for whoever asks for it, by POST alone, and the page says how it was answered."""
    page = page_of(scene)
    nonce = links.nonce("answer", str(page.pk))
    fields = {"answer": "accept", "nonce": nonce, "via": "push"}
    accept = {"Accept": "application/json"}
    first = Client().post(path_of(page), fields, headers=accept)
    assert json.loads(first.content) == {"said": f"Accepted. {scene.open}", "state": "accepted"}
    again = Client().post(path_of(page), fields, headers=accept)
    assert (again.status_code, json.loads(again.content)["said"]) == (409, "You have accepted this page.")
    page.refresh_from_db()
    assert page.answered_via == "push"
    gone = Client().post("/answer/x.1.y/", fields, headers=accept)
    assert gone.status_code == 404
    assert "not one of ours" in json.loads(gone.content)["said"]


def test_the_reason_is_asked_for_afterwards(scene: Scene) -> None:
    """Design 9: declining is one tap; the reason goes to the timeline later, or never."""
    page, client = page_of(scene), Client()
    declined = text_of(give(client, text_of(client.get(path_of(page))), "decline"))
    page.refresh_from_db()
    assert page.state == "declined"
    found = re.search(r'name="nonce" value="([^"]+)"', declined)
    assert found
    long = client.post(path_of(page), {"answer": "reason", "nonce": found[1], "reason": f"{EVIL}{'x' * 200}"})
    assert long.status_code == 400
    assert_inert(long)
    found = re.search(r'name="nonce" value="([^"]+)"', text_of(long))
    assert found
    empty = client.post(path_of(page), {"answer": "reason", "nonce": found[1], "reason": " "})
    assert empty.status_code == 400
    fresh = re.search(r'name="nonce" value="([^"]+)"', text_of(empty))
    assert fresh
    sent = client.post(path_of(page), {"answer": "reason", "nonce": fresh[1], "reason": EVIL})
    assert "Your reason stands in the timeline." in text_of(sent)
    page.refresh_from_db()
    assert page.answer_reason == EVIL
    entry = scene.open.entries.filter(kind="page_declined").latest("pk")
    assert entry.text == f"Bo Chen declined because: {EVIL}"
    again = client.post(path_of(page), {"answer": "reason", "nonce": fresh[1], "reason": "another"})
    assert again.status_code == 409


def test_a_forwarded_link_names_whoever_has_answered(scene: Scene, browser: Browser) -> None:
    """S9: "you" is the person who was paged, or whoever holds the link and has not signed in; never a colleague."""
    page = page_of(scene)
    for done in ("accepted", "declined"):
        Page.objects.filter(pk=page.pk).update(state=done)
        for client in (Client(), browser(scene.world.bo)):
            assert f"You have {done} this page." in text_of(client.get(path_of(page)))
        for client in (browser(scene.world.cy), browser(scene.world.ana)):
            html = text_of(client.get(path_of(page)))
            assert f"Bo Chen has {done} this page." in html
            assert "You have" not in html


def test_a_colleagues_answer_names_the_one_who_was_paged(scene: Scene, browser: Browser) -> None:
    """S9: the holder of the link acts for its owner; the page says so before and after, for the reason as well."""
    page, cy = page_of(scene), browser(scene.world.cy)
    forms = [text_of(cy.get(path_of(page))) for _ in range(2)]
    assert "Your answer counts as that of <bdi>Bo Chen</bdi>." in forms[0]
    declined = text_of(give(cy, forms[0], "decline"))
    assert "Declined for Bo Chen." in declined
    why = re.search(r'name="nonce" value="([^"]+)"', declined)
    assert why
    sent = text_of(cy.post(path_of(page), {"answer": "reason", "nonce": why[1], "reason": "On a train"}))
    assert "The reason stands in the timeline." in sent
    accepted = text_of(give(cy, forms[1], "accept"))
    assert "Accepted for Bo Chen. Bo Chen acknowledged it at " in accepted
    for shown in (declined, sent, accepted):
        assert "You have" not in shown
        assert "Your reason" not in shown
    page.refresh_from_db()
    assert (page.state, page.user) == ("accepted", scene.world.bo)


def test_whoever_is_alone_is_told_that_the_next_one_is_he(
    scene: Scene, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The level stands with the facts, not beside the name of whoever is next; nobody is "next" after himself."""
    page, bo = page_of(scene), scene.world.bo
    page_next = "".join(text_of(browser(bo).get(path_of(page))).split('<span class="countdown', 1)[1:])
    assert "Next: " in page_next
    assert "level" not in page_next
    assert "counts as that of" not in page_next
    waiting = waiting_for(page.subject)
    assert waiting is not None
    monkeypatch.setattr(answering, "waiting_for", lambda subject: replace(waiting, next_people=[bo]))
    assert "You are paged again in <span" in text_of(browser(bo).get(path_of(page)))
    assert "<bdi>Bo Chen</bdi> is paged again in <span" in text_of(browser(scene.world.cy).get(path_of(page)))
    monkeypatch.setattr(answering, "waiting_for", lambda subject: replace(waiting, next_people=[bo, scene.world.cy]))
    assert "Next: <bdi>Bo Chen</bdi>, <bdi>Cy Novak</bdi> in <span" in text_of(browser(bo).get(path_of(page)))
    later = replace(waiting, next_people=[scene.world.cy], next_due=clock.now() + timedelta(minutes=1440))
    monkeypatch.setattr(answering, "waiting_for", lambda subject: later)
    assert "Next: <bdi>Cy Novak</bdi> in 1 d</span>" in text_of(browser(bo).get(path_of(page))), "not 1440:00"


def test_only_the_one_who_declined_gives_a_reason(scene: Scene, api: Callable[..., APIClient]) -> None:
    """A57: neither before the answer nor for somebody else."""
    page, bo = page_of(scene), person(scene.world.bo)
    with pytest.raises(Conflict):
        reasons.explain(bo, page, reason="too early")
    pages.decline(bo, page, via="web")
    with pytest.raises(Forbidden):
        reasons.explain(person(User.objects.get(pk=scene.world.cy.pk)), page, reason="not mine")
    with pytest.raises(Invalid):
        reasons.explain(link_holder(scene.world.bo), page, reason="")
    client = api(scene.world.bo)
    client.default_format = "json"
    assert client.post(f"/api/v1/pages/{page.pk}/reason/", {"reason": "On a train"}).status_code == 200
    assert api(scene.world.cy).post(f"/api/v1/pages/{page.pk}/reason/", {"reason": "x"}, "json").status_code == 404
    page.refresh_from_db()
    assert page.answer_reason == "On a train"


def test_what_happened_so_far_is_for_the_one_who_was_paged(scene: Scene, browser: Browser) -> None:
    from incidents.commands import timeline

    for number in range(5):
        timeline.note(person(scene.world.ana), scene.open, text=f"Step {number} <b>done</b>")
    html = text_of(browser(scene.world.bo).get(path_of(page_of(scene))))
    assert re.findall(r"Step (\d) &lt;b&gt;", html) == ["2", "3", "4"]


def test_the_page_costs_the_same_for_one_and_for_many(scene: Scene, browser: Browser) -> None:
    bo, path = browser(scene.world.bo), path_of(page_of(scene))
    few = count(bo, path)
    for number in range(4):
        second(scene, title=f"Trouble {number}")
    assert count(bo, path) == few == recorded(__file__)["answer"]
