"""The audit: append-only, chained, checked (A93)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from core import audit
from core.clock import FrozenClock
from core.models import AuditEntry, AuditHead

pytestmark = pytest.mark.django_db


@dataclass
class Person:
    key: str = "user:1"
    label: str = "Ana"


ANA = Person()


@pytest.fixture
def three() -> list[AuditEntry]:
    """Three entries."""
    return [audit.write(ANA, "edit", f"service:{n}", before={"name": "a"}, after={"name": n}) for n in range(3)]


@pytest.fixture
def _forced() -> None:
    """Somebody with the database's password takes the triggers away."""
    with connection.cursor() as cursor:
        for statement in import_module("core.migrations.0002_audit_append_only").UNDO[connection.vendor]:
            cursor.execute(statement)


def test_a_whole_chain_is_whole(three: list[AuditEntry]) -> None:
    assert audit.verify() == audit.Verdict(3, [])


def test_an_empty_one_too() -> None:
    assert audit.verify().ok


def test_an_entry_that_is_written_during_the_walk_is_no_tampering(
    three: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A93: while the chain is checked on a live system, Ana goes on editing."""
    walk = audit._digest

    def meanwhile(previous: str, entry: AuditEntry) -> str:
        monkeypatch.setattr(audit, "_digest", walk)
        audit.write(ANA, "edit", "service:9")
        return walk(previous, entry)

    monkeypatch.setattr(audit, "_digest", meanwhile)
    assert audit.verify() == audit.Verdict(3, [])
    assert audit.verify() == audit.Verdict(4, [])


def test_values_of_every_kind_survive_the_round_trip(at: FrozenClock) -> None:
    odd: dict[str, object] = {
        "when": at.at,
        "gap": timedelta(minutes=5),
        "half": 0.5,
        "big": 10**30,
        "far": 1e22,
        "none": None,
        "name": "ünï",
    }
    audit.write(ANA, "edit", "x", after=odd)
    assert audit.verify().ok


@pytest.mark.parametrize("verb", ["save", "update", "delete", "delete all"])
def test_the_database_refuses_every_change(three: list[AuditEntry], verb: str) -> None:
    """A93: by the admin's form, by the ORM, by a cascade: it makes no difference."""
    entry = AuditEntry.objects.get(pk=three[1].pk)
    entry.label = "Bo"
    acts: dict[str, Callable[[], object]] = {
        "save": entry.save,
        "update": lambda: AuditEntry.objects.update(label="Bo"),
        "delete": entry.delete,
        "delete all": AuditEntry.objects.all().delete,
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        acts[verb]()
    assert audit.verify() == audit.Verdict(3, [])


@pytest.mark.usefixtures("_forced")
class TestForced:
    def test_an_altered_entry_is_found(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk=three[1].pk).update(label="Bo")
        assert audit.verify().broken == [f"Entry {three[1].pk} was altered, or an entry before it was removed."]

    def test_a_removed_entry_is_found(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk=three[1].pk).delete()
        assert len(audit.verify().broken) == 2

    def test_a_cut_off_end_is_found(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk=three[2].pk).delete()
        assert audit.verify().broken == ["The chain should end after 3 entries and ends after 2."]

    def test_a_slipped_in_entry_is_found(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.create(actor="user:1", verb="edit", thing="x", hash="0" * 64)
        assert not audit.verify().ok

    def test_the_command_says_so(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk=three[1].pk).update(thing="y")
        with pytest.raises(CommandError, match="was altered"):
            call_command("audit")


def test_a_clock_that_was_set_back_is_found(at: FrozenClock) -> None:
    audit.write(ANA, "edit", "x")
    at.move(hours=-1)
    audit.write(ANA, "edit", "y")
    assert "set back" in audit.verify().broken[0]


def test_the_command_confirms_a_whole_chain(three: list[AuditEntry]) -> None:
    out = StringIO()
    call_command("audit", stdout=out)
    assert out.getvalue() == "3 audit entries, unbroken.\n"


def test_the_actor_is_a_text_and_outlives_the_person(three: list[AuditEntry]) -> None:
    assert {field.remote_field for field in AuditEntry._meta.get_fields()} == {None}
    assert (three[0].actor, three[0].label) == ("user:1", "Ana")


def test_only_differences_are_kept() -> None:
    before, after = audit.changed({"a": 1, "b": 2, "gone": 3}, {"a": 1, "b": 5, "new": None})
    assert (before, after) == ({"b": 2, "gone": 3}, {"b": 5})
    assert audit.changed({"a": 1}, {"a": 1}) == ({}, {})


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_chain() -> None:
    def write() -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    audit.write(ANA, "edit", "x")
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert audit.verify() == audit.Verdict(30, [])
    assert AuditHead.objects.get().entries == 30
