"""Values that nobody was asked for: fields, parameters, pages of lists, ids in bulk (A59, A61, A65, A66)."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Membership, User
from incidents.models import Alert
from tests import world as builders
from tests.flows.security_doors import BODIES, ROUNDS, Knocker, filled, table
from tests.flows.security_scene import Scene, address
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.flows.test_security_crawl import changed, dump

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
Browser = Callable[..., Client]
EVIL: dict[str, Any] = {
    "id": 9999, "pk": 9999, "number": 9999, "is_staff": True, "is_superuser": True, "is_active": False,
    "owner": 1, "user_id": 1, "created_at": "2000-01-01T00:00:00Z", "visibility": "private", "private": True,
    "acked_by": 1, "assignees": [1], "team_id": 1, "service_id": 1, "session_epoch": 1, "verified_at": "2000-01-01",
    "digest": "x", "prefix": "x", "state": "resolved", "seq": 1, "hash": "x", "actor": "system", "nested": {"user": {}},
}  # fmt: skip
# Verbs that take no values at all: what is sent with them is not read.
DEAF = (
    "deactivate",
    "reactivate",
    "archive",
    "restore",
    "accept",
    "escalate",
    "revoke",
    "pause",
    "resume",
    "send-code",
    "end-others",
    "reset-factors",
    "resend",
    "replay",
    "test",
)


def test_no_door_takes_a_field_that_it_does_not_name(scene: Scene, browser: Browser) -> None:
    """A59: each write of the API refuses what it was not asked for, by name, and changes nothing."""
    ada, seen = browser(scene.world.ada), 0
    owner = browser(scene.world.bo)
    for door in table():
        if not door.is_api or door.method in {"GET", "DELETE"} or door.route == "api/v1/":
            continue
        if door.route.rstrip("/").rpartition("/")[2] in DEAF and not BODIES.get(f"{door.method} /{door.route}"):
            continue
        client = ada if "AD" in door.may else owner
        body = {**EVIL, **filled(BODIES.get(f"{door.method} /{door.route}", {}), scene.ids)}
        before = dump()
        path = address(door.route, scene.ids)
        answer = client.generic(door.method, path, json.dumps(body).encode(), content_type="application/json")
        # 415: files come in parts, and values in JSON are none.
        assert answer.status_code in {400, 403, 415}, (
            f"{door.method} {path}: {answer.status_code} {answer.content[:200]!r}"
        )
        if answer.status_code == 400:
            seen += 1
            assert set(EVIL) & set(answer.json()["fields"]), f"{path}: {answer.json()}"
        assert changed(before, dump()) == [], path
    assert seen > 40


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_a_verb_without_values_reads_none(verb: str, scene: Scene, api: Api) -> None:
    """A59: a page is answered by its owner, whatever the body says of people and states."""
    path = f"/api/v1/pages/{scene.ids['pages']}/{verb}/"
    answer = api(scene.world.bo).post(path, {"user": scene.world.cy.pk, "state": "sent"}, format="json")
    assert answer.status_code in {200, 400}
    assert api(scene.world.cy).get(f"/api/v1/pages/{scene.ids['pages']}/").status_code == 404


def test_forms_take_their_own_fields_alone(scene: Scene, browser: Browser) -> None:
    """A59: what is added to a form of a page stays without effect."""
    bo = scene.world.bo
    more = {"role": "administrator", "is_active": "", "email": "evil@example.org", "id": "1", "teams": "2"}
    given = {"name": "Bo Chen", "time_zone": "UTC", "theme": "dark", "announce": "all"}
    given["version"] = str(bo.version)
    assert browser(bo).post("/profile/", {**given, **more}).status_code == 303
    stored = User.objects.get(pk=bo.pk)
    assert (stored.role, stored.email, stored.is_active, stored.theme) == (bo.role, bo.email, True, "dark")


# --- parameters -----------------------------------------------------------------------------------
LISTS = [door.route for door in table() if door.is_api and door.method == "GET" and "AD" in door.may]
NOT_LISTS = ("schema/", "docs/")


QUERIES = [
        "expand=service", "fields=password", "include=user", "ordering=password", "ordering=-user__email", "format=xml",
        "user__password__startswith=a", "service__team__name=x", "page_size=1000000", "page_size=0", "page_size=-1",
        "page_size=9e9", "cursor=x", "cursor=WzFd:x:y", "page=-1", "page=1000000000", "offset=9999999", "limit=1",
        "is_staff=true", "password=x", "__class__=x", "pk__in=1,2", "q%00=1",
    ]  # fmt: skip


@pytest.mark.parametrize("whole", ROUNDS)
def test_every_list_refuses_what_it_does_not_name(scene: Scene, browser: Browser, whole: bool) -> None:
    """A13, A65, A66: an unknown parameter, order, size or cursor is 400 with its name on every read of the API.

    `make test` asks each list a third of it, the next list the next third.
    """
    client = browser(scene.world.ada)
    for number, route in enumerate(route for route in LISTS if not route.endswith(NOT_LISTS)):
        for query in QUERIES if whole else QUERIES[number % 3 :: 3]:
            answer = client.get(f"{address(route, scene.ids)}?{query}")
            assert answer.status_code in {400, 404}, f"{route}?{query}: {answer.status_code}"
            assert answer.status_code == 404 or answer.json()["fields"], route


VALUES: list[str | bytes] = [
    "-1",
    "0",
    "1e9",
    "9" * 30,
    "x",
    "%00",
    "' OR 1=1",
    "\ud800".encode("utf-8", "surrogatepass"),
]
PAGES = ("/incidents/", "/deliveries/", "/inbound/")
NAMES = ("before", "status", "state", "service", "team", "priority", "text", "outcome", "mine", "kind")


@pytest.mark.parametrize("whole", ROUNDS)
def test_no_page_of_a_list_breaks(scene: Scene, browser: Browser, whole: bool) -> None:
    """A13, A22, A66: the lists of the pages take any place, state, service or word without an error."""
    client = browser(scene.world.ada)
    for number, (path, name) in enumerate(product(PAGES, NAMES)):
        for value in VALUES if whole else VALUES[number % 4 :: 4]:
            answer = client.get(path, {name: value})
            assert answer.status_code in {200, 400}, f"{path}?{name}={value!r}: {answer.status_code}"


def test_a_cursor_of_one_list_opens_no_other(scene: Scene, api: Api) -> None:
    """A66: cursors are signed for their list; a page never holds more than 200 rows."""
    for number in range(3):
        builders.team(f"Team {number}")
    client = api(scene.world.ada)
    following = client.get("/api/v1/teams/?page_size=1").json()["next"]
    cursor = following.partition("cursor=")[2].partition("&")[0]
    assert client.get(f"/api/v1/teams/?page_size=1&cursor={cursor}").status_code == 200
    assert client.get(f"/api/v1/users/?page_size=1&cursor={cursor}").status_code == 400
    assert client.get(f"/api/v1/teams/?page_size=1&cursor={cursor[:-2]}xx").status_code == 400
    assert client.get("/api/v1/teams/?page_size=201").status_code == 400


# --- in bulk --------------------------------------------------------------------------------------
def test_a_bulk_with_a_foreign_id_does_nothing(scene: Scene, api: Api) -> None:
    """A61: alerts are moved all or none, and an id of a private incident reads like one that does not exist."""
    mine = int(scene.ids["alerts"])
    before = dump()
    path = f"/api/v1/incidents/{scene.ids['incidents']}/split/"
    foreign, unknown = (
        api(scene.world.ana).post(path, {"alerts": [mine, other]}, format="json")
        for other in (int(scene.hidden["alerts"]), 999_999)
    )
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.json()["detail"] == unknown.json()["detail"]
    assert foreign.json()["fields"] == unknown.json()["fields"]
    assert Alert.objects.get(pk=mine).incident == scene.open
    allowed = {"accounts_apitoken"}
    assert set(changed(before, dump())) <= allowed


def test_a_bulk_act_of_the_administration_is_all_or_nothing(scene: Scene, browser: Browser) -> None:
    """A60, A61: shutting out three people of whom one is the last administrator shuts out nobody."""
    world = scene.world
    chosen = {"action": "deactivate", "_selected_action": [world.bo.pk, world.ada.pk, world.cy.pk], "sure": "yes"}
    answer = browser(world.ada).post("/admin/accounts/user/", chosen, follow=True)
    assert "Nothing was changed. Ada Admin: This is the last administrator." in answer.content.decode()
    assert User.objects.filter(is_active=False).count() == 0


def test_a_bulk_act_checks_each_row(scene: Scene, browser: Browser) -> None:
    """A61: rows that the viewer may not see are not in the selection, whatever ids are sent."""
    world = scene.world
    before = set(Membership.objects.values_list("pk", flat=True))
    chosen = {"action": "delete_selected", "_selected_action": sorted(before), "post": "yes"}
    assert browser(world.ana).post("/admin/accounts/membership/", chosen).status_code in {302, 403}
    assert set(Membership.objects.values_list("pk", flat=True)) == before


def test_nobody_is_found_who_should_not_be(scene: Scene, knocker_of: Knocker) -> None:
    """A62: what completes names in the administration tells its words to the administration alone."""
    path = "/admin/autocomplete/?app_label=accounts&model_name=membership&field_name=team&term=Pay"
    for who in ("ST", "RE", "RX", "MG", "AN"):
        answer = knocker_of.client(who).get(path)
        assert answer.status_code in {302, 403}, who
        assert b"Payments" not in answer.content


@pytest.fixture
def knocker_of(scene: Scene) -> Knocker:
    """Everybody."""
    return Knocker(scene)


# --- ids in bodies --------------------------------------------------------------------------------
def test_an_id_in_a_body_is_asked_for_like_one_in_an_address(scene: Scene, browser: Browser) -> None:
    """A58: things and people of other teams cannot be used, taken over or given away by naming their number."""
    world = scene.world
    theirs = {
        "policy": builders.policy("Search on call", world.search, [world.di]).pk,
        "schedule": builders.schedule("Search weeks", world.search, world.di).pk,
        "service": builders.service("Index", world.search).pk,
        "team": world.search.pk,
        "user": world.di.pk,
        "method": world.cy.contact_methods.get().pk,
    }
    mine, ids = world.payments.pk, scene.ids
    level, rule = {"users": [world.cy.pk]}, {"name": "x", "field": "key", "value": "y"}
    draft = {"name": "x", "team": mine}
    tries: list[tuple[User, str, str, dict[str, Any], int]] = [
        (world.bo, "post", "notification-rules/", {"method": theirs["method"]}, 400),
        (world.ana, "post", "policies/", {"name": "x", "team": theirs["team"], "levels": [level]}, 403),
        (world.ana, "post", "policies/", {**draft, "levels": [{"users": [theirs["user"]]}]}, 400),
        (world.ana, "post", "policies/", {**draft, "levels": [{"users": [world.sam.pk]}]}, 400),
        (world.ana, "post", "policies/", {**draft, "levels": [{"schedules": [theirs["schedule"]]}]}, 400),
        (world.ana, "post", "policies/", {**draft, "fallback": theirs["user"], "levels": [level]}, 400),
        (world.ana, "post", "services/", {**draft, "policy": theirs["policy"]}, 400),
        (world.ana, "patch", f"services/{ids['services']}/", {"team": theirs["team"]}, 403),
        (world.ana, "patch", f"services/{theirs['service']}/", {"team": mine}, 403),
        (world.ana, "patch", f"policies/{ids['policies']}/", {"team": theirs["team"]}, 403),
        (world.ana, "post", "event-rules/", {**rule, "service": theirs["service"]}, 403),
        (world.ana, "post", "event-rules/", {**rule, "service": None}, 403),
        (world.ana, "patch", f"event-rules/{ids['rules']}/", {"service": None}, 400),
        (world.bo, "post", "changes/", {"service": theirs["service"], "summary": "x"}, 403),
        (world.bo, "post", f"incidents/{ids['incidents']}/reassign/", {"user": world.sam.pk}, 400),
        (world.bo, "put", f"teams/{mine}/members/{world.bo.pk}/", {"role": "manager"}, 403),
        (world.ana, "put", f"teams/{mine}/members/{world.sam.pk}/", {"role": "manager"}, 400),
    ]  # fmt: skip
    clients = {user.pk: browser(user) for user in (world.ana, world.bo)}
    before = dump()
    for user, method, path, body, wanted in tries:
        answer = getattr(clients[user.pk], method)(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code == wanted, f"{method} {path} {body}: {answer.status_code} {answer.content[:200]!r}"
    assert changed(before, dump()) == []


def test_no_page_takes_a_form_that_is_not_utf_8(scene: Scene) -> None:
    """What Ana writes is stored as she wrote it or not at all: never with marks in the place of her letters."""
    knocker, seen, wrong = Knocker(scene), 0, []
    before = dump()
    for door in table():
        if door.is_api:
            continue
        path, client = address(door.route, scene.ids), knocker.client("AD")
        asked = client.generic(door.method, path, QUERY_STRING="text=%ff")
        wrong += [f"{door.method} {path}?text=%ff: {asked.status_code}"] * (asked.status_code != 400)
        if door.method == "POST":
            seen += 1
            sent = client.generic("POST", path, b"text=%ff", content_type="application/x-www-form-urlencoded")
            wrong += [f"POST {path}: {sent.status_code}"] * (sent.status_code != 400)
    assert not wrong, "\n".join(wrong)
    assert changed(before, dump()) == []
    assert seen > 40
