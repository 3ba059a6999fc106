"""Whoever sends an older version than the present one changes nothing and is told which one it is now (S51, A105)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from incidents.commands import config
from tests import world as builders
from tests.flows.api_reached import ROWS, body_of, own_rows
from tests.flows.api_schema import described, named
from tests.flows.security_scene import Ids, Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
OLD = 999_999


def versioned() -> list[tuple[str, str, str]]:
    """Operation, method and path of everything that takes a version."""
    return [
        (operation["operationId"], method, path)
        for path, operations in described()["paths"].items()
        for method, operation in operations.items()
        if any(each["name"] == "If-Match" for each in operation.get("parameters", ()))
    ]


def send(client: Client, method: str, path: str, body: dict[str, Any], ids: Ids, **headers: str) -> Any:
    """One request with the rows of the scene in its address; what it changes is taken back."""
    address = "/".join(named(path, part.strip("{}"), ids) if part.startswith("{") else part for part in path.split("/"))
    with transaction.atomic():
        sent = getattr(client, method)
        found = sent(address, json.dumps(body), content_type="application/json", headers=headers)
        transaction.set_rollback(True)
    return found


def test_every_change_with_a_version_refuses_an_older_one(scene: Scene) -> None:
    """By the field and by If-Match; the present version in the answer is the one that goes through."""
    config.set_grouping(builders.acts(scene.world.ada), scene.world.checkout, mode="none")
    ids = own_rows(scene)
    ada = builders.enter(Client(), scene.world.ada)
    asked = versioned()
    assert len(asked) > 30
    for name, method, path in asked:
        rows = {**ids, **dict.fromkeys(("services", "teams"), ids[ROWS[name]])} if name in ROWS else ids
        body = body_of(name, method, path, rows) or {}
        for found in (
            send(ada, method, path, {**body, "version": OLD}, rows),
            send(ada, method, path, body, rows, **{"If-Match": f'"{OLD}"'}),
        ):
            said = found.json()
            assert (found.status_code, said["code"]) == (409, "stale"), (name, said)
            assert found["Content-Type"] == "application/problem+json"
            assert 0 <= said["version"] < OLD
            assert said["detail"], name
        again = send(ada, method, path, {**body, "version": said["version"]}, rows)
        assert (again.status_code, again.json().get("code")) != (409, "stale"), name


def test_a_condition_is_refused_where_nothing_has_a_version(scene: Scene) -> None:
    """A client that believes in If-Match is not left to believe: a note, a deletion, a new team."""
    ada = builders.enter(Client(), scene.world.ada)
    for method, path in (
        ("post", "/api/v1/teams/"),
        ("delete", "/api/v1/teams/{id}/"),
        ("post", "/api/v1/incidents/{number}/timeline/"),
    ):
        found = send(ada, method, path, {"name": "x", "text": "x"}, scene.ids, **{"If-Match": '"1"'})
        assert (found.status_code, list(found.json()["fields"])) == (400, ["If-Match"])


def test_an_unknown_field_or_kind_is_refused_with_its_place(scene: Scene) -> None:
    """A59: deep in the body too; nothing is guessed from a text that looks like a number."""
    ada = builders.enter(Client(), scene.world.ada)
    team = int(scene.ids["teams"])
    for levels, place in (
        ([{"users": [scene.ids["users"]]}], "levels.0.users.0"),
        ([{"users": [], "owner": 1}], "levels.0.owner"),
        ([{"timeout_minutes": True}], "levels.0.timeout_minutes"),
        ("all", "levels"),
        (["all"], "levels.0"),
    ):
        body = {"name": "New", "team": team, "levels": levels}
        found = send(ada, "post", "/api/v1/policies/", body, scene.ids)
        assert (found.status_code, list(found.json()["fields"])) == (400, [place])
    body = {"levels": [{"users": [team]}, {"timeout_minutes": 5}]}
    assert send(ada, "patch", "/api/v1/policies/{id}/", body, scene.ids).status_code == 400, "nobody on level 2"
