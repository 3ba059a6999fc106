"""The audit: append-only, chained, checked (A93)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from core import audit, audit_watch, away, health, passes
from core.clock import FrozenClock
from core.models import AuditEntry, AuditHead, Beat, BulkJob
from tests import world as builders
from tests.world import World

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

    def meanwhile(previous: str, values: Iterable[object]) -> str:
        monkeypatch.setattr(audit, "_digest", walk)
        audit.write(ANA, "edit", "service:9")
        return walk(previous, values)

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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET label = 'Bo'",
        "UPDATE core_auditentry SET hash = ''",
        "DELETE FROM core_auditentry",
        "DELETE FROM core_auditentry WHERE thing = 'service:1'",
        "TRUNCATE core_auditentry",
    ],
)
def test_plain_sql_is_refused_too(three: list[AuditEntry], statement: str) -> None:
    """A93: past the ORM; SQLite knows no TRUNCATE, which is a refusal as well."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert audit.verify() == audit.Verdict(3, [])


def test_the_entries_of_a_person_outlive_the_row_of_the_person(world: World) -> None:
    """A93: Max is deleted past every command; what he did keeps his name."""
    gone = builders.person("Max Former")
    audit.write(builders.acts(gone), "edit", "service:1")
    key = f"user:{gone.pk}"
    User.objects.filter(pk=gone.pk).delete()
    entry = AuditEntry.objects.get(actor=key)
    assert entry.label == "Max Former"
    assert audit.verify().ok


def test_an_entry_knows_the_address_that_it_came_from() -> None:
    with audit.seen_from("192.0.2.7"):
        inside = audit.write(ANA, "edit", "x")
        named = audit.write(ANA, "edit", "x", address="198.51.100.9")
    outside = audit.write(ANA, "edit", "x")
    assert [each.address for each in (inside, named, outside)] == ["192.0.2.7", "198.51.100.9", ""]
    assert audit.verify().ok


def test_a_long_chain_is_walked_in_parts(three: list[AuditEntry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "CHUNK", 1)
    mark, parts = audit.Mark(), 0
    while mark is not None:
        verdict, onward = audit.walk(audit.Mark.read(str(mark)), -1.0)
        mark, parts = onward, parts + 1  # type: ignore[assignment]
    assert (verdict.entries, verdict.broken, parts) == (3, [], 4)


# --- each day -------------------------------------------------------------------------------------
def test_the_audit_is_verified_each_day() -> None:
    turns = {each.name: each.every for each in passes.registered()}
    assert turns[f"job.{audit_watch.JOB}"] == timedelta(days=1)


def test_a_whole_chain_leaves_a_sign_of_life(three: list[AuditEntry]) -> None:
    audit_watch.verify("")
    assert Beat.objects.get(pk=audit_watch.BEAT).detail["sentence"] == "3 audit entries, unbroken."
    assert not list(audit_watch.audit_is_whole())


def test_a_job_that_runs_out_of_time_goes_on_where_it_stopped(
    three: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "CHUNK", 2)
    monkeypatch.setattr(audit_watch, "SECONDS", -1.0)
    audit_watch.verify("")
    follower = BulkJob.objects.get(name=audit_watch.JOB)
    assert follower.ref.startswith(f"{three[1].pk}:2:")
    assert not Beat.objects.filter(pk=audit_watch.BEAT).exists()
    audit_watch.verify(follower.ref)
    assert Beat.objects.get(pk=audit_watch.BEAT).ok


def test_a_day_without_a_word_is_an_alarm(three: list[AuditEntry], at: FrozenClock) -> None:
    assert not list(audit_watch.audit_is_whole()), "the first walk is still to come"
    audit_watch.verify("")
    at.move(days=4)
    assert [each.sentence for each in audit_watch.audit_is_whole()] == [
        "The audit has not been verified for three days."
    ]


@pytest.mark.usefixtures("_forced")
class TestForced:
    def test_tampering_is_an_alarm_that_names_the_first_entry(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk__gte=three[1].pk).update(label="Bo")
        audit_watch.verify("")
        found = list(audit_watch.audit_is_whole())
        assert [each.sentence for each in found] == [
            f"The audit is not whole: Entry {three[1].pk} was altered, or an entry before it was removed."
        ]
        assert audit_watch.BEAT in health.checks()

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
            call_command("audit", "verify")

    def test_the_command_ends_with_a_code_and_names_the_first_fault(self, three: list[AuditEntry]) -> None:
        AuditEntry.objects.filter(pk__gte=three[1].pk).update(thing="y")
        with pytest.raises(CommandError) as said:
            call_command("audit", "verify")
        assert said.value.returncode == 1
        first, second = str(said.value).splitlines()[:2]
        assert first == "The audit is broken (3 entries)."
        assert second.startswith(f"Entry {three[1].pk} ")


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


def test_a_portal_that_comes_back_has_its_time_to_verify(three: list[AuditEntry], at: FrozenClock) -> None:
    """Days switched off, or an older backup restored, are no silence of the bulk lane; days after it are (F52)."""
    audit_watch.verify("")
    at.move(days=10)
    away.note_restore(at.at - timedelta(days=10))
    away.come_back()
    assert not list(audit_watch.audit_is_whole())
    at.move(days=4)
    assert list(audit_watch.audit_is_whole())
