"""Sending: every message is a row of the due queue, and its attempts happen here (stack 2).

Wanted still? → throttle and bundle → lease and wanted once more → send within 10 s → one transaction for the
attempt, the state and the word to the one who wanted it. Never marked before it is sent.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from core import clock, due, links
from core.due import Item
from core.errors import Missing, PortalError
from notifications.commands import outcomes, turns
from notifications.commands.deliveries import KIND
from notifications.commands.providers import end_alarm, given_to, raise_alarm
from notifications.kinds import Message, Permanent, Provider, Sent, Temporary, provider_of, purpose_of, purposes
from notifications.messages import ANSWER, digest
from notifications.models import Delivery
from notifications.purposes import VERIFY
from notifications.states import QUEUED

log = logging.getLogger(__name__)
LATE = timedelta(minutes=2)
WRITE_TRIES = 3
LOUD_AFTER = 3  # failures of one message
LONG_HOLD = timedelta(seconds=90)
# What a faulty plug-in or an unreadable row may raise: that delivery fails and is retried, the others go on (F17).
FAULTS = (PortalError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, OSError)


@due.due(KIND, effect="external")
def send_delivery(item: Item) -> None:
    """Bring one delivery one step further; whatever happens, its row is settled or its lease ends."""
    delivery = load(item.ref)
    if delivery is None or delivery.state != QUEUED:
        item.finish()
        return
    purpose = purpose_of(delivery.purpose)
    if not purpose.still_wanted(delivery):
        _write(item, lambda: outcomes.drop(delivery))
        return
    started = clock.now()
    try:
        provider = carrier_of(delivery)
        secrets, settings = prepare(provider, delivery)
    except (Permanent, Temporary) as error:
        _failed(item, delivery, [], error, started)
        return
    riders: list[Delivery] = []
    if purpose.bundled:
        turn = turns.take_turn(delivery, provider.limits, [p.id for p in purposes() if p.bundled])
        if turn.wait_until is not None:
            _wait(item, delivery, turn.wait_until)
            return
        riders = [rider for rider in turn.riders if purpose_of(rider.purpose).still_wanted(rider)]
    message = worded(delivery, riders)
    if not item.still_mine():
        raise due.LeaseLost(item.key)
    if not (load_state(delivery) == QUEUED and purpose.still_wanted(delivery)):
        _write(item, lambda: outcomes.drop(delivery))
        return
    try:
        sent = attempt(provider, message, delivery, riders, secrets, settings)
    except (Permanent, Temporary) as error:
        _failed(item, delivery, riders, error, started)
        return
    _write(item, lambda: _handed(delivery, riders, sent, started))
    end_alarm(provider.id)


def load(ref: str) -> Delivery | None:
    """The delivery of a row with its address; what may be unreadable is read later, where it can be told."""
    found = Delivery.objects.filter(pk=int(ref)).select_related("method", "user")
    return found.defer("message", "method__secrets").first()


def load_state(delivery: Delivery) -> str | None:
    """The state as it is now."""
    return Delivery.objects.filter(pk=delivery.pk).values_list("state", flat=True).first()


def carrier_of(delivery: Delivery) -> Provider:
    """Its provider; raises Permanent where this release does not know it (a plug-in that was taken away)."""
    try:
        return provider_of(delivery.provider)
    except Missing as error:
        raise Permanent("there is no such provider any more", broken=False) from error


def prepare(provider: Provider, delivery: Delivery) -> tuple[dict[str, str], dict[str, str]]:
    """The person's secrets and the operator's settings; raises Permanent where the address cannot be used."""
    method = delivery.method
    if method is None:
        raise Permanent("the address was removed", broken=False)
    if delivery.user is None or not delivery.user.is_active:
        raise Permanent("the person was deactivated", broken=False)
    if outcomes.rests(method):
        raise Permanent(f"the address is marked as broken: {method.broken_reason}", broken=False)
    try:
        secrets = dict(method.secrets)
    except (ValueError, TypeError) as error:
        raise Permanent("the stored secrets of this address cannot be opened", broken=False) from error
    return secrets, given_to(provider, delivery)


def worded(delivery: Delivery, riders: Sequence[Delivery]) -> Message:
    """What to say now: one message or a digest, marked as late where it is."""
    others = [_message(rider) for rider in riders]
    message = digest(_message(delivery), others, links.absolute("/now/"))
    late = clock.now() - delivery.due_at
    return message.late(int(late.total_seconds() // 60)) if late >= LATE else message


def _message(delivery: Delivery) -> Message:
    """The stored message with its link signed now; a text that leads to the portal where it cannot be read (F17)."""
    try:
        message = Message.from_json(delivery.message)
        # The operator may have changed the key while it waited, and the link lives its whole time from here (F53).
        return replace(message, answer_link=links.renewed(ANSWER, message.answer_link))
    except (ValueError, TypeError):
        log.exception("the message of %s cannot be read: a plain one is sent instead", delivery.key)
        text = "You are being paged. Its text could not be read; open Watchbill to see what it is about."
        return Message(title="You are being paged", text=text, link=links.absolute("/now/"), rank=delivery.rank)


def attempt(
    provider: Provider,
    message: Message,
    delivery: Delivery,
    riders: Sequence[Delivery],
    secrets: dict[str, str],
    settings: dict[str, str],
) -> Sent:
    """One call of the provider; raises Temporary or Permanent and nothing else."""
    try:
        return provider.send(message, delivery.address, secrets, settings, _key(delivery, riders))
    except FAULTS as error:
        log.exception("the provider %s failed on %s", provider.id, delivery.key)
        raise Temporary(f"the provider's code failed ({type(error).__name__})", operator=True) from error


def _key(delivery: Delivery, riders: Sequence[Delivery]) -> str:
    """What names this message to the carrier: the same for the same words.

    A digest has a key of its own: where its carrier was accepted alone before a crash, whoever drops what came twice
    must not drop those that ride along now (F4).
    """
    if not riders:
        return delivery.key
    others = ",".join(str(pk) for pk in sorted(rider.pk for rider in riders))
    return f"{delivery.key}+{hashlib.sha256(others.encode()).hexdigest()[:12]}"


def _wait(item: Item, delivery: Delivery, until: datetime) -> None:
    """Held back; a first page that the carrier's limits hold for long goes by the person's next method at once."""
    wait = until - clock.now()
    if delivery.first and delivery.held_until is None and wait > LONG_HOLD:
        with transaction.atomic():
            outcomes.refresh([delivery])
            if delivery.state == QUEUED:
                delivery.held_until = until
                purpose_of(delivery.purpose).failed(delivery, False)
    item.retry(wait)


def _handed(delivery: Delivery, riders: Sequence[Delivery], sent: Sent, started: datetime) -> None:
    outcomes.settle(delivery, riders)
    outcomes.hand(delivery, riders, sent, started)


def _failed(
    item: Item, delivery: Delivery, riders: Sequence[Delivery], error: Temporary | Permanent, started: datetime
) -> None:
    def write() -> None:
        outcomes.settle(delivery, riders)
        wait = outcomes.fail(delivery, riders, error, started)
        if wait is not None:  # a postponement: a carrier's fault uses up none of the row's own attempts
            item.retry(timedelta(seconds=wait))

    log.warning("%s by %s: %s", delivery.key, delivery.provider, error.reason)
    _write(item, write)
    # Nobody depends on an address that is being proven: a host that somebody made up is no fault of the carrier.
    loud = delivery.attempts >= LOUD_AFTER and delivery.purpose != VERIFY.id
    if isinstance(error, Temporary) and (error.operator or loud):
        raise_alarm(delivery.provider, error.reason)


def _write(item: Item, body: Callable[[], None]) -> None:
    """Finish in one transaction; a database that is busy or breaks a deadlock is asked again, not the carrier."""
    for left in reversed(range(WRITE_TRIES)):
        try:
            with item.finishing():
                body()
            return
        except OperationalError:
            if not left:
                raise
            time.sleep(0.1)
