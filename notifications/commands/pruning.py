"""What the delivery log forgets: messages that ended long ago, with their attempts (G20, F46)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core import clock
from core.errors import Missing
from notifications.kinds import purpose_of
from notifications.models import Delivery
from notifications.states import QUEUED

KEPT = timedelta(days=400)
BATCH = 200  # each of them may ask its purpose, and nobody may wait long for the write lock


def prune(after: int = 0) -> int:
    """Go through one batch of the oldest messages beyond the id `after`, and delete those that are over.

    Returns the id to go on from, 0 where only younger ones follow: the oldest stand first, so no run reads the
    whole table.
    """
    limit = clock.now() - KEPT
    rows = Delivery.objects.filter(pk__gt=after).order_by("pk").defer("message")[:BATCH]
    old = [row for row in rows if row.created_at < limit]
    gone = [row.pk for row in _over(old) if row.ended_at is not None and row.ended_at < limit]
    # Only the ids: a message whose key was lost cannot be opened, and has to go all the same.
    Delivery.objects.filter(pk__in=gone, ended_at__lt=limit).exclude(state=QUEUED).only("pk").delete()
    return old[-1].pk if len(old) == BATCH else 0


def _over(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those that no provider is to get any more and whose matter is closed; each matter is asked about once."""
    ended = [each for each in deliveries if each.state != QUEUED]
    matters = {(each.purpose, each.purpose_key): each for each in ended}
    still_open = {matter for matter, each in matters.items() if _is_open(each)}
    return [each for each in ended if (each.purpose, each.purpose_key) not in still_open]


def _is_open(delivery: Delivery) -> bool:
    """Whether what it was about goes on, so that its log still counts: who has been tried already."""
    try:
        purpose = purpose_of(delivery.purpose)
    except Missing:
        return False  # the room that wanted it was taken away
    try:
        return purpose.ends and purpose.still_wanted(delivery)
    except (LookupError, ValueError):
        return True  # what cannot be asked about is kept; the others go on
