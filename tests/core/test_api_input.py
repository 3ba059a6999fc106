"""What the API reads: bodies, queries and pages of lists (A13, A14, A21, A22, A33, A59, A65, A66, A77, A78, A91)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from core import clock
from core.models import FeedEntry
from tests import world as people
from tests.core.api_views import ENTRY, assert_problem, post

pytestmark = [pytest.mark.urls("tests.core.api_views"), pytest.mark.django_db]


@pytest.fixture
def client(api: Callable[..., APIClient]) -> APIClient:
    """Ana's token with all scopes."""
    return api(people.person("Ana"))


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
            "since=0001-01-01T00:00:00%2B14:00",
            "since=9999-12-31T23:59:59-14:00",
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
