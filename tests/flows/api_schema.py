"""schemathesis against the portal in this process: who asks, with which rows, and what may be refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

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
from schemathesis.core.transport import Response
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import ignored_auth

from core.zones import zone_names
from tests import world as builders
from tests.flows.api_reached import BEFORE, ROWS, body_of
from tests.flows.security_scene import Ids, Scene

Case = AnyCase[Any]
schemathesis.openapi.format("time-zone", st.sampled_from(sorted(zone_names())))
schemathesis.openapi.format("email", st.from_regex(r"[a-z][a-z0-9]{0,9}@[a-z]{2,9}\.example", fullmatch=True))

# The rules that no JSON Schema can say: the place and the sentence of a refusal of what is formed as it should be.
RULES: tuple[tuple[str, str], ...] = (
    ("cursor", "Is not a cursor of this list."),
    ("version", "Differs from If-Match."),
    ("since|created_.*", "Must be a time that exists."),
    ("q|query", ".*"),
    # what is named must be there and be of the right kind
    ("alerts", "Not alerts of this incident."),
    ("members|levels|users|schedules", "There is no such (person|schedule).|.* cannot be on call.*"),
    ("levels", "Level .* (needs from 1 to 50 people or schedules|.*)."),
    ("needs", ".*"),
    ("user", "Exactly one of the two."),
    ("name|email", ".* is taken.|.* already .*"),
    ("team", "Leave it empty for a stakeholder."),
    ("service", "Cannot be changed."),
    # times
    ("until", "Must be in the future, seven days at most."),
    ("occurred_at|at|started_at|expires_at", ".*"),
    ("anchor", "There is no such day or time."),
    # what depends on another field
    ("priority", "A rule must set a priority or an urgency, or be informational."),
    ("value", "Must not be empty.|This pattern cannot be used: .*"),
    ("fields|by", ".*"),
    ("reason", "Say why.*"),
    # what only a look at the value tells
    ("password", "(This|The) password .*"),
    ("files", ".* cannot be attached.*|.*"),
    ("address|endpoint|base_url|url", ".*"),
    ("services", "There is no such service.|.* is not a service of this webhook's team."),
    ("keys|secrets|settings|paths", ".*"),
    (".*", "(?!This field).* is required."),
)


def described() -> dict[str, Any]:
    """The portal's description of itself, as JSON."""
    made: Any = SchemaGenerator
    found: dict[str, Any] = json.loads(json.dumps(made(urlconf="portal.urls").get_schema(public=True)))
    return found


class Credentials:
    """What the one who asks just now sends with each request."""

    now: ClassVar[tuple[dict[str, str], dict[str, str]]] = ({}, {})

    def get(self, case: Case, context: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and cookies."""
        return self.now

    def set(self, case: Case, data: tuple[dict[str, str], dict[str, str]], context: Any) -> None:
        """Put them on a request."""
        case.headers.update(data[0])
        case.cookies = {**(case.cookies or {}), **data[1]}


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


def stories(asker: Asker, *, examples: int, systematic: bool, only: str = "") -> Iterator[str]:
    """Make up requests to every operation, always the same ones; what was found, as text."""
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
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # a description with a mistake ends the test here
        if only in operation.label:
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
                yield f"{operation.label}\n{error}"


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
    case.headers, case.cookies = {**asker.headers}, {**asker.cookies}
    answer = case.call()
    try:
        case.validate_response(answer, excluded_checks=[ignored_auth])
    except FailureGroup as group:
        return str(group)[:600]
    return "" if answer.status_code < 300 else f"{answer.status_code} {answer.text[:300]}"


def portal() -> BaseSchema:
    """The description, with the portal in this process behind it."""
    made = schemathesis.openapi.from_dict(described())
    made.app = WSGIHandler()
    made.config.generation.allow_x00 = False  # a NUL is 400 wherever it stands: tests/core/test_api_input.py
    made.auth()(Credentials)
    return made


class Asker:
    """Somebody who asks; what a request changes is taken back."""

    def __init__(self, scene: Scene, who: str, ids: Ids | None = None) -> None:
        self.scene, self.who = scene, who
        self.ids: Ids = ids or scene.ids
        world = scene.world
        people = {"administrator": world.ada, "responder": world.bo, "stakeholder": world.sam}
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        if who == "browser":
            self._sign_in()
        elif who == "integration":
            self.headers = {"Authorization": f"Bearer {scene.key}"}
        elif who in people:
            self.headers = {"Authorization": f"Bearer {builders.token(people[who])}"}
        Credentials.now = (self.headers, self.cookies)

    def _sign_in(self) -> None:
        """The administrator at a browser, with the token that its changes need."""
        client = builders.enter(Client(), self.scene.world.ada)
        client.get("/profile/")
        self.cookies = {name: client.cookies[name].value for name in (conf.SESSION_COOKIE_NAME, conf.CSRF_COOKIE_NAME)}
        self.headers = {"X-CSRFToken": self.cookies[conf.CSRF_COOKIE_NAME]}

    def ask(self, case: Case) -> None:
        """Send one request, look at the answer with every check, and take back what it changed."""
        self._aim(case)
        with transaction.atomic():
            answer = case.call()
            try:
                case.validate_response(answer)
            except FailureGroup as group:
                left = [each for each in group.exceptions if not _is_a_rule(each, answer)]
                if left:
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


def _is_a_rule(failure: BaseException, answer: Response) -> bool:
    """Whether a well-formed request was refused by a rule of the table, and by nothing else."""
    if not isinstance(failure, RejectedPositiveData) or not isinstance(failure, Failure):
        return False
    fields = answer.json().get("fields") or {}
    return bool(fields) and all(_known(place, sentence) for place, said in fields.items() for sentence in said)


def _known(place: str, sentence: str) -> bool:
    first = place.partition(".")[0]
    return any(re.fullmatch(where, first) and re.fullmatch(what, sentence) for where, what in RULES)
