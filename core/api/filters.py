"""The only ways in which a list is narrowed: a parameter, read strictly, onto a field of our choice (A13, A14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from core.errors import Invalid

LONGEST = 200  # characters of a search (A91)
MOST = 50  # values of one parameter
BIGGEST = 10**18 - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter: `read` turns a value into a condition or raises ValueError with the sentence."""

    read: Callable[[str], Q]
    schema: dict[str, Any]
    description: str
    many: bool = False


def choice(lookup: str, values: Iterable[str], description: str = "") -> Filter:
    """One of a few words; given several times, any of them."""
    allowed = list(values)

    def read(text: str) -> Q:
        if text not in allowed:
            raise ValueError(f"Must be one of {', '.join(allowed)}.")
        return Q(**{lookup: text})

    return Filter(read, {"type": "string", "enum": allowed}, description, many=True)


def number(lookup: str, description: str = "") -> Filter:
    """A whole number, such as an id; given several times, any of them."""

    def read(text: str) -> Q:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise ValueError("Must be a whole number.")
        return Q(**{lookup: int(text)})

    return Filter(read, {"type": "integer", "minimum": 0, "maximum": BIGGEST}, description, many=True)


def flag(lookup: str, description: str = "") -> Filter:
    """`true` or `false`."""

    def read(text: str) -> Q:
        if text not in {"true", "false"}:
            raise ValueError("Must be true or false.")
        return Q(**{lookup: text == "true"})

    return Filter(read, {"type": "boolean"}, description)


def moment(lookup: str, description: str = "") -> Filter:
    """An ISO 8601 time with its zone, such as `2026-11-16T09:00:00Z`."""
    return Filter(lambda text: Q(**{lookup: _time(text)}), {"type": "string", "format": "date-time"}, description)


def exact(lookup: str, description: str = "", limit: int = 255) -> Filter:
    """A text that must be equal."""

    def read(text: str) -> Q:
        if len(text) > limit:
            raise ValueError(f"Must have {limit} characters at most.")
        return Q(**{lookup: text})

    return Filter(read, {"type": "string", "maxLength": limit}, description, many=True)


def search(*fields: str, description: str = "Text that one of the fields holds.") -> Filter:
    """A text that any of the fields holds, whatever the case; 200 characters at most (A91)."""

    def read(text: str) -> Q:
        if len(text) > LONGEST:
            raise ValueError(f"Must have {LONGEST} characters at most.")
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__icontains": text})
        return found

    return Filter(read, {"type": "string", "maxLength": LONGEST}, description)


def condition(name: str, wanted: Filter, values: list[str]) -> Q:
    """The condition of one parameter's values; raises Invalid with the parameter's name."""
    if len(values) > (MOST if wanted.many else 1):
        raise _wrong(name, "Is given too often.")
    found = Q()
    for value in values:
        try:
            found |= wanted.read(value)
        except ValueError as error:
            raise _wrong(name, str(error)) from error
    return found


def _time(text: str) -> datetime:
    try:
        found = parse_datetime(text)
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)  # as databases hold it: a zone can push the first or last day out of it
    except (ValueError, OverflowError) as error:
        raise ValueError("Must be a time that exists.") from error
    raise ValueError("Must be a time with its zone, such as 2026-11-16T09:00:00Z.")


def _wrong(name: str, sentence: str) -> Invalid:
    return Invalid(f"{name}: {sentence}", fields={name: [sentence]})
