"""Pieces that adapters share: cutting with a mark, times, severities, links."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations.adapters.documents import MAX_DEPTH, MAX_KEYS

SUMMARY, FIELD, KEY, VALUE = 1_024, 255, 255, 20_000
MAX_LINKS = 50
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
SEVERITIES = {
    "critical": "critical", "crit": "critical", "fatal": "critical", "emergency": "critical", "emerg": "critical",
    "disaster": "critical", "page": "critical", "p1": "critical", "p2": "critical", "sev1": "critical",
    "sev0": "critical", "blocker": "critical", "alert": "critical", "down": "critical",
    "error": "error", "err": "error", "high": "error", "major": "error", "p3": "error", "sev2": "error",
    "failure": "error", "average": "error", "alarm": "error", "unreachable": "error", "alerting": "error",
    "warning": "warning", "warn": "warning", "minor": "warning", "medium": "warning", "p4": "warning",
    "sev3": "warning", "unknown": "warning", "insufficient_data": "warning",
    "info": "info", "information": "info", "informational": "info", "none": "info", "low": "info", "p5": "info",
    "notice": "info", "debug": "info", "success": "info", "ok": "info", "not classified": "info", "sev4": "info",
}  # fmt: skip


def as_text(value: Any) -> str:
    """Any JSON value as text; objects and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def cut(value: Any, limit: int, name: str, marks: list[str]) -> str:
    """A text of at most `limit` characters; what was longer ends with “…” and leaves a mark."""
    text = as_text(value)
    if len(text) <= limit:
        return text
    marks.append(f"{name} was cut from {len(text)} to {limit} characters")
    return text[: limit - 1] + "…"


def one_line(value: Any, limit: int, name: str, marks: list[str]) -> str:
    """`cut` for texts that stand in one line: line breaks become spaces."""
    text = as_text(value)
    if "\n" in text or "\r" in text:
        text = " ".join(text.splitlines())
    return cut(text.strip(), limit, name, marks)


def key_of(value: Any, marks: list[str], name: str = "key") -> str:
    """A deduplication key that fits; a longer one keeps its start and gets a digest, so that two stay apart."""
    text = as_text(value)
    if len(text) <= KEY:
        return text
    marks.append(f"{name} was shortened from {len(text)} characters")
    return f"{text[: KEY - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"


def severity_of(value: Any, marks: list[str], default: str = "error") -> str:
    """critical, error, warning or info; an unknown word counts as `default` and leaves a mark."""
    word = as_text(value).strip().lower()
    if not word:
        return default
    found = SEVERITIES.get(word)
    if found is None:
        marks.append(f"severity “{word[:40]}” is unknown, taken as {default}")
    return found or default


def moment(value: Any, received_at: datetime, marks: list[str]) -> datetime | None:
    """An ISO 8601 time (no zone means UTC) or a number since 1970, in UTC; None where there is none to use.

    A time ahead of our clock would make every later resolve look old (O35), so it is dropped with a mark.
    """
    try:
        at = _time(value)
    except (ValueError, OverflowError, OSError):
        marks.append(f"the event's time “{as_text(value)[:40]}” was not understood")
        return None
    if at is None or at < EARLIEST:
        return None
    if at > received_at + AHEAD:
        marks.append("the event's time lies ahead of our clock and was ignored")
        return None
    return at


def _time(value: Any) -> datetime | None:
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    at = datetime.fromisoformat(as_text(value).strip()[:40])
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def link(href: Any, text: str, marks: list[str], **more: str) -> list[dict[str, str]]:
    """A link as a list of one, or an empty list: only http and https addresses are kept (A1)."""
    address = as_text(href).strip()
    if not address:
        return []
    try:
        parts = urlsplit(address)
        usable = parts.scheme.lower() in {"http", "https"} and bool(parts.netloc) and len(address) <= 2_000
    except ValueError:
        usable = False
    if not usable:
        marks.append("a link that is not an http address was left out")
        return []
    return [{"href": address, "text": text[:FIELD] or address[:FIELD], **more}]


def links_of(value: Any, marks: list[str], *, address: str = "href", words: str = "text") -> list[dict[str, str]]:
    """A list of link objects, at most 50."""
    items = value if isinstance(value, list) else []
    if len(items) > MAX_LINKS:
        marks.append(f"{len(items) - MAX_LINKS} links were left out")
    found: list[dict[str, str]] = []
    for item in items[:MAX_LINKS]:
        if isinstance(item, Mapping):
            found += link(item.get(address), as_text(item.get(words)), marks)
    return found


def digest_key(tool: str, *parts: Any) -> str:
    """A stable key made of what an event says, for tools that send none.

    The tool is a part of it: events of two tools that say equally little must not count on one incident.
    """
    return hashlib.sha256("\x1f".join((tool, *map(as_text, parts))).encode()).hexdigest()


def trim(value: Any, marks: list[str]) -> Any:
    """A copy with at most 2,000 keys, 32 levels and texts of 20,000 characters; a cut leaves a mark (A78)."""
    room = [MAX_KEYS]
    trimmed = _trim(value, 1, room, marks)
    if room[0] < 0:
        marks.append(f"only the first {MAX_KEYS} keys were kept")
    return trimmed


def _trim(value: Any, depth: int, room: list[int], marks: list[str]) -> Any:
    if isinstance(value, str):
        return value if len(value) <= VALUE else cut(value, VALUE, "a text", marks)
    if not isinstance(value, dict | list):
        return value
    if depth > MAX_DEPTH:
        if "levels beyond 32 were cut" not in marks:
            marks.append("levels beyond 32 were cut")
        return None
    if isinstance(value, dict):
        return {key[:FIELD]: _trim(value[key], depth + 1, room, marks) for key in _fitting(value, room)}
    return [_trim(item, depth + 1, room, marks) for item in _fitting(value, room)]


def _fitting(items: Mapping[str, Any] | Sequence[Any], room: list[int]) -> Iterable[Any]:
    """As many keys or items as the room allows; it goes below zero when something was left out."""
    for item in items:
        room[0] -= 1
        if room[0] < 0:
            return
        yield item
