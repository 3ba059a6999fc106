"""How people's addresses did lately: a sentence for each, and whether none of them has worked for a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from accounts.actors import Actor
from core import clock
from notifications.kinds import FILED_REF
from notifications.models import ContactMethod, Delivery
from notifications.providers.email import Email, mail_is_filed
from notifications.states import BUNDLED, CONFIRMED, FAILED, SENT

SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing has got through to a person: `since` is when something last did, None for never."""

    since: datetime | None


def lately(methods: Iterable[ContactMethod]) -> dict[int, str]:
    """Address id -> what became of its messages in the last 30 days, in one query."""
    ids = [method.pk for method in methods]
    recent = Delivery.objects.filter(method__in=ids, created_at__gt=clock.now() - SPAN)
    counted = recent.values("method").annotate(
        good=Count("pk", filter=Q(state__in=[SENT, CONFIRMED, BUNDLED]) & ~Q(provider_ref__startswith=FILED_REF)),
        bad=Count("pk", filter=Q(state=FAILED)),
    )
    found = {row["method"]: _sentence(row["good"], row["bad"]) for row in counted.order_by()}
    return {pk: found.get(pk, "No message in the last 30 days.") for pk in ids}


def _sentence(good: int, bad: int) -> str:
    all_in = good + bad
    if not all_in:
        return "No message got through in the last 30 days."
    messages = f"{all_in} message{'' if all_in == 1 else 's'}"
    if not bad:
        return f"{messages} in the last 30 days, {'it' if all_in == 1 else 'all'} got through."
    return f"{messages} in the last 30 days, {bad if good else 'none'} {'failed' if good else 'got through'}."


def is_filed(method: ContactMethod) -> bool:
    """Whether what goes to this address is only written to files and reaches nobody."""
    return method.provider == Email.id and mail_is_filed()


def only_filed(methods: Iterable[ContactMethod]) -> bool:
    """Whether there are addresses, and whatever goes to all of them is only written to files."""
    found = list(methods)
    return bool(found) and all(map(is_filed, found))


def silence_of(actor: Actor) -> Silence | None:
    """That nothing of a person's has worked for 30 days; None where something has, or nothing could be expected to.

    An address that was proven within that time and is not broken counts as one that works. Mail counts only where
    there is a mail server: without one `only_filed` says what is true. Stakeholders are not paged.
    """
    if actor.user is None or actor.user.role == "stakeholder":
        return None
    mine = ContactMethod.objects.visible_to(actor).filter(verified_at__isnull=False)
    if mail_is_filed():
        mine = mine.exclude(provider=Email.id)
    sound = Max("verified_at", filter=Q(broken_at=None))
    ages = mine.aggregate(worked=Max("last_delivered_at"), sound=sound, any=Count("pk"))
    latest = max(filter(None, (ages["worked"], ages["sound"])), default=None)
    if not ages["any"] or (latest is not None and clock.now() - latest < SPAN):
        return None
    return Silence(ages["worked"])
