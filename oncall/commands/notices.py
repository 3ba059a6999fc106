"""Messages that ask for nothing: about an escalation that is exhausted, about a page that reaches nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from accounts import queries as people
from accounts.models import User
from core import clock
from notifications.commands import deliveries
from notifications.kinds import Purpose
from notifications.models import ContactMethod, Delivery
from oncall.commands.texts import notice, why_exhausted
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.queries.hidden import hidden_notices
from oncall.queries.reach import surest_way, verified_methods

NOTICE_PURPOSE = Purpose("page.notice", tries=12, hidden=hidden_notices)


def tell_process_owners(escalation: Escalation, *, without: Collection[int]) -> None:
    """One notice to each process owner who is not paged: nobody answered or could be asked (domain.md)."""
    users = [user for user in people.process_owners() if user.pk not in without]
    sentence = f"{why_exhausted(escalation)}; the last resort has been paged."
    tell(escalation.subject, sentence, users, urgency="low", key=f"notice:exhausted:{escalation.pk}")


def tell(subject: str, sentence: str, users: Iterable[User], *, urgency: str, key: str) -> None:
    """Say something about a subject to each of these people once per `key`, by their surest way of this urgency."""
    ways = [(user.pk, surest_way(user, urgency)) for user in users]
    _queue(subject, sentence, {f"{key}:{pk}": way for pk, way in ways if way is not None})


def _queue(subject: str, sentence: str, methods: Mapping[str, ContactMethod]) -> None:
    about = subject_of(subject).describe(subject)
    message = notice(about, sentence)
    for key, method in methods.items():
        deliveries.queue(
            key=key,
            purpose=NOTICE_PURPOSE.id,
            purpose_key=subject,
            method=method,
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
    methods = {}
    hour = clock.now().strftime("%Y%m%d%H")
    for user in people.administrators():
        proven = verified_methods(user.pk)
        if user.pk == page.user_id or not proven:
            continue
        surest = min(proven, key=lambda method: (method.doubt, method.provider in broken))
        methods[f"notice:unreachable:{page.user_id}:{user.pk}:{hour}"] = surest
    _queue(page.subject, f"No message reaches {page.user.name}: every address has failed.", methods)
