"""Who changed what: append-only rows in a hash chain; the database itself refuses to alter or delete one (A93)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from core import clock, db
from core.devices import device_name
from core.models import AuditEntry, AuditHead
from core.web.access import ActorLike

CLOCK_BACK = timedelta(minutes=5)
CHAINED = ("at", "actor", "label", "verb", "thing", "address", "before", "after")
CHUNK, MOST_SAID = 2000, 50
_where: ContextVar[str] = ContextVar("where", default="")
_agent: ContextVar[str] = ContextVar("agent", default="")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check of the chain: what was `altered`, and where the `clock` was set back, in sentences."""

    entries: int
    altered: list[str]
    clock: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """All that does not fit."""
        return [*self.altered, *self.clock]

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
            address=(address or _where.get())[:64],
            before=_plain(before),
            after=_plain(after),
        )
        entry.hash = head.hash = _digest(head.hash, [getattr(entry, name) for name in CHAINED])
        head.entries += 1
        entry.save(force_insert=True)
        head.save(update_fields=["entries", "hash"])
    return entry


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, as (before, after)."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {k: before[k] for k in keys if k in before}, {k: after[k] for k in keys if k in after}


@contextmanager
def seen_from(address: str, agent: str = "") -> Iterator[None]:
    """Entries that are written inside say that they came from this address, unless they name another.

    `agent` is what the browser says of itself.
    """
    tokens = _where.set(address), _agent.set(agent)
    try:
        yield
    finally:
        _where.reset(tokens[0])
        _agent.reset(tokens[1])


def device() -> str:
    """The name of the browser behind what is done now, such as "Firefox on Linux"; empty outside a request."""
    return device_name(_agent.get()) if _agent.get() else ""


# --- the check ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Mark:
    """How far a walk has come: the last entry looked at, how many there were, the hash so far."""

    pk: int = 0
    count: int = 0
    hash: str = ""

    def __str__(self) -> str:
        return f"{self.pk}:{self.count}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark that was written as text; the beginning for an empty one."""
        if not text:
            return cls()
        pk, count, digest = text.split(":")
        return cls(int(pk), int(count), digest)


def verify() -> Verdict:
    """Walk the whole chain and compare it with its head, also while others write to it."""
    return walk(Mark(), None)[0]


def walk(mark: Mark, seconds: float | None) -> tuple[Verdict, Mark | None]:
    """Walk on from a mark, for so many seconds; the second part is where to go on, None at the end of the chain.

    Rows are streamed: a chain of millions costs no memory. At most `MOST_SAID` sentences are kept.
    """
    altered: list[str] = []
    earlier: list[str] = []
    previous, count, last = mark.hash, mark.count, mark.pk
    latest = AuditEntry.objects.filter(pk=last).values_list("at", flat=True).first()
    end = None if seconds is None else time.monotonic() + seconds
    promised, head = _head()  # first: what is written from here on is beyond the walk
    rows = AuditEntry.objects.filter(pk__gt=last).order_by("pk")[: max(promised - count, 0)]
    for row in rows.values_list("pk", "hash", *CHAINED).iterator(chunk_size=CHUNK):
        count += 1
        if row[1] != _digest(previous, row[2:]):
            altered.append(f"Entry {row[0]} was altered, or an entry before it was removed.")
        if latest is not None and row[2] < latest - CLOCK_BACK:
            earlier.append(f"Entry {row[0]} is older than the one before it: the clock was set back.")
        last, previous, latest = row[0], row[1], row[2]
        del altered[MOST_SAID:], earlier[MOST_SAID:]
        if end is not None and count % CHUNK == 0 and time.monotonic() > end:
            return Verdict(count, altered, earlier), Mark(last, count, previous)
    altered += _missing(promised, head, count, previous, last)
    return Verdict(count, altered, earlier), None


def _missing(promised: int, head: str, count: int, previous: str, last: int) -> list[str]:
    # Whoever adds an entry moves the head with it: a head read after the entries counts all of them.
    more = AuditEntry.objects.filter(pk__gt=last).count()
    now_promised, _ = _head()
    if (promised, head) != (count, previous):
        return [f"The chain should end after {promised} entries and ends after {count}."]
    if count + more > now_promised:
        return [f"The chain should end after {now_promised} entries and ends after {count + more}."]
    return []


def _head() -> tuple[int, str]:
    return AuditHead.objects.filter(pk=1).values_list("entries", "hash").first() or (0, "")


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values as JSON will give them back, so that the hash of a stored row is the hash of the written one."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values or {}), cls=DjangoJSONEncoder), parse_float=str)
    return plain


def _digest(previous: str, values: Iterable[Any]) -> str:
    """The hash of one entry, given what stands in `CHAINED`, on top of the one before it."""
    at, *rest = values
    said = [previous, at.isoformat(), *rest]
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
