"""Locks, versions, deadlines, the shared clock, the schema (F13, F45, F50, F51)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from core import clock, db
from core.errors import Conflict
from core.models import FeedTopic
from core.runner import prepare

pytestmark = pytest.mark.django_db


@dataclass
class Thing:
    version: int = 3


def test_a_form_that_was_opened_on_an_older_version_is_refused() -> None:
    """F45."""
    db.check_version(Thing(), 3)
    db.check_version(Thing(), None)
    with pytest.raises(Conflict) as caught:
        db.check_version(Thing(), 2)
    assert caught.value.code == "stale"


def test_a_change_is_counted() -> None:
    thing = Thing()
    db.bump(thing)
    assert thing.version == 4


def test_rows_are_locked_in_the_way_of_the_database() -> None:
    FeedTopic.objects.create(name="a")
    with transaction.atomic():
        rows = db.locked(FeedTopic.objects.filter(name="a"))
        assert rows.query.select_for_update is (connection.vendor == "postgresql")
        assert rows.get().name == "a"


@pytest.mark.django_db(transaction=True)
def test_a_query_that_takes_too_long_is_broken_off() -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"
    )
    started = time.monotonic()
    with pytest.raises(OperationalError), db.deadline(0.3), connection.cursor() as cursor:
        cursor.execute(endless)
    assert time.monotonic() - started < 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone()[0] == 1
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone()[0] != "300ms"


@pytest.fixture
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(db, "_measured_at", [float("-inf")])
    yield
    clock.set_offset(timedelta(0))


@pytest.mark.services
@pytest.mark.usefixtures("_unmeasured")
class TestSharedClock:
    @pytest.fixture(autouse=True)
    def _postgresql(self) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("needs PostgreSQL")

    def test_a_host_whose_clock_is_wrong_follows_the_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """F13: thirty seconds ahead; now() is right again within a tenth of a second."""

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime.now(UTC) + timedelta(seconds=30)

        monkeypatch.setattr(db, "datetime", Ahead)
        monkeypatch.setattr(clock, "datetime", Ahead)
        db.measure_clock()
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=0.2)

    def test_small_differences_are_left_alone(self) -> None:
        db.measure_clock()
        assert clock._offset == timedelta(0)

    def test_it_is_measured_every_ten_seconds(self, django_assert_num_queries: object) -> None:
        db.measure_clock()
        with django_assert_num_queries(0):  # type: ignore[operator]
            db.measure_clock()


class TestSchema:
    def test_tables_of_this_release_are_ok(self) -> None:
        assert db.schema_state() == "ok"

    def test_waiting_migrations_are_behind(self) -> None:
        MigrationRecorder(connection).migration_qs.filter(app="core", name="0002_audit_append_only").delete()
        assert db.schema_state() == "behind"

    def test_a_gap_is_said_and_not_a_crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """F51: `migrate` refuses a step that is missing below others."""
        MigrationRecorder(connection).migration_qs.filter(app="accounts", name="0002_comforts").delete()
        monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction lives in it
        with pytest.raises(prepare.CannotStart, match="has a gap"):
            prepare.tables()

    def test_a_newer_release_was_here(self) -> None:
        """F51: old code does not tick on tables that it does not know."""
        before = db.applied_count()
        MigrationRecorder(connection).record_applied("core", "0999_of_the_future")
        assert db.schema_state() == "ahead"
        assert db.applied_count() == before + 1

    def test_what_a_removed_library_has_left_does_not_count(self) -> None:
        MigrationRecorder(connection).record_applied("some_old_library", "0001_initial")
        assert db.schema_state() == "ok"
