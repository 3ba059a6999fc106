"""The canaries themselves: a leak is seen, and what the portal masks is none (A95)."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import pytest

from accounts.commands import tokens
from core import logs
from tests import canaries
from tests.world import PASSWORD, World, acts


def test_a_secret_that_is_logged_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = secrets.token_urlsafe(32)
    logging.getLogger("some.room").warning("made %s for password=%s", "one", PASSWORD)
    assert canaries.said() == ""
    monkeypatch.setattr(logs, "redact", lambda text: text)
    logging.getLogger("some.room").warning("made %s", made)
    assert canaries.said().count(made) == 2


def test_what_the_product_makes_carries_the_mark(world: World) -> None:
    _, raw = tokens.issue(acts(world.bo), world.bo, "script", ["read"])
    assert canaries.MARK in raw
    assert len(raw) >= 43


def test_a_portal_that_shows_its_keys_is_seen(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("x" * 50 + "\n")
    assert canaries.shown_by(f"started with {'x' * 50}", tmp_path) == ["x" * 50]
    assert canaries.shown_by("set-up: http://localhost/setup/abcdefghijklmnopqrstuvw/", tmp_path) == []
    assert canaries.shown_by("GET wb_abcdefghijklmnopqrstuvw 401", tmp_path) == ["wb_abcdefghijklmnopqrstuvw"]
