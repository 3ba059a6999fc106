"""One page to one person: its messages at once and after a delay, and what follows when they fail (O18, O29)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet

from accounts.models import User
from core import clock, due
from core.due import Priority
from core.models import DueRow
from notifications.commands import deliveries
from notifications.models import ContactMethod, Delivery
from oncall.commands.texts import page_message
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.queries.reach import Way, verified_methods, ways_to
from oncall.states import OPEN_PAGES, PAGE

PURPOSE = "page"
TAKEN = ("sent", "confirmed", "bundled")
NONE_LATE = timedelta(0)


def move_pages(pages: QuerySet[Page], verb: str) -> int:
    """Move those of these pages that the state table lets; says how many."""
    allowed, state = PAGE.moves[verb]
    now = clock.now()
    ended = None if state in OPEN_PAGES else now
    return pages.filter(state__in=allowed).update(state=state, ended_at=ended)


def page_person(escalation: Escalation, user: User, *, reason: str = "level", late: timedelta = NONE_LATE) -> Page:
    """Ask a person in the escalation's present pass and level; undeliverable where there is no address at all (O29)."""
    drop_messages(escalation.pages.filter(user=user))
    page, made = Page.objects.get_or_create(
        escalation=escalation,
        pass_number=escalation.pass_number,
        user=user,
        defaults={"subject": escalation.subject, "level": escalation.level, "reason": reason},
    )
    if not made:  # recorded as undeliverable earlier in this pass
        page.level, page.state, page.reason, page.asked = escalation.level, "sent", reason, page.asked + 1
        page.failed_at = page.ended_at = None
        page.save()
    if not send_by_rules(page, late=late):
        move_pages(Page.objects.filter(pk=page.pk), "fail")
        page.refresh_from_db()
    return page


def record_undeliverable(escalation: Escalation, user_ids: Iterable[int], *, pass_number: int, level: int) -> None:
    """Leave a row for those who are meant and have no working address (O29)."""
    now = clock.now()
    rows = [
        Page(
            escalation=escalation,
            subject=escalation.subject,
            user_id=user_id,
            level=level,
            pass_number=pass_number,
            state="undeliverable",
            failed_at=now,
            ended_at=now,
        )
        for user_id in user_ids
    ]
    Page.objects.bulk_create(rows, ignore_conflicts=True)


def drop_messages(pages: QuerySet[Page]) -> None:
    """Take back what no provider has yet, and the delayed rules; deliveries before pages (see kinds)."""
    found = list(pages.filter(state__in=[*OPEN_PAGES, "undeliverable"]))
    for page in found:
        due.withdraw(page.rule_prefix)
    deliveries.withdraw(PURPOSE, [str(page.pk) for page in found])


def send_by_rules(page: Page, *, late: timedelta = NONE_LATE) -> int:
    """Queue what the person's rules say that has not been handed over yet; says how many ways there are."""
    ways = ways_to(page.user, page.escalation.urgency)
    now = clock.now()
    handed = _handed(page)
    later: list[DueRow] = []
    for way in ways:
        if (way.method.pk, way.delay_minutes) in handed:
            continue
        at = page.created_at + timedelta(minutes=way.delay_minutes)
        if at <= now:
            _queue(page, way, late=late)
        else:
            ref = _ref(page, way)
            row_key = page.rule_prefix + ref
            later.append(DueRow(key=row_key, kind="rule.fire", ref=ref, due=at, priority=Priority.STEP))
    due.put_many(later)
    return len(ways)


def _handed(page: Page) -> set[tuple[int, int]]:
    taken = Delivery.objects.filter(purpose=PURPOSE, purpose_key=str(page.pk), state__in=TAKEN)
    return {(int(key.split(":")[2]), int(key.split(":")[3])) for key in taken.values_list("key", flat=True)}


def _ref(page: Page, way: Way) -> str:
    return f"{page.pk}:{way.method.pk}:{way.delay_minutes}:{page.asked}"


def _queue(page: Page, way: Way, *, late: timedelta = NONE_LATE) -> bool:
    earlier = Page.objects.filter(subject=page.subject, user_id=page.user_id, pk__lt=page.pk)
    about = subject_of(page.subject).describe(page.subject)
    queued = deliveries.queue(
        key=f"page:{_ref(page, way)}",
        purpose=PURPOSE,
        purpose_key=str(page.pk),
        method=way.method,
        message=page_message(page, about, late=late),
        rank=about.rank,  # as it is now: the priority may have been raised since the escalation began
        first=way.delay_minutes == 0 and not earlier.exists(),
        pressing=page.reason == "last_resort",
    )
    return queued is not None


def fire_rule(ref: str, late: timedelta) -> None:
    """Called down by the due queue: send a delayed rule's message if the page still wants it (O18).

    Where its address was removed meanwhile, that counts as a failure of it: the next way goes at once (O29).
    """
    page_id, method_id, delay, asked = (int(part) for part in ref.split(":"))
    page = Page.objects.select_related("escalation", "user").filter(pk=page_id, asked=asked).first()
    method = ContactMethod.objects.defer("secrets").filter(pk=method_id, verified_at__isnull=False).first()
    if page is None or not page.is_open or not subject_of(page.subject).still_wanted(page.subject):
        return
    if method is None:
        due.put(f"page.failed:{ref}:gone", "page.failed", str(page.pk), priority=Priority.STEP)
        return
    _queue(page, Way(delay, method), late=late)


def try_next_way(page: Page) -> bool:
    """Send the person's next rule at once instead of after its delay (O29); says whether there was one.

    When the rules are used up, a page of high urgency goes to every other verified address that works.
    """
    mine = Delivery.objects.filter(purpose=PURPOSE, purpose_key=str(page.pk))
    used = {int(key.split(":")[2]) for key in mine.values_list("key", flat=True)}
    for way in ways_to(page.user, page.escalation.urgency):
        if way.method.pk not in used:
            due.withdraw([page.rule_prefix + _ref(page, way)])
            return _queue(page, way)
    if page.escalation.urgency == "high":
        for method in verified_methods(page.user_id):
            if method.pk not in used and not method.rests:
                return _queue(page, Way(0, method))
    return False


def has_hope(page: Page) -> bool:
    """Whether a message of this page was taken by a provider or has not been tried yet."""
    mine = Delivery.objects.filter(purpose=PURPOSE, purpose_key=str(page.pk))
    return mine.filter(state__in=TAKEN).exists() or mine.filter(state="queued", attempts=0).exists()


def is_final(page: Page) -> bool:
    """Whether nothing is being retried either: every message has failed for good."""
    return not Delivery.objects.filter(purpose=PURPOSE, purpose_key=str(page.pk), state="queued").exists()
