"""What a line of the composer asks for: commands, times of day, durations, reports; plain values in and out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches

_call = re.compile(r"/([a-z][a-z-]{0,30})(?:\s+|$)", re.IGNORECASE)
_todo = re.compile(r"todo:\s*", re.IGNORECASE)
_day = re.compile(r"(20\d{2}-\d{2}-\d{2})(?:[tT]|\s+)(?=\d)", re.ASCII)
_clock = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s+|$)")
_length = re.compile(
    r"(?:(\d{1,3})\s*d(?:ays?)?)?\s*(?:(\d{1,4})\s*h(?:ours?)?)?\s*(?:(\d{1,5})\s*m(?:in(?:utes?)?)?)?", re.IGNORECASE
)
SLACK = timedelta(minutes=1)  # a scribe's watch may be ahead of ours by as much (S19)
REPORT = ("Condition", "Actions", "Needs")


@dataclass(frozen=True, slots=True)
class Call:
    """A command and what stands after it; an empty key asks for the list of commands."""

    key: str
    rest: str


def called(text: str) -> Call | None:
    """The command at the beginning of a text; None for ordinary texts, those that only look like paths among them."""
    stripped = text.strip()
    if stripped == "/":
        return Call("", "")
    found = _call.match(stripped)
    return Call(found[1].lower(), stripped[found.end() :].strip()) if found else None


def literal(text: str) -> str:
    """An ordinary text as it is kept: two slashes at its beginning are written for one."""
    stripped = text.strip()
    return stripped[1:] if stripped.startswith("//") else text


def nearest(key: str, known: Iterable[str]) -> str:
    """The known command that was probably meant, "" where none is near."""
    candidates = sorted(known)
    begun = [each for each in candidates if each.startswith(key) or key.startswith(each)]
    return next(iter(begun or get_close_matches(key, candidates, n=1, cutoff=0.55)), "")


def todo(text: str) -> str | None:
    """What is to be done, of a text that begins with TODO: (RES-05); None for other texts."""
    found = _todo.match(text.lstrip())
    return text.lstrip()[found.end() :] if found else None


def length(text: str) -> timedelta | None:
    """A duration as people write it (30m, 2h, 1h30m, 1d, 45); None for anything else and for nothing at all."""
    cut = text.strip()[:40]
    if cut.isascii() and cut.isdigit():
        return timedelta(minutes=int(cut)) if 0 < len(cut) <= 5 and int(cut) else None
    found = _length.fullmatch(cut)
    days, hours, minutes = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    return timedelta(days=days, hours=hours, minutes=minutes) or None


def moment(text: str, now: datetime) -> tuple[datetime, str] | None:
    """The time of day at the beginning of a text, and the rest: the last time that the clock showed it.

    `now` is in the writer's zone. A time later than now was yesterday; one within a minute is today's, since clocks
    differ (S19). Where summer time ends, the later of two equal times counts, unless it is still to come. A date may
    stand before it (2026-11-20T23:00, or with a space); None where that is no date or is still to come.
    """
    dated = _day.match(text.lstrip())
    rest = text.lstrip()[dated.end() :] if dated else text.lstrip()
    found = _clock.match(rest)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        return None
    at = time(int(found[1]), int(found[2]), int(found[3] or 0))
    days = _days(dated[1]) if dated else (now.date(), now.date() - timedelta(days=1))
    times = (datetime.combine(day, at.replace(fold=fold), now.tzinfo) for day in days for fold in (1, 0))
    latest = now.timestamp() + SLACK.total_seconds()  # a sum of local times would forget which of two equal ones it is
    past = next((each for each in times if each.timestamp() <= latest), None)
    return None if past is None else (past, rest[found.end() :].strip())


def _days(written: str) -> tuple[date, ...]:
    """The day as it was written; none where the calendar has no such day."""
    try:
        return (date.fromisoformat(written),)
    except ValueError:
        return ()


def report(text: str) -> str | None:
    """Condition, actions and needs, parted by |, as a short list; None where not all three are there."""
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != len(REPORT) or not all(parts):
        return None
    return "\n".join(f"- **{name}:** {' '.join(part.split())}" for name, part in zip(REPORT, parts, strict=True))
