"""The table of doors (`doors.txt`) and the people who knock at them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import transaction
from django.test import Client

from core.links import sign
from tests import world as builders
from tests.flows.security_scene import Ids, Scene, address

PEOPLE = ("ST", "RE", "RX", "IN", "MG", "PO", "AD")
STAFF = PEOPLE[1:]
# Who is none of the portal's people: a subscriber's signed token, a monitoring tool's key.
OUTSIDE = ("AN", "SU", "IK")
# Tokens narrower than a person: for reading, for writing, and all scopes of somebody who was an administrator once.
TOKENS = ("TR", "TW", "TA")
CALLERS = (*OUTSIDE, *PEOPLE, *TOKENS)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
T = TypeVar("T")
# `make test` sends some to each door, others to the next one; the long round sends everybody to all of them.
ROUNDS = [pytest.param(False, id="usual"), pytest.param(True, id="whole", marks=pytest.mark.long)]
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
        if who in self.may or (who in OUTSIDE and "AN" in self.may):
            return "open"
        if self.missing == WORDS["ALL"]:
            return "missing"
        if who in OUTSIDE:
            return "stranger"
        if who in TOKENS:
            return self._verdict_of_token(who)
        if who == "IN" and not self.by_incident:
            return self.verdict("RX")
        return "missing" if who in self.missing else "forbidden"

    @property
    def by_incident(self) -> bool:
        """Whether being on the incident may change something: elsewhere its people are responders of another team."""
        return "incidents/<" in self.route

    def agrees(self, who: str, found: str) -> bool:
        """Whether an answer is what this table says.

        A token that cannot read (TW) does not find most of what it might change: it may get less than its owner.
        """
        wanted = self.verdict(who)
        return found == wanted or (who == "TW" and self.method != "GET" and found in {"forbidden", "missing"})

    def _verdict_of_token(self, who: str) -> str:
        if who == "TA":
            return self.verdict("RX")
        reads = self.method == "GET"
        return self.verdict("MG") if reads == (who == "TR") else "forbidden"


def _group(text: str) -> tuple[str, ...]:
    return WORDS[text] if text in WORDS else tuple(text.split(","))


def table() -> list[Door]:
    """Every row of `doors.txt`: method, who may, who gets 404, route."""
    rows = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [Door(method, route[1:], _group(may), _group(missing)) for method, may, missing, route in rows]


def one_of_each(callers: Iterable[T], wanted: Callable[[T], object], number: int) -> list[T]:
    """One caller of each answer that is wanted at the door of this number, another one at the next door."""
    groups: dict[object, list[T]] = {}
    for who in callers:
        groups.setdefault(wanted(who), []).append(who)
    return [group[number % len(group)] for group in groups.values()]


class Knocker:
    """Everybody with a browser and a token; what a request changes is taken back."""

    def __init__(self, scene: Scene) -> None:
        world = scene.world
        known = (world.sam, world.bo, world.di, scene.guest, world.ana, world.pat, world.ada)
        people = dict(zip(PEOPLE, known, strict=True)) | {"CY": world.cy}  # Cy is on the private incident
        self.tokens = {who: builders.token(user) for who, user in people.items()}
        self.tokens |= {
            f"{who} {scope}": builders.token(people[who], scope)
            for who in ("RE", "AD", "CY")
            for scope in ("read", "write")
        }
        self.tokens |= {"TR": builders.token(world.ana, "read"), "TW": builders.token(world.ana, "write")}
        self.tokens |= {"TA": builders.token(scene.demoted), "IK": scene.key, "SU": sign("subscriber", "1")}
        self._client = Client(raise_request_exception=False)
        self._jars: dict[str, SimpleCookie] = {}
        for who, user in people.items():
            browser = Client()
            builders.enter(browser, user)
            self._jars[who] = browser.cookies

    def client(self, who: str, *, csrf: bool = False) -> Client:
        """Somebody's own browser."""
        made = Client(enforce_csrf_checks=csrf, raise_request_exception=False)
        made.cookies = copy.deepcopy(self._jars.get(who, SimpleCookie()))
        return made

    def ask(
        self, who: str, method: str, route: str, ids: Ids, *, keep: bool = False, session: bool = False, **sent: Any
    ) -> Any:
        """One request by somebody: programs with a bearer token (or a `session`), people with their session.

        What it changes is taken back unless `keep` says otherwise. `body` stands for what `doors_bodies.json` says,
        `files` go with it, in parts; `meta` is what the server knows of the client.
        """
        api = route.startswith(("api/", "metrics"))
        bearer = who in self.tokens and (api or who in OUTSIDE) and not session
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if bearer else {}
        self._client.cookies = SimpleCookie() if headers else copy.deepcopy(self._jars.get(who, SimpleCookie()))
        body = sent.get("body") or filled(BODIES.get(f"{method} /{route}", {}), ids)
        more: dict[str, Any] = {}
        if api and method not in ("GET", "HEAD") and not sent.get("files"):
            more = {"data": json.dumps(body), "content_type": "application/json"}
        elif method == "POST":
            more = {"data": {**body, **sent.get("files", {})}}
        elif "body" in sent:
            more = {"data": body}
        with transaction.atomic():
            found = getattr(self._client, method.lower())(
                address(route, ids), headers=headers, **more, **sent.get("meta", {})
            )
            transaction.set_rollback(not keep)
        return found


def filled(value: Any, ids: Ids) -> Any:
    """The body with the scene's ids in place of `=noun` (a number) and `user:=noun` (a text)."""
    if isinstance(value, str) and value.startswith("="):
        return int(ids[value[1:]])
    if isinstance(value, str) and ":=" in value:
        kind, _, noun = value.partition(":=")
        return f"{kind}:{ids[noun]}"
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    return [filled(each, ids) for each in value] if isinstance(value, list) else value


def verdict_of(answer: Any, *, api: bool) -> str:
    """What an answer says of the one who asked, in the table's words."""
    status = answer.status_code
    if status == 401 or (not api and status == 302 and "/login/" in answer["Location"]):
        return "stranger"
    return {403: "forbidden", 404: "missing", 405: "no such method"}.get(status, "open" if status < 500 else "broken")
