"""What every API view gets from its base (A13, A14, A21, A22, A24, A25, A44, A59, A65-A67, A78, A85, A91, A96)."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import User
from core import clock, throttle
from core.api import base
from core.models import FeedEntry, IdempotencyKey
from tests import world as people

pytestmark = [pytest.mark.urls("tests.core.api_views"), pytest.mark.django_db]
Api = Callable[..., APIClient]
ENTRY = {"topic": "incident:7", "seq": 1, "kind": "note"}


@pytest.fixture
def ana() -> User:
    return people.person("Ana")


@pytest.fixture
def client(ana: User, api: Api) -> APIClient:
    """Ana's token with all scopes."""
    return api(ana)


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/problem+json")
    body = json.loads(response.content)
    assert set(body) >= {"type", "title", "status", "code", "detail", "fields", "request_id"}
    assert (body["status"], body["code"]) == (status, code)
    assert re.fullmatch(r"[0-9a-f]{16}", body["request_id"])
    return dict(body)


def post(client: APIClient, raw: str | bytes, path: str = "/api/v1/open/", **headers: str) -> Any:
    return client.post(path, raw, content_type="application/json", headers=headers)


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


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        *((b'{"a": "x\\u0000y"}', "a"), (b'{"a": {"b": ["x", "\\ud83d"]}}', "a.b.1"), (b'{"a\\u0000": 1}', None)),
        *(
            (b'{"a": "\\udc00\\ud800"}', "a"),
            (b'{"a": NaN}', "a"),
            (b'{"a": [1, Infinity]}', "a.1"),
            (b'{"a": -Infinity}', "a"),
        ),
        *(
            (b'{"a": 1e400}', "a"),
            (b'{"a": -1e400}', "a"),
            (b'{"a": -0}', "a"),
            (b'{"a": -0.0}', "a"),
            (b'{"a": 1e999999999}', "a"),
        ),
        *((b'{"a": 9223372036854775808}', "a"), (b'{"a": -9223372036854775809}', "a"), (b'{"a": 1, "a": 2}', "a")),
        *(
            (b'{"a": {"b": 1, "b": 1}}', "a.b"),
            (b'{"a": ' + b"9" * 500_000 + b"}", "a"),
            (b'{"a": 0.' + b"1" * 5000 + b"}", "a"),
        ),
        *((b"[1]", "body"), (b'"x"', "body"), (b"1", "body"), (b"null", "body"), (b"{", "body"), (b"{}x", "body")),
        *(
            (b'{"a": 1,}', "body"),
            (b"{'a': 1}", "body"),
            (b'{"a": 01}', "body"),
            (b'{"a": "\xff"}', "body"),
            (b"\xef\xbb\xbf{}", "body"),
        ),
        *(
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "body"),
            (b'{"a":' + b"[" * 100_000, "body"),
            (b'{"a":' * 40 + b"1" + b"}" * 40, "body"),
        ),
        *(
            (b"{" + b",".join(b'"k%d":1' % n for n in range(3000)) + b"}", "body"),
            (b'{"a": [' + b"1," * 30_000 + b"1]}", "body"),
        ),
        *((b'{"a": "x\ny"}', "body"), (b'{"a": "\\x"}', "body"), (b"\xff\xfe{\x00}\x00", "body")),
    ],
)
def test_a_body_that_two_readers_would_read_differently_is_refused(
    raw: bytes, place: str | None, client: APIClient
) -> None:
    """A21, A22, A78: 400 with the place, never 500, never a wrong value."""
    body = assert_problem(post(client, raw), 400, "invalid_json")
    if place is not None:
        assert list(body["fields"]) == [place]


@pytest.mark.parametrize(
    "value",
    [
        9223372036854775807,
        -9223372036854775807,
        1.5,
        1e300,
        0,
        "1e999999999",
        "e\u0301" * 300,
        "a\u0085\u200b",
        "💥",
        [],
        {},
    ],
)
def test_what_can_be_stored_is_read(value: object, client: APIClient) -> None:
    """A21: combining marks, U+0085 and zero-width characters are stored as is."""
    assert post(client, json.dumps({"a": value})).json() == {"got": {"a": value}}


def test_a_large_body_is_413(client: APIClient) -> None:
    """A77: 1 MB."""
    assert_problem(post(client, b'{"a": "' + b"x" * 1_100_000 + b'"}'), 413, "too_big")
    assert_problem(post(client, b'{"a": "' + b"x" * 3_000_000 + b'"}', **{"Idempotency-Key": "k"}), 413, "too_big")


def test_fields_that_are_not_ours_are_refused(client: APIClient) -> None:
    """A59: mass assignment; what is read-only is ignored."""
    for name in ("is_staff", "role", "user", "__class__", "pk", "topic__name", "a'--"):
        body = assert_problem(client.post("/api/v1/entries/", ENTRY | {name: 1}, format="json"), 400, "invalid")
        assert list(body["fields"]) == [name]
    answer = client.post("/api/v1/entries/", ENTRY | {"id": 999, "at": "2001-01-01T00:00:00Z"}, format="json")
    made = FeedEntry.objects.get()
    assert answer.status_code == 201
    assert made.pk != 999
    assert made.at.year > 2001


# --- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        *("expand=user", "fields=id", "format=xml", "page=2", "page=-1", "offset=10", "limit=5", "topic__startswith=a"),
        *(
            "ordering=password",
            "ordering=-at",
            "ordering=",
            "ordering=topic__name",
            "ordering=oldest;DROP",
            "kind__in=note",
        ),
        *(
            "kind=",
            "kind=other",
            "kind=note'--",
            "seq=-1",
            "seq=1e3",
            "seq=0x1",
            "seq=٣",
            "seq=1_0",
            "seq=9999999999999999999",
        ),
        *(
            "since=yesterday",
            "since=2026-11-16T09:00:00",
            "since=2026-02-30T09:00:00Z",
            "since=",
            "first=1",
            "first=yes",
        ),
        *(
            "page_size=0",
            "page_size=-1",
            "page_size=201",
            "page_size=1000000",
            "page_size=1e2",
            "page_size=",
            "page_size=٣",
        ),
        *(
            "cursor=",
            "cursor=x",
            "cursor=x:y:z",
            "cursor=%00",
            "q=%00",
            "topic=%00",
            "q=" + "x" * 201,
            "topic=" + "x" * 21,
        ),
        *("page_size=5&page_size=6", "cursor=a&cursor=b", "q=a&q=b", "service__team__secret__startswith=a", "%00=1"),
        *("pk=1", "id=1", "at__gte=2026-01-01", "_method=DELETE", "'=1", "kind[]=note", "%F0%9F%92%A5=1"),
    ],
)
def test_a_parameter_that_is_not_listed_is_refused(query: str, client: APIClient) -> None:
    """A13, A14, A65, A66, A91: only what the view lists, only values that it can mean."""
    assert_problem(client.get(f"/api/v1/entries/?{query}"), 400, "invalid")


@pytest.mark.parametrize("text", ["'", "' OR 1=1 --", "%", "%%%%", "_", "\\", '"', "(a+)+$", "💥", "{topic}", "\u202e"])
def test_a_search_is_text_and_nothing_else(text: str, client: APIClient) -> None:
    """A13, A91: no pattern, no SQL."""
    FeedEntry.objects.create(topic="incident:7", seq=1, kind="note")
    assert client.get("/api/v1/entries/", {"q": text}).json()["results"] == []


def test_filters_narrow(client: APIClient) -> None:
    for number, (topic, kind) in enumerate([("a", "note"), ("a", "chat"), ("b", "note")]):
        FeedEntry.objects.create(topic=topic, seq=number, kind=kind)

    def seqs(**query: Any) -> list[int]:
        return [row["seq"] for row in client.get("/api/v1/entries/", {"ordering": "oldest", **query}).json()["results"]]

    assert seqs() == [0, 1, 2]
    assert seqs(kind="note") == [0, 2]
    assert seqs(kind=["note", "chat"], topic="a") == [0, 1]
    assert seqs(seq=[1, 2]) == [1, 2]
    assert seqs(q="CHAT") == [1]
    assert seqs(since=(clock.now() + timedelta(days=1)).isoformat()) == []


def test_parameters_of_a_list_are_not_for_changes(client: APIClient) -> None:
    assert_problem(client.post("/api/v1/entries/?kind=note", ENTRY, format="json"), 400, "invalid")


@pytest.mark.parametrize("thing", ["%00", "a%00b", "%ED%A0%80"])
def test_a_path_that_cannot_be_stored_is_404(thing: str, client: APIClient) -> None:
    """A21: or read as what it became, but never 500."""
    answer = client.get(f"/api/v1/open/{thing}/")
    assert answer.status_code in {200, 404}
    assert ("%00" not in thing) or answer.status_code == 404


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordering", ["newest", "oldest", "topic"])
@pytest.mark.parametrize("size", [1, 3, 7, 200])
def test_pages_hold_each_row_once(ordering: str, size: int, client: APIClient) -> None:
    """A66: by key, also where many rows share the first value."""
    moment = clock.now()
    for number in range(10):
        FeedEntry.objects.create(
            topic="ab"[number % 2], seq=number, kind="note", at=moment + timedelta(microseconds=number // 4)
        )
    url: str | None = f"/api/v1/entries/?ordering={ordering}&page_size={size}&kind=note"
    seen: list[int] = []
    while url:
        body = client.get(url).json()
        assert len(body["results"]) <= size
        seen += [row["id"] for row in body["results"]]
        url = body["next"] and body["next"].split("8000", 1)[-1]
    whole = {"newest": ("-at", "-pk"), "oldest": ("at", "pk"), "topic": ("topic", "-pk")}[ordering]
    assert seen == list(FeedEntry.objects.order_by(*whole).values_list("pk", flat=True))


def test_the_next_page_is_at_the_configured_address(client: APIClient, settings: Settings) -> None:
    """A33: not at what the Host header says."""
    settings.PORTAL_URL = "https://watchbill.example"
    settings.ALLOWED_HOSTS = ["*"]
    for number in range(2):
        FeedEntry.objects.create(topic="a", seq=number, kind="note")
    answer = client.get(
        "/api/v1/entries/?page_size=1", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    )
    assert answer.json()["next"].startswith("https://watchbill.example/api/v1/entries/?page_size=1&cursor=")


def test_a_cursor_is_signed_and_belongs_to_its_list(client: APIClient) -> None:
    """A66: changed, foreign or of another order: 400."""
    for number in range(3):
        FeedEntry.objects.create(topic="a", seq=number, kind="note")
    following = client.get("/api/v1/entries/?page_size=1").json()["next"]
    cursor = urlsplit(following).query.split("cursor=")[1]
    assert client.get(f"/api/v1/entries/?page_size=1&cursor={cursor}").status_code == 200
    wrong = [cursor[:-1], cursor + "A", "A" + cursor, cursor.swapcase(), signing.dumps([1, 2], salt="other")]
    for each in wrong:
        assert_problem(client.get(f"/api/v1/entries/?cursor={each}"), 400, "invalid")
    assert_problem(client.get(f"/api/v1/entries/?ordering=oldest&cursor={cursor}"), 400, "invalid")


def test_a_deep_page_costs_as_much_as_the_first(client: APIClient, django_assert_num_queries: Any) -> None:
    """P7: one query for the rows of a page, no count."""
    for number in range(9):
        FeedEntry.objects.create(topic="a", seq=number, kind="note")
    url = "/api/v1/entries/?page_size=2"
    client.get(url)  # the token's "last used" is written once
    for _ in range(4):
        with django_assert_num_queries(2):  # the token, the rows
            url = client.get(url).json()["next"].split("8000", 1)[-1]


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
