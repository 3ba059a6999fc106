"""What a name, a time zone, a role or a password must look like; each raises Invalid beside its field (A4, A21)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accounts.models.users import ANNOUNCE, RANKS
from core.errors import Invalid
from core.text import clean_line, clean_text
from core.zones import zone_names

LOCALES = {"en-gb"}
THEMES = {"", "light", "dark"}


def name(value: Any, field: str = "name", limit: int = 120) -> str:
    """One line that is not empty."""
    text = clean_line(value, limit, field)
    if not text:
        raise Invalid("A name is needed.", fields={field: ["A name is needed."]})
    return text


def zone(value: Any) -> str:
    """The name of a time zone."""
    return _one_of(value, zone_names(), "time_zone", "There is no such time zone.")


def role(value: Any) -> str:
    """One of the four roles."""
    return _one_of(value, RANKS, "role", "There is no such role.")


def password(value: Any) -> str:
    """Any text of 256 signs at most: a longer one costs the hash without making it safer."""
    return clean_text(value, 256, "password")


def _one_of(value: Any, allowed: Any, field: str, sentence: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise Invalid(sentence, fields={field: [sentence]})
    return value


def flag(value: Any, field: str) -> bool:
    """On or off, as a truth value."""
    if not isinstance(value, bool):
        raise Invalid("Must be on or off.", fields={field: ["Must be on or off."]})
    return value


PROFILE: Mapping[str, Callable[[Any], str | bool]] = {
    "name": name,
    "time_zone": zone,
    "locale": lambda value: _one_of(value, LOCALES, "locale", "There is no such language."),
    "theme": lambda value: _one_of(value, THEMES, "theme", "There is no such theme."),
    "single_keys": lambda value: flag(value, "single_keys"),
    "announce": lambda value: _one_of(value, dict(ANNOUNCE), "announce", "There is no such choice."),
}
