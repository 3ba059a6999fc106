"""Indexes of big tables beside a portal at work, and the limits that migrations do not have (F50)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import NotSupportedError, OperationalError, connection, models, transaction
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from core import db
from core.indexes import AddBigIndex, RemoveBigIndex

pytestmark = pytest.mark.django_db(transaction=True)
INDEX = models.Index(fields=["kind"], name="tried_index")
Steps = tuple[AddBigIndex, RemoveBigIndex]


def stands() -> bool:
    with connection.cursor() as cursor:
        return INDEX.name in connection.introspection.get_constraints(cursor, "core_duerow")


def do(step: AddBigIndex | RemoveBigIndex, *, back: bool = False) -> list[str]:
    """Do or undo a step on the due queue as a migration outside a transaction does; returns the SQL."""
    without = ProjectState.from_apps(apps)
    having = without.clone()
    AddBigIndex("duerow", INDEX).state_forwards("core", having)
    before, after = (without, having) if isinstance(step, AddBigIndex) else (having, without)
    call = step.database_backwards if back else step.database_forwards
    with CaptureQueriesContext(connection) as said, connection.schema_editor(atomic=False) as editor:
        call("core", editor, *((after, before) if back else (before, after)))
    return [each["sql"] for each in said if "INDEX" in each["sql"] and "tried_index" in each["sql"]]


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Both steps; the index is gone afterwards."""
    add, remove = AddBigIndex("duerow", INDEX), RemoveBigIndex("duerow", INDEX.name)
    yield add, remove
    do(remove)


def test_a_step_may_be_repeated_and_taken_back(steps: Steps) -> None:
    """On PostgreSQL beside its writers; a migration that was broken off between its steps begins again."""
    add, remove = steps
    built = do(add)
    assert (len(built), stands(), do(add)) == (1, True, [])
    assert ("CONCURRENTLY" in built[0]) is (connection.vendor == "postgresql")
    do(add, back=True)
    assert not stands()
    do(remove, back=True)
    assert stands()
    assert (len(do(remove)), stands(), do(remove)) == (1, False, [])


@pytest.mark.services
class TestPostgreSQL:
    @pytest.fixture(autouse=True)
    def _postgresql(self) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("needs PostgreSQL")

    def test_what_an_interrupted_building_left_is_made_anew(self, steps: Steps) -> None:
        do(steps[0])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tried_index'::regclass")
        assert [each.split()[0] for each in do(steps[0])] == ["DROP", "CREATE"]

    def test_a_migration_that_is_one_transaction_is_refused(self, steps: Steps) -> None:
        with pytest.raises(NotSupportedError, match="atomic = False"), transaction.atomic():
            do(steps[0])

    def test_a_migration_has_no_limit_of_pages_and_its_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What takes longer than a page may does not break it off, and the second of two finds everything done."""
        found: list[str] = []

        def slow(*args: Any, **options: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.4)")
            found.append(threading.current_thread().name)

        def second() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 200")
            try:
                call_command("migrate", verbosity=0)
            finally:
                connection.close()

        monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", slow)
        other = threading.Thread(target=second, name="second")
        with db.turn(connection, "migrate"):
            other.start()
            time.sleep(0.5)
            assert found == []
        other.join(10)
        assert found == ["second"]

    def test_limits_come_back(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 200")
        with db.without_limits(connection, "statement_timeout"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")
        with pytest.raises(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")
        connection.close()
