"""What one person sees first: the pages that wait for an answer, figures, open incidents, who is on call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.actors import Actor
from core import clock
from incidents.models import Incident
from incidents.queries.boards import Board, Line, Row, Scope, Tally, board, counted, rows_of, tally
from incidents.queries.pace import Night, Pace, last_night, pace
from incidents.queries.recent import RecentChange, recent_in
from incidents.queries.standing import Health, health_of
from oncall.models import Page, Schedule
from oncall.queries.following import Following, Run, runs_of, who_follows
from oncall.queries.on_call import OnCall, members_ahead, on_call_now
from oncall.queries.services import on_call_schedules

SCOPES = ("mine", "all")
DUTIES, SERVICES = 8, 8
FRESH = timedelta(seconds=60)
WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page for the viewer, the incident it is about, and who is asked if nobody answers."""

    page: Page
    incident: Incident
    following: Following | None

    @property
    def left(self) -> int:
        """How much of the level's time is left, in per cent."""
        if self.following is None or self.following.fired_at is None:
            return 0
        whole = self.following.due_at - self.following.fired_at
        part = self.following.due_at - clock.now()
        return max(0, min(100, round(100 * part / whole))) if whole else 0

    @property
    def tone(self) -> str:
        """`soon` in the last two minutes before the next person is asked, `over` after them."""
        left = self.following.due_at - clock.now() if self.following else timedelta(days=1)
        return "over" if left < timedelta(0) else "soon" if left < timedelta(minutes=2) else ""

    @property
    def policy(self) -> str:
        """What asks: the name of the escalation policy, or nothing where a person gave it to this one directly."""
        return self.page.escalation.policy.name if self.page.escalation.policy else ""

    @property
    def is_fresh(self) -> bool:
        """Whether it came within the last minute: read out once."""
        return clock.now() - self.page.created_at < FRESH


@dataclass(frozen=True, slots=True)
class Duty:
    """A schedule and who is on call in it now; None is a gap (O12)."""

    schedule: Schedule
    present: OnCall | None

    @property
    def is_near(self) -> bool:
        """Whether the turn ends so soon that the day of the week says when."""
        until = self.present.until if self.present else None
        return until is not None and until - clock.now() < timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Now:
    """The board of one person; `scope` is mine or all, `has_choice` whether the other one is there too."""

    at: datetime
    scope: str
    has_choice: bool
    pages: list[WaitingPage]
    lines: list[Line]
    is_cut: bool
    tally: Tally
    longest: int | None
    duties: list[Duty]
    services: list[Health]
    changes: list[RecentChange]
    pace: Pace | None
    night: Night

    @property
    def title(self) -> str:
        """The finding in one sentence (design 1.5)."""
        if self.pages:
            return _counted(len(self.pages), "page is waiting for your answer", "pages are waiting for your answer")
        if self.tally.waiting:
            return _counted(self.tally.waiting, "incident waits for an answer", "incidents wait for an answer")
        worked = self.tally.total - self.tally.untaken
        if worked:
            words = "incident is being worked on" if worked == 1 else "incidents are being worked on"
            return f"All quiet. {counted(worked)} {words}."
        if self.tally.untaken:
            return f"All quiet. {_counted(self.tally.untaken, 'open incident pages', 'open incidents page')} nobody."
        return "Nothing is wrong in your teams." if self.scope == "mine" else "Nothing is wrong."

    @property
    def goes_on(self) -> bool:
        """Whether somebody else is asked if the viewer does nothing."""
        return any(row.following is not None for row in self.pages)

    @property
    def open_words(self) -> str:
        """How many are open."""
        return counted(self.tally.total)

    @property
    def waiting_words(self) -> str:
        """How many wait for an answer."""
        return counted(self.tally.waiting)

    @property
    def news(self) -> WaitingPage | None:
        """The page that has just come, to be read out; None once it is a minute old."""
        fresh = [row for row in self.pages if row.is_fresh]
        return max(fresh, key=lambda row: row.page.pk) if fresh else None


def _counted(number: int, one: str, more: str) -> str:
    words = WORDS[number] if number < len(WORDS) else counted(number)
    return f"{words} {one if number == 1 else more}"


def scope_of(actor: Actor, wanted: str) -> tuple[str, Scope]:
    """What the board is about: `wanted` if it is one of SCOPES, else the viewer's teams where he or she has any."""
    teams = frozenset(actor.user.team_roles()) if is_staff(actor) and actor.user else frozenset[int]()
    if not teams or wanted == "all" or actor.user is None:
        return "all", Scope()
    return "mine", Scope(teams, actor.user.pk)


def is_staff(actor: Actor) -> bool:
    """Whether the viewer answers pages; a stakeholder's board has neither pages nor what engineers look at (S36)."""
    return actor.user is not None and actor.user.role != "stakeholder"


def now_of(actor: Actor, wanted: str = "") -> Now:
    """The viewer's board in a fixed number of queries; a stakeholder's has no pages."""
    name, scope = scope_of(actor, wanted)
    found = board(actor, scope)
    counts = tally(actor, scope)
    runs = _runs(actor, found)
    schedules = _schedules(actor, scope, runs)
    following = who_follows(list(runs.values()), schedules)
    lines = [_line(row, runs.get(row.incident.subject), following) for row in rows_of(actor, found)]
    within = [each for each in schedules if scope.holds(each.team_id)]
    return Now(
        at=clock.now(),
        scope=name,
        has_choice=is_staff(actor) and actor.user is not None and bool(actor.user.team_roles()),
        pages=_waiting_pages(found.asked, runs, following),
        lines=lines,
        is_cut=found.is_cut,
        tally=counts,
        longest=found.longest,
        duties=[Duty(each, on_call_now(each)) for each in within[:DUTIES]],
        services=health_of(actor, scope, counts.worst, SERVICES),
        changes=recent_in(actor, scope, found.all),
        pace=pace(scope) if is_staff(actor) else None,
        night=last_night(actor),
    )


def _line(row: Row, run: Run | None, following: Mapping[str, Following]) -> Line:
    incident = row.incident
    is_triggered = incident.status == "triggered"
    exhausted = run is not None and run.escalation.state == "exhausted" and is_triggered
    untaken = run is None and is_triggered and not incident.priority.pages
    return Line(row, following.get(incident.subject), exhausted, untaken)


def _runs(actor: Actor, found: Board) -> dict[str, Run]:
    """The live escalations of what waits; nothing of it is a stakeholder's (S36)."""
    if not is_staff(actor) or actor.user is None:
        return {}
    subjects = [each.subject for each in found.all if each.status == "triggered" or each in found.asked]
    return runs_of(subjects, actor.user.pk)


def _schedules(actor: Actor, scope: Scope, runs: Mapping[str, Run]) -> list[Schedule]:
    """Those of the scope and those that the escalations name, by name, with their members: one query."""
    rows = on_call_schedules(actor).order_by("name", "pk")
    if scope.teams is not None:
        named = {pk for run in runs.values() for pk in run.schedules}
        rows = rows.filter(Q(team_id__in=sorted(scope.teams)) | Q(pk__in=sorted(named)))
    return members_ahead(rows)


def _waiting_pages(
    asked: Sequence[Incident], runs: Mapping[str, Run], following: Mapping[str, Following]
) -> list[WaitingPage]:
    """One answer is due for each, though somebody may be asked by a level and again as the last resort (O21)."""
    rows = []
    for incident in asked:
        run = runs.get(incident.subject)
        for page in run.own if run is not None else []:
            goes_on = following.get(incident.subject) if page.state == "sent" else None
            rows.append(WaitingPage(page, incident, goes_on))
    return sorted(rows, key=lambda row: (row.incident.priority.rank, row.page.pk))
