"""Parsers meet anything: they answer with events or with Invalid, never otherwise (A21, A22, A78, never 500)."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.kinds import ACTIONS, SEVERITIES
from integrations.adapters import documents, fields
from integrations.adapters.documents import FLAT_DEPTH
from integrations.api.masking import masked
from integrations.kinds import adapters
from tests.integrations import recorded

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORDS = [
    *("routing_key", "dedup_key", "event_action", "payload", "summary", "source", "severity", "timestamp", "links"),
    *("images", "href", "src", "client", "client_url", "custom_details", "class", "group", "component", "alerts"),
    *("status", "labels", "annotations", "fingerprint", "startsAt", "endsAt", "groupKey", "truncatedAlerts", "alias"),
    *("message", "priority", "details", "tags", "title", "level", "state", "url", "Type", "Message", "id", "time"),
]
VALUES = st.sampled_from(
    ["trigger", "resolve", "acknowledge", "critical", "firing", "resolved", "Notification", "{", ""]
)
SHAPED = st.recursive(
    ANYTHING | VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=8),
    max_leaves=30,
)
BODIES = st.dictionaries(st.sampled_from(WORDS), SHAPED, max_size=10)


@pytest.mark.parametrize("tool", [each.id for each in adapters()])
@given(body=BODIES)
@settings(max_examples=50, deadline=None)
def test_every_adapter_takes_or_refuses_any_object(tool: str, body: dict[str, Any]) -> None:
    parse = next(each.parse for each in adapters() if each.id == tool)
    try:
        events = parse({}, body, recorded.door())
    except Invalid:
        return
    for event in events:
        assert event.action in ACTIONS
        assert event.severity in SEVERITIES
        assert 0 < len(event.key) <= 255
        assert len(event.summary) <= 1024
        assert all(len(text) <= 255 for text in (event.source, event.component, event.group, event.kind))
        assert len(event.tool_group) <= 255
        assert all(link["href"].lower().startswith(("http://", "https://")) for link in event.links)
        json.dumps([dict(event.details), list(event.links), list(event.marks)])


@given(body=st.binary(max_size=200))
@example(body=b'{"a":"\\ud800"}')
@example(body=b'{"a":1e400}')
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for strict in (True, False):
        with suppress(Invalid):
            assert isinstance(documents.read(body, strict=strict), dict)


@given(value=st.dictionaries(st.text(max_size=8), ANYTHING, max_size=6))
@settings(max_examples=50, deadline=None)
def test_what_is_read_is_what_was_written(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    try:
        found = documents.read(body, strict=False)
    except Invalid:
        return
    assert found == value


@given(depth=st.integers(0, 300), tail=st.sampled_from([b"1", b'"]"', b'"\\"]"', b"[]", b'{"a":[]}', b'"\\\\"']))
@settings(max_examples=100, deadline=None)
def test_flattening_keeps_what_is_not_too_deep(depth: int, tail: bytes) -> None:
    body = b'{"a":' + b"[" * depth + tail + b"]" * depth + b',"b":2}'
    flat = json.loads(documents._flatten(body))
    assert flat["b"] == 2
    if depth < FLAT_DEPTH - 3:
        assert flat == json.loads(body)


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 200_000, b"[" * 400_000, b'[{"a":' * 100_000, b'"' * 300_000])
def test_hostile_depths_cost_little(body: bytes) -> None:
    with pytest.raises(Invalid):
        documents.read(b'{"x":' + b"[" * 2_000 + body, strict=False)


@given(value=ANYTHING)
@settings(max_examples=100, deadline=None)
def test_small_values_are_not_trimmed(value: Any) -> None:
    marks: list[str] = []
    assert fields.trim(value, marks) == value
    assert marks == []


@given(body=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_masking_takes_any_bytes(body: bytes) -> None:
    assert "\x00" not in masked(body, "abcdef")
