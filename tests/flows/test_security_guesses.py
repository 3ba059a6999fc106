"""What somebody guesses: numbers of private things (A35, A57, A64), and fields that a form does not have (A59)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction

from tests.flows.security_doors import BODIES, Door, Knocker, filled, table
from tests.flows.security_scene import Ids, Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.flows.test_security_crawl import changed, dump
from tests.flows.test_security_doors import PRIVATE_NOUNS, swept
from tests.flows.test_security_open import NEEDS, SHUT, typed
from tests.pages import text_of

pytestmark = pytest.mark.django_db
# What differs from one answer to the next: the id of the request, the token and the nonces of forms, the address.
OWN = re.compile(r"[0-9a-f]{16}|[A-Za-z0-9]{64}|nonce-[^\"']+")


@pytest.fixture
def knocker(scene: Scene) -> Knocker:
    """Everybody."""
    return Knocker(scene)


def unknown(scene: Scene) -> Ids:
    """Ids of nothing, as long as those of the private incident and what hangs on it."""
    private = {noun for noun, value in scene.hidden.items() if value != scene.ids.get(noun)}
    return {**scene.ids, **{noun: re.sub(r"[\w]", "9", scene.hidden[noun]) for noun in private}}


@pytest.mark.parametrize("who", ["RX", *(pytest.param(each, marks=pytest.mark.long) for each in ("ST", "AD"))])
def test_nothing_tells_a_private_number_from_one_that_is_not_there(who: str, scene: Scene, knocker: Knocker) -> None:
    """A35, A57, A64: at every door, by GET, HEAD and OPTIONS, the same status, length, headers and words."""
    wrong, nothing = [], unknown(scene)
    for door in table():
        if not any(noun in door.route for noun in PRIVATE_NOUNS):
            continue
        for method in (door.method, "HEAD", "OPTIONS") if door.method == "GET" else (door.method,):
            there, absent = (knocker.ask(who, method, door.route, ids) for ids in (scene.hidden, nothing))
            if said(there, scene.hidden) != said(absent, nothing):
                wrong.append(f"{method} /{door.route}: {said(there, scene.hidden)} {said(absent, nothing)}")
    assert not wrong, "\n".join(wrong)


def said(answer: Any, ids: Ids) -> tuple[object, ...]:
    """What an answer tells: status, length, headers and words, without what is its own in each, such as the second."""
    headers = {name: OWN.sub("", value) for name, value in answer.items() if name != "X-Request-ID"}
    headers |= {name: "" for name in headers if name == "Expires"}
    text = text_of(answer)
    return answer.status_code, len(text), headers, OWN.sub("", text)


# --- fields of forms ------------------------------------------------------------------------------
PARTS = 8
EVIL = {
    "id": "9999", "pk": "9999", "number": "9999", "is_staff": "1", "is_superuser": "1", "is_active": "",
    "role": "administrator", "owner": "1", "user": "1", "user_id": "1", "user.role": "administrator",
    "user[role]": "administrator", "team": "1", "team_id": "1", "service_id": "1", "created_at": "2000-01-01",
    "visibility": "private", "private": "1", "published": "1", "acked_by": "1", "assignees": "1", "state": "resolved",
    "status": "resolved", "actor": "system", "verified_at": "2000-01-01", "digest": "x", "prefix": "x",
    "archived_at": "2000-01-01", "password": "x" * 20, "email": "evil@example.org", "session_epoch": "7",
    "declared_by": "1", "alert_count": "99", "code": "000000",
}  # fmt: skip


def sent(knocker: Knocker, door: Door, ids: Ids, more: dict[str, str]) -> tuple[int, dict[str, str]]:
    """What comes of the form as it is meant, with `more` in it; what it changes is looked at and taken back."""
    name = f"{door.method} /{door.route}"
    need = NEEDS.get(name, {})
    ids = {**ids, **{noun: ids.get(other, other) for noun, other in need.get("ids", {}).items()}}
    with transaction.atomic():
        for first in need.get("first", ()):
            method, _, route = first.partition(" /")
            knocker.ask(need.get("as", "AD"), method, route, ids, keep=True)
        meant = {**typed(knocker, door.may[0], door, ids), **filled(BODIES.get(name, {}), ids)}
        body = {**more, **meant, **filled(need.get("body", {}), ids)}
        answer = knocker.ask(door.may[0], "POST", door.route, ids, body=body, keep=True)
        found = dump()
        transaction.set_rollback(True)
    return answer.status_code, found


@pytest.mark.parametrize("part", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, PARTS))])
def test_no_form_takes_a_field_that_it_does_not_have(part: int, scene: Scene, knocker: Knocker) -> None:
    """A59, A60: every form of the pages, with a role, an owner, a state and a date of somebody's choice added to what
    it is meant to send, leaves the same rows behind as without them, and answers the same.

    `make test` tries an eighth of the forms, the long round all.
    """
    wrong, seen = [], 0
    forms = [door for door in filter(swept, table()) if not door.is_api and door.method == "POST"]
    for door in forms[part::PARTS]:
        if not door.may or f"POST /{door.route}" in SHUT:
            continue
        own = own_fields(knocker, door, scene.ids)
        more = {name: value for name, value in EVIL.items() if name not in own}
        plain, again, evil = (sent(knocker, door, scene.ids, each) for each in ({}, {}, more))
        drawn = set(changed(plain[1], again[1]))  # keys and links are drawn anew each time
        seen += plain[0] < 400
        if plain[0] != evil[0] or set(changed(plain[1], evil[1])) - drawn:
            wrong.append(f"POST /{door.route}: {plain[0]} {evil[0]} {changed(plain[1], evil[1])}")
    assert not wrong, "\n".join(wrong)
    assert seen > 5


def own_fields(knocker: Knocker, door: Door, ids: Ids) -> set[str]:
    """The names of every field on the page where the door's form stands."""
    need = NEEDS.get(f"POST /{door.route}", {})
    page = knocker.ask(door.may[0], "GET", need.get("page", door.route), ids)
    return set(re.findall(r'name="([^"]+)"', text_of(page))) | set(need.get("body", {}))
