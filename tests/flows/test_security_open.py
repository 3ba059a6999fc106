"""Every door opens for somebody: the counter-test of the matrix, which a door shut for any other reason would pass."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts import permissions
from accounts.actors import Actor
from accounts.permissions import Permission
from tests.architecture.source import ROOT
from tests.flows import security_commands as commands
from tests.flows.security_doors import BODIES, WORDS, Door, Knocker, filled, table
from tests.flows.security_scene import Ids, Scene, address, routes
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.flows.test_security_doors import swept
from tests.pages import text_of

pytestmark = pytest.mark.django_db
# What a door needs to say yes: doors to go through `first`, `ids` by other names of the scene, the `page` on which its
# form stands (its own address unless said), and what is typed (`body`) over what the form holds already.
NEEDS: Mapping[str, dict[str, Any]] = json.loads(Path(__file__).with_name("doors_open.json").read_text())
# Doors that say yes to nobody here, and why.
SHUT = {
    "POST /api/v1/me/password/": "asks for the password, and ends every session: tests/accounts/test_api.py",
    "POST /api/v1/contact-methods/<int:pk>/verify/": "asks for the code that was mailed",
    "POST /profile/contact-methods/<int:pk>/": "the same",
    "PUT /api/v1/contact-methods/subscription/": "asks for the keys of a browser: tests/notifications/test_devices.py",
    "POST /profile/contact-methods/browser/": "the same",
    "POST /profile/security/app/": "asks for the first code of an app: tests/accounts/test_staff_factor.py",
    "POST /profile/security/passkey/": "asks for the answer of a browser: tests/accounts/test_second_factor.py",
}
PAGE = ROOT / "docs/reference/doors.md"
HEAD = """# What asks for which right

Right by right of [who may do what](permissions.md): the commands that ask for it first, and the doors (pages, and the
API under `/api/v1/`) that ask for it when somebody comes in. This page is written by the test that opens every door;
a door that names no right here asks only who is there, or shows what is the viewer's own.

The callers that the tests send through every door: anonymous (AN), a subscriber's token (SU, nobody until status pages
are built), stakeholder (ST), responder of the owning team (RE) and of another (RX), somebody of another team who is on
the incident (IN), manager (MG), process owner and administrator (PO, AD), a monitoring key (IK), and API tokens (AT):
with every scope, for reading, for writing, and of somebody who was an administrator once.
"""
ELSEWHERE = "- the administration, an intake of events, or a list that is narrowed to its viewer"
UNSENT = {"submit", "file", "checkbox", "radio"}  # kinds of fields that are not sent as they stand


class Forms(HTMLParser):
    """The forms of a page: where each leads, and what it would send untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, list[str]]]] = []
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._text = name
        elif tag == "option" and self._select and "selected" in given:
            self._say(self._select, value)
        elif tag == "input" and name and (given.get("type") not in UNSENT or "checked" in given):
            self._say(name, value)

    def handle_data(self, data: str) -> None:
        if self._text:
            self._say(self._text, data)

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text

    def _say(self, name: str, value: str) -> None:
        if self.found:
            self.found[-1][1].setdefault(name, []).append(value)


def typed(knocker: Knocker, who: str, door: Door, ids: Ids) -> dict[str, Any]:
    """What the door's own form holds before anything is typed."""
    need = NEEDS.get(f"{door.method} /{door.route}", {})
    page = knocker.ask(who, "GET", need.get("page", door.route), ids, session=True)
    path = address(door.route, ids)
    here = {path, ""} if page.request["PATH_INFO"] == path else {path}
    found = [held for action, held in Forms(text_of(page)).found if action in here]
    given: dict[str, Any] = dict(found[-1]) if found else {}
    return given


def answer_of(knocker: Knocker, who: str, door: Door, ids: Ids, asked: set[str]) -> Any:
    """Go through what comes first, then through this door; `asked` holds what this one asks. All is taken back."""
    name = f"{door.method} /{door.route}"
    need = NEEDS.get(name, {})
    ids = {**ids, **{noun: ids.get(other, other) for noun, other in need.get("ids", {}).items()}}
    session = who not in door.may
    with transaction.atomic():
        for first in need.get("first", ()):
            method, _, route = first.partition(" /")
            assert knocker.ask(need.get("as", "AD"), method, route, ids, keep=True).status_code < 400, (
                f"{first}, before {name}"
            )
        body = {**filled(BODIES.get(name, {}), ids), **filled(need.get("body", {}), ids)}
        if door.method == "POST" and not door.is_api:
            body = {**typed(knocker, who, door, ids), **body}
        asked.clear()
        files = {"files": SimpleUploadedFile("a.txt", b"pod 3")} if need.get("file") else {}
        found = knocker.ask(who, door.method, door.route, ids, session=session, body=body, files=files)
        transaction.set_rollback(True)
    return found


def test_every_door_opens_for_somebody(scene: Scene, asked: set[str]) -> None:
    """A57: beside each refusal stands somebody who gets through, without an error.

    What only somebody who signed in may do (no token, matrix 3.4) is tried with a session. A door that fails here
    wants a line in `doors_open.json`, or in `SHUT` with the reason. What was asked of those who got through is the
    page docs/reference/doors.md: `WRITE_DOCS=1 pytest tests/flows/test_security_open.py` writes it anew.
    """
    knocker, wrong, rights = Knocker(scene), [], {}
    for door in filter(swept, table()):
        name = f"{door.method} /{door.route}"
        if door.missing == WORDS["ALL"]:
            continue
        tried = {}
        for who in (*door.may, *(("RE", "AD") if door.is_api else ())):
            answer = answer_of(knocker, who, door, scene.ids, asked)
            tried[who] = answer.status_code
            if answer.status_code < 400 or name in SHUT:
                rights[name] = set(asked)
                break
        else:
            wrong.append(f"{name}: {tried} {Forms(text_of(answer)).found}")
    assert not wrong, "\n".join(wrong)
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page(rights), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(rights), "WRITE_DOCS=1 pytest tests/flows/test_security_open.py"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The rights that are asked for from now on, by `require` everywhere and by the reads of `queries`."""
    heard: set[str] = set()
    real = permissions.can

    def hear(actor: Actor, row: Permission, thing: Any = None) -> bool:
        if actor.kind != "system":
            heard.add(row.name)
        return real(actor, row, thing)

    routes()  # every room has been imported: what is imported later would keep the listener for good
    monkeypatch.setattr(permissions, "can", hear)
    for name, module in list(sys.modules.items()):
        if re.fullmatch(r"\w+\.(queries|models)(\..+)?", name) and getattr(module, "can", None) is real:
            monkeypatch.setattr(module, "can", hear)
    return heard


def page(rights: Mapping[str, set[str]]) -> str:
    """Right by right, the commands and the doors that ask for it."""
    lines = [HEAD]
    for right in permissions.table():
        asking = [f"- command `{row.command}`" for row in commands.table() if row.right == right.name]
        asking += [f"- `{door}`" for door, names in sorted(rights.items()) if right.name in names]
        lines += [f"## {right.name}", "", f"You may … {right.sentence}.", "", *(asking or [ELSEWHERE]), ""]
    return "\n".join(lines)
