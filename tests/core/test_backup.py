"""The archive of a backup: whole or not at all, known names only, no secret in a process list (A16, A108, F51)."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from core.backup import archive, making, manifest, postgresql, sqlite
from core.backup.manifest import Manifest, Refused

KEY = "0123456789abcdef0123456789abcdef"
PICTURE = f"attachments/01/{KEY}"
AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
Files = dict[str, bytes]
Change = Callable[[Files, dict[str, Any]], None]


def build(folder: Path, change: Change | None = None) -> Path:
    """An archive of a database and a picture; members whose names begin with `link:` become links."""
    files: Files = {"database.sqlite3": b"rows", PICTURE: b"a picture"}
    said = json.loads(Manifest(AT.isoformat(), "sqlite", ["core.0001_initial"], [], []).to_bytes())
    said["members"] = [member(name, content) for name, content in files.items()]
    if change is not None:
        change(files, said)
    target = folder / "made.tar"
    with tarfile.open(target, "w") as tar:
        for name, content in [*files.items(), ("manifest.json", json.dumps(said).encode())]:
            head = tarfile.TarInfo(name.removeprefix("link:"))
            if name.startswith("link:"):
                head.type, head.linkname = tarfile.SYMTYPE, content.decode()
            else:
                head.size = len(content)
            tar.addfile(head, io.BytesIO(content))
    return target


def member(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def checked(path: Path) -> Manifest:
    with archive.opened(path) as tar:
        return archive.check(tar)


def test_what_was_written_is_read_and_extracted_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "made.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file, AT)
        writer.add("database.sqlite3", io.BytesIO(b"rows"), 4)
        writer.add(PICTURE, io.BytesIO(b"a picture"), 9)
        writer.finish(Manifest(AT.isoformat(), "sqlite", [], [], writer.members))
    with archive.opened(path) as tar:
        said = archive.check(tar)
        archive.extract(tar, said, tmp_path / "out")
    assert said.moment == AT
    assert (tmp_path / "out" / PICTURE).read_bytes() == b"a picture"
    assert stat.S_IMODE((tmp_path / "out" / PICTURE).stat().st_mode) == 0o600


def test_a_file_that_became_shorter_breaks_the_backup_off(tmp_path: Path) -> None:
    with (tmp_path / "made.tar").open("wb") as file, pytest.raises(Refused, match="could not be written"):
        archive.Writer(file, AT).add(PICTURE, io.BytesIO(b"a pic"), 9)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "attachments/01/../../../evil",
        "attachments/02/" + KEY,
        f"{PICTURE}.tar.gz",
        f"attachments/01/{KEY[:-1]}A",
        "attachments\\01\\evil",
        "keys/../secret-key",
        "C:evil",
        f"{PICTURE[:-1]}0\n",
        "a" * 300,
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_strange_names_are_refused_a16(tmp_path: Path, name: str, named: bool) -> None:
    """Whether the manifest names them or not."""

    def add(files: Files, said: dict[str, Any]) -> None:
        files[name] = b"x"
        if named:
            said["members"].append(member(name, b"x"))

    with pytest.raises(Refused, match="not those of its manifest"):
        checked(build(tmp_path, add))


def _link(files: Files, said: dict[str, Any]) -> None:
    files[f"link:{PICTURE[:-1]}0"] = b"/etc/passwd"


def _flip(files: Files, said: dict[str, Any]) -> None:
    files["database.sqlite3"] = b"rowz"


def _longer(files: Files, said: dict[str, Any]) -> None:
    files["database.sqlite3"] += b"!"


def _lose(files: Files, said: dict[str, Any]) -> None:
    del files[PICTURE]


def _no_database(files: Files, said: dict[str, Any]) -> None:
    del files["database.sqlite3"]
    del said["members"][0]


def _format(files: Files, said: dict[str, Any]) -> None:
    said["format"] = 2


def _no_list(files: Files, said: dict[str, Any]) -> None:
    said["members"] = None


def _no_moment(files: Files, said: dict[str, Any]) -> None:
    said["made_at"] = "yesterday"


def _further(files: Files, said: dict[str, Any]) -> None:
    said["run"] = "rm"


def _twice(files: Files, said: dict[str, Any]) -> None:
    said["members"].append(said["members"][0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_link, "no plain file"),
        (_flip, "database.sqlite3 of this backup is damaged"),
        (_longer, "database.sqlite3 of this backup is damaged"),
        (_lose, "not those of its manifest"),
        (_no_database, "not those of its manifest"),
        (_twice, "not those of its manifest"),
        (_format, "no backup that this release can read"),
        (_no_list, "manifest of this backup cannot be read"),
        (_no_moment, "manifest of this backup cannot be read"),
        (_further, "manifest of this backup cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: Change, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        checked(build(tmp_path, change))


@pytest.mark.parametrize("size", [100, 700, 1024, 1600, 2048, 2560])
def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    path = build(tmp_path)
    with path.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(Refused):
        checked(path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("a" * 5000)
    for path in (tmp_path / "note", tmp_path / "none", tmp_path):
        with pytest.raises(Refused, match="cannot be read"):
            checked(path)


def test_a_database_of_a_newer_release_is_refused_f51() -> None:
    known = Manifest(AT.isoformat(), "sqlite", ["core.0001_initial", "gone_app.0001_initial"], [], [])
    manifest.refuse_newer(known)
    with pytest.raises(Refused, match=r"newer release of Watchbill \(core.9999_tomorrow\)"):
        manifest.refuse_newer(Manifest(AT.isoformat(), "sqlite", [*known.migrations, "core.9999_tomorrow"], [], []))


def test_writers_do_not_wait_and_the_copy_is_one_moment(tmp_path: Path) -> None:
    """Two counts that every transaction moves together are equal in the copy."""
    source, target = tmp_path / "source.sqlite3", tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(source)) as database:
        database.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE pair (a, b); INSERT INTO pair VALUES (0, 0);"
            "CREATE TABLE bulk AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)"
            " SELECT x, hex(randomblob(60)) AS y FROM n;"
        )
    begun, stop, counts = threading.Event(), threading.Event(), [0]

    def write() -> None:
        with closing(sqlite3.connect(source, timeout=20, isolation_level=None)) as database:
            while not stop.is_set():
                database.execute("BEGIN IMMEDIATE")
                database.execute("UPDATE pair SET a = a + 1")
                database.execute("UPDATE pair SET b = b + 1")
                database.execute("COMMIT")
                counts[0] += 1
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(10)
    before = counts[0]
    try:
        sqlite.copy(source, target)
    finally:
        after = counts[0]
        stop.set()
        writer.join()
    assert after > before, "the writer went on meanwhile"
    with closing(sqlite3.connect(target)) as database:
        [(a, b)] = database.execute("SELECT a, b FROM pair").fetchall()
    assert a == b > 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert not target.with_name("copy.sqlite3-wal").exists()


def test_a_damaged_database_is_not_backed_up_in_silence(tmp_path: Path) -> None:
    source = tmp_path / "source.sqlite3"
    with closing(sqlite3.connect(source)) as database, database:
        database.execute("CREATE TABLE t AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9999) SELECT x FROM n")  # fmt: skip  # noqa: E501
    with source.open("r+b") as file:
        file.seek(9000)
        file.write(b"\xff" * 9000)
    with pytest.raises(Refused, match="damaged"):
        sqlite.copy(source, tmp_path / "copy.sqlite3")


def test_a_restore_that_ends_halfway_leaves_the_former_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present, staged, aside = tmp_path / "watchbill.sqlite3", tmp_path / "staged", tmp_path / "aside"
    aside.mkdir()
    for path, word in ((present, "former"), (staged, "new")):
        with closing(sqlite3.connect(path)) as made:
            made.execute("CREATE TABLE note (text)")
            made.execute("INSERT INTO note VALUES (?)", (word,))
            made.commit()
    killed = closing(sqlite3.connect(present))  # whose last words still stand in the log
    with killed as live:
        live.execute("PRAGMA journal_mode=WAL")
        live.execute("INSERT INTO note VALUES ('last words')")
        live.commit()
        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", _ended)
            with pytest.raises(KeyboardInterrupt):
                sqlite.put(staged, present, aside)
    assert _notes(present) == ["former", "last words"]
    (aside / present.name).unlink()
    sqlite.put(staged, present, aside)
    assert _notes(present) == ["new"]
    assert _notes(aside / present.name) == ["former", "last words"]


def _ended(*words: object) -> None:
    raise KeyboardInterrupt


def _notes(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as found:
        return [text for (text,) in found.execute("SELECT text FROM note ORDER BY rowid")]


def test_old_archives_are_pruned_and_nothing_else(tmp_path: Path) -> None:
    ours = [tmp_path / f"watchbill-2026010{day}T000000Z.tar" for day in (1, 2, 3)]
    others = [tmp_path / "watchbill-notes.tar", tmp_path / "watchbill-20260101T000000Z.tar.gz", tmp_path / "photo.tar"]
    for each in (*ours, *others):
        each.write_text("x")
    assert making.prune(tmp_path, 2) == ours[:1]
    assert sorted(tmp_path.iterdir()) == sorted([*ours[1:], *others])


def test_the_password_of_postgresql_is_in_no_process_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A108: a stand-in for pg_dump writes down its command line, its environment and the file that it was given."""
    tools = tmp_path / "bin"
    tools.mkdir()
    stub = tools / "pg_dump"
    lines = (
        f"tr '\\0' ' ' < /proc/$$/cmdline > {tmp_path}/line",
        f"tr '\\0' '\\n' < /proc/$$/environ > {tmp_path}/env",
        f'stat -c %a "$PGPASSFILE" > {tmp_path}/mode',
        f'cat "$PGPASSFILE" > {tmp_path}/pass',
        f'echo "$PGPASSFILE" > {tmp_path}/path',
    )
    stub.write_text("\n".join(["#!/bin/sh", *lines]))
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", "postgres://wb:canary:back\\slash@db/watchbill")
    entry = {"NAME": "watchbill", "USER": "wb", "PASSWORD": "canary:back\\slash", "HOST": "db", "PORT": 5433}
    options = {"sslmode": "require", "options": "-c statement_timeout=1"}
    monkeypatch.setattr(connections["default"], "settings_dict", {**entry, "OPTIONS": options})
    postgresql.dump(tmp_path / "out", tmp_path)
    line, environment = (tmp_path / "line").read_text(), (tmp_path / "env").read_text()
    assert "--format=custom" in line
    assert "canary" not in line + environment
    assert {"PGHOST=db", "PGPORT=5433", "PGUSER=wb", "PGSSLMODE=require"} <= set(environment.splitlines())
    assert "statement_timeout" not in environment, "a dump may take longer than a page"
    assert (tmp_path / "mode").read_text().strip() == "600"
    assert (tmp_path / "pass").read_text() == "*:*:*:*:canary\\:back\\\\slash\n"
    assert not Path((tmp_path / "path").read_text().strip()).exists()


def test_a_tool_that_fails_says_why_and_leaves_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / "pg_dump"
    stub.write_text("#!/bin/sh\necho 'pg_dump: error: server version mismatch' >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Refused, match=r"^pg_dump failed: server version mismatch$"):
        postgresql.dump(tmp_path / "out", tmp_path)
    assert not (tmp_path / "pgpass").exists()


@pytest.mark.parametrize(("ending", "committed"), [("exit 0", True), ("exit 1", False), ("kill -9 $$", False)])
def test_a_dump_is_put_in_when_all_of_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, committed: bool
) -> None:
    """Stand-ins for both tools: what is taken away and what is put in is one transaction, ended by us alone."""
    reads = f'case "$*" in *--list*) exit 0;; esac; echo "CREATE TABLE a (b int);"; {ending}'
    for name, script in (("pg_restore", reads), ("psql", f'cat > {tmp_path}/sql; echo "$*" > {tmp_path}/line')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(postgresql, "_taking_away", lambda: ["DROP TABLE a"])
    with nullcontext() if committed else pytest.raises(Refused, match="could not be put into the database"):
        postgresql.restore(tmp_path / "dump", tmp_path, ["old"])
    ending_lines = ["RESET search_path;", f"{postgresql.EMPTY.format('old')};", "COMMIT;"] * committed
    lines = [line for line in (tmp_path / "sql").read_text().splitlines() if line and not line.startswith("SET ")]
    assert lines == ["BEGIN;", "DROP TABLE a;", "CREATE TABLE a (b int);", *ending_lines]
    assert "ON_ERROR_STOP=1" in (tmp_path / "line").read_text()
    assert not (tmp_path / "pgpass").exists()
