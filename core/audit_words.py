"""Our audit in words for people: who, when, from where, and each field before and after (A93).

What a key ends in a secret's name is never shown, whatever stands there; numbers of people, teams and the like become
names where the rooms have said how.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from core import audit_acts
from core.errors import Invalid
from core.models import AuditEntry
from core.secrets import EncryptedJSONField

PER_PAGE = 50
LONGEST = 300  # signs of one value
SECRET = re.compile(r"(secret|password|passphrase|token|digest|seed|sealed|private_key|api_key)$")
NOTHING, HIDDEN = "—", "not shown"
Names = Mapping[str, Mapping[int, str]]
_named: dict[str, type[Model]] = {}
_texts: dict[str, Callable[[str], str]] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One field of an entry."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry in words."""

    entry: AuditEntry
    thing: str
    act: str
    lines: list[Line]

    @property
    def sentence(self) -> str:
        """What was done to what, such as "Webhook “Chat” — secret rotated"."""
        return f"{self.thing} — {self.act}"


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `older` is the number before which the next page begins."""

    entries: list[Told] = field(default_factory=list)
    older: int | None = None


def names(model: type[Model], *keys: str) -> None:
    """Say that numbers under these keys of an entry are things of `model`, to be shown by name."""
    for key in keys:
        _named[key] = model


def called(noun: str, name: Callable[[str], str]) -> None:
    """Say what a thing of this noun is called whose key is no number, such as provider:ntfy."""
    _texts[noun] = name


def page(things: Iterable[str], before: str = "") -> Page:
    """What the audit knows of these things, by pages; raises Invalid for a number that is none."""
    rows = AuditEntry.objects.filter(thing__in=list(things)).order_by("-pk")
    if before:
        if not before.isascii() or not before.isdigit() or len(before) > 18:
            raise Invalid("There is no such page.")
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return Page(told(shown), shown[-1].pk if len(found) > PER_PAGE else None)


def rendered(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    """The page of a history."""
    return TemplateResponse(request, template, context)


def told(entries: Iterable[AuditEntry]) -> list[Told]:
    """Entries in words; the names that they need are looked up together."""
    rows = list(entries)
    known = _names_in(rows)
    return [Told(e, _thing(e, known), audit_acts.act(e.verb, e.thing), _lines(e, known)) for e in rows]


def without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an entry as they stand, without what a secret's name holds."""
    return {key: HIDDEN if SECRET.search(key) and value not in ("set", "") else value for key, value in values.items()}


def _thing(entry: AuditEntry, known: Names) -> str:
    """The thing by its name of now, else by the one that the entry holds, else by its number."""
    noun, _, key = entry.thing.partition(":")
    if not key or noun == "organisation":
        return audit_acts.noun(entry.thing)
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None
    held = entry.after.get("name") or entry.before.get("name")
    name = known.get(noun, {}).get(number, "") if number is not None else _called(noun, key)
    return (
        f"{audit_acts.noun(entry.thing)} “{name or held}”" if name or held else f"{audit_acts.noun(entry.thing)} {key}"
    )


def _called(noun: str, key: str) -> str:
    return _texts[noun](key) if noun in _texts else ""


def _lines(entry: AuditEntry, known: Names) -> list[Line]:
    keys = [key for key in {**entry.before, **entry.after} if key not in ("id", "version")]
    found = [
        Line(key.replace("_", " "), *(_value(key, side.get(key), known) for side in (entry.before, entry.after)))
        for key in keys
    ]
    return [line for line in found if (line.before, line.after) != (NOTHING, NOTHING)]


def _value(key: str, value: Any, known: Names) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if SECRET.search(key):
        return value if value == "set" else HIDDEN
    text = _plain(key, value, known)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _plain(key: str, value: Any, known: Names) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return known.get(key, {}).get(value, str(value))
    if isinstance(value, list):
        return ", ".join(_plain(key, each, known) for each in value)
    if isinstance(value, dict):
        parts = [f"{name.replace('_', ' ')} {_value(name, each, known)}" for name, each in value.items() if each]
        return "; ".join(parts)
    return str(value)


def _names_in(entries: Iterable[AuditEntry]) -> Names:
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        for said in (entry.before, entry.after):
            _collect(said, wanted)
        noun, _, key = entry.thing.partition(":")
        if noun in _named and key.isascii() and key.isdigit() and len(key) < 19:
            wanted[noun].add(int(key))
    by_model: dict[type[Model], set[int]] = defaultdict(set)
    for key, numbers in wanted.items():
        by_model[_named[key]] |= numbers
    found = {model: _read(model, numbers) for model, numbers in by_model.items()}
    return {key: found[_named[key]] for key in wanted}


def _read(model: type[Model], numbers: set[int]) -> dict[int, str]:
    sealed = [each.name for each in model._meta.fields if isinstance(each, EncryptedJSONField)]  # noqa: SLF001
    rows: QuerySet[Model] = QuerySet(model).defer(*sealed)  # a lost key breaks no list (A98)
    return {pk: str(thing) for pk, thing in rows.in_bulk(numbers).items()}


def _collect(said: Any, wanted: dict[str, set[int]], key: str = "") -> None:
    if isinstance(said, dict):
        for name, value in said.items():
            _collect(value, wanted, name)
    elif isinstance(said, list):
        for value in said:
            _collect(value, wanted, key)
    elif isinstance(said, int) and not isinstance(said, bool) and key in _named:
        wanted[key].add(said)
