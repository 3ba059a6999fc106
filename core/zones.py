"""Time zones by name."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

# Names that systems keep beside the real zones: what the machine is set to, and what nobody has set. No browser knows
# them, and their times mean nothing to anybody else.
NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every time zone that people may choose, by its IANA name."""
    return frozenset(available_timezones()) - NO_ZONES


def zone_choices() -> list[tuple[str, str]]:
    """Every time zone for a field of a form, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(zone_names())]


def zone_of(name: str) -> ZoneInfo:
    """The zone of a person by its IANA name; UTC where this machine does not know it (any more)."""
    try:
        return ZoneInfo(name if name and name not in NO_ZONES else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
