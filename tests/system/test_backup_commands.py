"""`manage.py backup | restore` as an operator types them (A97, A108, F51); the archive: tests/core/test_backup.py."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.backup import making
from tests.made_once import tables
from tests.system.scene import eventually
from tools.chaos.portal import ROOT, Portal

pytestmark = [pytest.mark.system, pytest.mark.faults]
KEY = "0123456789abcdef0123456789abcdef"


class Place:
    """A data directory whose commands run as an operator's do."""

    def __init__(self, folder: Path, tables: Path | None = None, **settings: str) -> None:
        folder.mkdir()
        self.data = folder / "data"
        self.database = self.data / "watchbill.sqlite3"
        self.environment = Portal(folder, **settings).environment
        if tables is not None:
            shutil.copytree(tables, self.data)

    def run(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        environment = {**self.environment, **extra}
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    def backup(self, *words: str) -> Path:
        done = self.run("backup", *words)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def refused(self, *words: str, **extra: str) -> str:
        done = self.run(*words, **extra)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def attach(self, key: str, content: bytes) -> Path:
        path = self.data / "attachments" / key[:2] / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            return database.execute(statement, values).fetchall()

    def say(self, what: str) -> None:
        """Leave a mark in the database."""
        self.sql("INSERT INTO accounts_organisation (id, name, time_zone, version) VALUES (1, ?, 'UTC', 1)", what)

    def says(self) -> list[object]:
        return [row[0] for row in self.sql("SELECT name FROM accounts_organisation")]


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Place]:
    """A maker of places; with tables unless told otherwise."""
    count = iter(range(99))

    def make(*, empty: bool = False, **settings: str) -> Place:
        return Place(tmp_path / f"place-{next(count)}", None if empty else tables(tmp_path_factory), **settings)

    return make


@pytest.fixture
def full(place: Callable[..., Place]) -> Place:
    """A portal with a name and a picture."""
    made = place()
    made.say("Northwind")
    made.attach(KEY, b"a picture")
    return made


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


def test_an_archive_goes_there_and_back(full: Place, place: Callable[..., Place]) -> None:
    path = full.backup()
    assert path.parent == full.data / "backups"
    assert making.OURS.fullmatch(path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path) == ["database.sqlite3", f"attachments/01/{KEY}", "manifest.json"]
    assert list(path.parent.iterdir()) == [path], "nothing half done is left beside it"

    fresh = place(empty=True)
    fresh.data.mkdir()
    for name in ("secret-key", "field-keys"):
        shutil.copy(full.data / name, fresh.data / name)
    done = fresh.run("restore", str(path))
    assert done.returncode == 0, done.stderr
    assert "before" not in done.stdout, "there was nothing to keep aside"
    assert fresh.says() == ["Northwind"]
    assert (fresh.data / "attachments/01" / KEY).read_bytes() == b"a picture"
    assert fresh.database.stat().st_mode & 0o077 == 0
    assert [each.name for each in fresh.data.iterdir() if each.name.startswith("restore-")] == []


def test_keys_leave_only_when_asked_and_are_needed_to_restore(full: Place, place: Callable[..., Place]) -> None:
    secret = (full.data / "secret-key").read_bytes().strip()
    sealed = (full.data / "field-keys").read_bytes().strip()
    path = full.backup()
    assert secret not in path.read_bytes()
    assert sealed not in path.read_bytes()
    assert "sealed with other keys" in place(empty=True).refused("restore", str(path))
    given_up = place(empty=True)
    assert given_up.run("restore", "--other-keys", str(path)).returncode == 0
    whole, fresh = full.backup("--with-keys"), place(empty=True)
    assert sealed in whole.read_bytes()
    assert fresh.run("restore", str(whole)).returncode == 0
    assert (fresh.data / "field-keys").read_bytes().strip() == sealed
    assert (fresh.data / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_portal_that_is_there_is_kept_aside(full: Place) -> None:
    path = full.backup()
    full.sql("UPDATE accounts_organisation SET name = 'Later'")
    (full.data / "attachments/01" / KEY).write_bytes(b"later")
    assert "--replace" in full.refused("restore", str(path))
    assert full.says() == ["Later"]
    assert full.run("restore", "--replace", str(path)).returncode == 0
    assert full.says() == ["Northwind"]
    [aside] = full.data.glob("before-restore-*")
    with closing(sqlite3.connect(aside / "watchbill.sqlite3")) as database:
        assert database.execute("SELECT name FROM accounts_organisation").fetchall() == [("Later",)]
    assert (aside / "attachments/01" / KEY).read_bytes() == b"later"


def test_a_damaged_database_can_be_replaced(full: Place) -> None:
    """That is when a backup is needed most."""
    path = full.backup()
    full.database.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert "cannot be copied" in full.refused("backup")
    assert full.run("restore", "--replace", str(path)).returncode == 0
    assert full.says() == ["Northwind"]


def test_nobody_is_signed_in_afterwards_and_the_next_worker_looks_first(full: Place) -> None:
    full.sql("INSERT INTO django_session VALUES ('abc', 'x', '2099-01-01')")
    full.sql("INSERT INTO core_throttlecount VALUES ('k', 3, '2099-01-01')")
    full.sql("INSERT INTO core_beat (name, at, ok, detail) VALUES ('worker:gone:1', '2026-01-01', 1, '{}')")
    path = full.backup()
    assert full.run("restore", "--replace", str(path)).returncode == 0
    assert full.sql("SELECT (SELECT count(*) FROM django_session), (SELECT count(*) FROM core_throttlecount)") == [
        (0, 0)
    ]
    [(name, detail)] = full.sql("SELECT name, detail FROM core_beat")
    assert name == "away"
    assert json.loads(str(detail))["since"]


def test_old_archives_are_pruned_and_nothing_else(full: Place, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    old = [folder / f"watchbill-2026010{day}T000000Z.tar" for day in (1, 2, 3)]
    others = [folder / "watchbill-notes.tar", folder / "watchbill-20260101T000000Z.tar.gz", folder / "photo.tar"]
    for each in (*old, *others):
        each.write_text("x")
    fresh = full.backup("--to", str(folder), "--keep", "2")
    assert sorted(folder.iterdir()) == sorted([old[-1], fresh, *others])
    assert "1 or more" in full.refused("backup", "--keep", "-1")


def test_a_folder_that_cannot_be_written_to_is_a_sentence(full: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "cannot be written" in full.refused("backup", "--to", str(tmp_path / "file"))


def test_who_may_not_and_when_not(full: Place) -> None:
    """Another user's directory, a worker at work, an archive of a newer release: a sentence, and nothing changes."""
    path = full.backup()
    newer = path.with_name("newer.tar")
    with tarfile.open(path) as tar, tarfile.open(newer, "w") as made:
        for head in tar:
            file = tar.extractfile(head)
            assert file is not None
            content = file.read()
            if head.name == "manifest.json":
                said = json.loads(content)
                content = json.dumps({**said, "migrations": ["core.9999_tomorrow"]}).encode()
                head.size = len(content)
            made.addfile(head, io.BytesIO(content))
    assert "newer release of Watchbill (core.9999_tomorrow)" in full.refused("restore", "--replace", str(newer))
    full.sql("INSERT INTO core_beat (name, at, ok, detail) VALUES ('worker:x:1', datetime('now'), 1, '{}')")
    assert "Something still uses this database" in full.refused("restore", "--replace", str(path))
    if os.geteuid() == 0:
        os.chown(full.data, 65534, -1)
        assert "belongs to another user" in full.refused("restore", "--replace", str(path))
        assert "belongs to another user" in full.refused("backup")
    assert full.says() == ["Northwind"]
    assert not list(full.data.glob("before-restore-*"))


def test_nothing_is_restored_beside_a_web_process(full: Place) -> None:
    """It gives no sign of life of its own in the database, but it holds the directory."""
    path = full.backup()
    command = [sys.executable, "manage.py", "web"]
    with subprocess.Popen(command, env=full.environment, cwd=ROOT, stderr=subprocess.DEVNULL) as web:
        try:
            eventually(lambda: (full.data / "run/use.lock").exists(), 20, "a web process")
            assert "end the whole portal" in full.refused("restore", "--replace", str(path))
        finally:
            web.kill()
    assert full.run("restore", "--replace", str(path)).returncode == 0


def test_a_restore_that_is_killed_behind_the_swap_leaves_nobody_signed_in(full: Place) -> None:
    """The file is tidied before it takes its place, so there is no moment of old sessions (F52)."""
    full.sql("INSERT INTO django_session VALUES ('k', 'x', '2099-01-01 00:00:00')")
    path = full.backup()
    code = (
        "import os, sys, django; django.setup(); from pathlib import Path; from core.backup import restoring, sqlite;"
        "put = sqlite.put; sqlite.put = lambda *words: (put(*words), os._exit(9));"
        "restoring.restore(Path(sys.argv[1]), restoring.Wishes(replace=True))"
    )
    environment = {**full.environment, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode == 9
    assert full.says() == ["Northwind"]
    assert full.sql("SELECT count(*) FROM django_session") == [(0,)]
    assert "since" in str(full.sql("SELECT detail FROM core_beat WHERE name = 'away'"))
