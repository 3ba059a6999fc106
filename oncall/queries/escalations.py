"""Who is waited for, who would be next, and what the auditor asks of running escalations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.actors import Actor
from accounts.models import User
from core import clock
from core.errors import Missing
from core.health import Finding
from core.models import DueRow
from oncall.engine.escalation import Position, Step, next_step
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.queries.levels import levels_now
from oncall.queries.reach import last_resort
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

GRACE = timedelta(seconds=120)
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whom a subject waits for now, and what follows: `next_people` would be paged at `next_due` (UTC).

    `state` is running, exhausted or stopped. `next_is_last_resort` says that the levels end there.
    """

    state: str
    people: list[User]
    level: int
    levels: int
    pass_number: int
    next_due: datetime | None
    next_people: list[User]
    next_is_last_resort: bool


def current(subject: str) -> Escalation | None:
    """The latest run for a subject, whatever its state."""
    return Escalation.objects.filter(subject=subject).order_by("-run").first()


def waiting_for(subject: str) -> Waiting | None:
    """Who is asked now and who is next; None where nobody was ever paged."""
    escalation = current(subject)
    if escalation is None:
        return None
    live = escalation.state in LIVE_ESCALATIONS
    asked = list(escalation.pages.filter(pass_number=escalation.pass_number).select_related("user").order_by("pk"))
    people = [page.user for page in asked if page.level == escalation.level and page.state == "sent"] if live else []
    goes_on = escalation.state == "running" and escalation.due_at is not None
    following, last = _following(escalation, asked) if goes_on else ([], False)
    return Waiting(
        state=escalation.state,
        people=people,
        level=escalation.level,
        levels=len(escalation.levels),
        pass_number=escalation.pass_number,
        next_due=escalation.due_at if escalation.state == "running" else None,
        next_people=following,
        next_is_last_resort=last,
    )


def _following(escalation: Escalation, asked: Iterable[Page]) -> tuple[list[User], bool]:
    """Who would be paged at the due time as things look now, and whether as last resort; `asked` are of this pass."""
    found = levels_now(escalation.levels, escalation.due_at or clock.now())
    contacted = {page.user_id for page in asked if page.state != "undeliverable"}
    outcome = next_step(found.levels, Position(escalation.pass_number, escalation.level), escalation.repeats, contacted)
    if isinstance(outcome, Step):
        return [found.people[pk] for pk in outcome.people], False
    return last_resort(fallback_id=escalation.fallback_id, team_id=escalation.team_id), True


def pages_of(subject: str) -> QuerySet[Page]:
    """All pages of a subject, newest first."""
    return Page.objects.filter(subject=subject).select_related("user", "escalation").order_by("-pk")


def paged_people(subject: str) -> list[User]:
    """The people just paged by the latest run: they answer for a triggered subject (domain.md)."""
    escalation = current(subject)
    if escalation is None:
        return []
    here = escalation.pages.filter(pass_number=escalation.pass_number, level=escalation.level)
    return [page.user for page in here.exclude(state="undeliverable").select_related("user").order_by("pk")]


def my_pages(actor: Actor) -> QuerySet[Page]:
    """The actor's own pages, newest first."""
    return Page.objects.visible_to(actor).select_related("escalation").order_by("-pk")


def my_open_pages(actor: Actor) -> QuerySet[Page]:
    """Those that still wait for an answer."""
    return my_pages(actor).filter(state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS)


def page_seen_by(actor: Actor, pk: int) -> Page:
    """One of the actor's own pages; Missing otherwise (A57)."""
    page = my_pages(actor).select_related("user").filter(pk=pk).first()
    if page is None:
        raise Missing("There is no such page.")
    return page


def page_by_id(pk: int) -> Page:
    """The page that a signed link names; Missing where it is gone (A47)."""
    page = Page.objects.select_related("escalation", "user").filter(pk=pk).first()
    if page is None:
        raise Missing("There is no such page.")
    return page


def unattended() -> Iterator[Finding]:
    """Running escalations whose next step is not in the due queue, or long overdue (G14)."""
    key = Concat(
        Value("escalation:"), Cast("pk", CharField()), Value(":"), Cast("step", CharField()), output_field=CharField()
    )
    rows = DueRow.objects.filter(key=OuterRef("step_row"), state__in=[DueRow.WAITING, DueRow.LEASED])
    running = Escalation.objects.filter(state="running", due_at__isnull=False).annotate(step_row=key)
    for lost in running.filter(~Exists(rows))[:MOST_FINDINGS]:
        yield Finding(lost.subject, f"{_name(lost)}: the next step of its escalation is not in the queue.")
    for late in running.filter(due_at__lt=clock.now() - GRACE)[:MOST_FINDINGS]:
        yield Finding(late.subject, f"{_name(late)}: the next step of its escalation is overdue.")
    stuck = Escalation.objects.filter(state="running", due_at__isnull=True, urgency="high")
    for idle in stuck[:MOST_FINDINGS]:
        yield Finding(idle.subject, f"{_name(idle)}: its escalation has no next step.")


def unreached() -> Iterator[Finding]:
    """Escalations in which a page has failed and no message has reached anybody yet (G13, F33)."""
    reached = Page.objects.filter(escalation=OuterRef("pk"), handed_at__isnull=False)
    failing = Page.objects.filter(escalation=OuterRef("pk"), failed_at__isnull=False)
    live = Escalation.objects.filter(Exists(failing), ~Exists(reached), state__in=LIVE_ESCALATIONS)
    for escalation in live.order_by(F("started_at"))[:MOST_FINDINGS]:
        yield Finding(escalation.subject, f"{_name(escalation)}: no message has reached anybody.")


def _name(escalation: Escalation) -> str:
    """What everybody may read who is told that something is wrong."""
    about = subject_of(escalation.subject).describe(escalation.subject)
    return about.alias or about.number
