"""The language in which incidents are looked for: `team:payments state:open -priority:P5 "stale prices"`.

Words are joined by "and", the values of one key by "or" (a comma), `-` in front turns a word round. Quotation marks
hold spaces together; inside of them a backslash takes the next character as it is. Pure: text in, words out, and back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from core.errors import Invalid

LONGEST = 200  # characters (A91)
MOST_TEXTS = 8  # each is a search of its own
STATES = (
    *("open", "triggered", "acknowledged", "identified", "mitigated", "snoozed", "waiting"),
    *("resolved", "closed", "cancelled", "merged", "all"),
)
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
YEARS = range(1970, 3000)
_key = re.compile(r"([A-Za-z]+):")
_span = re.compile(r"([0-9]{1,4})([hdw])")
_day = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHEN = "a span (12h, 7d, 2w), a day (2026-10-01), >2026-10-01, <2026-10-01 or 2026-10-01..2026-10-05"

Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Word:
    """One condition: any of `values` under `key`, or none of them where it is `negated`."""

    key: str
    values: tuple[str, ...]
    negated: bool = False


Query = tuple[Word, ...]


def parse(text: str) -> Query:
    """The words of a query; raises Invalid (field `q`) that names the word and says what is allowed."""
    if len(text) > LONGEST:
        raise _wrong(f"A search has {LONGEST} characters at most.")
    found: list[Word] = []
    at, texts = _blank(text, 0), 0
    while at < len(text):
        word, at = _word(text, at)
        texts += len(word.values) if word.key == "text" else 0
        if texts > MOST_TEXTS:
            raise _wrong(f"“{word.values[-1]}” is one too many: search for {MOST_TEXTS} words at most.")
        found.append(word)
        at = _blank(text, at)
    return tuple(found)


def write(query: Iterable[Word]) -> str:
    """The text of a query: `parse` reads the same words from it."""
    return " ".join(_written(word) for word in query)


def toggled(query: Query, key: str, value: str) -> Query:
    """The same query with one value of a key added, or taken away where it is there; what a filter's link asks."""
    for place, word in enumerate(query):
        if word.key == key and not word.negated:
            kept = tuple(each for each in word.values if each.casefold() != value.casefold())
            values = kept if len(kept) < len(word.values) else (*word.values, value)
            return (*query[:place], *([Word(key, values)] if values else []), *query[place + 1 :])
    return (*query, Word(key, (value,)))


def replaced(query: Query, key: str, value: str) -> Query:
    """The same query with one value of a key in place of all others; "" takes the key away."""
    others = tuple(word for word in query if word.key != key)
    return (*others, Word(key, (value,))) if value else others


def values_of(query: Query, key: str) -> list[str]:
    """The values that a query asks for under a key, without those that it excludes."""
    return [value for word in query if word.key == key and not word.negated for value in word.values]


def span_of(value: str, now: datetime, zone: tzinfo) -> Span:
    """From when (included) until when (excluded) a value of `opened:` lasts; days are those of `zone`.

    `7d` ends now and has no end; `>` begins with the next day, `<` ends with the day before. Raises ValueError.
    """
    span = _span.fullmatch(value)
    if span:
        return now - int(span[1]) * SPANS[span[2]], None
    if ".." in value:
        first, last = value.split("..", 1)
        return _midnight(first, zone), _midnight(last, zone, 1)
    sign = re.match(r"[<>]=?", value)
    day = value[sign.end() :] if sign else value
    if sign is None:
        return _midnight(day, zone), _midnight(day, zone, 1)
    if sign[0][0] == ">":
        return _midnight(day, zone, 0 if sign[0] == ">=" else 1), None
    return None, _midnight(day, zone, 1 if sign[0] == "<=" else 0)


def _midnight(text: str, zone: tzinfo, days: int = 0) -> datetime:
    if not _day.fullmatch(text):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if day.year not in YEARS:
        raise ValueError(text)
    return datetime.combine(day + timedelta(days=days), time(), zone)


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _word(text: str, at: int) -> tuple[Word, int]:
    negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
    at += negated
    named = _key.match(text, at)
    if named is None:
        value, at = _value(text, at, "")
        return Word("text", (value,), negated), at
    key = named[1].lower()
    if key not in CHECKS:
        known = ", ".join(f"{each}:" for each in CHECKS)
        raise _wrong(f"“{named[0]}” is not known. Use {known} or put the word into quotation marks.")
    values, at = _values(text, named.end(), key)
    return Word(key, tuple(CHECKS[key](value) for value in values), negated), at


def _values(text: str, at: int, key: str) -> tuple[list[str], int]:
    found = []
    while True:
        value, at = _value(text, at, key)
        found.append(value)
        if at >= len(text) or text[at] != ",":
            return found, at
        at += 1


def _value(text: str, at: int, key: str) -> tuple[str, int]:
    """One value and the place behind it; under a key it ends at a comma too."""
    if at < len(text) and text[at] == '"':
        value, end = _quoted(text, at)
    else:
        end = at
        while end < len(text) and not text[end].isspace() and not (key and text[end] == ","):
            end += 1
        value = text[at:end]
    if not value.strip():
        raise _wrong(f"“{key}:” has no value: write {key}:something." if key else '“""” holds no word.')
    return value, end


def _quoted(text: str, at: int) -> tuple[str, int]:
    found: list[str] = []
    place = at + 1
    while place < len(text):
        if text[place] == '"':
            return "".join(found), place + 1
        place += text[place] == "\\"
        found.append(text[place : place + 1])
        place += 1
    raise _wrong(f"The quotation mark of “{text[at:]}” is not closed.")


def _written(word: Word) -> str:
    bare = word.key == "text" and len(word.values) == 1
    values = ",".join(_safe(value, bare) for value in word.values)
    return f"{'-' if word.negated else ''}{'' if bare else f'{word.key}:'}{values}"


def _safe(value: str, bare: bool) -> str:
    marks = value.startswith('"') or any(letter.isspace() for letter in value)
    if marks or (value.startswith("-") or _key.match(value) if bare else "," in value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


def _one_of(key: str, allowed: Iterable[str]) -> Callable[[str], str]:
    words = tuple(allowed)

    def check(value: str) -> str:
        if value.lower() not in words:
            raise _wrong(f"“{key}:{value}” is not known. Use one of {', '.join(words)}.")
        return value.lower()

    return check


def _moment(key: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            span_of(value.lower(), datetime(2026, 1, 1), None)  # type: ignore[arg-type] # noqa: DTZ001 (the form only)
        except ValueError as error:
            raise _wrong(f"“{key}:{value}” is no time. Use {WHEN}.") from error
        return value.lower()

    return check


def _any(value: str) -> str:
    return value


CHECKS: Mapping[str, Callable[[str], str]] = {
    "team": _any,
    "service": _any,
    "priority": _any,
    "state": _one_of("state", STATES),
    "major": _one_of("major", ("yes", "no")),
    "opened": _moment("opened"),
    "resolved": _moment("resolved"),
    "owner": _any,
    "text": _any,
}


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, fields={"q": [sentence]})
