"""Event rules: ordered, first match wins; pure arithmetic over plain values (DET-06, A80)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

RANK_OF_SEVERITY = {"critical": 2, "error": 3, "warning": 4, "info": 5}
LONGEST_PATTERN = 500
LONGEST_VALUE = 64 * 1024
FIELDS = ("summary", "severity", "source", "component", "group", "class", "key", "tool")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as plain values; `rank` is a priority's rank or None for "by severity"."""

    id: int
    name: str
    field: str
    operator: str
    value: str
    rank: int | None = None
    urgency: str = ""
    informational: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say of an event; `rule` is None when none matched and the severity decided."""

    rank: int
    urgency: str = ""
    informational: bool = False
    rule: Rule | None = None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The pattern for a linear-time engine; raises ValueError with the reason where it cannot be one (A80)."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has {LONGEST_PATTERN} characters at most")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not understood"
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error


def check(field: str, operator: str, value: str) -> dict[str, str]:
    """What is wrong with a rule's words, by field name; empty when nothing is."""
    wrong = {}
    if field not in FIELDS and not (field.startswith("details.") and len(field) > len("details.")):
        wrong["field"] = f"Must be one of {', '.join(FIELDS)} or details.<path>."
    if operator != "exists" and not value:
        wrong["value"] = "Must not be empty."
    if operator == "matches" and value:
        try:
            compiled(value)
        except ValueError as error:
            wrong["value"] = f"This pattern cannot be used: {error}."
    return wrong


def value_at(fields: Mapping[str, Any], path: str) -> str | None:
    """The value under a name or `details.<path>` as text; None where there is none. Keys may hold dots themselves."""
    found = _walk(fields, path.split("."))
    if found is None or found == "":
        return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)[:LONGEST_VALUE]


def _walk(value: Any, parts: list[str]) -> Any:
    if not parts:
        return value
    if isinstance(value, Mapping):
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in value:
                return _walk(value[name], parts[length:])
        return None
    if isinstance(value, list) and parts[0].isdecimal() and int(parts[0][:6]) < len(value):
        return _walk(value[int(parts[0][:6])], parts[1:])
    return None


def matches(rule: Rule, fields: Mapping[str, Any]) -> bool:
    """Whether one rule fits; texts are compared without regard to case, patterns as they are written."""
    value = value_at(fields, rule.field)
    if value is None:
        return False
    match rule.operator:
        case "exists":
            return True
        case "equals":
            return value.casefold() == rule.value.casefold()
        case "contains":
            return rule.value.casefold() in value.casefold()
        case "matches":
            try:
                return compiled(rule.value).search(value) is not None
            except ValueError:
                return False
        case _:
            return False


def decide(rules: Iterable[Rule], fields: Mapping[str, Any]) -> Decision:
    """The first rule that fits, else the engine's default for the severity (defaults.md)."""
    default = RANK_OF_SEVERITY.get(str(fields.get("severity", "")), 3)
    for rule in rules:
        if matches(rule, fields):
            return Decision(rule.rank or default, rule.urgency, rule.informational, rule)
    return Decision(default)
