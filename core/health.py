"""Is the engine well? Its own audit, as rows and as one report (G14, G15).

Rooms register checks; the auditor runs them each minute within a deadline of its own and keeps what it found.
The report judges signs of life from the database alone, so any process can give it, also when every worker is
dead. "The auditor has not run" is a failure like any other (F61).
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Min

from core import alarms, clock, db, due
from core.alarms import alarm, clear
from core.models import Beat, DueRow

__all__ = ["Finding", "Probe", "alarm", "banner", "check", "checks", "clear", "look_again", "report", "web_side_watch"]

log = logging.getLogger(__name__)
TICK, LATENESS, AUDITOR = timedelta(seconds=30), timedelta(seconds=60), timedelta(minutes=3)
FUTURE = timedelta(seconds=60)  # a sign of life from beyond was written before the clock was set back
DISK = 0.05
DEAD_FOR = 45.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the auditor does not accept; `thing` names it ("INC-42") and `sentence` says it to people."""

    thing: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Probe:
    """One line of the report."""

    name: str
    ok: bool
    sentence: str
    value: float | int | str | None = None
    limit: float | int | str | None = None


Check = Callable[[], Iterable[Finding]]
_checks: dict[str, tuple[Check, timedelta]] = {}
_of_settings: set[str] = set()
_remarks: dict[str, Check] = {}


def check(
    name: str, every: timedelta = timedelta(seconds=60), *, of_settings: bool = False
) -> Callable[[Check], Check]:
    """Register a check of the auditor; it reads, is indexed, and returns what is wrong (nothing = well).

    One `of_settings` looks at what people have set up (a policy that reaches nobody): it raises its alarm like any
    other, but the engine is well and the external watchdog is not kept from its ping.
    """

    def register(call: Check) -> Check:
        _checks[name] = (call, every)
        (_of_settings.add if of_settings else _of_settings.discard)(name)
        return call

    return register


def remark(name: str) -> Callable[[Check], Check]:
    """Register what stands among the report's warnings while it lasts, without an alarm: it pages nobody."""

    def register(call: Check) -> Check:
        _remarks[name] = call
        return call

    return register


def is_of_settings(name: str) -> bool:
    """Whether a check, or the alarm of that code, is about settings and not about the engine."""
    return name in _of_settings


def checks() -> dict[str, tuple[Check, timedelta]]:
    """Every check with its interval, by name."""
    return dict(sorted(_checks.items()))


# --- the report -----------------------------------------------------------------------------------
def report() -> dict[str, Any]:
    """What `/healthz/engine` answers: `healthy`, one line per probe, and warnings about settings. Never raises."""
    warnings: list[Probe] = []
    try:
        raised = _alarms()
        warnings = [probe for probe in raised if is_of_settings(probe.name.removeprefix("alarm:"))]
        probes = [*_signs_of_life(), *_queue(), _parked(), _auditor(), *(p for p in raised if p not in warnings)]
        warnings += [Probe(name, False, each.sentence) for name, call in sorted(_remarks.items()) for each in call()]
    except DatabaseError as error:
        probes = [Probe("database", False, f"The database does not answer ({type(error).__name__}).")]
    probes.append(_disk())
    return {
        "healthy": all(probe.ok for probe in probes),
        "at": clock.now().isoformat(),
        "checks": [asdict(probe) for probe in probes],
        "warnings": [{"name": probe.name, "sentence": probe.sentence} for probe in warnings],
    }


def _age(at: datetime | None) -> float | None:
    return None if at is None else round((clock.now() - at).total_seconds(), 1)


def lived(at: datetime, within: timedelta) -> bool:
    """Whether a sign of life is fresh; one from the future says nothing about now."""
    return -FUTURE <= clock.now() - at < within


def last_tick() -> datetime | None:
    """When a worker last went round its loop, as far as the signs of life do not lie in the future."""
    beats = Beat.objects.filter(name__startswith="worker:", at__lte=clock.now() + FUTURE)
    return beats.order_by("-at").values_list("at", flat=True).first()


def _signs_of_life() -> list[Probe]:
    at = last_tick()
    ok = at is not None and lived(at, TICK)
    said = "A worker is at work." if ok else "No worker is at work: pages do not leave."
    return [Probe("tick", ok, said, _age(at), TICK.total_seconds())]


def _queue() -> list[Probe]:
    external = [handler.kind for handler in due.handlers().values() if handler.effect == "external"]
    waiting = DueRow.objects.filter(state=DueRow.WAITING, due__lt=clock.now())
    groups = (("steps", waiting.exclude(kind__in=external)), ("deliveries", waiting.filter(kind__in=external)))
    probes = []
    for name, rows in groups:
        late = _age(rows.aggregate(oldest=Min("due"))["oldest"]) or 0.0
        ok = late < LATENESS.total_seconds()
        said = f"The oldest of the {name} is {late:.0f} s late." if late else f"No {name} are late."
        probes.append(Probe(name, ok, said, late, LATENESS.total_seconds()))
    return probes


def _parked() -> Probe:
    count = due.parked().count()
    said = "Nothing was given up." if not count else f"{count} pieces of work were given up; look at them in the admin."
    return Probe("parked", count == 0, said, count, 0)


def _auditor() -> Probe:
    beat = Beat.objects.filter(name="auditor").first()
    age = _age(beat.at) if beat else None
    if beat is None or not lived(beat.at, AUDITOR):
        return Probe("auditor", False, "The auditor has not run.", age, AUDITOR.total_seconds())
    said = (
        "The auditor found nothing wrong." if beat.ok else str(beat.detail.get("sentence", "The auditor found faults."))
    )
    return Probe("auditor", beat.ok, said, age, AUDITOR.total_seconds())


def _alarms() -> list[Probe]:
    return [Probe(beat.name, False, str(beat.detail.get("sentence", ""))) for beat in alarms.standing()]


def _disk() -> Probe:
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return Probe("disk", False, "The data directory cannot be read.")
    free = usage.free / usage.total if usage.total else 1.0
    ok = free > DISK
    return Probe("disk", ok, f"{free:.0%} of the disk is free.", round(free, 4), DISK)


# What is said to those who may not know the findings: these probes mean that pages may not leave in time.
LATE = {"tick", "database", "steps", "deliveries"}
PAGES_LATE = "Pages may be delayed."
NOT_WELL = "Something in it is not in order; its administrators see what."
BANNER_FOR = 8.0  # seconds
FIRST_SIGN = 30.0  # seconds that the first signs of life of a portal that has just been started may take
EARLY = {"tick", "auditor"}
_began: list[float] = []
_banner: list[tuple[float, tuple[str, str] | None]] = []


def banner(*, detailed: bool) -> str | None:
    """The sentence of the red banner on every page, None while all is well; at most 8 s old.

    The web process asks each 5 s beside its pages (`look_again`); a page asks itself only where nothing did.
    `detailed` names what is wrong, for those who may see the engine; others learn whether pages may be late.
    """
    if not _banner or time.monotonic() - _banner[0][0] > BANNER_FOR:
        look_again()
    said = _banner[0][1]
    return None if said is None else said[0 if detailed else 1]


def begin() -> None:
    """The portal is being started here, its workers too: no banner says for half a minute that they are not there."""
    _began[:] = [time.monotonic()]


def look_again() -> None:
    """Ask every probe anew for the banner. Never raises."""
    early = EARLY if _began and time.monotonic() - _began[0] < FIRST_SIGN else ()
    wrong = [probe for probe in report()["checks"] if not probe["ok"] and probe["name"] not in early]
    general = PAGES_LATE if LATE & {probe["name"] for probe in wrong} else NOT_WELL
    _banner[:] = [(time.monotonic(), (str(wrong[0]["sentence"]), general) if wrong else None)]


# --- the other pair of eyes -----------------------------------------------------------------------
_ill_since: list[float] = []
_watching = threading.Lock()


def web_side_watch() -> None:
    """What a web process does each 15 s: follow the clock, and mail the administrators itself when no worker is
    at work or the database has gone, for 45 s (F60). Never raises; for a thread, not for the event loop."""
    with _watching:
        try:
            db.measure_clock()
            alarms.remember_administrators()
        except DatabaseError:
            db.heal()
        dead = [p for p in report()["checks"] if p["name"] in {"tick", "database"} and not p["ok"]]
        if not dead:
            _ill_since.clear()
            return
        now = time.monotonic()
        _ill_since[:] = _ill_since or [now]
        if now - _ill_since[0] >= DEAD_FOR:
            sentence = str(dead[0]["sentence"])
            log.error("the engine is ill: %s", sentence)
            alarms.tell("engine", "The engine is down: pages do not leave", sentence)
