"""A backup that was taken under load comes back: nobody is told twice, the auditor is green, no storm (F52, A108)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest

from core.backup.postgresql import EMPTY
from tests.system.conftest import Make
from tests.system.scene import Scene, eventually
from tools.chaos.portal import Portal
from tools.chaos.sink import Received, Sink
from tools.services import Postgres, postgres_bin

pytestmark = [pytest.mark.system]
KEYS = ("secret-key", "field-keys")
TOLD = """
SELECT i.title, p.user_id FROM oncall_page p JOIN incidents_incident i ON p.subject = 'incident:' || i.number
WHERE p.handed_at IS NOT NULL
"""
LEASED = "SELECT count(*) FROM core_duerow WHERE state = 'leased' AND kind = 'delivery.send'"
# What may still be told: the incidents that nobody has acknowledged, and the events no worker had looked at.
OPEN = """
SELECT title FROM incidents_incident WHERE status = 'triggered'
UNION ALL SELECT summary FROM incidents_alert WHERE incident_id IS NULL AND state = 'open'
"""
BREATHED = "SELECT 1 FROM core_beat WHERE name LIKE 'worker:%' AND at > "
BREATHED_SQLITE, BREATHED_POSTGRESQL = (
    f"{BREATHED}datetime('now', '-31 seconds')",
    f"{BREATHED}now() - interval '31 seconds'",
)
AGED = [
    f"UPDATE {table} SET {column} = {column} - interval '5 hours'"
    for table, column in (
        ("core_duerow", "due"),
        ("oncall_escalation", "due_at"),
        ("oncall_page", "created_at"),
        ("notifications_delivery", "due_at"),
        ("incidents_alert", "first_seen"),
        ("incidents_incident", "status_since"),
    )
]
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
NO_INDEX = (
    "CREATE SCHEMA theirs",
    "CREATE FUNCTION theirs.refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'no index today'; END $$",
    "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION theirs.refuse()",
)
MAIL_OF = "SELECT id, email FROM accounts_user"


class Load(threading.Thread):
    """Posts events of ever other services until it is stopped; keeps what was accepted."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(daemon=True)
        self.scene, self.stopping = scene, threading.Event()

    def run(self) -> None:
        """Some twenty a second, fewer than there are people."""
        for _ in range(len(self.scene.keys) - 5):
            if self.stopping.wait(0.05):
                return
            self.scene.post()


def back_up_under_load(scene: Scene, folder: Path) -> Path:
    """An archive that was begun and ended while events came in, pages left and workers worked."""
    load = Load(scene)
    load.start()
    eventually(lambda: len(scene.sink.log) >= 5, 30, "the first mails")
    taken = len(scene.accepted)
    path = Path(scene.portal.manage("backup", "--to", str(folder)).strip())
    assert len(scene.accepted) > taken, "events came in meanwhile"
    load.stopping.set()
    load.join()
    return path


def pages(mails: list[Received]) -> list[tuple[str, str]]:
    """Whom a mail of a page told of which event; the portal's own notices are no pages."""
    return [(mail.to, mail.subject.rpartition("Fault ")[2][:12]) for mail in mails if "Fault " in mail.subject]


def told_before(scene: Scene) -> set[tuple[str, str]]:
    """Who had been told of what when the backup was taken, as its database says."""
    mails = dict(scene.sql(MAIL_OF))
    return {(mails[user], str(title).rpartition("Fault ")[2][:12]) for title, user in scene.sql(TOLD)}


def green(scene: Scene, former: object) -> bool:
    """Whether the auditor has passed since then and found nothing."""
    found = scene.sql("SELECT at, ok, detail FROM core_beat WHERE name = 'auditor'")
    return bool(found) and found[0][0] != former and bool(found[0][1])


def comes_back(fresh: Scene, path: Path, answered: str) -> None:
    """The archive in another place, started at once: the rest is told, once, and the auditor finds nothing."""
    fresh.portal.manage("restore", str(path))
    told, in_hand = told_before(fresh), fresh.sql(LEASED)[0][0]
    waiting, [(former,)] = fresh.sql(OPEN), fresh.sql("SELECT at FROM core_beat WHERE name = 'auditor'")
    assert told
    before = len(fresh.sink.log)
    fresh.portal.start(60)
    fresh.at_rest(60)
    eventually(lambda: green(fresh, former), 120, "the auditor passes and finds nothing")
    new = Counter(pages(fresh.sink.log[before:]))
    assert not told & set(new), "nobody is told again of what the backup knows that he or she was told of"
    assert set(new.values()) <= {1}
    assert len(new) <= len(waiting) + in_hand
    assert answered not in {token for _, token in new}
    fresh.portal.kill_all()
    assert "unbroken" in fresh.portal.manage("audit")


def comes_back_late(fresh: Scene, path: Path, ladder: str, answered: str) -> None:
    """The same archive as if it had lain there for five hours: one late page for what is open, no storm.

    The one that was acknowledged asks again, as it would have done after half an hour (O20).
    """
    breathed = BREATHED_POSTGRESQL if fresh.postgres else BREATHED_SQLITE
    eventually(lambda: not fresh.sql(breathed), 60, "what was killed counts as gone")
    fresh.portal.manage("restore", "--replace", str(path))
    told, waiting = told_before(fresh), fresh.sql(OPEN)
    before = len(fresh.sink.log)
    if fresh.postgres:  # the portal follows the clock of the database, so the rows grow old instead
        for statement in AGED:
            fresh.sql(statement)
        fresh.portal.start(60)
    else:
        fresh.portal.start(60, prefix=("faketime", "-f", "+5h"))
    eventually(lambda: ("moe@example.org", ladder) in pages(fresh.sink.log[before:]), 30, "the ladder's next level")
    time.sleep(5)
    again = [mail for mail in fresh.sink.log[before:] if answered in mail.subject]
    assert len(again) <= 1
    mails = [mail for mail in fresh.sink.log[before:] if "Fault " in mail.subject and mail not in again]
    new = Counter(pages(mails))
    assert not told & set(new)
    assert set(new.values()) <= {1}
    assert len(new) <= len(waiting)
    assert [mail.subject for mail in mails if "Late by" not in mail.text] == []
    notes = fresh.sql("SELECT count(*) FROM incidents_timelineentry WHERE kind = 'caught_up'")[0][0]
    assert 0 < notes <= len(waiting)
    fresh.portal.kill_all()


def tell(scene: Scene) -> tuple[str, str]:
    """One person of the first ladder is told, one of the second has acknowledged; their tokens."""
    ladder, answered = (scene.post(key) for key in scene.ladders)
    assert scene.arrives(ladder).to.startswith("lea")
    scene.arrives(answered)
    scene.api(f"incidents/{scene.incident(answered)['number']}/acknowledge/", {})
    scene.at_rest()
    return ladder, answered


@pytest.mark.faults
@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed (Debian: faketime)")
def test_a_backup_under_load_comes_back_f52(make: Make, tmp_path: Path) -> None:
    scene = make(WORKERS="2")
    scene.portal.start()
    ladder, answered = tell(scene)
    path = back_up_under_load(scene, tmp_path / "safe")
    scene.portal.kill_all()
    (tmp_path / "fresh/data").mkdir(parents=True)
    for name in KEYS:
        shutil.copy(scene.portal.folder / "data" / name, tmp_path / "fresh/data" / name)
    portal = Portal(tmp_path / "fresh", EMAIL_URL=scene.sink.url, WORKERS="2")
    crew = {"keys": scene.keys, "ladders": scene.ladders, "token": scene.token}
    fresh = Scene(portal, scene.sink, crew)
    try:
        comes_back(fresh, path, answered)
        comes_back_late(fresh, path, ladder, answered)
    finally:
        if portal.process and portal.process.poll() is None:
            portal.kill_all()


class _Elsewhere:
    """Another database of the same server, for `Scene.sql`."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of this test's own, in a folder that its account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-backup-"))
    made = Postgres(folder)
    yield made
    made.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def seen(found: set[str], stop: threading.Event) -> None:
    """Write down what the process list says of PostgreSQL's tools."""
    while not stop.wait(0.002):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if "pg_dump" in line.partition(" ")[0]:
                    found.add(line + Path(f"/proc/{entry}/environ").read_text(errors="replace"))


@pytest.mark.services
@pytest.mark.skipif(postgres_bin() is None, reason="PostgreSQL's server is not installed (Debian: postgresql)")
def test_a_backup_of_postgresql_under_load_comes_back_f52_a108(server: Postgres, tmp_path: Path) -> None:
    """By pg_dump, whose password nobody sees in the process list."""
    url = server.url.replace("watchbill@", "watchbill:canary-password@")
    sink = Sink()
    sink.start()
    common = {"EMAIL_URL": sink.url, "WORKERS": "2", "FIELD_KEYS": "a-field-key-of-the-tests-0123456789"}
    (tmp_path / "old").mkdir()
    (tmp_path / "fresh").mkdir()
    old = Portal(tmp_path / "old", DATABASE_URL=url, **common)
    new = Portal(tmp_path / "fresh", DATABASE_URL=f"{url.rpartition('/')[0]}/fresh", **common)
    try:
        old.manage("migrate", "-v0")
        scene = Scene(old, sink, json.loads(old.python("tests.system.crew", "60")), server)
        old.start(60)
        ladder, answered = tell(scene)
        found: set[str] = set()
        stop = threading.Event()
        spy = threading.Thread(target=seen, args=(found, stop))
        spy.start()
        path = back_up_under_load(scene, tmp_path / "safe")
        stop.set()
        spy.join()
        assert any("--format=custom" in line for line in found)
        assert not any("canary" in line for line in found)
        old.kill_all()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE fresh")
        elsewhere = cast(Postgres, _Elsewhere(f"{server.url.rpartition('/')[0]}/fresh"))
        crew = {"keys": scene.keys, "ladders": scene.ladders, "token": scene.token}
        fresh = Scene(new, sink, crew, elsewhere)
        comes_back(fresh, path, answered)
        comes_back_late(fresh, path, ladder, answered)
        assert list((tmp_path / "fresh/data").glob("before-restore-*/database.pgdump")), "what was there is kept"
    finally:
        for portal in (old, new):
            if portal.process and portal.process.poll() is None:
                portal.kill_all()
        sink.stop()


@pytest.mark.services
@pytest.mark.skipif(postgres_bin() is None, reason="PostgreSQL's server is not installed (Debian: postgresql)")
def test_a_database_whose_extension_is_another_s_is_restored_and_one_that_fails_stays(
    server: Postgres, tmp_path: Path
) -> None:
    """As on a managed server, whose comment on the extension is not ours to write; then an index that is refused."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE app LOGIN")
        connection.execute("CREATE DATABASE app OWNER app")
    theirs = f"{server.url.rpartition('/')[0]}/app"
    with psycopg.connect(theirs, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    portal = Portal(tmp_path, DATABASE_URL=f"postgres://app@127.0.0.1:{server.port}/app")
    portal.manage("prepare")
    path = portal.manage("backup").strip()
    assert "Restored" in portal.manage("restore", "--replace", path)
    with psycopg.connect(theirs, autocommit=True) as connection:
        [(before,)] = connection.execute(TABLES).fetchall()
        connection.execute("INSERT INTO django_session VALUES ('k', 'x', now())")
        connection.execute(EMPTY.format("django_session"))
        connection.execute(EMPTY.format("no_such_table"))
        assert connection.execute("SELECT count(*) FROM django_session").fetchall() == [(0,)]
        for statement in NO_INDEX:
            connection.execute(statement)
    with pytest.raises(RuntimeError, match="no index today"):
        portal.manage("restore", "--replace", path)
    with psycopg.connect(theirs, autocommit=True) as connection:
        assert connection.execute(TABLES).fetchall() == [(before,)]
        assert before > 50
