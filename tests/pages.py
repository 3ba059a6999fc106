"""What the tests of pages share: query counts, hostile texts, and what must never come back as markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

# The product is a number that no clock, count or id of a page shows by chance.
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7919*7907}}"
LIVE = ("<script>alert(1)", "<img src=x", "62615533")


def recorded(test_file: str) -> dict[str, int]:
    """The room's query_counts.json beside its tests."""
    found: dict[str, int] = json.loads(Path(test_file).with_name("query_counts.json").read_text())
    return found


def count(client: Client, path: str) -> int:
    """How many queries a page makes the second time: what is read once per process is not counted."""
    assert client.get(path).status_code == 200, path
    with CaptureQueriesContext(connection) as found:
        client.get(path)
    return len(found)


def text_of(answer: Any) -> str:
    """The page as text; a file as well, which can be read once and is kept for the next look."""
    if answer.streaming and not hasattr(answer, "read_once"):
        answer.read_once = answer.getvalue()
    return str((answer.read_once if answer.streaming else answer.content).decode("utf-8", "replace"))


def assert_inert(answer: Any) -> None:
    """A hostile text stands on the page, and nothing of it lives (A1, A4)."""
    page = text_of(answer)
    assert "alert(1)" in page, "the hostile text is not on this page"
    for each in LIVE:
        assert each not in page, each


def after(client: Client, answer: Any) -> str:
    """The text of the page to which an answered form leads."""
    assert answer.status_code == 303, text_of(answer)
    return text_of(client.get(answer["Location"]))
