"""What an archive says of itself, and the only names that it may hold (A16, A108)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

FORMAT = 1
NAME = "manifest.json"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
KEYS = ("secret-key", "field-keys")
LARGEST = 64 * 1024 * 1024  # bytes of a manifest: some 500,000 attachments
MEMBER = re.compile(
    r"database\.(?:sqlite3|pgdump)|keys/(?:secret-key|field-keys)"
    r"|attachments/([0-9a-f]{2})/(?=\1)[0-9a-f]{32}(?:\.[a-z]{1,8})?",
    re.ASCII,
)


class Refused(Exception):
    """It cannot be backed up or restored; the text is one sentence for the console."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds; `sealed_with` are the prints of the keys that its stored secrets need."""

    made_at: str
    database: str
    migrations: list[str]
    sealed_with: list[str]
    members: list[Member]
    format: int = FORMAT
    product: str = "watchbill"

    def to_bytes(self) -> bytes:
        """As it stands in the archive."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @property
    def moment(self) -> datetime:
        """When the database was copied, in UTC."""
        return datetime.fromisoformat(self.made_at)


def describe(made_at: datetime, members: list[Member]) -> Manifest:
    """The manifest of an archive of this database, whose copy was begun at `made_at`."""
    applied = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    return Manifest(made_at.astimezone(UTC).isoformat(), connection.vendor, applied, prints(), members)


def parse(content: bytes) -> Manifest:
    """The manifest of an archive; raises Refused for anything that this release did not write."""
    try:
        said: dict[str, Any] = json.loads(content)
        if (said.pop("product"), said.pop("format")) != ("watchbill", FORMAT):
            raise Refused("This is no backup that this release can read.")
        members = [Member(str(each["name"]), int(each["size"]), str(each["sha256"])) for each in said.pop("members")]
        found = Manifest(**said, members=members)
        wrong = found.moment.tzinfo is None or found.database not in DATABASES
        texts = [*found.migrations, *found.sealed_with]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused("The manifest of this backup cannot be read.") from error
    if wrong or not all(isinstance(each, str) for each in texts):
        raise Refused("The manifest of this backup cannot be read.")
    return found


def refuse_newer(manifest: Manifest) -> None:
    """A database that a newer release has migrated is not for this one (F51); raises Refused."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    known = {*loader.disk_migrations}.union(*(each.replaces for each in loader.disk_migrations.values()))
    ours = {app for app, _ in known}
    pairs = (tuple(each.split(".", 1)) for each in manifest.migrations)
    newer = sorted(".".join(each) for each in pairs if each[0] in ours and each not in known)
    if newer:
        raise Refused(f"This backup is of a newer release of Watchbill ({newer[-1]}); restore it with that one.")


def prints() -> list[str]:
    """What tells the keys of stored secrets apart without giving any of them away."""
    named = [hmac.new(key.encode(), b"watchbill backup", hashlib.sha256) for key in settings.FIELD_KEYS]
    return [each.hexdigest()[:16] for each in named]
