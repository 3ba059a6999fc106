"""What must stand before anything is forked, and a database that comes later than we do (F49)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from core import db, startup
from core.management.commands import prepare as command
from core.runner import prepare


def test_a_restore_is_alone_with_the_directory(tmp_path: Path, settings: Any) -> None:
    """Web, workers and the bulk lane use it beside each other; whoever comes during a restore comes again later."""
    settings.DATA_DIR = tmp_path
    with prepare.lock_use(), prepare.lock_use(), pytest.raises(prepare.CannotStart, match="end the whole portal") as no:
        prepare.lock_use(alone=True)
    assert no.value.code == 78
    with prepare.lock_use(alone=True):
        for command in ("web", "worker", "qcluster"):
            with pytest.raises(SystemExit) as end:
                call_command(command)
            assert end.value.code == 75, command


@pytest.fixture
def booting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """PostgreSQL that does not answer as often as there are entries here."""
    silent: list[str] = []

    def state() -> str:
        if silent:
            raise OperationalError(silent.pop())
        return "ok"

    tables = SimpleNamespace(table_names=lambda: ["cache"])
    entry = {"HOST": "db.example.org", "USER": "bill", "NAME": "watch", "PASSWORD": "t0p"}
    stands = SimpleNamespace(vendor="postgresql", close=lambda: None, introspection=tables, settings_dict=entry)
    monkeypatch.setattr(db, "schema_state", state)
    monkeypatch.setattr(prepare, "connection", stands)
    monkeypatch.setattr(prepare, "PAUSE", 0.0)
    for step in ("safety", "static_files"):
        monkeypatch.setattr(prepare, step, lambda: None)
    monkeypatch.setattr(startup, "lines", list)
    return silent


def test_a_database_that_starts_with_us_is_waited_for(booting: list[str]) -> None:
    booting += ["connection refused"] * 3
    call_command("prepare")
    assert not booting


def test_one_that_stays_away_is_a_matter_for_later_and_no_wrong_setting(
    booting: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """75 is tried again by systemd, 78 is not."""
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    booting += ["connection refused"]
    with pytest.raises(SystemExit) as end:
        call_command("prepare")
    assert end.value.code == 75
    assert "does not answer" in capsys.readouterr().err


def test_a_newer_database_is_not_waited_for(booting: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "schema_state", lambda: "ahead")
    with pytest.raises(SystemExit) as end:
        call_command("prepare")
    assert end.value.code == 78


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ('FATAL:  password authentication failed for user "bill"', "refuses the password of the user “bill”"),
        ("fe_sendauth: no password supplied", "wants a password of the user “bill”"),
        ('FATAL:  database "watch" does not exist', "There is no database “watch” on db.example.org"),
        ('FATAL:  role "bill" does not exist', "knows no user “bill”"),
    ],
)
def test_one_that_answers_and_refuses_us_is_not_waited_for(
    answer: str, sentence: str, booting: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """F49: at once, with what to do, and 78; that the server still starts is another matter."""
    booting += [f'connection to server at "db.example.org", port 5432 failed: {answer}']
    with pytest.raises(SystemExit) as end:
        call_command("prepare")
    said = capsys.readouterr().err
    assert (end.value.code, "t0p" in said) == (78, False)
    assert sentence in said
    assert "correct WATCHBILL_DATABASE_URL" in said
    booting += ["FATAL:  the database system is starting up"]
    call_command("prepare")
    assert not booting
