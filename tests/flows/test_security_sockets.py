"""Sockets and the administration, by every kind of caller (A31, A57, A68): beside the doors of doors.txt."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from core.web.viewer import NO_RIGHT, SIGNED_OUT, Grant, grant
from tests.flows.security_doors import CALLERS, PEOPLE, Knocker
from tests.flows.security_scene import Ids, Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
RESPONDERS, STAKEHOLDERS = "responders", "stakeholders"
SEES: dict[str, str | int] = {**dict.fromkeys((*PEOPLE, "TR", "TA"), RESPONDERS), "ST": STAKEHOLDERS}
SEES |= {"AN": SIGNED_OUT, "SU": SIGNED_OUT, "IK": SIGNED_OUT, "TW": NO_RIGHT}


@pytest.fixture
def knocker(scene: Scene) -> Knocker:
    """Everybody."""
    return Knocker(scene)


def opened(knocker: Knocker, who: str, path: str, *, session: bool) -> str | int:
    """As whom somebody is let in at the handshake, or the code with which the socket is closed."""
    header = (b"authorization", f"Bearer {knocker.tokens.get(who, '')}".encode())
    cookies = "; ".join(f"{name}={each.value}" for name, each in knocker.client(who).cookies.items())
    headers = [(b"cookie", cookies.encode())] if session else [header] if who in knocker.tokens else []
    found = grant({"path": path, "headers": headers})
    return found.audience if isinstance(found, Grant) else found


def sweep(knocker: Knocker, ids: Ids) -> dict[str, str | int]:
    """Every caller at the socket of an incident, people by session and by token."""
    path = f"/ws/incidents/{ids['incidents']}/"
    found = {who: opened(knocker, who, path, session=False) for who in CALLERS}
    assert {who: opened(knocker, who, path, session=True) for who in PEOPLE} == {who: found[who] for who in PEOPLE}
    return found


def test_the_socket_of_an_incident_lets_in_whom_its_page_does(scene: Scene, knocker: Knocker) -> None:
    """A31, A57: 4401 for who is not signed in, 4403 without the right; stakeholders get their own audience (S36)."""
    assert sweep(knocker, scene.ids) == SEES


def test_the_socket_of_a_private_incident_says_that_nothing_is_there(scene: Scene, knocker: Knocker) -> None:
    """S34, A31: the same code as for a number that does not exist; Cy, who is on it, is let in."""
    wanted = {who: SIGNED_OUT if code == SIGNED_OUT else NO_RIGHT for who, code in SEES.items()}
    assert sweep(knocker, scene.hidden) == wanted == sweep(knocker, {"incidents": "999999"})
    assert opened(knocker, "CY", f"/ws/incidents/{scene.hidden['incidents']}/", session=True) == RESPONDERS


def test_the_socket_of_now_is_everybodys_own(scene: Scene, knocker: Knocker) -> None:
    """A31: no name of another person can be asked for; strangers and keys are closed with 4401."""
    for who in CALLERS:
        found = opened(knocker, who, "/ws/now/", session=False)
        assert (found == SIGNED_OUT) == (SEES[who] == SIGNED_OUT), who
        for path in (f"/ws/now/{scene.world.cy.pk}/", "/ws/", "/ws/deliveries/1/", f"/ws/now:{scene.world.cy.pk}/"):
            assert opened(knocker, who, path, session=False) in {SIGNED_OUT, NO_RIGHT}, f"{who} {path}"


def test_what_somebody_loses_he_loses_at_the_handshake(scene: Scene, knocker: Knocker) -> None:
    """A28, A31: shut out, or no longer on the private incident, the next look at the rights says so."""
    path = f"/ws/incidents/{scene.hidden['incidents']}/"
    scene.private.participants.filter(user=scene.world.cy).delete()
    assert opened(knocker, "CY", path, session=True) == NO_RIGHT
    type(scene.world.cy).objects.filter(pk=scene.world.cy.pk).update(is_active=False)
    assert opened(knocker, "CY", path, session=True) == opened(knocker, "CY", path, session=False) == SIGNED_OUT


# --- the administration ---------------------------------------------------------------------------
def administration() -> list[str]:
    """The overview and the list, form and history of everything that is registered."""
    found = [reverse("admin:index")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        found += [reverse(f"{name}_{page}", args=["1"]) for page in ("change", "delete", "history")]
    return found


def test_the_administration_is_for_those_who_may_enter_it(scene: Scene, knocker: Knocker) -> None:
    """A57, A68: nobody else gets any page of it, by GET or POST, with a session or with any token."""
    paths, shut = administration(), [who for who in CALLERS if who not in {"PO", "AD"}]
    assert len(paths) > 60
    for who in shut:
        client = knocker.client(who)
        headers = {"Authorization": f"Bearer {knocker.tokens[who]}"} if who in knocker.tokens else {}
        for path in paths if who in {"AN", "RE", "MG"} else paths[:12]:
            for answer in (client.get(path, headers=headers), client.post(path, {"action": "x"}, headers=headers)):
                assert refused(answer), f"{who} {path}: {answer.status_code}"
    for who in ("PO", "AD"):  # no token opens it, whoever it belongs to
        bearer = {"Authorization": f"Bearer {knocker.tokens[who]}"}
        assert refused(knocker.client("AN").get(paths[0], headers=bearer)), who
        assert knocker.client(who).get(paths[0]).status_code == 200


def refused(answer: Any) -> bool:
    """Whether an answer shows nothing of the administration."""
    return answer.status_code in {403, 404} or (answer.status_code == 302 and "login" in answer["Location"])
