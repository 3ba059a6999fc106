"""What must stand before anything is forked: one runner per directory, tables, static files (F49-F51).

Everything is skipped when nothing has changed, since the first page must come within 3 s (P8).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import ERROR, Tags, run_checks
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory

from core import db

IGNORED_FILES = ("rest_framework/*", "drf_spectacular_sidecar/redoc/*")  # pages that we do not have
PAUSE = 1.0  # seconds until a database that did not answer is asked again
# What PostgreSQL says when waiting changes nothing; there is no code for it before a connection stands. A server that
# speaks another language is waited for.
REFUSALS = (
    ("password authentication failed", "The database on {host} refuses the password of the user “{user}”"),
    ("no password supplied", "The database on {host} wants a password of the user “{user}”"),
    ('role "{user}" does not exist', "The database on {host} knows no user “{user}”"),
    ('database "{name}" does not exist', "There is no database “{name}” on {host}"),
    ("no pg_hba.conf entry", "The database on {host} does not let “{user}” in from here (pg_hba.conf)"),
    ('permission denied for database "{name}"', "The user “{user}” may not use the database “{name}” on {host}"),
)


class CannotStart(Exception):
    """The portal cannot run here; the text is one sentence for the console (F49)."""

    code = 78  # of the process: a wrong setting, which systemd does not try again


class NotYet(CannotStart):
    """What is in the way goes by itself: a database server that does not answer, a restore."""

    code = 75


def lock_directory() -> IO[str]:
    """Hold the data directory until this process ends; raises CannotStart when another runner has it."""
    try:
        return _locked("up.lock", fcntl.LOCK_EX)
    except BlockingIOError:
        raise CannotStart(f"Watchbill is running already on {settings.DATA_DIR}.") from None


def lock_use(*, alone: bool = False) -> IO[str]:
    """Use the data directory beside other processes of ours, or alone, until this one and its forks end.

    A restore is alone; raises CannotStart when it would not be, and NotYet to whoever comes while it runs.
    """
    try:
        return _locked("use.lock", fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    except BlockingIOError:
        if alone:
            raise CannotStart(f"A process of Watchbill still uses {settings.DATA_DIR}: end the whole portal.") from None
        raise NotYet(f"A backup is being restored into {settings.DATA_DIR}.") from None


def _locked(name: str, how: int) -> IO[str]:
    """A file of the data directory that only we lock; raises BlockingIOError, CannotStart."""
    path = Path(settings.DATA_DIR) / "run"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        handle = (path / name).open("w", encoding="ascii")
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        raise CannotStart(f"WATCHBILL_DATA_DIR {settings.DATA_DIR} cannot be written to: {_reason(error)}.") from None
    os.set_inheritable(handle.fileno(), False)
    return handle


def safety() -> None:
    """Refuse a set-up that is open to its neighbours; raises CannotStart with the first of them (A97, A98, A100)."""
    for found in run_checks(tags=[Tags.security]):
        if found.level >= ERROR:
            raise CannotStart(f"{found.msg} {found.hint or ''}".strip())


def tables() -> None:
    """Bring the tables to this release, the cache's own among them; raises CannotStart."""
    try:
        state = db.schema_state()
        if state == "ahead":
            raise CannotStart(
                "The database belongs to a newer release of Watchbill; start that one, or restore a backup."
            )
        if state == "behind":
            call_command("migrate", interactive=False, verbosity=0)
        cache = settings.CACHES["default"]
        if "DatabaseCache" in cache["BACKEND"] and cache["LOCATION"] not in connection.introspection.table_names():
            call_command("createcachetable", verbosity=0)
    except InconsistentMigrationHistory:
        raise CannotStart(
            "The database has a gap: a step of an earlier release is missing below later ones; restore a backup."
        ) from None
    except (DatabaseError, InterfaceError) as error:
        refusal = _refusal(error)
        if refusal is not None:
            raise CannotStart(refusal) from None
        away = connection.vendor != "sqlite" and isinstance(error, (OperationalError, InterfaceError))
        raise (NotYet if away else CannotStart)(_database_sentence(error)) from None
    finally:
        connection.close()


def tables_in_time(seconds: float) -> None:
    """As `tables`, but a database that does not answer has `seconds` to come; raises CannotStart, NotYet at the end.

    One that answers and refuses us is not asked again.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            tables()
            return
        except NotYet:
            if time.monotonic() >= end:
                raise
        time.sleep(PAUSE)


def static_files() -> bool:
    """Collect static files when a package or a file of ours has changed; says whether it did."""
    if settings.WHITENOISE_USE_FINDERS:
        return False
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    wanted = _fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return False
    try:
        call_command("collectstatic", interactive=False, verbosity=0, clear=False, ignore_patterns=list(IGNORED_FILES))
        stamp.write_text(wanted, encoding="ascii")
    except OSError as error:
        raise CannotStart(f"Static files cannot be written to {settings.STATIC_ROOT}: {_reason(error)}.") from None
    except ValueError as error:  # a style sheet names a file that no package brings
        raise CannotStart(f"Static files are incomplete: {str(error).splitlines()[0].rstrip('.')}.") from None
    return True


def _fingerprint() -> str:
    """Names, sizes and times of all sources, and the way they are stored."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            found = os.stat(storage.path(name))
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _refusal(error: Exception) -> str | None:
    """What is wrong and what to do where PostgreSQL has answered and does not let us in; never the password."""
    if connection.vendor != "postgresql":
        return None
    entry = connection.settings_dict
    names = {"host": entry.get("HOST") or "this machine", "user": entry.get("USER", ""), "name": entry.get("NAME", "")}
    for said, sentence in REFUSALS:
        if said.format(**names) in str(error):
            return f"{sentence.format(**names)}: correct WATCHBILL_DATABASE_URL, or the server."
    return None


def _database_sentence(error: Exception) -> str:
    """Which database and what to do, without its password."""
    if connection.vendor == "sqlite":
        name = settings.DATABASES["default"]["NAME"]
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"The database {name} cannot be used ({words}); check the file, or restore a backup."
    host = settings.DATABASES["default"].get("HOST") or "this machine"
    return f"The database on {host} does not answer or refuses us; check WATCHBILL_DATABASE_URL and that it runs."


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()
