"""What a message of the purpose "page" means: still wanted, answered, failed, handed over."""

from __future__ import annotations

from accounts.actors import link_holder
from core import clock, due
from core.due import Priority
from core.errors import Invalid
from notifications.kinds import Purpose
from notifications.models import Delivery
from oncall.commands import pages
from oncall.commands.paging import PURPOSE
from oncall.kinds import subject_of
from oncall.models import Page
from oncall.queries.hidden import hidden_pages
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES


def _page_of(delivery: Delivery) -> Page | None:
    found = Page.objects.select_related("escalation", "user").filter(pk=int(delivery.purpose_key))
    return found.first()


def still_wanted(delivery: Delivery) -> bool:
    """Asked right before each attempt: page open, escalation not stopped, person active, subject waiting (O18)."""
    open_ones = Page.objects.filter(state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS, user__is_active=True)
    subjects = open_ones.filter(pk=int(delivery.purpose_key)).values_list("subject", flat=True)
    return any(subject_of(subject).still_wanted(subject) for subject in subjects)


def answered(delivery: Delivery, answer: str, via: str) -> str:
    """A reply or a key pressed counts as the person's own answer (O30); returns a sentence to tell."""
    page = _page_of(delivery)
    if page is None:
        raise Invalid("There is nothing to answer.")
    actor = link_holder(page.user, via=via)
    if answer == "accept":
        return pages.accept(actor, page, via=via)
    if answer == "escalate":
        return pages.escalate(actor, page, via=via)
    return pages.decline(actor, page, via=via)


def failed(delivery: Delivery, final: bool) -> None:
    """Look for the next way in a transaction of its own, so that locks are always taken in one order (O29)."""
    how = "final" if final else f"{delivery.attempts}{'held' if delivery.held_until else ''}"
    key = f"page.failed:{delivery.purpose_key}:{delivery.pk}:{how}"
    due.put(key, "page.failed", delivery.purpose_key, priority=Priority.STEP)


def handed(delivery: Delivery) -> None:
    """Somebody has been notified: the time of the first hand-over is kept, an earlier failure is over (G14)."""
    mine = Page.objects.filter(pk=int(delivery.purpose_key))
    mine.filter(handed_at__isnull=True).update(handed_at=clock.now())
    mine.filter(failed_at__isnull=False).update(failed_at=None)


PAGE_PURPOSE = Purpose(
    PURPOSE,
    still_wanted=still_wanted,
    answered=answered,
    failed=failed,
    handed=handed,
    bundled=True,
    hidden=hidden_pages,
)
