"""Steps of migrations for indexes of tables that are big after years: nobody who writes waits for their building.

On PostgreSQL the index is built CONCURRENTLY, which takes no lock that writers meet; SQLite has one writer anyway, and
the step is an ordinary one. A migration with such a step says `atomic = False`. Each step may be done again after it
was broken off: what stands already is passed over, and the invalid index that PostgreSQL leaves is made anew.
"""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, migrations

from core import db

INVALID = """
SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid
    WHERE pg_class.relname = %s AND pg_class.relnamespace = current_schema()::regnamespace AND NOT pg_index.indisvalid
"""


class AddBigIndex(migrations.AddIndex):
    """As Django's AddIndex, for a big table."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Build it unless it stands."""
        _build(self, schema_editor, to_state.apps.get_model(app_label, self.model_name), self.index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take it away if it stands."""
        _drop(self, schema_editor, from_state.apps.get_model(app_label, self.model_name), self.index)


class RemoveBigIndex(migrations.RemoveIndex):
    """As Django's RemoveIndex, for a big table."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take it away if it stands."""
        index = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        _drop(self, schema_editor, from_state.apps.get_model(app_label, self.model_name), index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Build it unless it stands."""
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        _build(self, schema_editor, to_state.apps.get_model(app_label, self.model_name), index)


def _build(step: Any, schema_editor: Any, model: Any, index: Any) -> None:
    connection = schema_editor.connection
    if not step.allow_migrate_model(connection.alias, model):
        return
    if connection.vendor != "postgresql":
        if not _stands(connection, model, index):
            schema_editor.add_index(model, index)
        return
    _refuse_transaction(connection)
    with connection.cursor() as cursor:
        cursor.execute(INVALID, [index.name])
        broken_off = cursor.fetchone() is not None
    with db.without_limits(connection, "statement_timeout", "lock_timeout"):
        if broken_off:
            schema_editor.remove_index(model, index, concurrently=True)
        if broken_off or not _stands(connection, model, index):
            schema_editor.add_index(model, index, concurrently=True)


def _drop(step: Any, schema_editor: Any, model: Any, index: Any) -> None:
    connection = schema_editor.connection
    if not step.allow_migrate_model(connection.alias, model) or not _stands(connection, model, index):
        return
    if connection.vendor != "postgresql":
        schema_editor.remove_index(model, index)
        return
    _refuse_transaction(connection)
    with db.without_limits(connection, "statement_timeout", "lock_timeout"):
        schema_editor.remove_index(model, index, concurrently=True)


def _stands(connection: Any, model: Any, index: Any) -> bool:
    table = model._meta.db_table  # noqa: SLF001 (documented by Django)
    with connection.cursor() as cursor:
        return index.name in connection.introspection.get_constraints(cursor, table)


def _refuse_transaction(connection: Any) -> None:
    if connection.in_atomic_block:
        raise NotSupportedError("A migration with an index of a big table must say atomic = False.")
