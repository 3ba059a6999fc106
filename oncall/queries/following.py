"""Who is asked next, for many running escalations at once: what a person's board shows beside each page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, FilteredRelation, Q

from accounts.models import User
from core import clock
from oncall.engine.escalation import Position, Step, next_step
from oncall.models import Escalation, Page, Schedule
from oncall.queries.levels import levels_now
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES


@dataclass(frozen=True, slots=True)
class Following:
    """`people` would be paged at `due_at` (UTC), as things look now; nobody named: the last resort's turn."""

    due_at: datetime
    fired_at: datetime | None
    people: list[User]

    @property
    def first_name(self) -> str:
        """What the first of them is called, for places with little room."""
        return self.people[0].name.split()[0] if self.people and self.people[0].name.split() else ""


@dataclass(frozen=True, slots=True)
class Run:
    """A live escalation: who was asked in its present pass, and the newest page of one person that is still open."""

    escalation: Escalation
    contacted: set[int] = field(default_factory=set)
    own: list[Page] = field(default_factory=list)

    @property
    def schedules(self) -> set[int]:
        """The schedules that its levels name."""
        targets = [target for level in self.escalation.levels for target in level["targets"]]
        return {target["id"] for target in targets if target["kind"] == "schedule"}


def runs_of(subjects: Collection[str], user_id: int) -> dict[str, Run]:
    """Subject -> its live escalation with the policy, and the open page of this person; one query."""
    here = Q(pages__pass_number=F("pass_number")) | Q(pages__user=user_id, pages__state__in=OPEN_PAGES)
    rows = Escalation.objects.filter(subject__in=subjects, state__in=LIVE_ESCALATIONS).select_related("policy")
    asked = {name: F(f"asked__{name}") for name in ("user_id", "pass_number", "state", "level", "reason", "created_at")}
    rows = rows.annotate(asked=FilteredRelation("pages", condition=here), asked_id=F("asked__id"))
    rows = rows.annotate(**{f"asked_{name}": value for name, value in asked.items()})
    runs: dict[str, Run] = {}
    for row in rows.order_by("run", "asked_id"):
        if row.subject not in runs or runs[row.subject].escalation.pk != row.pk:
            runs[row.subject] = Run(row)
        _take(runs[row.subject], row, user_id)
    return runs


def _take(run: Run, row: Escalation, user_id: int) -> None:
    """One page of the run, as columns of its row; a run that has asked nobody yet has a row without."""
    page = {name.removeprefix("asked_"): value for name, value in vars(row).items() if name.startswith("asked_")}
    if page["id"] is None:
        return
    if page["pass_number"] == row.pass_number and page["state"] != "undeliverable":
        run.contacted.add(page["user_id"])
    if page["user_id"] == user_id and page["state"] in OPEN_PAGES:
        run.own[:] = [Page(subject=row.subject, escalation=run.escalation, **page)]


def who_follows(runs: Sequence[Run], schedules: Iterable[Schedule] = ()) -> dict[str, Following]:
    """Subject -> who follows; absent where nothing follows by itself. A fixed number of queries.

    `schedules` are those that the caller has read already, with their members.
    """
    running = [run for run in runs if run.escalation.state == "running" and run.escalation.due_at is not None]
    if not running:
        return {}
    found = levels_now([level for run in running for level in run.escalation.levels], clock.now(), schedules)
    result, start = {}, 0
    for run in running:
        each = run.escalation
        levels = found.levels[start : start + len(each.levels)]
        start += len(each.levels)
        step = next_step(levels, Position(each.pass_number, each.level), each.repeats, run.contacted)
        people = [found.people[pk] for pk in step.people] if isinstance(step, Step) else []
        result[each.subject] = Following(each.due_at or clock.now(), each.fired_at, people)
    return result
