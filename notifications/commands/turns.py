"""Whose turn is it at an address: throttles, and the minute that bundles pages (F65). Called down by the due queue.

The first page to an address goes at once and takes its minute. What comes within that minute is held and goes out
as one digest at its end. The first page of a P1 is never held, nor is one of the last resort, unless another such one
took the minute: then that minute stands, so that a storm stays few messages. Carriers that ring a telephone have
limits beyond; messages that are no pages take nobody's turn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from core import clock, db
from notifications.models import ContactMethod, Delivery
from notifications.states import CONFIRMED, QUEUED, SENT

MINUTE = timedelta(seconds=60)
RIDE = timedelta(seconds=30)  # longer than a lease: after it a message whose carrier died goes by itself
GRACE = timedelta(seconds=5)  # those that wait behind the one that will carry them
MOST = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """Either go now, with `riders` along, or wait until a time (UTC)."""

    wait_until: datetime | None
    riders: list[Delivery]


@transaction.atomic
def take_turn(delivery: Delivery, limits: Sequence[tuple[int, int]], bundled: Collection[str]) -> Turn:
    """Take the minute of the address for this delivery and those that wait with it, or say until when to wait.

    `limits` are the carrier's (messages, seconds) per address; `bundled` the purposes that may ride along. The lock
    on the address orders everybody who asks at the same moment. A delivery that had its turn keeps it when it is
    tried again, so that no crash costs a minute.
    """
    now = clock.now()
    method = db.locked(ContactMethod.objects.filter(deliveries=delivery).only("slot_at", "slot_delivery")).get()
    fresh = Delivery.objects.only("carrier", "rides_until").get(pk=delivery.pk)
    riding = fresh.carrier not in (None, delivery.pk) and fresh.rides_until is not None
    if riding and fresh.rides_until is not None and fresh.rides_until > now:
        return Turn(fresh.rides_until, [])
    free_at = _free_at(method, delivery, limits, bundled, now)
    urgent = delivery.first and delivery.rank == 1
    passes = not urgent and free_at > now and _may_pass(method, delivery, now)
    if free_at > now and not urgent and not passes:
        return Turn(_hold(delivery, free_at), [])
    riders = list(_waiting(delivery, bundled, now, urgent=urgent)[:MOST])
    taken = [delivery.pk, *(rider.pk for rider in riders)]
    Delivery.objects.filter(pk__in=taken).update(carrier=delivery.pk, rides_until=now + RIDE)
    # A P1 that passes the others does not put them off; one of the last resort takes all of them along.
    if free_at <= now or passes:
        ContactMethod.objects.filter(pk=method.pk).update(slot_at=now, slot_delivery=delivery.pk)
    return Turn(None, riders)


def _may_pass(method: ContactMethod, delivery: Delivery, now: datetime) -> bool:
    """Whether a page of the last resort goes although the minute is taken: nobody is behind it who could answer."""
    if not delivery.pressing:
        return False
    if method.slot_at is None or method.slot_at + MINUTE <= now:  # a carrier's own limit holds it
        return True
    return not Delivery.objects.filter(pk__in=[method.slot_delivery], pressing=True).exists()


def _free_at(
    method: ContactMethod,
    delivery: Delivery,
    limits: Sequence[tuple[int, int]],
    bundled: Collection[str],
    now: datetime,
) -> datetime:
    """When the next message may go to this address: its minute, and the carrier's limits (conclusion 5).

    Both count pages alone: a notice or a test that went before must not hold a page back.
    """
    if method.slot_at is None or method.slot_delivery == delivery.pk:
        free_at = now
    else:
        free_at = max(now, method.slot_at + MINUTE)
    if not limits:
        return free_at
    longest = max(seconds for _, seconds in limits)
    handed = Delivery.objects.filter(
        method_id=method.pk,
        purpose__in=bundled,
        state__in=[SENT, CONFIRMED],
        handed_at__gt=now - timedelta(seconds=longest),
    )
    times = sorted(at for at in handed.values_list("handed_at", flat=True) if at is not None)
    for count, seconds in limits:
        window = timedelta(seconds=seconds)
        inside = [at for at in times if at > now - window]
        if len(inside) >= count:
            free_at = max(free_at, inside[-count] + window)
    return free_at


def _hold(delivery: Delivery, free_at: datetime) -> datetime:
    """Write down that it waits; the first that waits for a time carries the others, which come a little later."""
    others = Delivery.objects.filter(method_id=delivery.method_id, state=QUEUED, held_until=free_at)
    leads = not others.exclude(pk=delivery.pk).exists()
    Delivery.objects.filter(pk=delivery.pk).update(held_until=free_at)
    return free_at if leads else free_at + GRACE


def _waiting(delivery: Delivery, bundled: Collection[str], now: datetime, *, urgent: bool) -> list[Delivery]:
    """What goes along: all that is held or due for this address and that nobody else carries just now.

    A P1's first page takes only its like along, so that its own words are not buried.
    """
    free = Q(rides_until__isnull=True) | Q(rides_until__lte=now) | Q(carrier=delivery.pk)
    waiting = Q(held_until__isnull=False) | Q(due_at__lte=now)
    found = Delivery.objects.filter(free, waiting, method_id=delivery.method_id, state=QUEUED, purpose__in=bundled)
    if urgent:
        found = found.filter(first=True, rank=1)
    return list(found.exclude(pk=delivery.pk).defer("message").order_by("rank", "pk"))


def give_back(delivery: Delivery) -> None:
    """The message did not get through: free the minute, so that others are tried and told at once (O29)."""
    ContactMethod.objects.filter(deliveries=delivery, slot_delivery=delivery.pk).update(slot_at=None)


def let_go(delivery: Delivery) -> None:
    """The carrier itself is not wanted any more: those that rode along go by themselves when their rows come."""
    give_back(delivery)
    Delivery.objects.filter(carrier=delivery.pk, state=QUEUED).exclude(pk=delivery.pk).update(
        carrier=None, rides_until=None
    )


def keep(delivery: Delivery, riders: Sequence[Delivery], until: datetime) -> None:
    """A try failed: the riders stay with their carrier until it tries again, and a little longer."""
    pks = [delivery.pk, *(rider.pk for rider in riders)]
    Delivery.objects.filter(pk__in=pks, state=QUEUED).update(carrier=delivery.pk, rides_until=until + RIDE)
