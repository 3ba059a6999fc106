"""PostgreSQL by its own tools; a secret stands in a file of 0600 alone, never in a command line (A108)."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from django.db import connection

from core.backup.manifest import Refused

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
PASSED_ON = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}
READ = ("--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--file=-")
QUIET = ("SET client_min_messages = warning", "SET lock_timeout = '20s'")
EMPTY = "DO $$ BEGIN IF to_regclass('{0}') IS NOT NULL THEN DELETE FROM {0}; END IF; END $$"
WIPE = """
SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', schemaname, tablename) FROM pg_tables
    WHERE schemaname = current_schema()
UNION ALL
SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', f.oid::regprocedure) FROM pg_proc f
    WHERE f.pronamespace = current_schema()::regnamespace AND f.prokind = 'f'
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')
"""


def dump(target: Path, scratch: Path) -> None:
    """Write the database as it stands at this moment; raises Refused."""
    words = ["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=20000", f"--file={target}"]
    _run("pg_dump", words, scratch)


def restore(staged: Path, scratch: Path, emptied: Iterable[str] = (), last: Iterable[str] = ()) -> None:
    """Put a dump in the place of what stands here, all of it or nothing; raises Refused, and then nothing has changed.

    One transaction takes away and puts in. It is told to commit when the whole dump has been read, so a tool that is
    killed, or an end of this process, leaves what stood there. Tables of `emptied`, where there are such, come without
    rows; the statements of `last` are its end. An extension's comment belongs to who made it.
    """
    _run("pg_restore", ["--list", str(staged)], scratch)  # whether it can be read, before anything is taken away
    begin = "".join(f"{line};\n" for line in ("BEGIN", *QUIET, *_taking_away()))
    ending = ("RESET search_path", *(EMPTY.format(name) for name in emptied), *last, "COMMIT")
    end = "".join(f"{line};\n" for line in ending)
    connection.close()  # it must not stand in the way of what is dropped
    read = [_found("pg_restore"), *READ, str(staged)]
    write = [_found("psql"), "--no-password", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        _environment(scratch) as environment,
        (scratch / "said").open("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            write, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as writer,
        subprocess.Popen(
            read, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        ) as reader,
    ):
        whole = _pass_on(reader, writer, begin.encode(), b"\n" + end.encode())
        failed = bool(writer.wait()) or not whole
        said.seek(0)
        lines = said.read().splitlines()
    if failed:
        raise Refused(f"The dump could not be put into the database: {_reason(lines)}.")


def _pass_on(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], begin: bytes, end: bytes) -> bool:
    """The dump as SQL from the one to the other, and the end behind the last line; says whether it came so far."""
    source, target = cast(IO[bytes], reader.stdout), cast(IO[bytes], writer.stdin)
    try:
        with target, source:
            target.write(begin)
            shutil.copyfileobj(source, target)
            if reader.wait():
                return False
            target.write(end)
    except BrokenPipeError:  # psql has met an error and said which
        return False
    return True


def _reason(lines: list[str]) -> str:
    told = next((line for line in lines if "error:" in line.lower()), (lines or ["nothing was said"])[0])
    return re.split(r"error:\s*", told, maxsplit=1, flags=re.IGNORECASE)[-1].rstrip(".")


def _taking_away() -> list[str]:
    """What takes our tables and functions away; extensions stay."""
    with connection.cursor() as cursor:
        cursor.execute(WIPE)
        return [statement for (statement,) in cursor.fetchall()]


def is_empty() -> bool:
    """Whether the database has no tables."""
    return not connection.introspection.table_names()


def others() -> int:
    """How many other connections use this database now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        found: int = cursor.fetchone()[0]
    return found


def size() -> int:
    """How many bytes the database takes; its dump takes less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        found: int = cursor.fetchone()[0]
    return found


def _run(tool: str, words: list[str], scratch: Path) -> None:
    with _environment(scratch) as environment:
        done = subprocess.run(
            [_found(tool), "--no-password", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise Refused(f"{tool} failed: {said.removeprefix(f'{tool}: ').removeprefix('error: ')}")


def _found(tool: str) -> str:
    """The newest of the tools of that name: it must not be older than the server."""
    packaged = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{tool}"), key=lambda path: path.split("/")[4].zfill(4))
    found = shutil.which(tool) or next(reversed(packaged), None)
    if found is None:
        raise Refused(f"{tool} is not installed; it comes with PostgreSQL's client tools.")
    return found


@contextlib.contextmanager
def _environment(scratch: Path) -> Iterator[dict[str, str]]:
    """What libpq needs; the password stands in a file that is for us alone and gone afterwards."""
    database = connection.settings_dict
    found = {name: os.environ[name] for name in INHERITED if name in os.environ}
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGDATABASE": "NAME"}
    found |= {name: str(database[key]) for name, key in names.items() if database.get(key)}
    options = database.get("OPTIONS", {})
    found |= {name: str(options[key]) for key, name in PASSED_ON.items() if key in options}
    path = scratch / "pgpass"
    password = str(database.get("PASSWORD") or "").replace("\\", "\\\\").replace(":", "\\:")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{password}\n")
        yield {**found, "PGPASSFILE": str(path), "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "watchbill backup"}
    finally:
        path.unlink(missing_ok=True)
