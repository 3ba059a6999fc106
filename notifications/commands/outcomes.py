"""What became of a message: handed over, failed, confirmed, not wanted. Called down, in the caller's transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from core import clock, db, due
from core.errors import PortalError
from core.facts import record
from notifications.commands import turns
from notifications.facts import ContactMethodBroken
from notifications.kinds import FILED, FILED_REF, Permanent, Sent, Temporary, purpose_of
from notifications.models import ContactMethod, Delivery, DeliveryAttempt
from notifications.states import CONFIRMED, DELIVERY, FAILED, QUEUED

log = logging.getLogger(__name__)
BACK_OFF = (5, 10, 20, 40, 60)  # seconds
SLOW_AFTER = timedelta(hours=1)
SLOW = 300  # seconds


def refresh(deliveries: Sequence[Delivery]) -> None:
    """Read again what may have changed since they were loaded, or what a transaction that was undone left behind."""
    _read(deliveries, Delivery.objects.filter(pk__in=[each.pk for each in deliveries]))


def settle(delivery: Delivery, riders: Sequence[Delivery]) -> None:
    """As `refresh`, before the outcome of a try is written: what is read stays so until the transaction ends.

    Without the locks a call-back that is just being written would be seen too late, after its riders were marked. The
    address comes first, as it does where turns are taken, then the messages in one order.
    """
    db.locked(ContactMethod.objects.filter(deliveries=delivery).only("pk")).first()
    group = [delivery, *riders]
    _read(group, db.locked(Delivery.objects.filter(pk__in=[each.pk for each in group]).order_by("pk")))


def _read(deliveries: Sequence[Delivery], rows: QuerySet[Delivery]) -> None:
    now_so = {pk: (state, attempts) for pk, state, attempts in rows.values_list("pk", "state", "attempts")}
    for delivery in deliveries:
        delivery.state, delivery.attempts = now_so.get(delivery.pk, (delivery.state, delivery.attempts))


def hand(delivery: Delivery, riders: Sequence[Delivery], sent: Sent, started: datetime) -> None:
    """A provider took the message: it and those that rode along are done.

    Where the carrier's call-back was faster and says that it did not get through, nobody was carried.
    """
    now = clock.now()
    _attempt(delivery, started, "sent", f"{FILED}." if sent.filed else "")
    if delivery.state == FAILED:
        _overtaken(delivery, sent)
        turns.let_go(delivery)
        return
    method = ContactMethod.objects.filter(deliveries=delivery)
    method.update(last_delivered_at=now, broken_at=None, broken_reason="")
    told = [delivery] if _moved(delivery, "hand", sent=sent) or _overtaken(delivery, sent) else []
    carried = [rider for rider in riders if _moved(rider, "bundle", into=delivery, filed=sent.filed)]
    due.withdraw([rider.row_key for rider in carried])
    for each in [*told, *carried]:
        _tell_handed(each)


def _moved(
    delivery: Delivery, verb: str, *, sent: Sent | None = None, into: Delivery | None = None, filed: bool = False
) -> bool:
    """Move the row as it stands now; False where nobody waits for the news any more."""
    now = clock.now()
    states, target = DELIVERY.moves[verb]
    before = delivery.state
    if before not in states:
        return False
    values: dict[str, object] = {"handed_at": now, "error": "", "rides_until": None, "held_until": None}
    if sent is not None and sent.confirmed:
        values |= {"confirmed_at": now}
        target = "confirmed"
    if into is not None:
        values |= {"bundled_into": into}
    ref = sent.stored_ref if sent else (FILED_REF if filed else "")
    taken = Delivery.objects.filter(pk=delivery.pk, state=before).update(
        state=target, ended_at=now, attempts=delivery.attempts + 1, provider_ref=ref, **values
    )
    if not taken:
        return False
    delivery.state, delivery.handed_at, delivery.attempts = target, now, delivery.attempts + 1
    return before == QUEUED


def _overtaken(delivery: Delivery, sent: Sent) -> bool:
    """The carrier's call-back was faster than our mark: keep the state that it told, add what we know."""
    values = {"provider_ref": sent.stored_ref, "handed_at": clock.now(), "attempts": delivery.attempts + 1}
    moved = Delivery.objects.filter(pk=delivery.pk, state__in=[CONFIRMED, FAILED], handed_at__isnull=True)
    return bool(moved.update(**values)) and delivery.state == CONFIRMED


def _tell_handed(delivery: Delivery) -> None:
    """Tell the purpose; its refusal must not undo that the message has gone."""
    try:
        with transaction.atomic():
            purpose_of(delivery.purpose).handed(delivery)
    except PortalError as error:
        log.error("%s was handed over, but %s could not be told: %s", delivery.key, delivery.purpose, error.detail)


def fail(
    delivery: Delivery, riders: Sequence[Delivery], error: Temporary | Permanent, started: datetime
) -> float | None:
    """A try failed: tell the purposes, and say after how many seconds to try again, None for never.

    A broken address takes everything with it that waits for it.
    """
    _attempt(delivery, started, "permanent" if isinstance(error, Permanent) else "temporary", error.reason)
    turns.give_back(delivery)
    tries = purpose_of(delivery.purpose).tries
    final = isinstance(error, Permanent) or (tries is not None and delivery.attempts + 1 >= tries)
    group = [delivery, *riders]
    if isinstance(error, Permanent) and error.broken:
        mark_broken(delivery, error.reason)
        group += _held(delivery, {each.pk for each in group})
    for each in group:
        _failed(each, error.reason, final=final)
    if final:
        # Deliveries before their rows of the queue, as `hand` and `withdraw` lock them: no deadlock.
        due.withdraw([each.row_key for each in group])
        return None
    wait = _wait(delivery, error)
    turns.keep(delivery, riders, clock.now() + timedelta(seconds=wait))
    return wait


def _failed(delivery: Delivery, reason: str, *, final: bool) -> None:
    values: dict[str, object] = {"attempts": delivery.attempts + 1, "error": reason[:300]}
    if final:
        values |= {"state": DELIVERY.moves["fail"][1], "ended_at": clock.now(), "rides_until": None}
    if not Delivery.objects.filter(pk=delivery.pk, state=QUEUED).update(**values):
        return  # answered or withdrawn meanwhile
    first = delivery.attempts == 0
    delivery.attempts += 1
    delivery.error = reason[:300]
    if first or final:  # later tries of the same message change nothing for the person's next method (O29)
        purpose_of(delivery.purpose).failed(delivery, final)


def _held(delivery: Delivery, known: set[int]) -> list[Delivery]:
    waiting = Delivery.objects.filter(method_id=delivery.method_id, state=QUEUED, held_until__isnull=False)
    return list(waiting.exclude(pk__in=known).defer("message").order_by("pk")[: turns.MOST])


def _wait(delivery: Delivery, error: Temporary | Permanent) -> float:
    """Seconds until the next try: the carrier's own wish, else 5 to 60 s, after an hour each 5 min."""
    if isinstance(error, Temporary) and error.retry_after is not None:
        return error.retry_after
    if clock.now() - delivery.due_at > SLOW_AFTER:
        return SLOW
    return BACK_OFF[min(delivery.attempts - 1, len(BACK_OFF) - 1)]


def mark_broken(delivery: Delivery, reason: str) -> None:
    """Flag the address; pages go elsewhere at once, and it is tried again after a day (F67)."""
    method = ContactMethod.objects.filter(deliveries=delivery).defer("secrets").first()
    if method is None:
        return
    fresh = method.broken_at is None
    ContactMethod.objects.filter(pk=method.pk).update(broken_at=clock.now(), broken_reason=reason[:200])
    if fresh and method.verified_at is not None:
        record(ContactMethodBroken(method.pk, method.user_id, method.provider, reason[:200]))


def rests(method: ContactMethod) -> bool:
    """Whether a broken address is left alone: for a day, unless it is all that the person has (F67)."""
    return method.rests and ContactMethod.objects.filter(user_id=method.user_id).usable().exists()


def drop(delivery: Delivery) -> None:
    """Nobody wants it any more (O18)."""
    now = clock.now()
    verb = DELIVERY.moves["withdraw"]
    Delivery.objects.filter(pk=delivery.pk, state__in=verb[0]).update(state=verb[1], ended_at=now)
    turns.let_go(delivery)


def news(delivery: Delivery, state: str, detail: str) -> bool:
    """A carrier's later word; only forward, so late, doubled and disordered ones have no effect (F35)."""
    refresh([delivery])
    verb = {"confirmed": "confirm", "failed": "fail"}[state]
    states, target = DELIVERY.moves[verb]
    now = clock.now()
    values: dict[str, object] = {"confirmed_at": now} if verb == "confirm" else {"error": detail[:300]}
    if not Delivery.objects.filter(pk=delivery.pk, state__in=states).update(state=target, ended_at=now, **values):
        return False
    due.withdraw([delivery.row_key])
    _attempt(delivery, now, state, detail)
    delivery.state = target
    if verb == "fail":
        delivery.error = detail[:300]
        purpose_of(delivery.purpose).failed(delivery, True)
        riders = Delivery.objects.filter(bundled_into=delivery)
        riders.filter(state="bundled").update(state=target, error=delivery.error, ended_at=now)
        for rider in riders.defer("message"):
            purpose_of(rider.purpose).failed(rider, True)
    return True


def _attempt(delivery: Delivery, started: datetime, outcome: str, detail: str) -> None:
    DeliveryAttempt.objects.create(
        delivery_id=delivery.pk,
        number=delivery.attempts + 1,
        started_at=started,
        ended_at=clock.now(),
        outcome=outcome,
        detail=detail[:300],
    )
