"""Who changed what: append-only rows in a hash chain; the database itself refuses to alter or delete one (A93)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from core import clock, db
from core.models import AuditEntry, AuditHead
from core.web.access import ActorLike

CLOCK_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check of the chain: `broken` lists what does not fit, in plain sentences."""

    entries: int
    broken: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing was altered, cut out or cut off."""
        return not self.broken


def write(
    actor: ActorLike,
    verb: str,
    thing: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str = "",
) -> AuditEntry:
    """Add an entry inside the caller's transaction, as its last write: writers queue up for the end of the chain."""
    with transaction.atomic():
        AuditHead.objects.bulk_create([AuditHead(pk=1)], ignore_conflicts=True)
        head = db.locked(AuditHead.objects.filter(pk=1)).get()
        entry = AuditEntry(
            at=clock.now(),
            actor=actor.key[:120],
            label=actor.label[:200],
            verb=verb,
            thing=thing[:120],
            address=address[:64],
            before=_plain(before),
            after=_plain(after),
        )
        entry.hash = head.hash = _digest(head.hash, entry)
        head.entries += 1
        entry.save(force_insert=True)
        head.save(update_fields=["entries", "hash"])
    return entry


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, as (before, after)."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {k: before[k] for k in keys if k in before}, {k: after[k] for k in keys if k in after}


def verify() -> Verdict:
    """Walk the whole chain and compare it with its head, also while others write to it."""
    broken: list[str] = []
    previous, count, latest, last = "", 0, None, 0
    promised, end = _head()  # first: what is written from here on is beyond the walk
    for entry in AuditEntry.objects.order_by("pk")[:promised].iterator(chunk_size=500):
        count += 1
        if entry.hash != _digest(previous, entry):
            broken.append(f"Entry {entry.pk} was altered, or an entry before it was removed.")
        if latest is not None and entry.at < latest - CLOCK_BACK:
            broken.append(f"Entry {entry.pk} is older than the one before it: the clock was set back.")
        previous, latest, last = entry.hash, entry.at, entry.pk
    # Whoever adds an entry moves the head with it: a head read after the entries counts all of them.
    more = AuditEntry.objects.filter(pk__gt=last).count()
    now_promised, _ = _head()
    if (promised, end) != (count, previous):
        broken.append(f"The chain should end after {promised} entries and ends after {count}.")
    elif count + more > now_promised:
        broken.append(f"The chain should end after {now_promised} entries and ends after {count + more}.")
    return Verdict(count, broken)


def _head() -> tuple[int, str]:
    return AuditHead.objects.filter(pk=1).values_list("entries", "hash").first() or (0, "")


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values as JSON will give them back, so that the hash of a stored row is the hash of the written one."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values or {}), cls=DjangoJSONEncoder), parse_float=str)
    return plain


def _digest(previous: str, entry: AuditEntry) -> str:
    said = [
        previous,
        entry.at.isoformat(),
        entry.actor,
        entry.label,
        entry.verb,
        entry.thing,
        entry.address,
        entry.before,
        entry.after,
    ]
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
