"""The table of doors (`doors.txt`) and the people who knock at them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from django.db import transaction
from django.test import Client

from tests import world as builders
from tests.flows.security_scene import Ids, Scene, address

PEOPLE = ("ST", "RE", "RX", "MG", "PO", "AD")
STAFF = PEOPLE[1:]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WORDS: Mapping[str, tuple[str, ...]] = {"-": (), "PEOPLE": PEOPLE, "STAFF": STAFF, "ALL": ("AN", *PEOPLE)}
TABLE = Path(__file__).with_name("doors.txt")
# What must be sent so that a refusal is one of rights and not of values; "=services" is the id of the service.
BODIES: Mapping[str, dict[str, Any]] = json.loads(Path(__file__).with_name("doors_bodies.json").read_text())


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one route: who may, who is told that nothing is there (404); the others are refused (403)."""

    method: str
    route: str
    may: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        """Whether it answers programs."""
        return self.route.startswith("api/")

    def verdict(self, who: str) -> str:
        """What this table says of somebody: open, missing, forbidden, or stranger (has to sign in first)."""
        if who in self.may:
            return "open"
        if self.missing == WORDS["ALL"]:
            return "missing"
        if who in ("AN", "IK"):
            return "stranger"
        if who == "TR":
            return self.verdict("MG") if self.method == "GET" else "forbidden"
        return "missing" if who in self.missing else "forbidden"


def _group(text: str) -> tuple[str, ...]:
    return WORDS[text] if text in WORDS else tuple(text.split(","))


def table() -> list[Door]:
    """Every row of `doors.txt`: method, who may, who gets 404, route."""
    rows = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [Door(method, route[1:], _group(may), _group(missing)) for method, may, missing, route in rows]


class Knocker:
    """Everybody with a browser and a token; what a request changes is taken back."""

    def __init__(self, scene: Scene) -> None:
        world = scene.world
        people = dict(zip(PEOPLE, (world.sam, world.bo, world.di, world.ana, world.pat, world.ada), strict=True))
        self.tokens = {who: builders.token(user) for who, user in people.items()}
        self.tokens |= {"TR": builders.token(world.ana, "read"), "IK": scene.key}
        self._client = Client(raise_request_exception=False)
        self._jars: dict[str, SimpleCookie] = {}
        for who, user in people.items():
            browser = Client()
            browser.force_login(user)
            self._jars[who] = browser.cookies

    def client(self, who: str, *, csrf: bool = False) -> Client:
        """Somebody's own browser."""
        made = Client(enforce_csrf_checks=csrf, raise_request_exception=False)
        made.cookies = copy.deepcopy(self._jars.get(who, SimpleCookie()))
        return made

    def ask(self, who: str, method: str, route: str, ids: Ids, *, keep: bool = False) -> Any:
        """One request by somebody: programs with a bearer token, people with their session.

        What it changes is taken back unless `keep` says otherwise.
        """
        api = route.startswith("api/")
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens and api else {}
        self._client.cookies = SimpleCookie() if headers else copy.deepcopy(self._jars.get(who, SimpleCookie()))
        body = filled(BODIES.get(f"{method} /{route}", {}), ids)
        more: dict[str, Any] = {}
        if api and method not in ("GET", "HEAD"):
            more = {"data": json.dumps(body), "content_type": "application/json"}
        elif method == "POST":
            more = {"data": body}
        with transaction.atomic():
            found = getattr(self._client, method.lower())(address(route, ids), headers=headers, **more)
            transaction.set_rollback(not keep)
        return found


def filled(value: Any, ids: Ids) -> Any:
    """The body with the scene's ids in place of `=noun`."""
    if isinstance(value, str) and value.startswith("="):
        return int(ids[value[1:]])
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    return [filled(each, ids) for each in value] if isinstance(value, list) else value


def verdict_of(answer: Any, *, api: bool) -> str:
    """What an answer says of the one who asked, in the table's words."""
    status = answer.status_code
    if status == 401 or (not api and status == 302 and "/accounts/login/" in answer["Location"]):
        return "stranger"
    return {403: "forbidden", 404: "missing", 405: "no such method"}.get(status, "open" if status < 500 else "broken")
