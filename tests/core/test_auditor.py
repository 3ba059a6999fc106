"""The engine's own audit, alarms, mail and watchdog (G14, G15, F27, F33, F60-F62)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import OperationalError, connection

from core import alarms, auditor, due, health, http, jobs, passes, worker
from core.clock import FrozenClock
from core.errors import Unreachable
from core.health import Finding
from core.models import Beat, DueRow, Fact
from core.smtp import Permanent, Temporary
from tests.core.engine import ENDLESS, failing, refuse
from tests.core.engine import alone as alone
from tests.core.engine import well as well

pytestmark = pytest.mark.django_db


class TestAuditor:
    def test_a_finding_raises_an_alarm_mail_and_a_fact(self, well: FrozenClock, caplog: Any) -> None:
        """G14: within one pass of a minute, all at once: red, logged, mailed, told to the rooms above."""
        found = [Finding("INC-42", "INC-42 is forgotten: nobody is told and nothing is due.")]
        health.check("test.forgotten")(lambda: found)
        try:
            auditor.audit_engine()
            assert set(failing()) == {"auditor", "alarm:test.forgotten"}
            assert health.banner(detailed=True) == "INC-42 is forgotten: nobody is told and nothing is due."
            assert "INC-42 is forgotten" in caplog.text
            assert [m.to for m in mail.outbox] == [["ada@example.org"]]
            assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"
            assert "INC-42" in mail.outbox[0].subject
            assert [f.payload["code"] for f in Fact.objects.all()] == ["test.forgotten"]
            well.move(seconds=60)
            auditor.audit_engine()
            assert len(mail.outbox) == 1
            assert Fact.objects.count() == 1
            found.clear()
            well.move(seconds=60)
            Beat.objects.filter(name__startswith="worker:").update(at=well.at)
            auditor.audit_engine()
            assert failing() == {}
        finally:
            health._checks.pop("test.forgotten")

    def test_what_people_have_set_up_is_an_alarm_but_the_engine_is_well(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F55: one policy that reaches nobody must not look like a dead portal, or hide one."""
        monkeypatch.setattr(health, "_checks", dict(health._checks))
        monkeypatch.setattr(health, "_of_settings", set())
        found = Finding("policy:7", "Nobody on the escalation policy Night can be reached.")
        health.check("test.settings", of_settings=True)(lambda: [found])
        auditor.audit_engine()
        report = health.report()
        assert failing() == {}
        assert report["healthy"]
        assert report["warnings"] == [{"name": "alarm:test.settings", "sentence": found.sentence}]
        assert [f.payload["code"] for f in Fact.objects.all()] == ["test.settings"]
        assert len(mail.outbox) == 1

    def test_a_check_of_settings_that_cannot_run_is_the_engines_fault(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F61."""
        monkeypatch.setattr(health, "_checks", dict(health._checks))
        monkeypatch.setattr(health, "_of_settings", set())
        health.check("test.settings", of_settings=True)(refuse)
        auditor.audit_engine()
        assert set(failing()) == {"auditor"}

    @pytest.mark.parametrize("broken", [RuntimeError("poison row"), OperationalError("no such table")])
    def test_a_check_that_cannot_run_is_a_finding_and_stops_no_other(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch, broken: Exception
    ) -> None:
        """F61: a poison row in the audit's own query."""

        def poison() -> Iterable[Finding]:
            raise broken

        monkeypatch.setitem(health._checks, "a.poison", (poison, timedelta(seconds=60)))
        monkeypatch.setitem(health._checks, "b.other", (lambda: [Finding("x", "other")], timedelta(seconds=60)))
        auditor.audit_engine()
        assert {"alarm:a.poison", "alarm:b.other"} <= set(failing())

    @pytest.mark.django_db(transaction=True)
    def test_the_pass_has_a_deadline_of_its_own(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
        """F61: a query that takes too long is broken off; what comes after it counts as not run."""
        monkeypatch.setattr(auditor, "SECONDS", 0.3)

        def slow() -> Iterable[Finding]:
            with connection.cursor() as cursor:
                cursor.execute(ENDLESS)
            return []

        monkeypatch.setitem(health._checks, "a.slow", (slow, timedelta(seconds=60)))
        monkeypatch.setitem(health._checks, "b.next", (list, timedelta(seconds=60)))
        started = time.monotonic()
        auditor.audit_engine()
        assert time.monotonic() - started < 5
        assert {"alarm:a.slow", "alarm:b.next"} <= set(failing())

    def test_an_alarm_soon_after_another_is_mailed_as_well(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """G14: five minutes after Ada heard of one thing, another goes wrong; each is told once."""
        wrong: list[Finding] = []
        monkeypatch.setitem(health._checks, "a.first", (lambda: [Finding("x", "The first.")], timedelta(seconds=60)))
        monkeypatch.setitem(health._checks, "b.second", (lambda: wrong, timedelta(seconds=60)))
        auditor.audit_engine()
        wrong.append(Finding("y", "The second."))
        for _ in range(40):
            well.move(minutes=1)
            auditor.audit_engine()
        assert [each.subject for each in mail.outbox] == ["[Watchbill] The first.", "[Watchbill] The second."]

    def test_a_second_thing_of_a_standing_alarm_is_mailed_once_in_half_an_hour(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """G14: Ada knows of the first forgotten incident; the second comes, goes and comes again."""
        first, second = Finding("INC-5", "INC-5 waits."), Finding("INC-7", "INC-7 waits.")
        wrong = [first]
        monkeypatch.setitem(health._checks, "a.waits", (lambda: wrong, timedelta(seconds=60)))
        auditor.audit_engine()
        for turn in range(29):
            well.move(minutes=1)
            wrong[:] = [first] if turn % 2 else [first, second]
            auditor.audit_engine()
        assert [each.subject for each in mail.outbox] == ["[Watchbill] INC-5 waits.", "[Watchbill] INC-7 waits."]
        well.move(minutes=3)
        wrong[:] = [first, second]
        auditor.audit_engine()
        assert [each.subject for each in mail.outbox][2:] == ["[Watchbill] INC-7 waits."]

    def test_an_alarm_that_could_not_be_mailed_is_mailed_by_the_next_pass(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        monkeypatch.setitem(health._checks, "a.first", (lambda: [Finding("x", "The first.")], timedelta(seconds=60)))
        backend = settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = "tests.core.test_auditor.NoMail"
        auditor.audit_engine()
        settings.EMAIL_BACKEND = backend
        assert mail.outbox == []
        for _ in range(3):
            well.move(minutes=1)
            auditor.audit_engine()
        assert len(mail.outbox) == 1

    def test_an_alarm_that_comes_and_goes_is_mailed_once_in_half_an_hour(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wrong: list[Finding] = []
        monkeypatch.setitem(health._checks, "a.flaps", (lambda: wrong, timedelta(seconds=60)))
        for turn in range(29):
            wrong[:] = [] if turn % 2 else [Finding("x", "Now and then.")]
            auditor.audit_engine()
            well.move(minutes=1)
        assert len(mail.outbox) == 1
        auditor.audit_engine()
        well.move(minutes=2)
        auditor.audit_engine()
        assert len(mail.outbox) == 2

    def test_a_check_runs_again_after_the_clock_was_set_back(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F39."""
        wrong: list[Finding] = []
        monkeypatch.setitem(health._checks, "a.late", (lambda: wrong, timedelta(seconds=60)))
        auditor.audit_engine()
        well.move(hours=-1)
        wrong.append(Finding("x", "Wrong."))
        auditor.audit_engine()
        assert failing()["alarm:a.late"] == "Wrong."

    def test_a_slow_check_may_run_less_often(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
        runs: list[int] = []

        def check() -> Iterable[Finding]:
            runs.append(1)
            return [Finding("x", "x")]

        monkeypatch.setitem(health._checks, "test.slow", (check, timedelta(minutes=5)))
        for _ in range(6):
            auditor.audit_engine()
            assert "alarm:test.slow" in failing()
            well.move(seconds=60)
        assert len(runs) == 2

    def test_it_runs_each_minute_as_a_row_ahead_of_a_storm(
        self, monkeypatch: pytest.MonkeyPatch, at: FrozenClock
    ) -> None:
        monkeypatch.setattr(passes, "_asked", {})
        passes.ask()
        row = DueRow.objects.get(ref="auditor")
        assert row.priority == due.Priority.STEP
        worker.drain()
        assert Beat.objects.get(name="auditor").at == at.at

    def test_work_that_nobody_can_do_is_found(self, well: FrozenClock) -> None:
        due.put("k", "from.a.newer.release")
        well.move(seconds=61)
        auditor.audit_engine()
        assert failing()["alarm:core.unknown"] == "Nobody can do the waiting work of kind “from.a.newer.release”."

    def test_given_up_work_is_mailed(self, well: FrozenClock) -> None:
        due.put("page:1", "fact.read")
        due.claim()[0].park("RuntimeError: no")
        well.move(seconds=60)
        auditor.audit_engine()
        assert "page:1" in mail.outbox[0].body

    def test_what_the_database_said_of_a_row_is_not_told(self, well: FrozenClock) -> None:
        """A95: PostgreSQL's detail holds values; neither banner, mail nor incident title repeats them."""
        due.put("page:1", "fact.read")
        said = (
            "IntegrityError: duplicate key, token=abcdef123456\nDETAIL:  Key (email)=(bo@example.org) already exists."
        )
        due.claim()[0].park(said)
        well.move(seconds=60)
        auditor.audit_engine()
        told = failing()["alarm:core.parked"]
        assert told == "“page:1” was given up after 1 attempts: IntegrityError: duplicate key, token=…"
        (sent,) = mail.outbox
        assert (sent.subject, "bo@example.org" in sent.body) == (f"[Watchbill] {told}", False)

    def test_a_dead_bulk_lane_is_found(self, well: FrozenClock) -> None:
        jobs.enqueue("core.canary")
        well.move(minutes=11)
        auditor.audit_engine()
        assert "alarm:core.bulk" in failing()


class TestWatchdog:
    @pytest.fixture
    def pings(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
        """A watchdog that answers 200."""
        settings.WATCHDOG_URL = "https://watchdog.example.org/ping/abc"
        sent: list[str] = []

        def send(method: str, url: str, **_: object) -> http.Answer:
            sent.append(url)
            return http.Answer(200, {}, b"", 0.1)

        monkeypatch.setattr(http, "send", send)
        return sent

    def test_it_is_pinged_only_after_a_full_and_clean_pass(self, pings: list[str], at: FrozenClock) -> None:
        """G15: no ping while anything is wrong, whatever it is."""
        auditor.audit_engine()
        assert pings == []
        Beat.objects.create(name="worker:host:1", at=at.at)
        auditor.audit_engine()
        assert len(pings) == 1
        due.put("k", "fact.read")
        due.claim()[0].park("no")
        auditor.audit_engine()
        assert len(pings) == 1

    def test_one_that_is_away_is_logged_once_in_ten_minutes(
        self, pings: list[str], well: FrozenClock, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        """F62: and the engine stays healthy."""

        def away(*_args: object, **_kwargs: object) -> http.Answer:
            raise Unreachable("It did not answer.", code="timeout")

        monkeypatch.setattr(http, "send", away)
        for _ in range(15):
            well.move(minutes=1)
            Beat.objects.filter(name__startswith="worker:").update(at=well.at)
            auditor.audit_engine()
        assert len(re.findall("watchdog was not reached: timeout", caplog.text)) == 2
        assert failing() == {}

    def test_an_error_answer_counts_as_away(
        self, pings: list[str], well: FrozenClock, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        monkeypatch.setattr(http, "send", lambda *a, **k: http.Answer(500, {}, b"", 0.1))
        auditor.ping()
        assert "it answered 500" in caplog.text


class TestWebSide:
    @pytest.fixture
    def later(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """A monotonic clock that the test moves."""
        moment = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: moment[0])
        return moment

    def test_the_web_process_mails_when_the_workers_are_dead(self, well: FrozenClock, later: list[float]) -> None:
        """F60: no worker, no auditor; the web process alone tells the administrators, once in half an hour."""
        health.web_side_watch()
        assert mail.outbox == []
        for _ in range(20):
            well.move(seconds=15)
            later[0] += 15
            health.web_side_watch()
        assert [m.subject for m in mail.outbox] == ["[Watchbill] The engine is down: pages do not leave"]
        well.move(minutes=31)
        later[0] += 31 * 60
        health.web_side_watch()
        assert len(mail.outbox) == 2

    def test_two_web_processes_send_one_mail(self, well: FrozenClock, later: list[float]) -> None:
        well.move(minutes=2)
        for _process in range(2):
            alarms._mailed.clear()
            health._ill_since[:] = [later[0] - 60]
            health.web_side_watch()
        assert len(mail.outbox) == 1

    def test_a_worker_that_is_back_in_time_makes_no_mail(self, well: FrozenClock, later: list[float]) -> None:
        well.move(seconds=40)
        health.web_side_watch()
        later[0] += 30
        Beat.objects.filter(name__startswith="worker:").update(at=well.at)
        health.web_side_watch()
        later[0] += 30
        well.move(seconds=40)
        health.web_side_watch()
        assert mail.outbox == []

    def test_mail_leaves_also_when_the_database_is_gone(
        self, well: FrozenClock, later: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F22, F27: the addresses are remembered."""
        health.web_side_watch()
        monkeypatch.setattr(health, "last_tick", refuse)
        monkeypatch.setattr(alarms, "_addresses", [refuse])
        monkeypatch.setattr(alarms, "_take_turn", refuse)
        for _ in range(8):
            later[0] += 15
            health.web_side_watch()
        assert [m.to for m in mail.outbox] == [["ada@example.org"]]
        assert "The database does not answer" in mail.outbox[0].body

    def test_a_mail_server_that_is_down_hurts_nobody(self, well: FrozenClock, settings: Any, caplog: Any) -> None:
        settings.EMAIL_BACKEND = "tests.core.test_auditor.NoMail"
        assert alarms.tell("x", "subject", "text") is False
        assert "could not be told" in caplog.text

    def test_one_dead_mailbox_costs_nobody_else_the_word(
        self, well: FrozenClock, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F27, F60: the mailbox of Abe, who has left, is refused; Ada and Pat are told."""
        monkeypatch.setattr(alarms, "_addresses", [lambda: ["abe@example.org", "ada@example.org", "pat@example.org"]])
        settings.EMAIL_BACKEND = "tests.core.test_auditor.NoAbe"
        assert alarms.tell("x", "subject", "text") is True
        assert [each.to for each in mail.outbox] == [["ada@example.org"], ["pat@example.org"]]

    def test_the_turn_is_given_back_while_no_mail_leaves(
        self, well: FrozenClock, later: list[float], settings: Any
    ) -> None:
        """F60: a mail server that says "try later" does not silence the only word for half an hour."""
        backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.core.test_auditor.NoMail"
        assert alarms.tell("x", "subject", "text") is False
        settings.EMAIL_BACKEND = backend
        assert alarms.tell("x", "subject", "text") is True
        assert alarms.tell("x", "subject", "text") is False
        assert len(mail.outbox) == 1

    def test_a_slow_mail_server_does_not_hold_up_the_pass(
        self, well: FrozenClock, later: list[float], settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        monkeypatch.setattr(alarms, "_addresses", [lambda: [f"{name}@example.org" for name in "abcdef"]])

        def hang(_message: object) -> int:
            later[0] += 10
            raise Temporary("the mail server did not answer")

        monkeypatch.setattr(mail.EmailMessage, "send", hang)
        assert alarms.tell("x", "subject", "text") is False
        assert later[0] == 1010
        assert "5 administrators were not told" in caplog.text

    def test_nobody_to_tell_is_logged(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
        monkeypatch.setattr(alarms, "_addresses", [])
        assert alarms.tell("x", "subject", "text") is False
        assert "no administrator" in caplog.text


class NoMail:
    """A mail backend that always fails."""

    def __init__(self, **_: object) -> None: ...

    def send_messages(self, _messages: object) -> int:
        raise ConnectionRefusedError


class NoAbe(EmailBackend):
    """A mail server that does not know Abe and, as servers do, takes a mail for all its addresses or for none."""

    def send_messages(self, messages: Any) -> int:
        if any("abe@example.org" in message.to for message in messages):
            raise Permanent("the mail server said: 550 no such mailbox", 550)
        return int(super().send_messages(messages))


def test_an_alarm_is_renewed_and_not_repeated(at: FrozenClock, caplog: Any) -> None:
    caplog.set_level(logging.WARNING)
    assert alarms.alarm("x", "one") is True
    at.move(minutes=1)
    assert alarms.alarm("x", "two") is False
    (beat,) = alarms.standing()
    assert (beat.detail["sentence"], beat.detail["since"]) == ("two", (at.at - timedelta(minutes=1)).isoformat())
    assert alarms.clear("x") is True
    assert alarms.clear("x") is False
    assert alarms.standing() == []
    assert alarms.alarm("x", "three") is True


def test_rooms_above_hear_of_a_standing_alarm_when_it_changes_each_half_hour_and_when_it_ends(at: FrozenClock) -> None:
    """G14: an alarm that somebody has put aside too early comes up again; one thing more or fewer is told at once."""

    def told(*things: str) -> int:
        alarms.alarm("x", "sentence", things)
        return Fact.objects.filter(kind="health.alarm_raised").count()

    assert told("INC-1") == 1
    assert told("INC-1") == 1
    assert told("INC-1", "INC-2") == 2
    assert told("INC-2") == 3
    at.move(minutes=29)
    assert told("INC-2") == 3
    at.move(minutes=1)
    assert told("INC-2") == 4
    alarms.clear("x")
    alarms.clear("x")
    assert [fact.payload for fact in Fact.objects.filter(kind="health.alarm_ended")] == [{"code": "x"}]
    assert told("INC-2") == 5
