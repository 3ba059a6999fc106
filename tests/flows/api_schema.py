"""schemathesis against the portal in this process: who asks, with which rows, and what may be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

import schemathesis
from django.conf import settings as conf
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from schemathesis import BaseSchema
from schemathesis import Case as AnyCase
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import ignored_auth

from core.zones import zone_names
from tests import world as builders
from tests.flows import api_wire
from tests.flows.api_reached import BEFORE, ROWS, body_of
from tests.flows.api_rules import is_a_rule
from tests.flows.security_scene import Ids, Scene

Case = AnyCase[Any]
MARK = "Bearer of the caller"
SIGNS = ("Authorization", "X-CSRFToken", conf.SESSION_COOKIE_NAME, conf.CSRF_COOKIE_NAME)
schemathesis.openapi.format("time-zone", st.sampled_from(sorted(zone_names())))
schemathesis.openapi.format("email", st.from_regex(r"[a-z][a-z0-9]{0,9}@[a-z]{2,9}\.example", fullmatch=True))


def described() -> dict[str, Any]:
    """The portal's description of itself, as JSON."""
    made: Any = SchemaGenerator
    found: dict[str, Any] = json.loads(json.dumps(made(urlconf="portal.urls").get_schema(public=True)))
    return found


class Credentials:
    """Marks the requests that are to carry what a caller signs in with; not those that are made up to lack it."""

    def get(self, case: Case, context: Any) -> str:
        """The mark."""
        return MARK

    def set(self, case: Case, data: str, context: Any) -> None:
        """Put it on a request."""
        case.headers["Authorization"] = data


@contextmanager
def one_connection() -> Iterator[None]:
    """As Django's own test client: a request does not close the connection, in which the rows stand."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def stories(asker: Asker, *, examples: int, systematic: bool, part: tuple[int, int] = (0, 1)) -> Iterator[str]:
    """Make up requests to each operation of a part (which, of how many), always the same; what was found, as text."""
    schema = portal()
    schema.config.phases.coverage.enabled = systematic
    how = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    for result in islice(schema.get_all_operations(), part[0], None, part[1]):
        operation: Any = result.ok()  # type: ignore[union-attr]  # a description with a mistake ends the test here
        test = build_operation_test(
            config=schema.config,
            operation=operation,
            test_func=asker.ask,
            explicit_settings=how,
            given_kwargs={},
            feedback=NO_FEEDBACK,
        )
        try:
            test()
        except (Failure, FailureGroup, FlakyFailure) as error:
            yield f"{operation.label} as {asker.now.who}\n{error}"


def successes(asker: Asker) -> Iterator[tuple[str, str]]:
    """Each operation with why it could not be reached; empty where it could."""
    found: list[Any] = [each.ok() for each in portal().get_all_operations()]  # type: ignore[union-attr]
    known = {str(each.definition.raw["operationId"]): each for each in found}
    for name in known:
        with transaction.atomic():
            ids = {**asker.ids, **_rows(name, asker.ids)}
            answers = [_made(asker, known[each], each, ids) for each in (*BEFORE.get(name, ()), name)]
            transaction.set_rollback(True)
        yield name, next((said for said in answers if said), "")


def _rows(name: str, ids: Ids) -> Ids:
    noun = ROWS.get(name)
    return dict.fromkeys(("services", "teams", "contact-methods"), ids[noun]) if noun else {}


def _made(asker: Asker, operation: Any, name: str, ids: Ids) -> str:
    """Do one operation with rows and values that fit; what went wrong, or nothing."""
    places = {each.name: named(operation.path, each.name, ids) for each in operation.path_parameters}
    body = body_of(name, operation.method, operation.full_path, ids)
    more = {} if body is None else {"body": body, "media_type": next(iter(operation.body)).media_type}
    case = operation.Case(path_parameters=places, **more)
    case.headers, case.cookies = {**asker.now.headers}, {**asker.now.cookies}
    answer = case.call()
    try:
        case.validate_response(answer, excluded_checks=[ignored_auth])
    except FailureGroup as group:
        return str(group)[:600]
    return "" if answer.status_code < 300 else f"{answer.status_code} {answer.text[:300]}"


@cache
def portal() -> BaseSchema:
    """The description, with the portal in this process behind it; what it learns about making up stays for the next."""
    api_wire.use()
    made = schemathesis.openapi.from_dict(described())
    made.app = WSGIHandler()
    made.config.generation.allow_x00 = False  # a NUL is 400 wherever it stands: tests/core/test_api_input.py
    made.auth()(Credentials)
    return made


@dataclass(frozen=True)
class Caller:
    """One who asks, with what is sent to say so."""

    who: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


def caller(scene: Scene, who: str) -> Caller:
    """A person with a token of all scopes, the administrator at a browser, an integration with its key, or nobody."""
    world = scene.world
    people = {"administrator": world.ada, "responder": world.bo, "stakeholder": world.sam}
    if who == "browser":
        client = builders.enter(Client(), world.ada)
        client.get("/profile/")
        kept = {name: client.cookies[name].value for name in (conf.SESSION_COOKIE_NAME, conf.CSRF_COOKIE_NAME)}
        return Caller(who, {"X-CSRFToken": kept[conf.CSRF_COOKIE_NAME]}, kept)
    keys = {"integration": scene.key, "anonymous": ""}
    key = keys[who] if who in keys else builders.token(people[who])
    return Caller(who, {"Authorization": f"Bearer {key}"} if key else {})


class Asker:
    """Those who ask, one after the other the same; what a request changes is taken back before the next asks."""

    def __init__(self, scene: Scene, *who: str, ids: Ids | None = None) -> None:
        self.ids: Ids = ids or scene.ids
        self.callers = [caller(scene, each) for each in who]
        self.now = self.callers[0]
        self._closed: set[tuple[str, str]] = set()

    def ask(self, case: Case) -> None:
        """Send one request as each of them and look at the answers with every check."""
        self._aim(case)
        signed = case.headers.get("Authorization") == MARK
        for each in self.callers if signed else self.callers[:1]:
            self.now = each
            if signed:
                _sign(case, each)
            self._check(case)

    def _check(self, case: Case) -> None:
        """One answer. Whether an operation refuses those who have not signed in is asked once, not each time."""
        place = (case.operation.label, self.now.who)
        with transaction.atomic():
            answer = case.call()
            try:
                case.validate_response(answer, excluded_checks=[ignored_auth] if place in self._closed else [])
                if answer.status_code < 300:
                    self._closed.add(place)
            except FailureGroup as group:
                if not all(is_a_rule(each, answer) for each in group.exceptions):
                    raise
            finally:
                transaction.set_rollback(True)

    def _aim(self, case: Case) -> None:
        """Rows of the scene in place of numbers that were made up: nearly all of those would be 404."""
        if case.path_parameters and _well_formed(case, ParameterLocation.PATH):
            for name in case.path_parameters:
                case.path_parameters[name] = named(case.path, name, self.ids)
        if isinstance(case.body, dict) and _well_formed(case, ParameterLocation.BODY):
            for name, noun in NOUNS.items():
                made_up = case.body.get(name)
                if isinstance(made_up, int) and made_up % 4:
                    case.body[name] = int(self.ids[noun])
            if "version" in case.body and "If-Match" in (case.headers or {}):
                del case.headers["If-Match"]


def _sign(case: Case, by: Caller) -> None:
    """In place of the mark, or of what another caller has sent."""
    for sent, given in ((case.headers, by.headers), (case.cookies, by.cookies)):
        for name in SIGNS:
            sent.pop(name, None)
        sent.update(given)


NOUNS = {
    "service": "services",
    "team": "teams",
    "user": "users",
    "policy": "policies",
    "priority": "priorities",
    "method": "contact-methods",
    "fallback": "users",
}


def named(path: str, parameter: str, ids: Mapping[str, str]) -> str:
    """The row of the scene that a path's parameter means: that of the noun before it."""
    noun = path.partition("{" + parameter + "}")[0].strip("/").rpartition("/")[2]
    own = parameter == "event" or (parameter in ("file", "user") and noun == "attachments")
    return ids[parameter] if own else ids.get(noun) or ids[parameter]


def _well_formed(case: Case, place: ParameterLocation) -> bool:
    part = case.meta.components.get(place) if case.meta else None
    return part is None or part.mode.is_positive
