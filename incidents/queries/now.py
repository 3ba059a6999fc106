"""What one person sees first: the pages that wait for an answer, figures, open incidents, who is on call."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.actors import Actor
from accounts.models import User
from core import clock
from core.zones import zone_of
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by
from incidents.queries.boards import MOST, Row, rows_of
from oncall.models import Page, Schedule
from oncall.queries.escalations import my_open_pages, my_pages
from oncall.queries.following import Following, who_follows
from oncall.queries.on_call import OnCall, on_call_now
from oncall.queries.services import on_call_schedules

MOST_PAGES = 50
NIGHT = (22, 7)


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
    def is_soon(self) -> bool:
        """Whether the next person is asked within two minutes."""
        return self.following is not None and self.following.due_at - clock.now() < timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Duty:
    """A schedule and who is on call in it now; None is a gap (O12)."""

    schedule: Schedule
    present: OnCall | None


@dataclass(frozen=True, slots=True)
class Now:
    """The board of one person."""

    pages: list[WaitingPage]
    rows: list[Row]
    duties: list[Duty]
    last_night: int

    @property
    def title(self) -> str:
        """The finding in one sentence (design 1.5)."""
        if self.pages:
            return _counted(self.pages, "page is waiting for your answer", "pages are waiting for your answer")
        if self.waiting:
            return _counted(self.waiting, "incident waits for an answer", "incidents wait for an answer")
        if self.rows:
            worked = _counted(self.rows, "incident is being worked on", "incidents are being worked on")
            return f"All quiet. {worked}."
        return "All quiet. No open incidents."

    @property
    def goes_on(self) -> bool:
        """Whether somebody else is asked if the viewer does nothing."""
        return any(row.following is not None for row in self.pages)

    @property
    def waiting(self) -> list[Row]:
        """Open incidents for which nobody has answered yet."""
        return [row for row in self.rows if row.incident.status == "triggered"]

    @property
    def worst(self) -> str:
        """How many of the open ones have the highest priority among them: "1 is P1"."""
        if not self.rows:
            return ""
        first = self.rows[0].incident.priority
        count = sum(1 for row in self.rows if row.incident.priority_id == first.pk)
        return f"{count} {'is' if count == 1 else 'are'} {first.name}"

    @property
    def is_cut(self) -> bool:
        """Whether there are more open incidents than the board holds."""
        return len(self.rows) >= MOST


WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def _counted(things: Sized, one: str, more: str) -> str:
    number = len(things)
    return f"{WORDS[number] if number < len(WORDS) else number} {one if number == 1 else more}"


def now_of(actor: Actor) -> Now:
    """The viewer's board in a fixed number of queries; a stakeholder's has no pages."""
    found = list(incidents_seen_by(actor).open().order_by("priority__rank", "created_at", "pk")[:MOST])
    found.sort(key=lambda i: (i.priority.rank, i.status != "triggered", i.created_at))
    duties = [Duty(schedule, on_call_now(schedule)) for schedule in on_call_schedules(actor).order_by("name", "pk")]
    return Now(
        pages=_waiting_pages(actor, found, [duty.schedule for duty in duties]),
        rows=rows_of(actor, found),
        duties=duties,
        last_night=_last_night(actor),
    )


def _waiting_pages(actor: Actor, open_ones: Sequence[Incident], schedules: Sequence[Schedule]) -> list[WaitingPage]:
    if actor.user is None or actor.user.role == "stakeholder":
        return []
    newest: dict[str, Page] = {}  # somebody may be asked by his level and again as the last resort: one answer is due
    for page in my_open_pages(actor)[:MOST_PAGES]:
        newest.setdefault(page.subject, page)
    by_subject = {incident.subject: incident for incident in open_ones}
    shown = [page for page in newest.values() if page.subject in by_subject]
    following = who_follows([page.escalation for page in shown if page.state == "sent"], schedules)
    rows = [WaitingPage(page, by_subject[page.subject], following.get(page.escalation_id)) for page in shown]
    return sorted(rows, key=lambda row: (row.incident.priority.rank, row.page.pk))


def _last_night(actor: Actor) -> int:
    """How many pages the viewer had between 22:00 and 07:00 of the night that ended last, or goes on."""
    if actor.user is None or actor.user.role == "stakeholder":
        return 0
    start, end = night_before(actor.user)
    return my_pages(actor).filter(created_at__gte=start, created_at__lt=end).count()


def night_before(user: User) -> tuple[datetime, datetime]:
    """The last night in the person's own zone, as aware times."""
    local = clock.now().astimezone(zone_of(user.time_zone))
    evening = local if local.hour >= NIGHT[0] else local - timedelta(days=1)
    start = evening.replace(hour=NIGHT[0], minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=1)).replace(hour=NIGHT[1])
    return start, end
