"""Who may call the API, how it refuses, and what happens once (A23-A25, A44, A58, A67, A75, A85, A96, A105, S51)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from core import throttle
from core.api import base
from core.models import FeedEntry, IdempotencyKey
from tests import world as people
from tests.core.api_views import ENTRY, assert_problem

pytestmark = [pytest.mark.urls("tests.core.api_views"), pytest.mark.django_db]
Api = Callable[..., APIClient]


@pytest.fixture
def ana() -> User:
    return people.person("Ana")


@pytest.fixture
def client(ana: User, api: Api) -> APIClient:
    """Ana's token with all scopes."""
    return api(ana)


# --- who may --------------------------------------------------------------------------------------


def test_a_view_without_a_stated_permission_is_closed(client: APIClient, api: Api) -> None:
    """A67: half a gate is no gate; also for a signed-in person."""
    assert_problem(client.get("/api/v1/closed/"), 403, "forbidden")
    assert_problem(api().get("/api/v1/closed/"), 401, "unauthenticated")


def test_without_signing_in_it_is_401(api: Api) -> None:
    answer = api().get("/api/v1/entries/")
    assert_problem(answer, 401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_scopes_narrow_what_a_token_may(ana: User, api: Api) -> None:
    """A44: reading needs `read`, changing needs `write` or `admin`."""
    assert api(ana, "read").get("/api/v1/entries/").status_code == 200
    assert_problem(api(ana, "read").post("/api/v1/entries/", ENTRY, format="json"), 403, "forbidden")
    assert_problem(api(ana, "write").get("/api/v1/entries/"), 403, "forbidden")
    assert api(ana, "write").post("/api/v1/entries/", ENTRY, format="json").status_code == 201


def test_a_session_needs_the_csrf_token(ana: User, browser: Callable[..., Client]) -> None:
    """A24: a cookie and JSON alone change nothing."""
    signed_in = browser(ana, csrf=True)
    assert signed_in.get("/api/v1/entries/").status_code == 200
    answer = signed_in.post("/api/v1/entries/", json.dumps(ENTRY), content_type="application/json")
    assert_problem(answer, 403, "forbidden")
    assert not FeedEntry.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_read(kind: str, client: APIClient) -> None:
    """A23: what a foreign form can send is not read at all."""
    answer = client.generic("POST", "/api/v1/entries/", json.dumps(ENTRY), content_type=kind)
    assert answer.status_code in {400, 415}
    assert not FeedEntry.objects.exists()


def test_no_foreign_origin_is_let_in(client: APIClient) -> None:
    """A25: no CORS header at all."""
    for answer in (
        client.get("/api/v1/entries/", headers={"Origin": "https://evil.example"}),
        client.options("/api/v1/entries/", headers={"Origin": "https://evil.example"}),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_one_client_cannot_starve_the_others(ana: User, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A85: 429 with Retry-After for the one, and the other goes on."""
    monkeypatch.setattr(base, "pace", throttle.Pace(per_second=0.5, burst=3))
    first, second = api(ana), api(people.person("Bo"))
    for _ in range(3):
        assert first.get("/api/v1/entries/").status_code == 200
    answer = first.get("/api/v1/entries/")
    assert_problem(answer, 429, "too_many_requests")
    assert int(answer["Retry-After"]) >= 1
    assert second.get("/api/v1/entries/").status_code == 200


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        *(("invalid", 400, "invalid"), ("forbidden", 403, "forbidden"), ("missing", 404, "not_found")),
        *(("conflict", 409, "stale"), ("toomany", 429, "too_many_requests"), ("unreachable", 502, "unreachable")),
        *(("http404", 404, "not_found"), ("denied", 403, "forbidden"), ("suspicious", 400, "invalid")),
        *(("model", 400, "invalid"), ("modelplain", 400, "invalid"), ("locked", 503, "unavailable")),
    ],
)
def test_every_refusal_is_a_problem(kind: str, status: int, code: str, client: APIClient) -> None:
    """A75, A96: the code for programs, one sentence for people, nothing of our insides."""
    answer = client.get(f"/api/v1/trouble/{kind}/")
    body = assert_problem(answer, status, code)
    for inside in ("secret", "locked", "refused"):
        assert inside not in json.dumps(body)
    if status in {429, 503}:
        assert int(answer["Retry-After"]) > 0
    if kind in {"invalid", "model"}:
        assert list(body["fields"]) == ["name"]


def test_what_nobody_foresaw_is_500_in_general_words(client: APIClient) -> None:
    """A96: no exception's text, no SQL, no paths; the log has them."""
    client.raise_request_exception = False
    answer = client.get("/api/v1/trouble/broken/")
    body = assert_problem(answer, 500, "internal")
    for inside in ("SELECT", "secret_table", "/srv", "RuntimeError", "Traceback"):
        assert inside not in json.dumps(body)


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/entries", "/api/v1/", "/api/v1/a/b/c", "/api/v1/%00/"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "head"])
def test_an_unknown_address_is_404_and_never_a_redirect(path: str, method: str, api: Api) -> None:
    answer = getattr(api(), method)(path)
    assert answer.status_code == 404
    if method != "head":
        assert_problem(answer, 404, "not_found")


def test_a_method_that_does_not_exist_is_405(client: APIClient) -> None:
    answer = client.delete("/api/v1/entries/")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]
    assert_problem(client.options("/api/v1/entries/"), 405, "method_not_allowed")


def test_a_nested_complaint_names_its_place(client: APIClient) -> None:
    wrong = {"levels": [ENTRY, ENTRY | {"seq": -1, "parts": [1, "x"]}]}
    body = assert_problem(client.post("/api/v1/deep/", wrong, format="json"), 400, "invalid")
    assert sorted(body["fields"]) == ["levels.1.parts.1", "levels.1.seq"]


# --- versions and repeats -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        *(({}, {}, 200), ({}, {"version": 3}, 200), ({"If-Match": '"3"'}, {}, 200), ({"If-Match": 'W/"3"'}, {}, 200)),
        *(({"If-Match": "*"}, {}, 200), ({"If-Match": "3"}, {"version": 3}, 200), ({}, {"version": 2}, 409)),
        *(({"If-Match": '"2"'}, {}, 409), ({"If-Match": '"x"'}, {}, 400), ({"If-Match": '"3"'}, {"version": 2}, 400)),
        *(
            ({}, {"version": "3"}, 400),
            ({}, {"version": True}, 400),
            ({}, {"version": -1}, 400),
            ({}, {"version": 3.0}, 400),
        ),
        *(({"If-Match": '"' + "9" * 40 + '"'}, {}, 400), ({"If-Match": '"3", "4"'}, {}, 400)),
    ],
)
def test_a_stale_version_is_409(headers: dict[str, str], body: dict[str, Any], status: int, client: APIClient) -> None:
    """S51, A105: by field or by If-Match."""
    answer = client.put("/api/v1/versioned/", body, format="json", headers=headers)
    assert answer.status_code == status
    if status == 409:
        assert_problem(answer, 409, "stale")


def test_a_browser_may_repeat_too(ana: User, browser: Callable[..., Client]) -> None:
    """The check of the CSRF token reads the body first."""
    signed_in = browser(ana, csrf=True)
    signed_in.cookies[settings.CSRF_COOKIE_NAME] = "x" * 32
    headers = {"X-CSRFToken": "x" * 32, "Idempotency-Key": "k-1"}
    for _ in range(2):
        answer = signed_in.post("/api/v1/entries/", json.dumps(ENTRY), "application/json", headers=headers)
        assert answer.status_code == 201, answer.content
    assert FeedEntry.objects.count() == 1
    large = json.dumps({**ENTRY, "topic": "x" * 3_000_000})
    answer = signed_in.post("/api/v1/entries/", large, "application/json", headers=headers)
    assert_problem(answer, 413, "too_big")


def test_a_repeated_request_is_done_once(client: APIClient) -> None:
    first = client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k-1"})
    again = client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replay"] == "true"
    assert FeedEntry.objects.count() == 1


def test_a_key_that_was_used_for_something_else_is_409(client: APIClient) -> None:
    client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k-1"})
    other = client.post("/api/v1/entries/", ENTRY | {"seq": 2}, format="json", headers={"Idempotency-Key": "k-1"})
    assert_problem(other, 409, "idempotency_mismatch")
    put = client.put("/api/v1/versioned/", {}, format="json", headers={"Idempotency-Key": "k-1"})
    assert_problem(put, 409, "idempotency_mismatch")
    assert FeedEntry.objects.count() == 1


def test_keys_of_two_people_do_not_meet(client: APIClient, api: Api) -> None:
    """A58: nobody sees another's answer."""
    client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k-1"})
    bo = api(people.person("Bo"))
    answer = bo.post("/api/v1/entries/", ENTRY | {"seq": 2}, format="json", headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 201
    assert "Idempotent-Replay" not in answer


def test_a_refused_request_may_be_repeated(client: APIClient) -> None:
    """Nothing was done and nothing is kept; what the handler had written is rolled back."""
    headers = {"Idempotency-Key": "k-1"}
    body = {"topic": "a", "seq": 13, "kind": "chat"}
    assert_problem(client.post("/api/v1/entries/", body, format="json", headers=headers), 409, "taken")
    assert not FeedEntry.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert client.post("/api/v1/entries/", body | {"seq": 14}, format="json", headers=headers).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "ü", "a\tb", "a\x7fb"])
def test_an_odd_key_is_refused(key: str, client: APIClient) -> None:
    answer = client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": key})
    assert_problem(answer, 400, "invalid")
    assert not FeedEntry.objects.exists()


def test_a_key_without_permission_opens_nothing(api: Api) -> None:
    answer = api().post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k"})
    assert_problem(answer, 401, "unauthenticated")
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_done_once(api: Api) -> None:
    """The second waits for the first and gets its answer; never two rows, never 500."""
    raw = people.token(people.person("Ana"))
    answers: list[tuple[int, Any]] = []

    def run() -> None:
        try:
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
            answer = client.post("/api/v1/entries/", ENTRY, format="json", headers={"Idempotency-Key": "k-1"})
            answers.append((answer.status_code, answer.json()))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [201] * 5
    assert len({json.dumps(body, sort_keys=True) for _, body in answers}) == 1
    assert FeedEntry.objects.count() == 1
