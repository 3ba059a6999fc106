"""The engine's own audit, alarms, mail and watchdog (G14, G15, F27, F33, F60-F62)."""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections import namedtuple
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, connection

from core import alarms, auditor, clock, db, due, facts, health, http, jobs, metrics, passes, worker
from core.clock import FrozenClock
from core.errors import Unreachable
from core.health import Finding
from core.models import Beat, BulkJob, DueRow, Fact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the checks of `core`, one administrator, nothing remembered from another test."""
    for name in [name for name in health._checks if not name.startswith("core.")]:
        monkeypatch.delitem(health._checks, name)
    monkeypatch.setattr(alarms, "_addresses", [lambda: ["ada@example.org"]])
    for kept in (alarms._remembered, health._banner, health._ill_since):
        kept.clear()
    alarms._mailed.clear()
    monkeypatch.setattr(facts, "_readers", {})


@pytest.fixture
def well(at: FrozenClock) -> FrozenClock:
    """An engine at work whose auditor has just found nothing."""
    Beat.objects.create(name="worker:host:1", at=at.at)
    auditor.audit_engine()
    return at


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT count(*) FROM n"


def failing() -> dict[str, str]:
    return {probe["name"]: probe["sentence"] for probe in health.report()["checks"] if not probe["ok"]}


def refuse(*_args: object, **_kwargs: object) -> Any:
    raise OperationalError("gone")


class TestReport:
    def test_all_is_well(self, well: FrozenClock) -> None:
        assert failing() == {}
        assert health.report()["healthy"] is True
        assert health.banner() is None

    def test_a_fresh_start_is_not_well_until_the_engine_has_shown_itself(self) -> None:
        assert set(failing()) == {"tick", "auditor"}

    def test_no_tick_for_thirty_seconds(self, well: FrozenClock) -> None:
        """F8, F60: /healthz/engine is red and every page has a banner, from the web process alone."""
        well.move(seconds=31)
        assert failing() == {"tick": "No worker is at work: pages do not leave."}
        assert health.banner() == "No worker is at work: pages do not leave."

    @pytest.mark.parametrize(("effect", "name"), [("database", "steps"), ("external", "deliveries")])
    def test_late_work(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch, effect: Any, name: str) -> None:
        monkeypatch.setitem(due.handlers.__globals__["_handlers"], "t", due.Handler("t", effect, 8, lambda item: None))
        due.put("k", "t")
        well.move(seconds=29)
        assert failing() == {}
        well.move(seconds=32)
        Beat.objects.filter(name__startswith="worker:").update(at=well.at)
        assert failing() == {name: f"The oldest of the {name} is 61 s late."}

    def test_work_that_was_given_up(self, well: FrozenClock) -> None:
        due.put("k", "fact.read")
        due.claim()[0].park("no")
        assert set(failing()) == {"parked"}

    def test_an_auditor_that_has_not_run(self, well: FrozenClock) -> None:
        """F61: silence of the auditor is a failure."""
        well.move(minutes=3)
        Beat.objects.filter(name__startswith="worker:").update(at=well.at)
        assert failing() == {"auditor": "The auditor has not run."}

    def test_a_full_disk(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 96, 4))
        assert failing() == {"disk": "4% of the disk is free."}

    def test_a_database_that_is_gone_is_a_sentence_and_no_error(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F20, F22."""
        monkeypatch.setattr(health, "last_tick", refuse)
        assert failing() == {"database": "The database does not answer (OperationalError)."}

    def test_the_banner_is_asked_for_every_five_seconds(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert health.banner() is None
        monkeypatch.setattr(health, "report", refuse)
        assert health.banner() is None


class TestAuditor:
    def test_a_finding_raises_an_alarm_mail_and_a_fact(self, well: FrozenClock, caplog: Any) -> None:
        """G14: within one pass of a minute, all at once: red, logged, mailed, told to the rooms above."""
        found = [Finding("INC-42", "INC-42 is forgotten: nobody is told and nothing is due.")]
        health.check("test.forgotten")(lambda: found)
        try:
            auditor.audit_engine()
            assert set(failing()) == {"auditor", "alarm:test.forgotten"}
            assert health.banner() == "INC-42 is forgotten: nobody is told and nothing is due."
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
        monkeypatch.setattr(alarms, "_may_mail", refuse)
        for _ in range(8):
            later[0] += 15
            health.web_side_watch()
        assert [m.to for m in mail.outbox] == [["ada@example.org"]]
        assert "The database does not answer" in mail.outbox[0].body

    def test_a_mail_server_that_is_down_hurts_nobody(self, well: FrozenClock, settings: Any, caplog: Any) -> None:
        settings.EMAIL_BACKEND = "tests.core.test_health.NoMail"
        assert alarms.tell("x", "subject", "text") is False
        assert "could not be told" in caplog.text

    def test_nobody_to_tell_is_logged(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
        monkeypatch.setattr(alarms, "_addresses", [])
        assert alarms.tell("x", "subject", "text") is False
        assert "no administrator" in caplog.text


class NoMail:
    """A mail backend that always fails."""

    def __init__(self, **_: object) -> None: ...

    def send_messages(self, _messages: object) -> int:
        raise ConnectionRefusedError


class TestMetrics:
    def test_the_lateness_of_the_oldest_row_comes_first(self, well: FrozenClock) -> None:
        due.put("k", "fact.read")
        well.move(seconds=90)
        text = metrics.text()
        assert text.splitlines()[2] == "watchbill_due_lateness_seconds 90"
        assert 'watchbill_due_kind_lateness_seconds{kind="fact.read"} 90' in text
        assert "watchbill_healthy 0" in text

    def test_every_line_is_prometheus_text(self, well: FrozenClock) -> None:
        jobs.enqueue("core.canary")
        sample = re.compile(r'watchbill_\w+(\{\w+="(?:[^"\\\n]|\\.)*"(,\w+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+]+')
        for line in metrics.text().splitlines():
            assert re.match(r"# (HELP|TYPE) watchbill_\w+ ", line) or sample.fullmatch(line), line
        assert metrics.text().endswith("\n")

    def test_a_room_adds_its_own_and_labels_are_escaped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "_sources", [])
        metrics.metric(lambda: [metrics.gauge("rooms", 'a "b"\n', 1, name='x"\\\n')])
        assert metrics.text().endswith(
            '# HELP watchbill_rooms a "b"\\n\n# TYPE watchbill_rooms gauge\nwatchbill_rooms{name="x\\"\\\\\\n"} 1\n'
        )

    def test_nothing_that_a_person_typed_is_a_label(self, well: FrozenClock) -> None:
        """A95."""
        due.put("page:secret-key", "fact.read", "secret-ref", lane="secret-lane")
        BulkJob.objects.create(name="x", ref="secret-ref")
        assert "secret" not in metrics.text()


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


def test_rooms_above_hear_of_a_standing_alarm_when_it_grows_each_half_hour_and_when_it_ends(at: FrozenClock) -> None:
    """G14: an alarm that somebody has put aside too early comes up again; one more thing is told at once."""

    def told(*things: str) -> int:
        alarms.alarm("x", "sentence", things)
        return Fact.objects.filter(kind="health.alarm_raised").count()

    assert told("INC-1") == 1
    assert told("INC-1") == 1
    assert told("INC-1", "INC-2") == 2
    assert told("INC-2") == 2
    at.move(minutes=29)
    assert told("INC-2") == 2
    at.move(minutes=1)
    assert told("INC-2") == 3
    alarms.clear("x")
    alarms.clear("x")
    assert [fact.payload for fact in Fact.objects.filter(kind="health.alarm_ended")] == [{"code": "x"}]
    assert told("INC-2") == 4


def test_the_clock_of_the_database_is_followed_on_postgresql_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """F13 has its figures in the services' run; SQLite has no clock but ours."""
    monkeypatch.setattr(db, "_measured_at", [float("-inf")])
    clock.set_offset(timedelta(0))
    db.measure_clock()
    assert abs(clock._offset) < timedelta(seconds=1)
