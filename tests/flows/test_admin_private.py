"""A private incident is not in the administration either: no list, page, history or search tells of it (S34)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.flows.security_doors import ROUNDS
from tests.flows.security_scene import CODENAME, SECRET_TITLE, Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.pages import text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
LISTS = sorted(f"/admin/{page.opts.app_label}/{page.opts.model_name}/" for page in admin.site._registry.values())
KINDS = {
    "incidents/incident": "incidents",
    "incidents/alert": "alerts",
    "incidents/timelineentry": "entries",
    "integrations/inboundevent": "inbound",
    "notifications/delivery": "deliveries",
    "oncall/page": "pages",
}


def tells(scene: Scene, text: str) -> list[str]:
    """What of the private incident stands in a page."""
    number = scene.hidden["incidents"]
    words = [SECRET_TITLE, CODENAME, f"INC-{number}", f"incident:{number}"]
    return [word for word in words if re.search(rf"{re.escape(word)}(?!\d)", text)]


@pytest.mark.parametrize("path", [path for path in LISTS if not path.startswith("/admin/core/")])
@pytest.mark.parametrize("whole", ROUNDS)
def test_no_list_tells_of_it(scene: Scene, browser: Browser, path: str, whole: bool) -> None:
    """A62, A68: the administrator and the process owner are not on it.

    In `make test` one of them reads a list and the other searches it, the other way round at the next list.
    """
    readers = [browser(scene.world.ada), browser(scene.world.pat)]
    asked = list(product(readers, ({}, {"q": "Payroll"})))
    first = [asked[0], asked[3]] if LISTS.index(path) % 2 else [asked[1], asked[2]]
    for reader, query in asked if whole else first:
        answer = reader.get(path, query)
        assert answer.status_code in {200, 403}
        assert not tells(scene, text_of(answer)), path


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_page_of_it_opens(scene: Scene, browser: Browser, kind: str) -> None:
    """A57: as if it were not there; that of the open incident does."""
    where, name = f"/admin/{kind}/", KINDS[kind]
    number = {"incidents": scene.private.pk}.get(name) or int(scene.hidden[name])
    known = {"incidents": scene.open.pk}.get(name) or int(scene.ids[name])
    client = browser(scene.world.ada)
    for act in ("change", "history", "delete"):
        gone, none = (client.get(f"{where}{each}/{act}/", follow=True) for each in (number, 987_654))
        assert (gone.status_code, gone.redirect_chain) == (none.status_code, none.redirect_chain), act
        assert not tells(scene, text_of(gone)), act
    assert client.get(f"{where}{known}/change/").status_code == 200


def test_no_act_reaches_it(scene: Scene, browser: Browser) -> None:
    """A61: chosen together with an open one, nothing is done to either."""
    chosen = {"action": "resolve", "_selected_action": [scene.open.pk, scene.private.pk]}
    before = (scene.open.status, scene.private.status)
    answer = browser(scene.world.ada).post("/admin/incidents/incident/", chosen, follow=True)
    assert "so nothing was changed" in text_of(answer)
    assert (scene.open.status, scene.private.status) == before


def test_the_verbs_of_an_incident_are_its_commands(scene: Scene, browser: Browser) -> None:
    chosen = {"action": "acknowledge", "_selected_action": [scene.open.pk]}
    client = browser(scene.world.ada)
    assert "Acknowledged." in text_of(client.post("/admin/incidents/incident/", chosen, follow=True))
    assert scene.open.status == "acknowledged"
    again = text_of(client.post("/admin/incidents/incident/", chosen, follow=True))
    assert "Nothing was changed. INC-" in again


def test_the_person_on_it_sees_it(scene: Scene, browser: Browser) -> None:
    """Cy is on it, and becomes process owner: what he may know he finds."""
    type(scene.world.cy).objects.filter(pk=scene.world.cy.pk).update(role="process_owner")
    assert SECRET_TITLE in text_of(browser(scene.world.cy).get("/admin/incidents/incident/"))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_a_fixed_number_of_queries(scene: Scene, browser: Browser, path: str) -> None:
    """P7: with every kind of row in it."""
    client = browser(scene.world.ada)
    client.get(path)
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    assert len(found) <= 12, [each["sql"][:150] for each in found]


@pytest.mark.parametrize("path", LISTS)
def test_no_list_counts_a_whole_table(scene: Scene, browser: Browser, path: str) -> None:
    """P7: each count stops at a bound."""
    client = browser(scene.world.ada)
    with CaptureQueriesContext(connection) as found:
        client.get(path)
    counts = [each["sql"] for each in found if "COUNT(" in each["sql"].upper()]
    assert all("LIMIT" in sql for sql in counts), counts
