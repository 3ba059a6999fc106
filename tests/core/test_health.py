"""The engine's own report, banner and metrics (G14, G15, F22, F61)."""

from __future__ import annotations

import gc
import re
import shutil
import socket
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client

from accounts.models import User
from core import auditor, clock, db, due, health, jobs, metrics
from core.clock import FrozenClock
from core.health import Finding
from core.management.commands import up
from core.models import Beat, BulkJob
from core.web import access, watch
from tests.core.engine import alone as alone
from tests.core.engine import failing, refuse
from tests.core.engine import well as well
from tests.world import World

pytestmark = pytest.mark.django_db


class TestReport:
    def test_all_is_well(self, well: FrozenClock) -> None:
        assert failing() == {}
        assert health.report()["healthy"] is True
        assert health.banner(detailed=True) is None

    def test_a_fresh_start_is_not_well_until_the_engine_has_shown_itself(self) -> None:
        assert set(failing()) == {"tick", "auditor"}

    def test_a_portal_that_is_being_started_shows_no_banner_for_its_first_half_minute(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The report says it all the same."""
        seconds = [100.0]
        monkeypatch.setattr("core.health.time.monotonic", lambda: seconds[0])
        monkeypatch.setattr(up, "Keeper", lambda *words: SimpleNamespace(run=lambda: 0))
        monkeypatch.setattr(connections, "close_all", lambda: None)
        assert health.banner(detailed=True) == "No worker is at work: pages do not leave."
        with socket.create_server(("127.0.0.1", 0)) as listener:
            up.Command()._keep(listener)
        seconds[0] += 29
        assert health.banner(detailed=True) is None
        assert set(failing()) == {"tick", "auditor"}
        seconds[0] += 10
        assert health.banner(detailed=True) == "No worker is at work: pages do not leave."

    def test_no_tick_for_thirty_seconds(self, well: FrozenClock) -> None:
        """F8, F60: /healthz/engine is red and every page has a banner, from the web process alone."""
        well.move(seconds=31)
        assert failing() == {"tick": "No worker is at work: pages do not leave."}
        assert health.banner(detailed=True) == "No worker is at work: pages do not leave."

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

    def test_signs_of_life_from_the_future_are_none(self, well: FrozenClock) -> None:
        """F39: the clock was set back; dead workers and a silent auditor do not look alive until it catches up."""
        well.move(minutes=-10)
        assert set(failing()) == {"tick", "auditor"}
        Beat.objects.create(name="worker:host:2", at=well.at)
        assert failing() == {"auditor": "The auditor has not run."}
        auditor.audit_engine()
        assert failing() == {}
        Beat.objects.filter(name="worker:host:2").delete()
        assert set(failing()) == {"tick"}

    def test_a_clock_that_is_a_little_ahead_is_no_failure(self, well: FrozenClock) -> None:
        well.move(seconds=-20)
        assert failing() == {}

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

    def test_no_page_asks_while_the_web_process_looks(self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
        watch.take(0)
        monkeypatch.setattr(health, "report", refuse)
        assert health.banner(detailed=True) is None
        monkeypatch.setattr(health, "BANNER_FOR", -1.0)
        with pytest.raises(OperationalError):
            health.banner(detailed=True)

    def test_what_has_settled_is_left_out_of_collections(
        self, well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """P7: a full collection costs the page that it falls on 100 ms."""
        frozen: list[int] = []
        monkeypatch.setattr(gc, "collect", lambda: frozen.append(0))
        monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
        for turn in range(5):
            watch.take(turn)
        assert frozen == [0, 1]


class TestBanner:
    """G15: what is wrong is for those who may see the engine; others learn that something is."""

    @pytest.fixture
    def shown(self, browser: Callable[..., Client], well: FrozenClock) -> Callable[[User], str]:
        """The text of the banner on a person's profile."""

        def banner(user: User) -> str:
            health._banner.clear()
            page = browser(user).get("/profile/").content.decode()
            found = re.search(r"page-banner.*?</b>(.*?)</span>", page, re.DOTALL)
            return found[1].strip() if found else ""

        return banner

    def test_findings_are_for_staff_alone(
        self, world: World, shown: Callable[[User], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert shown(world.bo) == shown(world.sam) == ""
        finding = Finding("INC-42", "INC-42 “Payroll” waits for nobody.")
        monkeypatch.setitem(health._checks, "test.forgotten", (lambda: [finding], timedelta(seconds=60)))
        auditor.audit_engine()
        assert shown(world.bo) == "INC-42 “Payroll” waits for nobody."
        assert shown(world.sam) == "Something in it is not in order; its administrators see what."

    def test_everybody_learns_that_pages_may_be_late(
        self, world: World, shown: Callable[[User], str], well: FrozenClock
    ) -> None:
        """F8."""
        well.move(seconds=40)
        assert shown(world.bo) == "No worker is at work: pages do not leave."
        assert shown(world.sam) == "Pages may be delayed."

    def test_a_database_that_goes_while_it_is_asked_for_costs_no_page(
        self, world: World, shown: Callable[[User], str], well: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F22."""
        well.move(seconds=40)
        monkeypatch.setattr(access, "sees_engine", refuse)
        assert shown(world.bo) == "Pages may be delayed."


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


def test_the_clock_of_the_database_is_followed_on_postgresql_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """F13 has its figures in the services' run; SQLite has no clock but ours."""
    monkeypatch.setattr(db, "_measured_at", [float("-inf")])
    clock.set_offset(timedelta(0))
    db.measure_clock()
    assert abs(clock._offset) < timedelta(seconds=1)
