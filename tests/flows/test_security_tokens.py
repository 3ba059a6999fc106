"""Tokens are never wider than their owner is now, whatever their scopes say (A44, A59, A60; matrix 3.4, AT)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actors import Actor, person, system, token_holder
from accounts.commands import teams, users
from accounts.models import ApiToken, User
from accounts.permissions import PERSON, SCOPES, rights
from accounts.permissions import table as every_right
from incidents.models import Incident, Participant, TimelineEntry
from notifications.models import ContactMethod
from tests import world as builders
from tests.flows.security_commands import table, tried
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
SUBSETS = [frozenset(each) for size in range(len(SCOPES) + 1) for each in combinations(SCOPES, size)]


def everybody(scene: Scene) -> list[User]:
    """All active people, and one who has gone."""
    return list(User.objects.all())


def things(scene: Scene) -> Iterator[Any]:
    """What rights are asked about: nothing, things of teams, incidents, rows of people."""
    world = scene.world
    yield from (None, world.checkout, world.payments, world.search, scene.open, scene.private)
    yield TimelineEntry.objects.get(pk=scene.ids["note"])
    yield ContactMethod.objects.get(pk=scene.ids["contact-methods"])
    yield ContactMethod(user=scene.guest)


def held(actor: Actor, thing: Any) -> set[str]:
    """The names of the rights that the actor has to the thing."""
    may = rights(actor, thing)
    return {right.name for right in every_right() if may(right)}


def test_no_token_holds_a_right_that_its_owner_lacks(scene: Scene) -> None:
    """A60: for every person, thing, right and set of scopes: a part of what the person may, and never a person's own.

    More scopes give no less, no scope gives nothing, and what only somebody who signed in may is in no set.
    """
    only_signed_in = {right.name for right in every_right() if right.scope == PERSON}
    scope_of = {right.name: right.scope for right in every_right()}
    assert {"token.issue", "contact.edit", "password.edit", "admin.enter"} <= only_signed_in
    builders.person("Gus Gone", teams=[scene.world.payments], is_active=False)
    for user in everybody(scene):
        for thing in things(scene):
            own = held(person(user), thing)
            for scopes in SUBSETS:
                found = held(token_holder(user, scopes), thing)
                assert found == {name for name in own if scope_of[name] in scopes}, f"{user} {thing} {set(scopes)}"
                assert not found & only_signed_in


CHANGES: dict[str, tuple[str, Callable[[Scene], Any], str, str, dict[str, Any]]] = {
    # who, what happens to the person, then the door that had been open
    "demoted": ("ada", lambda s: users.change_role(system(), s.world.ada, role="responder"),
                "patch", "/api/v1/organisation/", {"name": "Fernhill"}),
    "out of the team": ("ana", lambda s: teams.leave(system(), s.world.payments, user=s.world.ana),
                        "patch", "/api/v1/services/{services}/", {"description": "x"}),
    "no manager now": ("ana", lambda s: teams.join(system(), s.world.payments, user=s.world.ana, role="member"),
                       "patch", "/api/v1/services/{services}/", {"description": "x"}),
    "a stakeholder now": ("bo", lambda s: users.change_role(system(), s.world.bo, role="stakeholder"),
                          "post", "/api/v1/incidents/{incidents}/timeline/", {"text": "A note"}),
    "deactivated": ("cy", lambda s: users.deactivate(system(), s.world.cy), "get", "/api/v1/me/", {}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_person_loses_the_token_loses_at_once(what: str, scene: Scene, api: Api) -> None:
    """A44, A60: the next request with the old token, with all scopes, is refused; before it was done."""
    name, happens, method, path, body = CHANGES[what]
    builders.person("Ute Second", role="administrator")
    client, address = api(getattr(scene.world, name)), path.format_map(scene.ids)
    assert getattr(client, method)(address, body, format="json").status_code in {200, 201}
    happens(scene)
    assert getattr(client, method)(address, body, format="json").status_code == 403


def test_who_has_become_a_stakeholder_moves_nothing_any_more(scene: Scene) -> None:
    """A60: Fay is on the incident; as a stakeholder she reads its summary, with her session and her token alike."""
    guest = scene.guest
    incident_rows = [row for row in table() if "IN" in row.may and "RX" not in row.may]
    assert len(incident_rows) > 15
    User.objects.filter(pk=guest.pk).update(role="stakeholder")
    for actor in (builders.acts(guest), token_holder(User.objects.get(pk=guest.pk), SCOPES)):
        assert {row.command: tried(scene, row.command, actor) for row in incident_rows} == {
            row.command: "refused" for row in incident_rows
        }
        assert Incident.objects.visible_to(actor).filter(pk=scene.open.pk).exists()
    Participant.objects.create(incident=scene.private, user=guest)
    assert Incident.objects.visible_to(builders.acts(guest)).filter(pk=scene.private.pk).exists(), "who is listed reads"


def test_a_token_makes_no_token_and_takes_no_address(scene: Scene, api: Api) -> None:
    """A44, A59: with all scopes, and whatever else stands in the body: another owner, more scopes, a role."""
    client = api(scene.world.ada)
    more = {"user": scene.world.ada.pk, "owner": scene.world.ada.pk, "scopes": ["read", "write", "admin"], "name": "x"}
    for path in ("tokens/", "contact-methods/", "notification-rules/", "me/password/"):
        answer = client.post(f"/api/v1/{path}", more, format="json")
        assert answer.status_code in {400, 403}, path
    assert ApiToken.objects.filter(user=scene.world.ada).count() == 1
