"""The full-text index of the incidents: one definition for each database, built by a migration (decision 0006).

SQLite: two FTS5 tables without content, kept by triggers; a row's id is the incident's id shifted by 32 bits, with the
kind and id of the text below. PostgreSQL: expression indexes, which the database keeps itself; substrings of titles
are found where the extension pg_trgm can be made. Struck and redacted texts are in neither (S18).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction

SHIFT = 32
STEP, MOST_STEPS = 200, 100_000  # pages of 4 KB that a step of tidying writes: some 30 ms
PEOPLE = "('user', 'token', 'link')"
PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~''"  # as a literal of SQL: the last two are one mark


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose rows are found; `{r}` stands for the row, `watched` are the columns that what is found hangs on."""

    name: str
    table: str
    rowid: str
    title: str
    body: str
    when: str
    watched: str


SOURCES = (
    Source(
        "incident",
        "incidents_incident",
        "{r}.id << 32",
        "{r}.title || ' ' || {r}.codename || ' ' || {r}.customer_impact",
        "{r}.description || ' ' || {r}.resolution || ' ' || {r}.suspected_cause",
        "true",
        "title, codename, customer_impact, description, resolution, suspected_cause",
    ),
    Source(
        "entry",
        "incidents_timelineentry",
        "({r}.incident_id << 32) | (1 << 30) | ({r}.id & 1073741823)",
        "''",
        "{r}.text",
        f"{{r}}.actor_kind IN {PEOPLE} AND {{r}}.text <> '' AND {{r}}.struck_reason = '' AND NOT {{r}}.redacted",
        "incident_id, actor_kind, text, struck_reason, redacted",
    ),
    Source(
        "alert",
        "incidents_alert",
        "({r}.incident_id << 32) | (2 << 30) | ({r}.id & 1073741823)",
        "''",
        "{r}.summary",
        "{r}.incident_id IS NOT NULL",
        "incident_id, summary",
    ),
)
TABLES = {
    "incidents_text": "fts5(title, body, content='', tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    "incidents_part": "fts5(title, content='', tokenize='trigram')",
}


def build(connection: Any) -> None:
    """Make the index anew and fill it from what is there; may be repeated."""
    drop(connection)
    statements = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    if connection.vendor == "postgresql":
        _try_trigrams(connection)


def drop(connection: Any) -> None:
    """Take the index away."""
    with connection.cursor() as cursor:
        for name in trigger_names() if connection.vendor == "sqlite" else ():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        for name in TABLES if connection.vendor == "sqlite" else ():
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
        for name in index_names() if connection.vendor == "postgresql" else ():
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def tidied(connection: Any) -> Iterator[int]:
    """Merge SQLite's index into one piece, a step at a time; gives the rows that each step wrote (S18).

    What is taken out of the index is found no more at once, but its words lie in the former piece until that is merged:
    a redacted secret would stay in the file and in each backup. PostgreSQL's vacuum does the same by itself.
    """
    for name in TABLES if connection.vendor == "sqlite" else ():
        pages = -STEP  # negative: all pieces are to become one, however new they are
        for _ in range(MOST_STEPS):
            with connection.cursor() as cursor:
                before = connection.connection.total_changes
                cursor.execute(f"INSERT INTO {name}({name}, rank) VALUES ('merge', {pages})")  # noqa: S608 (constants)
                written = connection.connection.total_changes - before
            if written < 2:  # so FTS5 says that nothing is left to do
                break
            yield written
            pages = STEP


def trigger_names() -> list[str]:
    """The triggers that keep SQLite's index; a migration that makes one of their tables anew must build them again."""
    return [f"incidents_find_{each.name}_{verb}" for each in SOURCES for verb in ("added", "was", "became", "gone")]


def index_names() -> list[str]:
    """PostgreSQL's indexes; the last is there only with pg_trgm."""
    return [f"incidents_find_{name}" for name in ("title", "body", "entry", "alert", "part")]


def document(text: str) -> str:
    """The SQL of a text as PostgreSQL finds it; the indexes and the queries must spell it alike."""
    return f"to_tsvector('simple', translate({text}, '{PUNCTUATION}', repeat(' ', 32)))"


def _sqlite() -> list[str]:
    made = [f"CREATE VIRTUAL TABLE {name} USING {kind}" for name, kind in TABLES.items()]
    for each in SOURCES:
        made += [_filled(name, each) for name in _tables_of(each)]
        made += [
            _trigger(each, "added", "AFTER INSERT", "NEW"),
            _trigger(each, "was", f"BEFORE UPDATE OF {each.watched}", "OLD"),
            _trigger(each, "became", f"AFTER UPDATE OF {each.watched}", "NEW"),
            _trigger(each, "gone", "AFTER DELETE", "OLD"),
        ]
    return made


def _tables_of(source: Source) -> list[str]:
    return list(TABLES) if source.name == "incident" else ["incidents_text"]


def _trigger(source: Source, verb: str, moment: str, row: str) -> str:
    steps = "; ".join(_step(name, source, row) for name in _tables_of(source))
    when = source.when.format(r=row)
    name = f"incidents_find_{source.name}_{verb}"
    return f"CREATE TRIGGER {name} {moment} ON {source.table} WHEN {when} BEGIN {steps}; END"


def _step(table: str, source: Source, row: str) -> str:
    """Put a row's text in, or take exactly the same text out: FTS5 without content must be told what it was."""
    columns, values = _columns(table, source, row)
    if row == "NEW":
        return f"INSERT INTO {table}(rowid, {columns}) VALUES ({values})"  # noqa: S608 (constants)
    return f"INSERT INTO {table}({table}, rowid, {columns}) VALUES ('delete', {values})"  # noqa: S608


def _filled(table: str, source: Source) -> str:
    columns, values = _columns(table, source, "r")
    when = source.when.format(r="r")
    return f"INSERT INTO {table}(rowid, {columns}) SELECT {values} FROM {source.table} r WHERE {when}"  # noqa: S608


def _columns(table: str, source: Source, row: str) -> tuple[str, str]:
    if table == "incidents_part":
        return "title", f"{row}.id << 32, {row}.title"
    return "title, body", ", ".join(each.format(r=row) for each in (source.rowid, source.title, source.body))


def _postgresql() -> list[str]:
    incident, entry, alert = SOURCES
    of = "CREATE INDEX incidents_find_{} ON {} USING gin ({}) WHERE {}".format
    texts = (
        ("title", incident, incident.title),
        ("body", incident, incident.body),
        ("entry", entry, entry.body),
        ("alert", alert, alert.body),
    )
    return [
        of(name, each.table, document(text.format(r=each.table)), each.when.format(r=each.table)).replace(
            f"{each.table}.", ""
        )
        for name, each, text in texts
    ]


def _try_trigrams(connection: Any) -> None:
    """The extension where it is there or may be made; without it whole words and beginnings are found (never fails)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'),"
            " EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')"
            " AND has_database_privilege(current_database(), 'CREATE')"
        )
        there, may = cursor.fetchone()
    if not there and not may:
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE INDEX incidents_find_part ON incidents_incident USING gin (title gin_trgm_ops)")
    except DatabaseError:  # no right to it after all: the search does without
        return
