"""The worker: goes round the due queue, does what is due, never takes what it cannot do soon (stack 2).

Steps that only touch the database run here, one after another in order of priority, each in one transaction
with its finish. External effects run in a bounded pool with a bulkhead per lane (provider), so that one hanging
provider delays nobody else. A killed worker loses nothing: its leases end, or the runner frees them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from types import FrameType

from django.db import Error as DatabaseError
from django.db import connection

from core import away, claims, clock, db, due, logs, passes, wake
from core.claims import Candidate
from core.leases import LOSSES, host
from core.models import Beat
from core.pool import Pool

log = logging.getLogger(__name__)
BATCH = 3  # steps between two looks at the queue: a message that a step has queued waits for no more than these
SPARE = 8  # candidates beyond what fits, for those whose lane or suspicion holds them back
POLL = 0.1
GAP = 0.002  # between two steps, so that whoever waits for SQLite's write lock gets it (decision 0005)
BEAT_EVERY = 5.0
RELIEVE_EVERY = 2.0
GRACE = 9.0
STUCK = 60.0
WATCH_EVERY, WATCH_TURNS = 5.0, 12
LAST_WORDS = 2.0


class Worker:
    """One worker process; `run()` returns its exit code."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.pool = Pool(do)
        self.rounds = 0
        self._beat_at = self._relieved_at = float("-inf")
        self._schema = -1

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; 0 after a clean end, 75 when the process should be replaced."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        ears = wake.listen("worker")
        self.pool.on_free = lambda: wake.call_port(ears.port)
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        code = 0
        try:
            self._begin()
            while not self.stopping.is_set():
                if not self._guarded_round():
                    ears.wait(POLL)
                if self.pool.stuck(STUCK):
                    log.error("an external call has hung for %d s: this worker asks to be replaced", STUCK)
                    code = 75
                    break
        finally:
            self._end()
            ears.close()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _begin(self) -> None:
        """Wait for tables that this code knows, and give back what dead neighbours held."""
        while not self.stopping.is_set():
            try:
                if db.schema_state() == "ok":
                    self._relieve()
                    away.come_back(self._still_here)  # before anything is taken: no storm of old pages (F52)
                    return
                log.warning("the tables are not those of this release: waiting")
            except DatabaseError as error:
                self._lost_database(error)
            self.stopping.wait(1.0)

    def _still_here(self) -> bool:
        """A review of thousands takes minutes: the watch and the health page see that it goes on."""
        self.rounds += 1
        self.beat()
        return not self.stopping.is_set()

    def _relieve(self) -> None:
        """Give back what dead neighbours held, again now and then: a killed process takes its time to end."""
        if time.monotonic() - self._relieved_at < RELIEVE_EVERY:
            return
        freed = due.free_the_dead()
        if freed:
            log.warning("gave back %d rows that dead processes held", freed)
        self._relieved_at = time.monotonic()

    def _end(self) -> None:
        """Let running effects finish; what has not ended then is freed by its lease or the runner (G18)."""
        left = self.pool.close(GRACE)
        if left:
            log.warning("%d external calls had not ended: their leases will", left)
        try:
            Beat.objects.filter(name=self._name()).delete()
        except DatabaseError:
            log.warning("the database was gone at the end")
        connection.close()

    def _guarded_round(self) -> bool:
        try:
            self.beat()
            self._relieve()
            db.measure_clock()  # before anybody writes down a time: this machine's clock may be far off
            passes.ask()
            return self.round() > 0
        except DatabaseError as error:
            self._lost_database(error)
            return False
        finally:
            self.rounds += 1

    def _lost_database(self, error: Exception) -> None:
        log.warning("the database does not answer, trying again: %s", type(error).__name__)
        db.heal()
        self.stopping.wait(0.5)

    def round(self) -> int:
        """Take what is due and fits, start or do it; says how many rows were taken."""
        kinds = due.handlers()
        room = self.pool.room()
        wanted = [kind for kind, handler in kinds.items() if handler.effect == "database" or room]
        seen = claims.peek(BATCH + room + SPARE, kinds=wanted, full_lanes=self.pool.full_lanes())
        items = claims.take([candidate.id for candidate in self._choose(seen, room)])
        for item in items:
            if kinds[item.kind].effect == "external":
                self.pool.start(item)
        mine = [item for item in items if kinds[item.kind].effect == "database"]
        for place, item in enumerate(mine):
            if self.stopping.is_set():
                for rest in mine[place:]:
                    rest.hand_back()
                break
            do(item)
            if place + 1 < len(mine):
                time.sleep(GAP)
        return len(items)

    def _choose(self, seen: list[Candidate], room: int) -> list[Candidate]:
        """What fits: a few database steps, free places of the pool and of each lane, one suspect at a time.

        A suspect is a row whose last worker ended by itself. It is taken without other steps and alone among
        suspects, so that it cannot drag others along (F18).
        """
        chosen: list[Candidate] = []
        lanes = Counter(self.pool.lanes())
        steps, suspects, kinds = 0, self.pool.suspects(), due.handlers()
        for candidate in seen:
            external = kinds[candidate.kind].effect == "external"
            if candidate.crashes and suspects:
                continue
            if external:
                if room <= 0 or lanes[candidate.lane] >= self.pool.per_lane:
                    continue
                room -= 1
                lanes[candidate.lane] += 1
            elif steps >= BATCH:
                continue
            else:
                steps = BATCH if candidate.crashes else steps + 1
            suspects += 1 if candidate.crashes else 0
            chosen.append(candidate)
        return chosen

    def _name(self) -> str:
        return f"worker:{host()}:{os.getpid()}"

    def beat(self) -> None:
        """Write the sign of life each 5 s, and stand back when somebody upgrades the tables (F50)."""
        if time.monotonic() - self._beat_at < BEAT_EVERY:
            return
        applied = db.applied_count()
        if self._schema not in (-1, applied) and db.schema_state() != "ok":
            log.error("the tables were changed by another release: this worker stands back")
            self.stopping.set()
            return
        self._schema = applied
        detail = {"rounds": self.rounds, "busy": len(self.pool.lanes())}
        Beat.objects.update_or_create(name=self._name(), defaults={"at": clock.now(), "ok": True, "detail": detail})
        self._beat_at = time.monotonic()

    def _watch(self) -> None:
        """End the process when the main thread has hung for a minute: the runner starts another (F19).

        It counts its own turns instead of reading a clock, so that a process that was frozen is not blamed.
        """
        seen, turns = self.rounds, 0
        while not self.stopping.wait(WATCH_EVERY):
            seen, turns = (seen, turns + 1) if self.rounds == seen else (self.rounds, 0)
            if turns >= WATCH_TURNS:
                _end_with_last_words()


def _end_with_last_words() -> None:
    """End this process. The words have a thread of their own: what hangs may hold a lock that the log needs."""
    try:
        words = threading.Thread(target=_say_last_words, name="last words", daemon=True)
        words.start()
        words.join(LAST_WORDS)
    finally:
        os._exit(75)


def _say_last_words() -> None:
    log.error("this worker has hung for a minute and asks to be replaced: %s", _stacks())
    logs.flush()


def _stacks() -> str:
    """Where every thread is; said by way of the log, since whoever reads standard error may be stuck (F63)."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "; ".join(
        f"{names.get(ident, ident)}: "
        + " < ".join(f"{at.filename}:{at.lineno} {at.name}" for at in reversed(traceback.extract_stack(frame)))
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 (the only way to ask for it)
    )


def do(item: due.Item, *, strict: bool = False) -> None:
    """Do one row in hand; with `strict` a handler's error is raised instead of recorded.

    A step that only touches the database shares one transaction with its finish (exactly once). A handler with an
    external effect asks, acts and finishes by itself (at least once).
    """
    handler = due.handlers()[item.kind]
    if item.lost >= LOSSES:
        item.park(f"{item.lost} workers in a row ended or froze while they held this row")
        return
    try:
        if handler.effect == "database":
            with item.finishing():
                handler.call(item)
        else:
            handler.call(item)
            if not item.settled:
                item.finish()
    except due.LeaseLost:
        log.info("lost the lease of %s", item.key)
    except Exception as error:
        if strict:
            raise
        log.exception("%s (%s) failed, attempt %d", item.key, item.kind, item.attempts)
        _record_failure(item, error)


def _record_failure(item: due.Item, error: Exception) -> None:
    try:
        item.failed(f"{type(error).__name__}: {error}")
    except DatabaseError:
        log.warning("the failure of %s could not be written: its lease will end", item.key)
        db.heal()


def drain(limit: int = 1000, *, strict: bool = True) -> int:
    """Do everything that is due by `clock.now()` here and now, in order of priority; says how many rows.

    For tests and builders of demo data: no pool, no other process. With `strict` a handler's error is raised.
    """
    done = 0
    while done < limit:
        items = due.claim(1)
        if not items:
            return done
        do(items[0], strict=strict)
        done += 1
    raise RuntimeError(f"the due queue did not come to rest within {limit} rows")
