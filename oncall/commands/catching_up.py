"""After a long absence: one late page for what is still open instead of all that was to be sent meanwhile (F52).

Where the next level is to be asked, whoever was told before is not told again: reminders of that time are dropped.
Where nobody else is asked (a level with time left, low urgency, the end of the ladder) one reminder leaves, the last.
A page that never left still leaves, and its reminders begin anew from now; its level then has its whole time.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from core import clock, due
from core.away import Away
from notifications.commands import deliveries
from notifications.models import Delivery
from notifications.states import QUEUED
from oncall.commands.paging import PURPOSE
from oncall.commands.steps import end, fire_step, schedule
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

NO_TIME = timedelta(0)


def waiting(away: Away) -> list[int]:
    """The live escalations of before that have an overdue step, or people who may still be told something."""
    asked = Page.objects.filter(escalation=OuterRef("pk"), state__in=OPEN_PAGES)
    found = Escalation.objects.filter(Q(due_at__lte=away.until) | Exists(asked), state__in=LIVE_ESCALATIONS)
    return list(found.filter(started_at__lte=away.until).order_by("rank", "pk").values_list("pk", flat=True))


def catch_up(escalation_id: int, away: Away) -> None:
    """Bring one escalation to where it should be now; doing it again changes nothing more."""
    found = Escalation.objects.filter(pk=escalation_id).first()
    if found is None:
        return
    subject = subject_of(found.subject)
    subject.lock(found.subject)
    found.refresh_from_db()
    if found.state not in LIVE_ESCALATIONS:
        return
    if not subject.still_wanted(found.subject):
        end(found, "not wanted")
        return
    step_is_late = found.due_at is not None and found.due_at <= away.until
    # Pages of after the return are those of a worker that has reviewed already: they are not ours to take back.
    pages = list(found.pages.filter(state__in=OPEN_PAGES, created_at__lte=away.until).order_by("pk"))
    told = {page.user_id for page in found.pages.exclude(handed_at=None)}
    over = [page for page in pages if page.handed_at or (step_is_late and page.user_id in told)]
    dropped = sum(_drop(page, away) if step_is_late else _thin(page, away) for page in over)
    left = [page for page in pages if page not in over]
    moved = sum(_begin_anew(page, away) for page in left)
    if dropped or moved or step_is_late:
        _note(found, away, dropped)
    if not step_is_late:
        return
    here = (found.pass_number, found.level)
    if any(_may_leave(page) for page in left if (page.pass_number, page.level) == here):
        schedule(found, clock.now() + _time_of(found))
    else:
        fire_step(found.pk, found.step)


def _drop(page: Page, away: Away) -> int:
    """Take back what was to remind a person who has been told; says how many messages."""
    late = due.overdue(page.rule_prefix, away.until)
    reminders = due.withdraw([row.key for row in late])
    return reminders + deliveries.withdraw(PURPOSE, [str(page.pk)])


def _thin(page: Page, away: Away) -> int:
    """Leave one of the overdue reminders of a page that nobody else is asked about; says how many are taken back."""
    late = sorted(due.overdue(page.rule_prefix, away.until), key=lambda row: row.due)
    return due.withdraw([row.key for row in late[:-1]])


def _begin_anew(page: Page, away: Away) -> int:
    """Have the delayed messages of a page that reached nobody count from now; says how many."""
    now = clock.now()
    late = due.overdue(page.rule_prefix, away.until)
    return sum(due.put_off(row, now + max(NO_TIME, row.due - page.created_at)) for row in late)


def _may_leave(page: Page) -> bool:
    """Whether a message of the page still waits."""
    queued = Delivery.objects.filter(purpose=PURPOSE, purpose_key=str(page.pk), state=QUEUED)
    return queued.exists() or due.waits(page.rule_prefix)


def _time_of(escalation: Escalation) -> timedelta:
    """How long the present level has."""
    levels = escalation.levels
    index = escalation.level - 1
    return timedelta(minutes=levels[index]["timeout_minutes"] if 0 <= index < len(levels) else 5)


def _note(escalation: Escalation, away: Away, dropped: int) -> None:
    text = f"Nobody was paged from {away.since:%d %b %H:%M} to {away.until:%d %b %H:%M} UTC: Watchbill was away."
    if dropped:
        text += f" Reminders of that time that were dropped: {dropped}."
    data = {"since": away.since.isoformat(), "until": away.until.isoformat(), "dropped": dropped}
    subject_of(escalation.subject).noted(escalation.subject, "caught_up", text, data)
