"""Everybody knocks at every door, with ids of his own, of another team and of a private incident (A57, A58, A67)."""

from __future__ import annotations

import pytest
from django.template.backends.django import Template

from tests.flows.security_doors import (
    CALLERS,
    METHODS,
    OUTSIDE,
    PEOPLE,
    ROUNDS,
    Door,
    Knocker,
    one_of_each,
    table,
    verdict_of,
)
from tests.flows.security_scene import Scene, routes
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
LIBRARY = "accounts/"  # the sign-in pages of django-allauth have their own tests
PRIVATE_NOUNS = ("incidents/<", "deliveries/<", "inbound/<", "pages/<")
KNOCKERS = {True: CALLERS, False: ("AN", "SU", *PEOPLE)}  # pages know no token of a program


@pytest.fixture
def knocker(scene: Scene) -> Knocker:
    """Everybody."""
    return Knocker(scene)


@pytest.fixture(params=ROUNDS)
def whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Pages are not drawn where a status says all; the long round draws each, and sends everybody to every door."""
    if not request.param:
        monkeypatch.setattr(Template, "render", lambda self, context=None, request=None: "")
    return bool(request.param)


def swept(door: Door) -> bool:
    """Whether the sweep uses it: signing in and out would end the sessions of the others."""
    return LIBRARY not in door.route and door.route not in {"", "healthz/engine"}


def test_the_matrix_holds_at_every_door(scene: Scene, knocker: Knocker, whole: bool) -> None:
    """A57: method by method, caller by caller, what the table says and nothing else.

    `make test` tries each answer of a door with one of those who should get it, and with another at the next door.
    """
    wrong = []
    for number, door in enumerate(filter(swept, table())):
        # The description of the API is the same for everybody, and takes a second to write.
        knockers = ("AN", "ST", "IK") if door.route == "api/v1/schema/" else KNOCKERS[door.is_api]
        for who in knockers if whole else one_of_each(knockers, door.verdict, number):
            found = verdict_of(knocker.ask(who, door.method, door.route, scene.ids), api=door.is_api)
            if not door.agrees(who, found):
                wrong.append(f"{door.method} /{door.route} as {who}: {found}, not {door.verdict(who)}")
    assert not wrong, "\n".join(wrong)


def test_nothing_else_can_be_done(scene: Scene, knocker: Knocker, whole: bool) -> None:
    """A57: a method that is not in the table does nothing, also for the one who may most."""
    known = {(door.method, door.route) for door in table()}
    wrong = []
    for number, route in enumerate(routes()):
        if LIBRARY in route or route in {"", "api/v1/"}:
            continue
        for place, method in enumerate((*METHODS, "OPTIONS"), number):
            if (method, route) in known:
                continue
            for who in ("AN", "AD") if whole else ("AN" if place % 3 == 0 else "AD",):
                found = verdict_of(knocker.ask(who, method, route, scene.ids), api=route.startswith("api/"))
                if found not in {"no such method", "stranger"}:
                    wrong.append(f"{method} /{route} as {who}: {found}")
    assert not wrong, "\n".join(wrong)


def verdict_of_private(door: Door, who: str) -> str:
    """What the table says of somebody who is not on the incident."""
    known = door.verdict(who)
    return known if who in OUTSIDE or (who in ("TR", "TW") and known == "forbidden") else "missing"


def test_a_private_incident_is_nowhere(scene: Scene, knocker: Knocker, whole: bool) -> None:
    """A57, S34: with its ids, every method of every door says 404 to everybody who is not on it."""
    wrong = []
    doors = [door for door in table() if any(noun in door.route for noun in PRIVATE_NOUNS)]
    assert len(doors) > 60
    for number, door in enumerate(doors):
        knockers = KNOCKERS[door.is_api]
        # Where the table tells two callers apart, one of each: that the incident is private must make them equal.
        for who in knockers if whole else one_of_each(knockers, door.verdict, number):
            found = verdict_of(knocker.ask(who, door.method, door.route, scene.hidden), api=door.is_api)
            wanted = verdict_of_private(door, who)
            if found != wanted and not (who == "TW" and found == "missing"):
                wrong.append(f"{door.method} /{door.route} as {who}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_things_are_addressed_through_their_own_parent(scene: Scene, knocker: Knocker) -> None:
    """A58: mine/theirs is 404, also for the one who could see both."""
    nested = [door for door in table() if "entries/<" in door.route or "timeline/<" in door.route]
    mixed = {**scene.ids, "entries": scene.hidden["entries"], "timeline": scene.hidden["timeline"]}
    for door in nested:
        assert knocker.ask("AD", door.method, door.route, mixed).status_code == 404, door
    other = {**scene.ids, "services": scene.ids["unused"], "service_pk": scene.ids["unused"]}
    for door in table():
        if door.route.startswith("services/<int:service_pk>"):
            assert knocker.ask("AD", door.method, door.route, other).status_code == 404, door


def test_an_absurd_id_is_not_there(scene: Scene, knocker: Knocker) -> None:
    """A22: ids that no database can hold are 404 on both databases, never an error."""
    for absurd in ("0", str(2**31), str(2**63), "9" * 400):
        ids = {**scene.ids, **{name: absurd for name, value in scene.ids.items() if value.isdigit()}}
        for door in filter(swept, table()):
            if door.method == "GET" and "<int:" in door.route:
                found = knocker.ask("AD", "GET", door.route, ids).status_code
                assert found in {403, 404}, f"{door.route} with {absurd[:20]}: {found}"
