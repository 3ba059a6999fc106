"""Lengths of time as people type and read them: `5 min`, `1 h 30 min`, `90 s`, `2 d`; seconds inside."""

from __future__ import annotations

import re

UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
NAMES = {
    "d": ("d", "day", "days"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "min": ("min", "mins", "minute", "minutes", "m"),
    "s": ("s", "sec", "secs", "second", "seconds"),
}
SECONDS = {name: seconds for unit, seconds in UNITS for name in NAMES[unit]}
LONGEST = 60  # characters
_part = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?)\s*([a-z]+)\.?[\s,]*", re.ASCII | re.IGNORECASE)


def read(text: str) -> int:
    """Whole seconds of what was typed, the nearest; raises ValueError where a unit or a number is missing or unknown.

    Only nothing at all, `0`, needs no unit.
    """
    rest, total = text.strip(), 0.0
    if rest == "0":
        return 0
    if not rest or len(rest) > LONGEST:
        raise ValueError("no length of time")
    while rest:
        part = _part.match(rest)
        if part is None or part[2].lower() not in SECONDS:
            raise ValueError("no length of time")
        total += float(part[1].replace(",", ".")) * SECONDS[part[2].lower()]
        rest = rest[part.end() :]
    return round(total)


def said(seconds: int) -> str:
    """The same length to the second, so that `read` finds it again: 5400 is `1 h 30 min`."""
    parts, left = [], seconds
    for unit, size in UNITS:
        count, left = divmod(left, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "0 s"


def about(seconds: int) -> str:
    """How long to wait, in words: 843 is `about 14 minutes`."""
    if seconds < 90:
        return "a few seconds" if seconds <= 10 else "about a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes <= 90 else f"about {round(minutes / 60)} hours"
