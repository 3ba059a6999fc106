"""Messages that ask for nothing: about an escalation that is exhausted, about a page that reaches nobody."""

from __future__ import annotations

from collections.abc import Collection

from accounts import queries as people
from core import clock
from notifications.commands import deliveries
from notifications.kinds import Purpose
from notifications.models import Delivery
from oncall.commands.texts import notice, why_exhausted
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.queries.hidden import hidden_notices
from oncall.queries.reach import surest_way, verified_methods

NOTICE_PURPOSE = Purpose("page.notice", tries=12, hidden=hidden_notices)


def tell_process_owners(escalation: Escalation, *, without: Collection[int]) -> None:
    """One notice to each process owner who is not paged: nobody answered or could be asked (domain.md)."""
    about = subject_of(escalation.subject).describe(escalation.subject)
    message = notice(about, f"{why_exhausted(escalation)}; the last resort has been paged.")
    for user in people.process_owners():
        way = surest_way(user, "low")
        if user.pk in without or way is None:
            continue
        deliveries.queue(
            key=f"notice:exhausted:{escalation.pk}:{user.pk}",
            purpose=NOTICE_PURPOSE.id,
            purpose_key=escalation.subject,
            method=way,
            message=message,
            rank=about.rank,
            first=False,
        )


def tell_administrators(page: Page) -> None:
    """Tell the administrators by another way than those that failed that this person cannot be reached (G13).

    Once an hour for each person who cannot be reached, so that a storm does not become a second one.
    """
    failed = Delivery.objects.filter(purpose="page", purpose_key=str(page.pk)).exclude(error="", state="queued")
    broken = set(failed.values_list("provider", flat=True))
    about = subject_of(page.subject).describe(page.subject)
    message = notice(about, f"No message reaches {page.user.name}: every address has failed.")
    hour = clock.now().strftime("%Y%m%d%H")
    for user in people.administrators():
        proven = verified_methods(user.pk)
        if user.pk == page.user_id or not proven:
            continue
        deliveries.queue(
            key=f"notice:unreachable:{page.user_id}:{user.pk}:{hour}",
            purpose=NOTICE_PURPOSE.id,
            purpose_key=page.subject,
            method=min(proven, key=lambda method: (method.doubt, method.provider in broken)),
            message=message,
            rank=about.rank,
            first=False,
        )
