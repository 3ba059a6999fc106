"""Events in any order, with and without times of their own, against a model of the rules (F16, O31-O35)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core import clock
from incidents.commands.acceptance import LATE, accept_batch
from incidents.kinds import Normalised, severity_rank
from incidents.models import Alert
from oncall.models import Service
from tests.conftest import MONDAY
from tests.world import service, team

KEYS = st.sampled_from(["a", "b"])
OFFSETS = st.one_of(st.none(), st.integers(-200, 50))
EVENTS = st.tuples(
    KEYS,
    st.sampled_from(["trigger", "trigger", "resolve", "acknowledge"]),
    OFFSETS,
    st.sampled_from(["critical", "error", "warning", "info"]),
)


class Expected:
    """One key as the rules say it should be."""

    def __init__(self) -> None:
        self.open: dict[str, object] | None = None
        self.closed = 0
        self.ends: list[tuple[datetime, datetime]] = []  # the tool's time, our time

    def take(self, action: str, at: datetime | None, severity: str, now: datetime) -> str:
        at = min(at, now) if at else None
        if action == "trigger":
            return self.trigger(at, severity, now)
        if self.open is None:
            if action == "resolve" and at:
                self.ends.append((max(at, self.ended(now) or at), now))
            return "unknown_key"
        if action == "acknowledge":
            return "acknowledged"
        last = self.open["at"]
        if at and last and at < last:  # type: ignore[operator]
            return "stale"
        if at or last:
            self.ends.append((at or last, now))  # type: ignore[arg-type]
        self.open, self.closed = None, self.closed + 1
        return "resolved"

    def ended(self, now: datetime) -> datetime | None:
        return max((tool for tool, ours in self.ends if now - ours <= LATE), default=None)

    def trigger(self, at: datetime | None, severity: str, now: datetime) -> str:
        if self.open is None:
            if at and (ended := self.ended(now)) and at < ended:
                return "stale"
            self.open = {"count": 1, "severity": severity, "at": at}
            return "new"
        self.open["count"] += 1  # type: ignore[operator]
        if at and (self.open["at"] is None or at >= self.open["at"]):  # type: ignore[operator]
            self.open["at"] = at
        if severity_rank(severity) < severity_rank(str(self.open["severity"])):
            self.open["severity"] = severity
            return "worse"
        return "duplicate"


class EventOrder(RuleBasedStateMachine):
    """Batches of any size; the worker is not needed, acceptance decides."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = clock.frozen(MONDAY)
        self.at = self.frozen.__enter__()
        Alert.objects.all().delete()
        self.service = Service.objects.first() or service("Checkout", team("Payments"))
        Service.objects.exclude(pk=self.service.pk).delete()
        from incidents.models import EarlyResolve

        EarlyResolve.objects.all().delete()
        self.expected = {"a": Expected(), "b": Expected()}

    def teardown(self) -> None:
        self.frozen.__exit__(None, None, None)

    @rule(seconds=st.integers(1, 90))
    def time_goes_by(self, seconds: int) -> None:
        self.at.move(seconds=seconds)

    @rule(events=st.lists(EVENTS, min_size=1, max_size=6))
    def events_arrive(self, events: list[tuple[str, str, int | None, str]]) -> None:
        now = clock.now()
        batch, wanted = [], []
        for key, action, offset, severity in events:
            at = None if offset is None else now + timedelta(seconds=offset)
            batch.append(Normalised(self.service.pk, action, key, summary=key, severity=severity, event_at=at))
            wanted.append(self.expected[key].take(action, at, severity, now))
        with transaction.atomic():
            assert [each.outcome for each in accept_batch(batch)] == wanted

    @precondition(lambda self: any(each.open for each in self.expected.values()))
    @rule()
    def the_tool_repeats_itself(self) -> None:
        key = next(key for key, each in self.expected.items() if each.open)
        self.events_arrive([(key, "trigger", None, "info")])

    @invariant()
    def the_tables_agree(self) -> None:
        for key, each in self.expected.items():
            rows = Alert.objects.filter(key=key)
            assert rows.filter(state="resolved").count() == each.closed
            found = rows.filter(state="open").first()
            if each.open is None:
                assert found is None
            else:
                assert found is not None
                have = {"count": found.count, "severity": found.severity, "at": found.event_at}
                assert have == each.open


class TestEventOrder(EventOrder.TestCase, TestCase):  # type: ignore[misc, valid-type]
    settings = settings(  # type: ignore[assignment]
        max_examples=25,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a machine with a database takes minutes
    )
