"""What the page that answers shows: which of a person's pages wait, and how long until somebody else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from accounts.models import User
from core import clock
from oncall.models import Page
from oncall.queries.escalations import Waiting, waiting_for
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

MOST = 20
HOUR = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Countdown:
    """Who is asked when the level's time is over: whole seconds from now, and how much of the time is left in %."""

    people: list[User]
    seconds: int
    share: int
    again: bool = False  # it is the very person of the page who is asked once more, and nobody else

    @property
    def long(self) -> timedelta | None:
        """The time where it is an hour or more, which nobody reads in minutes and seconds."""
        return timedelta(seconds=self.seconds) if self.seconds >= HOUR else None

    @property
    def clock(self) -> str:
        """Minutes and seconds as a clock shows them."""
        return f"{self.seconds // 60}:{self.seconds % 60:02d}"


def others_of(page: Page) -> list[Page]:
    """The same person's other pages that wait for an answer, the oldest first; one for each subject."""
    live = Page.objects.filter(user=page.user_id, state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS)
    found: dict[str, Page] = {}
    for each in live.exclude(subject=page.subject).select_related("escalation", "user").order_by("pk")[:MOST]:
        found.setdefault(each.subject, each)
    return list(found.values())


def countdown_of(page: Page) -> Countdown | None:
    """What happens if nobody answers; None where nothing follows by itself."""
    waiting: Waiting | None = waiting_for(page.subject)
    if waiting is None or waiting.next_due is None:
        return None
    left = max(0, int((waiting.next_due - clock.now()).total_seconds()))
    fired = page.escalation.fired_at
    whole = (waiting.next_due - fired).total_seconds() if fired else 0
    share = min(100, round(100 * left / whole)) if whole > 0 else 100
    again = [each.pk for each in waiting.next_people] == [page.user_id]
    return Countdown(waiting.next_people, left, share, again)
