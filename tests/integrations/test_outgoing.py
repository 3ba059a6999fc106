"""The signature of webhooks, checked by the very code that the documentation gives to receivers (A49, A50)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import outgoing
from tests.architecture.source import ROOT

BODY = b'{"id":"1","kind":"ping"}'
AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def is_ours(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recipe of docs/developers/webhooks.md, at a time that stands still."""
    text = (ROOT / "docs/developers/webhooks.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.S)
    assert found
    named: dict[str, Any] = {}
    exec(found[1], named)
    monkeypatch.setattr(named["time"], "time", lambda: AT.timestamp())
    return named["is_ours"]


def test_the_recipe_of_the_documentation_takes_what_we_sign(is_ours: Any) -> None:
    header = outgoing.headers(["secret"], "1", "ping", AT, BODY)["Watchbill-Signature"]
    assert re.fullmatch(r"t=\d{10},v1=[0-9a-f]{64}", header)
    assert is_ours("secret", header, BODY)


def test_and_nothing_else(is_ours: Any) -> None:
    """A49, A50: another secret, body or time, an old message, none at all."""
    header = outgoing.signature(["secret"], AT, BODY)
    assert not is_ours("other", header, BODY)
    assert not is_ours("secret", header, BODY + b" ")
    assert not is_ours("secret", header.replace("t=", "t=1"), BODY)
    assert not is_ours("secret", outgoing.signature(["secret"], AT - timedelta(minutes=6), BODY), BODY)
    for broken in ("", "t=,v1=", "v1=" + "0" * 64, f"t={int(AT.timestamp())}"):
        assert not is_ours("secret", broken, BODY)


def test_during_a_rotation_either_secret_checks(is_ours: Any) -> None:
    header = outgoing.signature(["new", "old"], AT, BODY)
    assert header.count("v1=") == 2
    assert is_ours("new", header, BODY)
    assert is_ours("old", header, BODY)


@pytest.mark.parametrize("secrets", [[], [""], ["good", ""]])
def test_an_empty_secret_signs_nothing(secrets: list[str]) -> None:
    """A49."""
    with pytest.raises(ValueError, match="empty"):
        outgoing.signature(secrets, AT, BODY)


def test_the_waits_that_the_documentation_names() -> None:
    waits = [outgoing.wait_after(tries).total_seconds() for tries in range(1, 9)]
    assert waits == [10, 60, 300, 1800, 7200, 21600, 21600, 21600]
    assert [outgoing.rest_after(failures).total_seconds() for failures in (1, 2, 5, 50)] == [10, 30, 300, 300]
