"""A body that is too big is refused before Django: in the asker's form all the same (A77, design 10)."""

from __future__ import annotations

import json

import pytest

from core.web.refused import too_big

MIB = 1024 * 1024


def heard(path: str, **words: str) -> tuple[dict[str, str], str]:
    """What somebody is answered whose request had these headers."""
    headers, body = too_big(path, lambda name: words.get(name.replace("-", "_"), ""), 10 * MIB)
    found = {name.decode(): value.decode() for name, value in headers}
    assert found["content-length"] == str(len(body))
    return found, body.decode()


def test_a_browser_gets_the_portals_own_page() -> None:
    headers, body = heard("/incidents/7/notes/new/", accept="text/html,*/*;q=0.8")
    assert headers["content-type"].startswith("text/html")
    assert "script" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store, private"
    assert "<h1>That is too big</h1>" in body
    assert "larger than 10 MB" in body
    assert "Go back and send fewer files at a time" in body
    assert "Error number" not in body, "the log knows none"


def test_the_composer_gets_a_notice() -> None:
    headers, body = heard("/incidents/7/notes/", accept="*/*", hx_request="true")
    assert (headers["hx-retarget"], "<html" in body) == ("#messages", False)
    assert 'role="alert"' in body
    assert " Send fewer files at a time" in body


def test_a_program_gets_a_problem() -> None:
    headers, body = heard("/api/v1/incidents/7/attachments/", accept="text/html")
    assert headers["content-type"] == "application/problem+json"
    assert (json.loads(body)["status"], json.loads(body)["code"]) == (413, "too_big")


@pytest.mark.parametrize("accept", ["", "*/*", "application/json"])
def test_a_monitoring_tool_gets_a_line(accept: str) -> None:
    headers, body = heard("/v2/enqueue", accept=accept)
    assert (headers["content-type"], body) == ("text/plain; charset=utf-8", "The request is too big.\n")
