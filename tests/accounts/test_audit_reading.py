"""The audit for those who do not enter the administration: page and API (matrix 3.4, A57, A62, A93)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core import audit
from core.models import AuditEntry
from tests import world as builders
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.pages import EVIL, assert_inert, text_of
from tests.world import World, acts

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Api = Callable[..., Any]
API = "/api/v1/audit/"


def entries(scene: Scene) -> dict[str, AuditEntry]:
    """Pat works on things of Payments and of Search, and on files of both incidents; Bo on a rule of his own."""
    world = scene.world
    own = builders.service("Index", world.search)
    files = [
        each.entries.filter(files__isnull=False).get().files.get().attachment_id for each in (scene.open, scene.private)
    ]
    pat = acts(world.pat)
    return {
        "service": audit.write(pat, "service.edit", f"service:{world.checkout.pk}", before={"team": world.search.pk}),
        "team": audit.write(pat, "team.edit", f"team:{world.payments.pk}"),
        "key": audit.write(pat, "revoke", f"key:{world.checkout.integration_keys.get().pk}"),
        "grouping": audit.write(pat, "edit", f"grouping:{world.checkout.pk}"),
        "foreign": audit.write(pat, "service.edit", f"service:{own.pk}"),
        "user": audit.write(pat, "user.edit", f"user:{world.eve.pk}"),
        "bo": audit.write(acts(world.bo), "rule.add", f"user:{world.bo.pk}"),
        "file": audit.write(pat, "attachment.removed", f"attachment:{files[0]}"),
        "private": audit.write(pat, "attachment.removed", f"attachment:{files[1]}"),
    }


def read_by(api: Api, user: Any, made: dict[str, AuditEntry], *scopes: str) -> set[str]:
    """Which of the made entries the API shows."""
    answer = api(user, *scopes).get(API, {"page_size": 200})
    assert answer.status_code == 200
    seen = {row["id"] for row in answer.json()["results"]}
    return {name for name, entry in made.items() if entry.pk in seen}


def test_everybody_reads_what_is_his(scene: Scene, api: Api) -> None:
    """Responders their own acts and what is of their incidents, managers their teams', process owners all."""
    made, world = entries(scene), scene.world
    assert read_by(api, world.bo, made) == {"bo", "file"}
    assert read_by(api, world.cy, made) == {"private"}
    assert read_by(api, world.eve, made) == set()
    assert read_by(api, world.ana, made) == {"service", "team", "key", "grouping"}
    assert read_by(api, world.pat, made) == read_by(api, world.ada, made) == set(made)


def test_a_token_reads_no_wider_than_its_scopes(scene: Scene, api: Api) -> None:
    """A44: the whole audit needs the scope of administration; without reading there is nothing."""
    made, world = entries(scene), scene.world
    assert read_by(api, world.pat, made, "read") == set(made) - {"bo"}, "Pat's own acts"
    assert read_by(api, world.ana, made, "read") == {"service", "team", "key", "grouping"}
    assert api(world.ada, "write").get(API).status_code == 403


def test_stakeholders_and_strangers_read_nothing(world: World, api: Api, browser: Browser) -> None:
    assert api(world.sam).get(API).status_code == 403
    assert browser(world.sam).get("/audit/").status_code == 403
    assert browser().get("/audit/").status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes(world: World, api: Api, method: str) -> None:
    """A93."""
    assert getattr(api(world.ada), method)(API, {}, format="json").status_code == 405


def test_the_list_is_narrowed(scene: Scene, api: Api) -> None:
    made, client = entries(scene), api(scene.world.ada)

    def found(**query: Any) -> set[str]:
        rows = client.get(API, {**query, "page_size": 200}).json()["results"]
        return {name for name, entry in made.items() if entry.pk in {row["id"] for row in rows}}

    assert found(verb="service.") == {"service", "foreign"}
    assert found(thing=made["team"].thing) == {"team"}
    assert found(actor=f"user:{scene.world.bo.pk}") == {"bo"}
    assert found(until=made["service"].at.isoformat()) == set()
    for query in ({"verb": "x" * 61}, {"since": "yesterday"}, {"hash": "0"}, {"before": "x"}):
        assert client.get(API, query).status_code == 400, query


def test_no_secret_is_read_back(world: World, api: Api) -> None:
    """A95: whatever a command wrote under such a name."""
    audit.write(acts(world.ada), "edit", "x", before={"token": "wb_0123"}, after={"webhook_secret": "set", "name": "n"})
    row = api(world.ada).get(API).json()["results"][0]
    assert (row["before"], row["after"]) == ({"token": "not shown"}, {"webhook_secret": "set", "name": "n"})


def test_the_page_tells_it_in_words(scene: Scene, browser: Browser) -> None:
    made, world = entries(scene), scene.world
    page = text_of(browser(world.ana).get("/audit/"))
    for said in (world.pat.name, "Service “Checkout” — changed", "Team “Payments” — changed", "Search"):
        assert said in page, said
    assert "Index" not in page
    assert made["service"].thing not in page
    mine = text_of(browser(world.bo).get("/audit/", {"mine": "1"}))
    assert f"Person “{world.bo.name}” — notification rules added" in mine
    assert "Attachment" not in mine


def test_hostile_text_is_inert(world: World, browser: Browser) -> None:
    """A1, A4."""
    audit.write(acts(world.ana), "edit", "x", after={"name": EVIL})
    assert_inert(browser(world.ana).get("/audit/"))
