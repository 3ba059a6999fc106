"""The integration keys in memory, so that an event costs no query to be let in (stack 3).

The ring is read again when a cheap stamp of the table has changed: looked at once a second while events come, at
once for a key that it does not know (a fresh key works at once; such looks are shared and at most 20 a second), and
at once in the process that changed a key. So a revoked key is refused within a second everywhere (F54).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import close_old_connections
from django.db.models import Count, Max, Sum

from core import clock
from integrations.models import Heartbeat, IntegrationKey

CHECK_SECONDS = 1.0
GAP_SECONDS = 0.05
_changed_at = [0.0]


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What intake knows of a key; `valid_until` is in UTC."""

    id: int
    service_id: int
    kind: str
    name: str
    prefix: str
    paths: Mapping[str, Any]
    valid_until: datetime | None


def digest_of(raw: str) -> str:
    """How a key is stored: it is random and long, so a plain hash is enough."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def changed() -> None:
    """Tell this process's ring that a key has changed; others see it within a second."""
    _changed_at[0] = time.monotonic()


def live_keys() -> dict[str, KeyInfo]:
    """Every key that may still be used, by digest; keys of archived services are out."""
    rows = IntegrationKey.objects.filter(revoked_at=None, service__archived_at=None)
    return {
        row.digest: KeyInfo(row.pk, row.service_id, row.kind, row.name, row.prefix, row.paths, row.valid_until)
        for row in rows
    }


def live_heartbeats() -> dict[str, int]:
    """Every heartbeat's id, by digest."""
    return dict(Heartbeat.objects.filter(service__archived_at=None).values_list("digest", "pk"))


def stamp() -> tuple[Any, ...]:
    """A value that differs after every change of a key or heartbeat key: two small aggregates."""
    figures = {"many": Count("pk"), "last": Max("pk"), "versions": Sum("version")}
    keys = IntegrationKey.objects.filter(revoked_at=None, service__archived_at=None).aggregate(**figures)
    beats = Heartbeat.objects.filter(service__archived_at=None).aggregate(**figures)
    return (*keys.values(), *beats.values())


class Keyring:
    """The ring of one process; used from one event loop, read from the database by a thread of its own."""

    def __init__(self) -> None:
        self._keys: dict[str, KeyInfo] = {}
        self._heartbeats: dict[str, int] = {}
        self._stamp: tuple[Any, ...] | None = None
        self._seen_at = float("-inf")
        self._lock = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, "keyring")

    async def key(self, raw: str) -> KeyInfo | None:
        """The live key behind what a client sent, or None; raises DatabaseError when nothing is known yet."""
        digest = digest_of(raw)
        await self._refresh(max(time.monotonic() - CHECK_SECONDS, _changed_at[0]))
        if digest not in self._keys:
            await self._refresh(time.monotonic())
        found = self._keys.get(digest)
        if found is not None and found.valid_until is not None and clock.now() >= found.valid_until:
            return None
        return found

    async def heartbeat(self, raw: str) -> int | None:
        """The id of the heartbeat behind what a client sent, or None."""
        digest = digest_of(raw)
        await self._refresh(max(time.monotonic() - CHECK_SECONDS, _changed_at[0]))
        if digest not in self._heartbeats:
            await self._refresh(time.monotonic())
        return self._heartbeats.get(digest)

    async def _refresh(self, since: float) -> None:
        """Make sure that the ring was read at or after `since` (monotonic seconds); callers share one reading."""
        if self._seen_at >= since:
            return
        async with self._lock:
            if self._seen_at >= since:
                return
            await asyncio.sleep(max(0.0, self._seen_at + GAP_SECONDS - time.monotonic()))
            began = time.monotonic()
            await asyncio.get_running_loop().run_in_executor(self._reader, self._read)
            self._seen_at = began

    def _read(self) -> None:
        """Runs in the reader thread; a lost connection is replaced the next time."""
        close_old_connections()
        now = stamp()
        if now != self._stamp:
            self._keys, self._heartbeats = live_keys(), live_heartbeats()
            self._stamp = now
