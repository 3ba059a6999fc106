"""What is known, through the page and the API: the dialog, the header, conflicts, who reads what (TRI-01, S36, S51)."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core import health
from incidents.commands import attachments, lifecycle
from incidents.commands.attachments import Upload
from incidents.commands.describing import describe
from incidents.models import Incident, Participant
from tests.incidents import pictures
from tests.incidents.conftest import Stage
from tests.pages import EVIL, after, assert_inert, count, text_of
from tests.world import acts

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
PAGE, KNOWN, ONE = "/incidents/1/", "/incidents/1/known/", "/api/v1/incidents/1/"
IMPACT = "About 1 in 5 card payments fails for shoppers in the EU"
PART = {"HX-Request": "true", "HX-Target": "sheet"}


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire("disk", severity="error")
    return stage.incident()


def texts(stage: Stage, **more: str) -> dict[str, str]:
    """What the form sends when nobody touches it, except for `more`."""
    now = stage.incident()
    names = ("title", "customer_impact", "suspected_cause", "description")
    return {name: str(getattr(now, name)) for name in (*names, "version")} | more


def test_from_not_known_yet_to_the_header_without_a_script(stage: Stage, opened: Incident, browser: Browser) -> None:
    """TRI-01: the link in the header leads to a page of its own that holds what stands there."""
    bo = browser(stage.world.bo)
    shown = text_of(bo.get(PAGE))
    assert "Impact not known yet" in shown
    assert re.search(rf'<a class="small" id="known" href="{KNOWN}" hx-get="{KNOWN}" hx-target="#sheet">Write it', shown)
    form = text_of(bo.get(KNOWN))
    assert 'value="disk is bad"' in form
    shown = after(bo, bo.post(KNOWN, texts(stage, customer_impact=IMPACT, suspected_cause="The pool")))
    assert "What is known of INC-1 is saved." in shown
    head = shown.split('id="inc-head"')[1].split('id="panels"')[0]
    assert IMPACT in head
    assert "Customers affected" in head
    assert "Impact not known yet" not in shown
    assert "The pool" in shown.split('id="panel-short"')[1].split("</details>")[0]
    assert re.search(r"<b>Impact</b> by <bdi>Bo Chen</bdi>: <bdi>About 1 in 5", shown)


def test_customers_are_affected_until_it_is_mitigated(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Mitigated means that customer impact has ended (domain.md); what it was stays readable, until a relapse."""
    bo, client = acts(stage.world.bo), browser(stage.world.bo)
    describe(bo, opened, customer_impact=IMPACT)
    lifecycle.acknowledge(bo, stage.incident())
    assert "Customers affected" in text_of(client.get(PAGE))
    lifecycle.mitigate(bo, stage.incident())
    assert "Customers affected" not in text_of(client.get(PAGE))
    assert IMPACT in text_of(client.get(PAGE))
    lifecycle.relapse(bo, stage.incident())
    assert "Customers affected" in text_of(client.get(PAGE))


def test_the_live_page_is_told_and_draws_header_and_panel_anew(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    """RES-20: Cy has the page open; the feed brings the entry and says that the header has changed."""
    cy = browser(stage.world.cy)
    seen = cy.get(f"{PAGE}feed/?since=0").json()["frames"][-1]["seq"]
    assert browser(stage.world.bo).post(KNOWN, texts(stage, customer_impact=IMPACT)).status_code == 303
    frames = cy.get(f"{PAGE}feed/?since={seen}").json()["frames"]
    assert [(each["kind"], IMPACT in each["html"]) for each in frames] == [("panel", False), ("entry", True)]
    regions = text_of(cy.get(f"{PAGE}regions/"))
    assert IMPACT in regions
    assert "Customers affected" in regions


def test_the_dialog_keeps_what_was_typed_and_shows_both_texts(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S51, F45: Cy's dialog is older than what Bo wrote; the second press replaces it knowingly."""
    cy = browser(stage.world.cy)
    mine = texts(stage, customer_impact="Everybody in the EU")
    describe(acts(stage.world.bo), stage.incident(), customer_impact=IMPACT)
    answer = cy.post(KNOWN, mine, headers=PART)
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#sheet")
    shown = unescape(text_of(answer))
    assert "This incident has changed since you opened it." in shown
    assert f"Stored meanwhile: {IMPACT}" in shown
    assert shown.count("Stored meanwhile") == 1
    assert ">\nEverybody in the EU</textarea>" in shown
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    assert cy.post(KNOWN, mine | {"version": version[1]}).status_code == 303
    assert stage.incident().customer_impact == "Everybody in the EU"


def test_a_wrong_text_is_refused_beside_its_field(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    answer = bo.post(KNOWN, texts(stage, title="", customer_impact=IMPACT))
    assert answer.status_code == 400
    shown = text_of(answer)
    assert 'id="id_title_error"' in shown
    assert IMPACT in shown
    assert bo.post(KNOWN, texts(stage, customer_impact="x" * 501)).status_code == 400
    assert stage.incident().customer_impact == ""
    Incident.objects.update(status="cancelled")
    assert bo.post(KNOWN, texts(stage, customer_impact=IMPACT)).status_code == 409
    assert KNOWN not in text_of(bo.get(PAGE))


def test_who_is_offered_it_and_who_may(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Matrix 3.4: Di of another team looks on; once on the incident, she writes too. Sam never does."""
    di, sam = browser(stage.world.di), browser(stage.world.sam)
    for client in (di, sam):
        assert KNOWN not in text_of(client.get(PAGE))
        assert client.get(KNOWN).status_code == 403
        assert client.post(KNOWN, texts(stage, customer_impact=IMPACT)).status_code == 403
    for user in (stage.world.di, stage.world.sam):
        Participant.objects.create(incident=opened, user=user)
    assert KNOWN in text_of(di.get(PAGE))
    assert di.post(KNOWN, texts(stage, customer_impact=IMPACT)).status_code == 303


def test_a_stakeholder_reads_the_impact_and_not_the_cause(
    stage: Stage, opened: Incident, browser: Browser, api: Api
) -> None:
    """S36, on the page and through the API."""
    bo = acts(stage.world.bo)
    describe(bo, opened, customer_impact=IMPACT, suspected_cause="secretcause", description="secretwords")
    sam = browser(stage.world.sam)
    for path in (PAGE, f"{PAGE}regions/"):
        assert IMPACT in text_of(sam.get(path))
        assert "secret" not in text_of(sam.get(path))
    frames = sam.get(f"{PAGE}feed/?since=0").json()["frames"]
    assert not any("secret" in each["html"] or IMPACT in each["html"] for each in frames)
    for path in (ONE, f"{ONE}timeline/"):
        assert "secret" not in api(stage.world.sam).get(path).content.decode()
    assert api(stage.world.sam).get(ONE).json()["customer_impact"] == IMPACT


def test_a_private_incident_is_not_there_for_others(stage: Stage, opened: Incident, browser: Browser, api: Api) -> None:
    """S34, A57: 404 by every door, never 403; its people write on."""
    Incident.objects.update(visibility="private", codename="Heron")
    for user in (stage.world.ana, stage.world.ada, stage.world.sam):
        assert browser(user).get(KNOWN).status_code == 404
        assert browser(user).post(KNOWN, texts(stage, title="x")).status_code == 404
        assert api(user).patch(ONE, {"title": "x"}, format="json").status_code == 404
    assert browser(stage.world.bo).post(KNOWN, texts(stage, title="Salaries of all")).status_code == 303
    assert "Salaries" not in text_of(browser(stage.world.ana).get("/incidents/"))


def test_hostile_texts_are_inert_wherever_they_stand(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A1, A4: header, panel, entry, form and the conflict's sentence."""
    bo = browser(stage.world.bo)
    evil = texts(stage, **dict.fromkeys(("title", "customer_impact", "suspected_cause", "description"), EVIL))
    assert bo.post(KNOWN, evil).status_code == 303
    for path in (PAGE, f"{PAGE}regions/", KNOWN):
        assert_inert(bo.get(path))
    assert_inert(browser(stage.world.sam).get(PAGE))
    late = evil | {"customer_impact": "Nobody"}
    assert_inert(bo.post(KNOWN, late))


def test_programs_write_it_with_a_version(stage: Stage, opened: Incident, api: Api) -> None:
    """S51, A59: what is left out stays; a stale version is 409 with both texts; other fields are refused."""
    bo, version = api(stage.world.bo), opened.version
    answer = bo.patch(ONE, {"customer_impact": IMPACT, "version": version}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["customer_impact"], answer.json()["title"]) == (IMPACT, "disk is bad")
    stale = bo.patch(ONE, {"customer_impact": "Everybody"}, format="json", HTTP_IF_MATCH=f'"{version}"')
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert stale.json()["fields"]["customer_impact"] == [IMPACT, "Everybody"]
    for wrong in ({"status": "closed"}, {"title": ""}, {"title": None}, {"customer_impact": "x" * 501}):
        assert bo.patch(ONE, wrong, format="json").status_code == 400
    assert api(stage.world.di).patch(ONE, {"title": "x"}, format="json").status_code == 403
    entry = [each for each in bo.get(f"{ONE}timeline/").json()["results"] if each["kind"] == "described"]
    assert [(each["text"], each["data"]) for each in entry] == [(IMPACT, {"fact": "customer_impact", "was": ""})]


def test_pages_with_files_and_with_all_that_is_known_stay_within_fourteen_queries(
    stage: Stage, opened: Incident, browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    """The files of all entries are one query, which the names of the priorities have made room for."""
    monkeypatch.setattr(health, "banner", lambda *, detailed: None)
    settings.ATTACHMENTS_DIR = tmp_path
    actor, client = acts(stage.world.bo), browser(stage.world.bo)
    bare = count(client, PAGE)
    describe(actor, opened, customer_impact=IMPACT, suspected_cause="The pool", description="Since 14:00")
    assert count(client, PAGE) == bare
    for name in ("one", "two", "three"):
        upload = [Upload(f"{name}.png", pictures.picture(), name), Upload(f"{name}.log", b"pod 3", "")]
        attachments.attach(actor, stage.incident(), uploads=upload)
    assert count(client, PAGE) == bare + 1 <= 14
