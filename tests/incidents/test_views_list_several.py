"""Several incidents at once, and the list as a file: pages and API."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.errors import Conflict
from core.models import AuditEntry
from incidents.commands import bulk, exporting, lifecycle
from incidents.models import Incident, Participant
from incidents.queries.bulk import chosen
from incidents.queries.search import Names
from incidents.queries.sheet import Sheet
from oncall.models import Page
from tests import world as make
from tests.incidents.conftest import Stage
from tests.incidents.test_views_list import declared, many
from tests.pages import EVIL, after, text_of

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
SEVERAL = "/incidents/several/"


def statuses() -> list[str]:
    return list(Incident.objects.order_by("number").values_list("status", flat=True))


def test_the_reach_is_said_then_all_are_acknowledged_and_taken_back(stage: Stage, browser: Browser) -> None:
    """GET asks and changes nothing, POST acts, and the one undo is for all of them."""
    for _ in range(3):
        declared(stage)
    bo = browser(stage.world.bo)
    query = "?do=acknowledge&number=1&number=2&number=3&q=state%3Atriggered"
    page = text_of(bo.get(SEVERAL + query))
    assert "Acknowledge 3 incidents" in page
    assert "nobody else will be paged" in page
    assert statuses() == ["triggered"] * 3
    answer = bo.post(SEVERAL, {"do": "acknowledge", "number": ["1", "2", "3"], "q": "state:triggered"})
    assert (answer.status_code, answer["Location"]) == (303, "/incidents/?q=state%3Atriggered")
    said = text_of(bo.get(answer["Location"]))
    assert "3 incidents are acknowledged." in said
    undo = re.search(r'action="(/incidents/several/[^"]+)"', said)
    assert undo is not None
    assert statuses() == ["acknowledged"] * 3
    assert bo.post(html.unescape(undo[1])).status_code == 303
    assert statuses() == ["triggered"] * 3


def test_one_sentence_resolves_them_all(stage: Stage, browser: Browser) -> None:
    declared(stage), declared(stage)
    form = {"do": "resolve", "number": ["1", "2"], "resolution": "Rolled back", "ending": "fixed"}
    bo = browser(stage.world.bo)
    assert "2 incidents are resolved." in after(bo, bo.post(SEVERAL, form))
    assert set(Incident.objects.values_list("status", "resolution")) == {("resolved", "Rolled back")}


def test_a_person_is_paged_for_each(stage: Stage, browser: Browser) -> None:
    declared(stage), declared(stage)
    bo = browser(stage.world.bo)
    assert "Cy Novak" in text_of(bo.get(SEVERAL + "?do=reassign&number=1&number=2"))
    refused = bo.post(SEVERAL, {"do": "reassign", "number": ["1", "2"], "to": ""})
    assert refused.status_code == 400
    form = {"do": "reassign", "number": ["1", "2"], "to": f"user:{stage.world.cy.pk}", "reason": "Knows it"}
    assert bo.post(SEVERAL, form).status_code == 303
    assert set(Participant.objects.filter(assignee=True).values_list("user__name", flat=True)) == {"Cy Novak"}
    assert Page.objects.filter(user=stage.world.cy).count() == 2


def test_all_or_nothing_with_the_reason_of_each(stage: Stage, browser: Browser) -> None:
    """A61: what is not theirs, not possible now or not there for them is named, and nothing is done to the others."""
    search = make.service("Index", stage.world.search)
    fine, over, foreign, hidden = declared(stage), declared(stage), declared(stage, service=search), declared(stage)
    lifecycle.resolve(make.acts(stage.world.ana), over, resolution="Done")
    Incident.objects.filter(pk=hidden.pk).update(visibility="private", title="Breach")
    Participant.objects.filter(incident__in=[foreign, hidden]).delete()
    bo, query = browser(stage.world.bo), "".join(f"&number={n}" for n in (1, 2, 3, 4, 99))
    page = html.unescape(text_of(bo.get(f"{SEVERAL}?do=resolve{query}")))
    assert "cannot be done to 4 of them" in page
    assert "It is resolved." in page
    assert "You may not resolve this incident." in page
    assert page.count("There is no such incident.") == 2  # the private one and the one that is not there look alike
    assert "Breach" not in page
    assert re.findall(r'name="number" value="(\d+)"', page) == [str(fine.number)]
    assert ">Resolve INC-1</button>" in page
    body = {"do": "resolve", "number": ["1", "2", "3", "4", "99"], "resolution": "Rolled back"}
    answer = bo.post(SEVERAL, body)
    assert answer.status_code == 409
    assert "Rolled back</textarea>" in text_of(answer), "what was typed is not lost with the refusal"
    assert statuses() == ["triggered", "resolved", "triggered", "triggered"]


def test_the_rest_is_done_with_one_press(stage: Stage, browser: Browser) -> None:
    """A61: the button says how many are left; only those are sent."""
    done = [declared(stage) for _ in range(4)][-1]
    lifecycle.acknowledge(make.acts(stage.world.ana), done)
    bo, query = browser(stage.world.bo), "".join(f"&number={n}" for n in (1, 2, 3, 4))
    page = text_of(bo.get(f"{SEVERAL}?do=acknowledge{query}"))
    assert "It cannot be done to 1 of them." in page
    assert ">Acknowledge the other 3</button>" in page
    left = re.findall(r'name="number" value="(\d+)"', page)
    assert "3 incidents are acknowledged." in after(bo, bo.post(SEVERAL, {"do": "acknowledge", "number": left}))
    nothing = text_of(bo.get(f"{SEVERAL}?do=acknowledge{query}"))
    assert "cannot be done to any of them" in nothing
    assert 'name="number"' not in nothing


def test_what_happens_meanwhile_undoes_the_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A61: the second one was resolved between the look and the lock."""
    declared(stage), declared(stage)
    ana = make.acts(stage.world.ana)
    real = chosen

    def late(*args: Any) -> Any:
        found = real(*args)
        lifecycle.resolve(ana, Incident.objects.get(number=2), resolution="Quicker")
        return found

    monkeypatch.setattr(bulk, "chosen", late)
    with pytest.raises(Conflict) as refused:
        bulk.act_on_all(ana, "acknowledge", [1, 2])
    assert list(refused.value.fields) == ["INC-2"]
    assert statuses() == ["triggered", "triggered"]


@pytest.mark.parametrize("query", ["?do=close&number=1", "?do=resolve", "?do=resolve&number=x", "?number=1"])
def test_what_no_control_sends_is_refused(stage: Stage, browser: Browser, query: str) -> None:
    declared(stage)
    assert browser(stage.world.bo).get(SEVERAL + query).status_code == 400


def test_fifty_are_the_most(stage: Stage, browser: Browser) -> None:
    many(stage, 60)
    query = "".join(f"&number={n}" for n in range(1, 52))
    assert browser(stage.world.bo).get(f"{SEVERAL}?do=resolve{query}").status_code == 400
    assert browser(stage.world.sam).get(f"{SEVERAL}?do=resolve&number=1").status_code == 403


def test_the_api_does_the_same(stage: Stage, api: Api) -> None:
    """A61: 409 with each number's reason; else the incidents as they are then."""
    declared(stage), declared(stage)
    bo = api(stage.world.bo)
    body = {"verb": "resolve", "numbers": [1, 2, 99], "resolution": "Done"}
    refused = bo.post("/api/v1/incidents/bulk/", body, format="json")
    assert (refused.status_code, refused.json()["fields"]) == (409, {"INC-99": ["There is no such incident."]})
    done = bo.post("/api/v1/incidents/bulk/", {**body, "numbers": [1, 2]}, format="json")
    assert [row["status"] for row in done.json()] == ["resolved", "resolved"]
    for wrong in (
        {"verb": "close", "numbers": [1]},
        {"verb": "resolve", "numbers": []},
        {"verb": "resolve", "numbers": list(range(1, 60))},
    ):
        assert bo.post("/api/v1/incidents/bulk/", wrong, format="json").status_code == 400


def test_the_api_reads_the_same_words(stage: Stage, api: Api) -> None:
    one = declared(stage, "Cart is slow")
    declared(stage, "Payments fail")
    bo = api(stage.world.bo)
    found = bo.get("/api/v1/incidents/", {"q": "team:payments state:open car"}).json()["results"]
    assert [row["number"] for row in found] == [one.number]
    refused = bo.get("/api/v1/incidents/", {"q": "state:opne"})
    assert refused.status_code == 400
    assert "Use one of open" in refused.json()["fields"]["q"][0]
    assert bo.get("/api/v1/incidents/", {"q": "service:nothing"}).status_code == 400
    made = bo.post("/api/v1/incident-views/", {"name": "Carts", "query": "cart"}, format="json").json()
    path = f"/api/v1/incident-views/{made['id']}/"
    assert bo.patch(path, {"team": stage.world.payments.pk}, format="json").json()["team"]["name"] == "Payments"
    assert [row["name"] for row in api(stage.world.cy).get("/api/v1/incident-views/").json()["results"]] == ["Carts"]
    assert bo.delete(path).status_code == 204


# --- the list as a file ---------------------------------------------------------------------------
def sheet(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline="")))


def test_the_file_holds_what_the_list_shows(stage: Stage, browser: Browser) -> None:
    """A1, A17: no cell is computed; private ones go by their codenames, and to their people only (A62, S34)."""
    declared(stage, "=cmd|' /C calc'!A0"), declared(stage, EVIL)
    hidden = declared(stage, "Breach of the vault")
    Incident.objects.filter(pk=hidden.pk).update(visibility="private", codename="Blue Heron")
    Participant.objects.filter(incident=hidden).exclude(user=stage.world.ana).delete()
    answer = browser(stage.world.ana).post("/incidents/export/", {"q": "state:open"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="incidents-2026-11-16.csv"'
    rows = sheet(answer)
    assert [row["title"] for row in rows] == ["Blue Heron", EVIL, "'=cmd|' /C calc'!A0"]
    assert (rows[0]["service"], rows[0]["team"]) == ("A private service", "")
    assert rows[1]["opened_at"] == "2026-11-16T09:00:00Z"
    assert (rows[1]["service"], rows[1]["team"], rows[1]["owners"]) == ("Checkout", "Payments", "Bo Chen")
    assert len(sheet(browser(stage.world.bo).post("/incidents/export/", {"q": ""}))) == 2
    assert AuditEntry.objects.filter(verb="export", actor=f"user:{stage.world.ana.pk}").get().after == {
        "query": "state:open"
    }


def test_one_file_at_a_time_for_each_person(stage: Stage, browser: Browser, api: Api) -> None:
    """A90: a second one is refused while the first runs, wherever it was begun; afterwards there is place again."""
    declared(stage)
    give_back = exporting.begin_export(make.acts(stage.world.ana), query="")
    assert browser(stage.world.ana).post("/incidents/export/", {"q": ""}).status_code == 429
    assert api(stage.world.ana).post("/api/v1/incidents/export/", {}, format="json").status_code == 429
    assert browser(stage.world.bo).post("/incidents/export/", {"q": ""}).status_code == 200
    give_back()
    ana = make.acts(stage.world.ana)
    Sheet(Names(ana), (), exporting.begin_export(ana, query="")).close()  # the reader leaves before the first line
    assert len(sheet(api(stage.world.ana).post("/api/v1/incidents/export/", {}, format="json"))) == 1


def test_a_long_file_comes_in_batches(stage: Stage, browser: Browser, django_assert_max_num_queries: Any) -> None:
    many(stage, 1_120)
    answer = browser(stage.world.ana).post("/incidents/export/", {"q": "state:all"})
    with django_assert_max_num_queries(8):
        rows = sheet(answer)
    assert [row["number"] for row in rows] == [f"INC-{n}" for n in range(1_120, 0, -1)]


def test_a_file_of_nonsense_is_refused(stage: Stage, browser: Browser) -> None:
    ana = browser(stage.world.ana)
    assert ana.post("/incidents/export/", {"q": "stat:open"}).status_code == 400
    assert ana.post("/incidents/export/", {"q": "team:nobody"}).status_code == 400
    assert ana.get("/incidents/export/").status_code == 405
    assert ana.post("/incidents/export/", {"q": ""}).status_code == 200
