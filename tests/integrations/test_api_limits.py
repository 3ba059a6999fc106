"""Hostile input at the hot door: sizes, encodings, shapes, numbers, texts (A21, A22, A77-A79, F41)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from incidents.models import Alert
from integrations.api import bodies
from integrations.models import InboundEvent
from tests.integrations.conftest import Sender

Trigger = Callable[..., dict[str, Any]]


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"d": value}
    return value


def raw(trigger: Trigger, inside: bytes) -> bytes:
    """A trigger whose custom details hold these very bytes."""
    return json.dumps(trigger(custom_details={"x": "HERE"})).encode().replace(b'"HERE"', inside)


def test_too_large_is_413_a77(sender: Sender, trigger: Trigger, key: str) -> None:
    answer = sender.post("/v2/enqueue", trigger(custom_details={"x": "y" * 600_000}))
    assert answer.status == 413
    big = {"title": "x", "more": "y" * 600_000}
    assert sender.post(f"/integrations/generic/{key}", big).status == 202
    assert sender.post(f"/integrations/generic/{key}", {"more": "y" * 4_300_000}).status == 413


def test_a_chunked_body_is_counted(sender: Sender, busy_world: object) -> None:
    chunks = [b"x" * 100_000] * 7
    assert sender.post("/v2/enqueue", chunks=chunks, length=False).status == 413


def test_wrong_lengths(sender: Sender, trigger: Trigger) -> None:
    body = json.dumps(trigger()).encode()
    assert sender.post("/v2/enqueue", body, headers={"content-length": str(len(body) + 1)}).status == 400
    assert sender.post("/v2/enqueue", body, headers={"content-length": "many"}).status == 400
    assert sender.post("/v2/enqueue", body, headers={"content-length": "-1"}).status == 400
    assert sender.post("/v2/enqueue", b"", length=False).status == 411
    assert sender.post("/v2/enqueue", b"").status == 400
    assert sender.post("/v2/enqueue", chunks=[body[:9], body[9:]], length=False).status == 202


def test_a_slow_body_is_408(sender: Sender, trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    async def impatient(receive: Any, limit: int, declared: int | None) -> bytes:
        return await bodies.read_body(receive, limit, declared, seconds=0.05)

    monkeypatch.setattr("integrations.api.intake.read_body", impatient)
    answer = sender.post("/v2/enqueue", chunks=[b"{", b"}"], pause=0.1)
    assert answer.status == 408
    assert answer.headers["connection"] == "close"


def test_who_leaves_is_not_answered(sender: Sender, trigger: Trigger) -> None:
    assert sender.post("/v2/enqueue", chunks=[b"{", b"}"], hang_up=True).status == 0
    assert not InboundEvent.objects.exists()


def test_compressed_bodies_are_415_a79(sender: Sender, trigger: Trigger, key: str) -> None:
    for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
        head = {"content-encoding": encoding}
        assert sender.post("/v2/enqueue", trigger(), headers=head).status == 415
        assert sender.post(f"/integrations/generic/{key}", {"title": "x"}, headers=head).status == 415
    assert sender.post("/v2/enqueue", trigger(), headers={"content-encoding": "identity"}).status == 202


@pytest.mark.parametrize("depth", [40, 900, 70_000])
def test_too_deep_is_400_on_v2_and_cut_on_integrations_a78(
    sender: Sender, trigger: Trigger, key: str, depth: int
) -> None:
    deep = b'{"d":' * depth + b"1" + b"}" * depth
    assert sender.post("/v2/enqueue", raw(trigger, deep)).status == 400
    answer = sender.post(f"/integrations/generic/{key}", b'{"title":"x","deep":' + deep + b"}")
    assert answer.status == 202
    assert "levels beyond 32 were cut" in answer.body["marks"]
    assert Alert.objects.get().summary == "x"


def test_depth_32_is_taken(sender: Sender, trigger: Trigger) -> None:
    assert sender.post("/v2/enqueue", trigger(custom_details=nested(29))).status == 202
    assert sender.post("/v2/enqueue", trigger(custom_details=nested(31))).status == 400


def test_too_many_keys_are_400_on_v2_and_cut_on_integrations_a78(sender: Sender, trigger: Trigger, key: str) -> None:
    many = {f"k{n}": n for n in range(2_100)}
    answer = sender.post("/v2/enqueue", trigger(custom_details=many))
    assert answer.status == 400
    assert "2000 keys" in answer.body["errors"][0]
    answer = sender.post(f"/integrations/generic/{key}", {"title": "x", **many})
    assert answer.status == 202
    assert "only the first 2000 keys were kept" in answer.body["marks"]


def test_colons_in_texts_are_no_keys(sender: Sender, trigger: Trigger) -> None:
    details = {"log": ":" * 3_000, "brackets": "{[" * 100}
    assert sender.post("/v2/enqueue", trigger(custom_details=details)).status == 202


WRONG_NUMBERS = [
    *(b"1e400", b"-1e400", b"1e999999999", b"NaN", b"Infinity", b"-Infinity", b"01", b"0x1f", b"-0", b"-0.0"),
    *(b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 5_000),
]


def test_numbers_that_no_database_holds_are_400_a22(sender: Sender, trigger: Trigger, key: str) -> None:
    for number in WRONG_NUMBERS:
        assert sender.post("/v2/enqueue", raw(trigger, number)).status == 400, number[:30]
        status = sender.post(f"/integrations/generic/{key}", b'{"title":"x","n":' + number + b"}").status
        # Go's programs write -0: no reason to lose a page
        assert status == (202 if number.startswith(b"-0") else 400), number[:30]


def test_ordinary_numbers_are_taken(sender: Sender, trigger: Trigger) -> None:
    for number in (b"9223372036854775807", b"-9223372036854775808", b"1.5e300", b"0", b"-0.5"):
        assert sender.post("/v2/enqueue", raw(trigger, number)).status == 202, number


def test_minus_zero_in_a_text_is_a_text(sender: Sender, trigger: Trigger) -> None:
    assert sender.post("/v2/enqueue", trigger(custom_details={"range": "[-5, -0]"})).status == 202


WRONG_TEXTS = [
    (b'"a\\u0000b"', "payload.custom_details.x"),
    (b'"\\ud83d"', "lone surrogate at byte"),
    (b'"\\ud83d\\u0041"', "lone surrogate at byte"),
    (b'"\\udc00"', "lone surrogate at byte"),
    (b'"\xff"', "not UTF-8 at byte"),
    (b'"\xed\xa0\xbd"', "not UTF-8 at byte"),
    (b'"a\x00b"', "at byte"),
    (b'{"\\u0000": 1}', "NUL"),
]


def test_texts_that_no_database_holds_are_400_with_the_place_a21(sender: Sender, trigger: Trigger, key: str) -> None:
    for text, said in WRONG_TEXTS:
        for path in ("/v2/enqueue", f"/integrations/generic/{key}"):
            answer = sender.post(path, raw(trigger, text))
            assert answer.status == 400, text
            assert said in answer.body["errors"][0]
    assert not Alert.objects.exists()


def test_odd_but_storable_texts_are_stored_as_they_are_a21(sender: Sender, trigger: Trigger) -> None:
    for text in ("e" + "\u0301" * 200, "a\u0085b", "a\u200bb", "\U0001f600", "\\u0000"):
        assert sender.post("/v2/enqueue", trigger(text, custom_details={"x": text})).status == 202
        assert Alert.objects.get(key=text).details == {"x": text}


WRONG_JSON = [
    (b"", "byte 0"),
    (b"{", "byte 1"),
    (b'{"a":1,}', "byte 7"),
    (b"{'a':1}", "byte 1"),
    (b"[]", "must be a JSON object"),
    (b'"text"', "must be a JSON object"),
    (b"null", "must be a JSON object"),
    (b"summary=x&source=y", "byte 0"),
    (b"\x1f\x8b\x08", "byte"),
]


def test_wrong_json_is_400_with_the_place(sender: Sender, key: str) -> None:
    for body, said in WRONG_JSON:
        for path in ("/v2/enqueue", f"/integrations/generic/{key}"):
            answer = sender.post(path, body)
            assert answer.status == 400, body
            assert said in answer.body["errors"][0]


def test_a_byte_order_mark_and_doubled_keys_are_no_fault_a78(sender: Sender, trigger: Trigger) -> None:
    body = b"\xef\xbb\xbf" + raw(trigger, b'{"a":1,"a":2}')
    assert sender.post("/v2/enqueue", body).status == 202
    assert Alert.objects.get().details == {"x": {"a": 2}}
