"""System checks with ids: each is seen failing (F49, A97, A98, A99, A100)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from core import checks, leases, smtp
from core.web import access
from portal import env


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


class TestKinds:
    def test_every_kind_that_the_code_puts_can_be_done(self) -> None:
        assert checks.every_kind_has_a_handler(None) == []

    def test_one_that_nobody_can_do_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(leases._handlers, "core.job")
        (found,) = checks.every_kind_has_a_handler(None)
        assert (found.id, found.msg) == (
            "core.E001",
            "core/jobs.py puts “core.job” into the due queue and nobody can do it.",
        )

    def test_kinds_are_read_from_calls_constants_and_rows(self, tmp_path: Path) -> None:
        source = """
KIND = "a.constant"
due.put("key", "a.call")
due.put("key", KIND, priority=1)
put(key="k", kind="a.keyword")
due.put_many([DueRow(key="k", kind="a.row")])
cache.put("x", "not a kind")
queue.put(line)
due.put("key", kind_of(x))
"""
        (tmp_path / "module.py").write_text(source)
        assert set(checks.named_kinds(tmp_path)) == {"a.call", "a.constant", "a.keyword", "a.row"}


def test_somebody_has_said_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "unfilled", lambda: ["actor_of"])
    assert ids(checks.somebody_says_who_asks(None)) == ["core.E002"]


def test_deferred_transactions(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.transactions_are_immediate(None) == []
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {})
    assert ids(checks.transactions_are_immediate(None)) == ["core.E003"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("", []),
        ("redis://127.0.0.1:6379/0", []),
        ("redis://[::1]:6379/0", []),
        ("redis://localhost/0", []),
        ("unix:///run/redis.sock", []),
        ("redis://:word@redis.example.org/0", []),
        ("redis://redis.example.org/0", ["core.E004"]),
        ("redis://10.0.0.5:6379", ["core.E004"]),
        ("rediss://user@redis.example.org/0", ["core.E004"]),
        ("redis://0.0.0.0/0", ["core.E004"]),
    ],
)
def test_redis_without_a_password(settings: Any, address: str, found: list[str]) -> None:
    """A100."""
    settings.REDIS_URL = address
    assert ids(checks.redis_has_a_password(None)) == found


def test_secret_files_that_others_can_read(settings: Any, tmp_path: Path) -> None:
    """A97."""
    settings.DATA_DIR = tmp_path
    (tmp_path / "secret-key").touch(0o600)
    assert checks.secret_files_are_private(None) == []
    (tmp_path / "field-keys").touch(0o640)
    (tmp_path / "field-keys").chmod(0o640)
    assert ids(checks.secret_files_are_private(None)) == ["core.E005"]


def test_one_key_for_two_things(settings: Any) -> None:
    """A98."""
    assert checks.secrets_have_their_own_key(None) == []
    settings.FIELD_KEYS = ["x", settings.SECRET_KEY]
    assert ids(checks.secrets_have_their_own_key(None)) == ["core.E006"]


@pytest.mark.parametrize("wrong", [{"orm": None}, {"retry": 60}])
def test_a_bulk_queue_that_loses_or_doubles(settings: Any, wrong: dict[str, object]) -> None:
    assert checks.bulk_queue_is_safe(None) == []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, **wrong}
    assert ids(checks.bulk_queue_is_safe(None)) == ["core.E007"]


@pytest.mark.parametrize(
    ("session", "cache"),
    [
        ("django.contrib.sessions.backends.signed_cookies", "django.core.cache.backends.db.DatabaseCache"),
        ("django.contrib.sessions.backends.cache", "django.core.cache.backends.db.DatabaseCache"),
        ("django.contrib.sessions.backends.db", "django.core.cache.backends.locmem.LocMemCache"),
    ],
)
def test_state_in_one_process(settings: Any, session: str, cache: str) -> None:
    assert checks.state_is_shared(None) == []
    settings.SESSION_ENGINE, settings.CACHES = session, {"default": {"BACKEND": cache}}
    assert ids(checks.state_is_shared(None)) == ["core.E008"]


def test_mail_that_is_only_written_down(settings: Any) -> None:
    settings.EMAIL_URL = ""
    assert ids(checks.mail_leaves(None)) == ["core.I001"]
    settings.EMAIL_URL = "smtp://mail.example.org"
    assert checks.mail_leaves(None) == []


class TestSettings:
    """What is refused at the start is tried in `tests/system/test_runner_refusals.py`."""

    @pytest.mark.parametrize(
        "sender", ["watchbill@localhost", "Watchbill <on-call@example.org>", "“Wacht” <a.b+c@xn--exmple-cua.org>"]
    )
    def test_a_sender_that_starts_can_send(self, monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
        monkeypatch.setenv("WATCHBILL_EMAIL_FROM", sender)
        assert env.mailbox("EMAIL_FROM", "unused") == sender
        assert smtp._sender(sender)

    def test_an_empty_sender_is_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WATCHBILL_EMAIL_FROM", "")
        assert env.mailbox("EMAIL_FROM", "watchbill@localhost") == "watchbill@localhost"

    @pytest.mark.parametrize(
        "server", ["", "smtp://127.0.0.1", "smtps://a%40b:p%2Fw@mail.example.org:465", "smtp+tls://[::1]:587"]
    )
    def test_a_mail_server_is_taken_as_it_is_written(self, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
        monkeypatch.setenv("WATCHBILL_EMAIL_URL", server)
        assert env.mail_server("EMAIL_URL") == server

    def test_keys_that_are_changed_stand_newest_first(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("WATCHBILL_FIELD_KEYS", f"{'n' * 32}, {'o' * 43}")
        assert env.field_keys("FIELD_KEYS", tmp_path / "none") == ["n" * 32, "o" * 43]
